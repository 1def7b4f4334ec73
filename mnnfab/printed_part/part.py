"""The printed part: a problem with widths, its tiling, continuum model and limit states."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeAlias

import numpy as np
from typing_extensions import TypeIs

from mnnfab.arrays import frozen_floats
from mnnfab.errors import InputError
from mnnfab.io.short_repr import short_repr
from mnnfab.printed_part.continuum import mesh_part, solve_part, solve_period
from mnnfab.printed_part.tiling import part_sha256, printed_parts, tile_part
from mnnfab.problem.part_hash import shape_sha256
from mnnfab.problem.problem import TaskT_co, has_ports, require_ports
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.task.task import Task
from mnnfab.units import MM3_PER_CM3

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from fem.convergence import ConvergenceStudy
    from fem.homogenisation.continuum import CellModuli
    from fem.limit_states import LimitStates
    from fem.loaded_states import LoadedStates
    from fem.mesh import Mesh
    from fem.rubber.model import RubberModel
    from geometry.part import TiledPart
    from geometry.tiling import Tiling
    from mnnfab.arrays import FloatArray
    from mnnfab.model.response import Response
    from mnnfab.problem.problem import Problem


def _silent_timer() -> StageTimer:
    return StageTimer(NullWatcher())


@dataclass(frozen=True, eq=False)
class PrintedPart(Generic[TaskT_co]):
    """A problem with given bond widths. Properties are computed at first use and cached.

    Every part has a geometry. A `PortPart` has inputs and outputs, and with them a bar model, a
    continuum model and limit states.

    Args:
        problem: problem of the design; `require_ports` narrows it.
        widths_mm: width of each bond, (n_bonds,); a copy is kept.
        timer: stage timer; by default one that reports nothing.
    """

    problem: Problem[TaskT_co]
    widths_mm: FloatArray
    timer: StageTimer = field(default_factory=_silent_timer)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Validate and freeze the widths, from which the cached properties are computed."""
        widths, n_bonds = frozen_floats(self.widths_mm), self.problem.network.n_bonds
        if widths.shape != (n_bonds,):
            given = f"an array of shape {widths.shape}"
            raise InputError("PrintedPart, widths_mm", given, f"{n_bonds} widths, one per bond")
        invalid = widths[~(np.isfinite(widths) & (widths > 0))]
        if invalid.size:
            given = f"{invalid[0]:g}"
            raise InputError("PrintedPart, widths_mm", given, "finite widths above 0")
        object.__setattr__(self, "widths_mm", widths)

    def with_loads(self: PortPart, loads_N: FloatArray) -> PortPart:
        """Return the part under other loads of its load cases, (n_samples, n_in) N.

        Models that are solved already are kept: they do not depend on the loads.
        """
        problem = replace(self.problem, task=self.problem.task.with_loads(loads_N))
        part = PrintedPart(problem, self.widths_mm, self.timer)
        part.__dict__.update({key: self.__dict__[key] for key in _UNLOADED & set(self.__dict__)})
        return part

    @cached_property
    def sha256(self) -> str:
        """Hash of the design with these widths."""
        return part_sha256(self.problem, self.widths_mm)

    @cached_property
    def shape_sha256(self) -> str:
        """Hash of the geometry, independent of the assumed material."""
        return shape_sha256(self.problem.design, self.problem.network, self.widths_mm)

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
        modelled = self.problem.with_effective_joints
        return self.tiling if modelled is self.problem else tile_part(modelled, self.widths_mm)

    @property
    def mass_g(self) -> float:
        """Mass of the part, g."""
        return self.tiling.volume_mm3 / MM3_PER_CM3 * self.problem.material.density_g_per_cm3

    def exported_parts(self) -> list[TiledPart]:
        """Return the part and the coupons of the design."""
        return printed_parts(self.problem, self.tiling, self.widths_mm)

    @cached_property
    def bars(self: PortPart) -> Response:
        """Bar model without the correction by a continuum model."""
        return self.problem.uncorrected.response(self.widths_mm)

    @cached_property
    def _solution(self) -> tuple[Continuum, ConvergenceStudy]:
        return solve_part(require_ports(self.problem), self.first_mesh, self.timer)

    @cached_property
    def cell_moduli(self) -> CellModuli | None:
        """Effective moduli by plane stress on one period; None if the network does not repeat.

        The cell has hubs, joints and bonds; pads, eyelets and other features are left out.

        Raises:
            ToolError: if the mesher fails or times out, or memory is insufficient.
        """
        periodicity = self.problem.periodicity
        if periodicity is None:
            return None
        with self.timer.stage("moduli"):
            return solve_period(self.problem, periodicity, self.widths_mm)

    @cached_property
    def first_mesh(self) -> Mesh:
        """First mesh of the continuum model, which the solid uses too.

        Raises:
            InputError: if the design has no ports.
            ToolError: if the mesher fails or times out.
        """
        return mesh_part(require_ports(self.problem), self.modelled_tiling, self.timer)

    @property
    def continuum(self: PortPart) -> Continuum:
        """Continuum model, refined until the task results have converged.

        Raises:
            InputError: if the design has no ports.
            ToolError: if the mesher fails or times out, or the solver fails.
        """
        return self._solution[0]

    @property
    def discretisation(self: PortPart) -> ConvergenceStudy:
        """Sequence of meshes of the continuum model, and the estimated discretisation error."""
        return self._solution[1]

    @cached_property
    def rubber(self: PortPart) -> RubberModel:
        """Rubber model with large displacements, on the mesh of the continuum model.

        Raises:
            InputError: if the design has no ports.
            ToolError: as `continuum`.
        """
        return self.rubber_on(self.continuum)

    @cached_property
    def sample_states(self: PortPart) -> LoadedStates:
        """States of all samples of the task by the rubber model.

        Raises:
            UnstableError: if the part does not carry its own weight.
            ToolError: as `continuum`.
        """
        return self.rubber.states(self.problem.task.loads_N)

    def rubber_on(self: PortPart, continuum: Continuum) -> RubberModel:
        """Return the rubber model on the mesh of any continuum model of the part."""
        from fem.rubber.model import make_rubber_model

        problem, task = self.problem, self.problem.task
        fabrication = problem.with_effective_joints.design.fabrication
        return make_rubber_model(
            continuum,
            problem.network,
            self.widths_mm,
            problem.material,
            fabrication,
            (task.inputs, task.outputs),
        )

    @cached_property
    def limit_states(self: PortPart) -> LimitStates:
        """Joint strain, buckling, sag, linear range and self-contact, for each load case.

        Raises:
            InputError: if the design has no ports.
            ToolError: as `continuum`.
        """
        from fem.limit_states import Bonds, assess_limit_states

        problem = self.problem
        return assess_limit_states(
            self.continuum,
            Bonds(
                problem.network,
                self.widths_mm,
                problem.law.stiffness(self.widths_mm),
                problem.with_effective_joints.design.fabrication,
            ),
            problem.material,
            problem.task,
        )


#: Cached properties that do not depend on loads.
_UNLOADED = {
    *("sha256", "shape_sha256", "tiling", "modelled_tiling", "bars", "first_mesh"),
    *("_solution", "cell_moduli", "rubber"),
}
PortPart: TypeAlias = PrintedPart[Task]
"""A part with inputs and outputs."""


def is_port_part(part: PrintedPart) -> TypeIs[PortPart]:
    """Return True if a part has inputs and outputs."""
    return has_ports(part.problem)
