"""The frame with large rotations, calibrated at rest by the continuum model of the same part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fem.frames.calibration import calibrate_hubs
from fem.frames.kernels.arrays import Points
from fem.frames.model import LoadedFrame
from fem.frames.network_frame import NetworkFrames
from fem.frames.solvers import Solver, make_solver
from fem.frames.stability import buckling_out_of_plane
from fem.frames.tangents import rest_response
from mnnfab.arrays import FloatArray
from mnnfab.errors import UnstableError

if TYPE_CHECKING:
    from fem.frames.planar import PlanarStates
    from mnnfab.model.agreement import Agreement
    from mnnfab.printed_part.part import PortPart


@dataclass(frozen=True, eq=False)
class CalibratedFrame:
    """A frame whose outputs for small loads are those of the continuum model.

    Args:
        frames: frames with calibrated hubs, for any widths.
        frame: frame of the part, under its own weight.
        correction: flexibility matrix of the continuum model minus that of the frame at rest,
            (n_out, n_in) mm/N, which is added to the outputs.
        agreement: agreement of frame and continuum model at rest, before the correction.
    """

    frames: NetworkFrames
    frame: LoadedFrame
    correction: FloatArray
    agreement: Agreement

    @cached_property
    def solver(self) -> Solver:
        """Solver of single states of the frame."""
        return make_solver(self.frame.frame)

    def states(
        self,
        loads_N: FloatArray,
        start: Points | None = None,
        share: FloatArray | float | None = None,
    ) -> PlanarStates:
        """Return the states under loads at the inputs, (n_samples, n_in) N.

        Args:
            loads_N: loads.
            start: states of as many samples to start from; the hanging part by default.
            share: share of the loads under which each start is in equilibrium, (n_samples,), if
                that is known.
        """
        return self.frame.states(loads_N, start, share)

    def of_print(self, widths_mm: FloatArray, edges_mm: FloatArray) -> CalibratedFrame:
        """Return the frame of a print, with the same calibration.

        Args:
            widths_mm: nominal widths, (n_bonds,).
            edges_mm: error of the width of each bond, the same all along it, (n_bonds,).
        """
        frame = self.frames.frame(widths_mm, edges_mm)
        return replace(self, frame=replace(self.frame, frame=frame))

    def buckling_out_of_plane(self, loads_N: FloatArray) -> FloatArray:
        """Return the load factors of linear buckling out of the plane, (n_samples,)."""
        return buckling_out_of_plane(self.frame.frame, self.frame.node_loads(loads_N))

    def outputs_mm(self, states: PlanarStates, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm; NaN where lost."""
        outputs = self.frame.outputs_mm(states) + loads_N @ self.correction.T
        found: FloatArray = np.where(states.converged[:, None], outputs, np.nan)
        return found

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm; NaN where lost."""
        return self.outputs_mm(self.states(loads_N), loads_N)


def calibrated_frame(part: PortPart) -> CalibratedFrame:
    """Return the frame of a part, calibrated by the continuum model.

    Raises:
        UnstableError: if the part does not carry its own weight.
        ToolError: if a solver fails.
    """
    problem, task = part.problem, part.problem.task
    frames = NetworkFrames(
        problem.network, problem.material, problem.with_effective_joints.design.fabrication
    )
    response = part.continuum.response
    found = calibrate_hubs(frames, part.widths_mm, response, task.inputs, task.outputs)
    frame = found.frames.frame(part.widths_mm)
    loaded = LoadedFrame(problem.network, frame, task.inputs, task.outputs, weight=True)
    _require_stable(loaded)
    at_rest = rest_response(frame, problem.network, task.inputs, task.outputs)
    return CalibratedFrame(
        frames=found.frames,
        frame=loaded,
        correction=response.flexibility - at_rest.flexibility,
        agreement=found.agreement,
    )


def _require_stable(loaded: LoadedFrame) -> None:
    """Check that the hanging part is stable out of its plane."""
    points = loaded.unloaded.points
    state = Points(points.nodes[0], points.interior[0])
    if make_solver(loaded.frame).out_of_plane(state) > 0:
        msg = "the part does not carry its own weight: it is unstable out of its plane"
        raise UnstableError(msg)
