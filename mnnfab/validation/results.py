"""Results of all stages, collected for the reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mnnfab.findings import Verdict, verdict
from mnnfab.validation.verdicts import PartialVerdict, partial_verdicts

if TYPE_CHECKING:
    from export.manifest import ExportedFile
    from fem.continuum import Continuum
    from fem.convergence import ConvergenceStudy
    from fem.limit_states import LimitStates
    from geometry.tiling import Tiling
    from mnnfab.arrays import FloatArray
    from mnnfab.findings import Finding
    from mnnfab.loaded_part.assessment import LoadedPart
    from mnnfab.loaded_part.prints import LoadedPrints
    from mnnfab.model.agreement import Agreement
    from mnnfab.model.response import Response
    from mnnfab.printed_part.part import PrintedPart
    from mnnfab.problem.problem import Problem
    from mnnfab.runs.history_file import Columns
    from mnnfab.runs.record import Record
    from mnnfab.tolerance.study import ToleranceStudy
    from mnnfab.training.gradient_comparison import GradientAgreement
    from mnnfab.validation.moduli import EffectiveModuli


@dataclass(frozen=True, eq=False)
class Results:
    """Results of a run that the reports present.

    Args:
        part: the part: its design, widths and tiling.
        record: record of the training.
        bar: response of the bar model with the stiffness law alone; None without ports.
        predicted: response of the calibrated bar model; that of the bar model if it is not
            calibrated.
        continuum: solved continuum model; None if the check was skipped.
        discretisation: sequence of meshes of the continuum model.
        agreement: agreement of continuum and bar models.
        gradient: agreement of the loss gradient by in situ backpropagation on the continuum
            model with that of the bar model.
        limit_states: strain, buckling, sag, large displacements and contact, by linear theory.
        loaded: the part as it hangs under the loads of its task; None if it was not assessed.
        print_samples: effect of print errors on the task, by linear theory.
        loaded_prints: print samples under the loads, as they are read; None if not evaluated.
        moduli: effective moduli; None if the network does not repeat or the check was skipped.
        findings: findings of all checks.
        solid_valid: validity check of the CAD kernel; None if no solid was built.
        files: files exported and read back.
        timings_s: duration of each stage, s.
    """

    part: PrintedPart
    record: Record
    bar: Response | None
    predicted: Response | None
    continuum: Continuum | None
    discretisation: ConvergenceStudy | None
    agreement: Agreement | None
    gradient: GradientAgreement | None
    limit_states: LimitStates | None
    loaded: LoadedPart | None
    print_samples: ToleranceStudy | None
    loaded_prints: LoadedPrints | None
    moduli: EffectiveModuli | None
    findings: tuple[Finding, ...]
    solid_valid: bool | None
    files: tuple[ExportedFile, ...]
    timings_s: Mapping[str, float]

    @property
    def problem(self) -> Problem:
        """The design."""
        return self.part.problem

    @property
    def tiling(self) -> Tiling:
        """The part in the plane, with its drawn dimensions."""
        return self.part.tiling

    @property
    def widths_mm(self) -> FloatArray:
        """Width of each bond, (n_bonds,), mm."""
        return self.part.widths_mm

    @property
    def history(self) -> Columns:
        """History of the training; empty if the widths were given."""
        return self.record.history

    @property
    def verdict(self) -> Verdict:
        """Verdict of the acceptance criteria."""
        return verdict(self.findings)

    @cached_property
    def partial_verdicts(self) -> tuple[PartialVerdict, ...]:
        """Verdicts on printability, stability and task, each with its reason."""
        return partial_verdicts(self.findings)

    @property
    def mass_g(self) -> float:
        """Mass of the part, g."""
        return self.part.mass_g
