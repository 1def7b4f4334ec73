"""The printed part: a problem with widths, and what is made and solved of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mnnfab.printed_part.continuum import solve_part
from mnnfab.printed_part.tiling import part_sha256, printed_parts, tile_part
from mnnfab.problem.problem import require_ports

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from fem.convergence import Discretisation
    from fem.limit_states import LimitStates
    from geometry.part import TiledPart
    from geometry.tiling import Tiling
    from mnnfab.arrays import FloatArray
    from mnnfab.problem.problem import Problem
    from mnnfab.progress.watcher import StageTimer


@dataclass(frozen=True, eq=False)
class PrintedPart:
    """A problem with the widths of its bonds. Each property is computed at its first use, once.

    Args:
        problem: the design.
        widths_mm: of each bond, (n_bonds,).
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
        """The part as drawn, which is exported.

        Raises:
            GeometryError: if there is no room for something.
        """
        return tile_part(self.problem, self.widths_mm)

    @cached_property
    def modelled_tiling(self) -> Tiling:
        """The part with joints as long as they act in a print, which is solved."""
        modelled = self.problem.as_measured
        return self.tiling if modelled is self.problem else tile_part(modelled, self.widths_mm)

    @cached_property
    def _solution(self) -> tuple[Continuum, Discretisation]:
        task = require_ports(self.problem).task
        return solve_part(self.problem, task, self.modelled_tiling, self.timer)

    @property
    def continuum(self) -> Continuum:
        """The continuum model, refined until the numbers of the task have converged.

        Raises:
            InputError: if the design has no ports.
            ToolError: if the mesher hangs or fails, or the solver does.
        """
        return self._solution[0]

    @property
    def discretisation(self) -> Discretisation:
        """The sequence of meshes of the continuum model, and the estimated error."""
        return self._solution[1]

    @cached_property
    def limit_states(self) -> LimitStates:
        """Strain, buckling, sag, linear range and self-contact, a load case at a time.

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
        """Return the part, and its coupons if the design wants some."""
        return printed_parts(self.problem, self.tiling, self.widths_mm)
