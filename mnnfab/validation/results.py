"""What the stages found out about a design, put together for its reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnnfab.findings import Verdict, verdict
from mnnfab.units import MM3_PER_CM3

if TYPE_CHECKING:
    from export.manifest import ExportedFile
    from fem.continuum import Continuum
    from fem.convergence import Discretisation
    from fem.limit_states import LimitStates
    from geometry.tiling import Tiling
    from mnnfab.arrays import FloatArray
    from mnnfab.findings import Finding
    from mnnfab.model.agreement import Agreement
    from mnnfab.model.response import Response
    from mnnfab.problem.problem import Problem
    from mnnfab.runs.history_file import Columns
    from mnnfab.runs.record import Record
    from mnnfab.tolerance.study import ToleranceStudy
    from mnnfab.training.gradient_comparison import GradientAgreement


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that the reports tell.

    Args:
        problem: the design.
        record: of the training.
        tiling: the part in the plane.
        bar: response of the bars, by the stiffness law alone; none without ports.
        predicted: response of the bars that a continuum corrected, if one did.
        continuum: solved continuum; none if the check was skipped.
        discretisation: the sequence of its meshes.
        agreement: of the two.
        gradient: of the loss by in situ backpropagation on the continuum, beside the bars'.
        guards: strain, buckling, sag, large displacements and contact.
        prints: what print errors do to the task.
        findings: of all checks.
        solid_valid: what the CAD kernel says; none if no solid was built.
        files: exported and read back.
        timings_s: seconds each stage took.
    """

    problem: Problem
    record: Record
    tiling: Tiling
    bar: Response | None
    predicted: Response | None
    continuum: Continuum | None
    discretisation: Discretisation | None
    agreement: Agreement | None
    gradient: GradientAgreement | None
    guards: LimitStates | None
    prints: ToleranceStudy | None
    findings: tuple[Finding, ...]
    solid_valid: bool | None
    files: tuple[ExportedFile, ...]
    timings_s: Mapping[str, float]

    @property
    def widths_mm(self) -> FloatArray:
        """Width of each bond, (n_bonds,)."""
        return self.record.widths_mm

    @property
    def history(self) -> Columns:
        """History of the training; empty if the widths were given."""
        return self.record.history

    @property
    def verdict(self) -> Verdict:
        """Whether the design passes its gate."""
        return verdict(self.findings)

    @property
    def mass_g(self) -> float:
        """Mass of the part."""
        return self.tiling.volume_mm3 / MM3_PER_CM3 * self.problem.material.density_g_per_cm3
