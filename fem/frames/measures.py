"""Measures of the stability and the strain of loaded frames, with exact gradients in the widths.

The smallest eigenvalue μ of a state with K x = μ M x and xᵀ M x = 1 has the derivative

    dμ = xᵀ (dK - μ dM) x,

whose part by the state u follows with the adjoint displacements of ∂(xᵀ K x - μ xᵀ M x)/∂u.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.gradients import by_widths
from fem.frames.kernels.arrays import Points
from fem.frames.kernels.measures import (
    IN_PLANE,
    N_SECTION,
    OUT_OF_PLANE,
    STRAIN,
    Measure,
    add_measure,
)
from fem.frames.kernels.sensitivities import add_sensitivities
from fem.frames.modes import Mode, Modes, make_modes
from fem.frames.network_frame import NetworkFrames
from fem.frames.solvers import Solver, make_solver
from fem.frames.width_model import WidthFrameEquilibrium
from mnnfab.arrays import FloatArray

#: Relative change of the widths for the derivatives of the sections, which are smooth.
WIDTH_STEP = 1e-5


@dataclass(frozen=True, eq=False)
class StateMeasures:
    """Measures of the states of an equilibrium.

    Args:
        frames: frames for any widths.
        equilibrium: states of one of them.
    """

    frames: NetworkFrames
    equilibrium: WidthFrameEquilibrium

    def mode(self, sample: int, *, out_of_plane: bool, start: FloatArray | None = None) -> Mode:
        """Return the mode of the smallest eigenvalue of a state.

        The eigenvalue is that of the tangent relative to its material part: 1 at rest, 0 where
        stability is lost; 1 - 1/λ in linear buckling at the load factor λ.

        Args:
            sample: number of the state.
            out_of_plane: whether the state may move out of the plane.
            start: `Mode.start` of a similar state, if there is one.
        """
        modes = self._out_of_plane if out_of_plane else self._in_plane
        return modes.smallest(self._state(sample), start)

    def by_widths(self, sample: int, mode: Mode, *, out_of_plane: bool) -> FloatArray:
        """Return the derivative of the eigenvalue of a mode in the widths, (n_bonds,) per mm."""
        kind = OUT_OF_PLANE if out_of_plane else IN_PLANE
        return self._measure(sample, kind, mode.ratio, mode.points)[1]

    def strain_excess(self, sample: int, limit: float) -> tuple[float, FloatArray]:
        """Return the squared excess of the strain over a limit, and its derivative in the widths.

        It is the sum of (strain / limit - 1)² over the elements that are strained more.
        """
        return self._measure(sample, STRAIN, limit, self._state(sample))

    def _measure(
        self, sample: int, kind: int, parameter: float, mode: Points
    ) -> tuple[float, FloatArray]:
        frame, model = self._frame, self.equilibrium.model
        by_state, by_section = frame.no_loads, np.zeros((len(frame.vectors), N_SECTION))
        state = self._state(sample)
        value = add_measure(
            Measure(kind, parameter, frame.axial_law),
            *(frame.chains, self._sections, state, mode, by_state, by_section),
        )
        if not by_section.any():
            return value, np.zeros(frame.n_chains)
        by_state.nodes[frame.held] = 0.0
        self._solver.planar_solve(state)(by_state)
        work = np.zeros((len(frame.vectors), 5))
        add_sensitivities(frame.chains, frame.planar, state, by_state, work)
        gradient = by_widths(model, self.equilibrium.widths_mm, work)
        own = (by_section * self._section_slopes).sum(axis=1)
        return value, gradient + np.add.reduceat(own, frame.offsets[:-1])

    def _state(self, sample: int) -> Points:
        points = self.equilibrium.states.points
        return Points(points.nodes[sample], points.interior[sample])

    @property
    def _frame(self) -> BeamFrame:
        return self.equilibrium.model.frame

    @cached_property
    def _solver(self) -> Solver:
        return make_solver(self._frame)

    @cached_property
    def _in_plane(self) -> Modes:
        return make_modes(self._frame, out_of_plane=False)

    @cached_property
    def _out_of_plane(self) -> Modes:
        return make_modes(self._frame, out_of_plane=True)

    @cached_property
    def _sections(self) -> FloatArray:
        return section_numbers(self._frame)

    @cached_property
    def _section_slopes(self) -> FloatArray:
        """Derivatives of the numbers of the sections in the width of their bond, (n, 9)."""
        widths = self.equilibrium.widths_mm
        more, less = (
            section_numbers(self.frames.frame(widths * (1 + sign * WIDTH_STEP)))
            for sign in (1.0, -1.0)
        )
        steps = np.repeat(2 * WIDTH_STEP * widths, np.diff(self._frame.offsets))
        slopes: FloatArray = (more - less) / steps[:, None]
        return slopes


def section_numbers(frame: BeamFrame) -> FloatArray:
    """Return the numbers of the sections as `kernels.measures` reads them, (n_elements, 9)."""
    planar, space = frame.planar, frame.space
    return np.column_stack(
        [
            *(planar.axial, planar.shear, planar.bending, planar.shortening),
            *(space.shear, space.torsion, space.bending, space.shortening),
            planar.half_width,
        ]
    )
