"""The printed part: a problem with widths, its tiling, continuum model and limit states."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mnnfab.printed_part.continuum import solve_part
from mnnfab.printed_part.tiling import part_sha256, printed_parts, tile_part
from mnnfab.problem.problem import require_ports

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from fem.convergence import ConvergenceStudy
    from fem.limit_states import LimitStates
    from geometry.part import TiledPart
    from geometry.tiling import Tiling
    from mnnfab.arrays import FloatArray
    from mnnfab.problem.problem import Problem
    from mnnfab.progress.watcher import StageTimer


@dataclass(frozen=True, eq=False)
class PrintedPart:
    """A problem with given bond widths. Properties are computed at first use and cached.

    Args:
        problem: problem of the design.
        widths_mm: width of each bond, (n_bonds,).
        timer: stage timer.
    """

    problem: Problem
    widths_mm: FloatArray
    timer: StageTimer

    @cached_property
    def sha256(self) -> str:
        """Hash of the design with these widths."""
        return part_sha256(self.problem, self.widths_mm)

    @cached_property
    def tiling(self) -> Tiling:
        """Tiling with the drawn dimensions, for export.

        Raises:
            GeometryError: if there is not enough room for a bond, hub or feature.
        """
        return tile_part(self.problem, self.widths_mm)

    @cached_property
    def modelled_tiling(self) -> Tiling:
        """Tiling with the effective joint length of printed parts, for the continuum model."""
        modelled = self.problem.as_measured
        return self.tiling if modelled is self.problem else tile_part(modelled, self.widths_mm)

    @cached_property
    def _solution(self) -> tuple[Continuum, ConvergenceStudy]:
        task = require_ports(self.problem).task
        return solve_part(self.problem, task, self.modelled_tiling, self.timer)

    @property
    def continuum(self) -> Continuum:
        """Continuum model, refined until the task results have converged.

        Raises:
            InputError: if the design has no ports.
            ToolError: if the mesher fails or times out, or the solver fails.
        """
        return self._solution[0]

    @property
    def discretisation(self) -> ConvergenceStudy:
        """Sequence of meshes of the continuum model, and the estimated discretisation error."""
        return self._solution[1]

    @cached_property
    def limit_states(self) -> LimitStates:
        """Joint strain, buckling, sag, linear range and self-contact, for each load case.

        Raises:
            InputError: if the design has no ports.
            ToolError: as `continuum`.
        """
        from fem.limit_states import Bonds, assess_limit_states

        problem, task = self.problem, require_ports(self.problem).task
        return assess_limit_states(
            self.continuum,
            Bonds(
                problem.network,
                self.widths_mm,
                problem.law.stiffness(self.widths_mm),
                problem.as_measured.design.fabrication,
            ),
            problem.material,
            task,
        )

    def exported_parts(self) -> list[TiledPart]:
        """Return the part and the coupons of the design."""
        return printed_parts(self.problem, self.tiling, self.widths_mm)
