"""Settings of Newton's method for a frame."""

from __future__ import annotations

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.kernels.newton import Settings

#: Iterations of one load step.
MAX_ITERATIONS = 20
#: Largest accepted force residual, relative to the loads.
FORCE_TOLERANCE = 1e-10
#: Force residual by rounding of positions, in units of the machine precision.
ROUNDING_FACTOR = 16.0
#: Displacements of supported nodes across their supports, relative to the frame.
MOVED = 0.1


def newton_settings(frame: BeamFrame) -> Settings:
    """Return the settings of Newton's method, with the residual that rounding may cause."""
    size = float(np.ptp(frame.nodes, axis=0).max() + frame.lengths.sum() / frame.n_chains)
    stiffest = float((frame.planar.axial / frame.lengths).max())
    points = np.sqrt(frame.n_nodes + frame.n_interior)
    if frame.ground is not None:  # a node moves by less than a bond
        stiffest = max(stiffest, float(np.abs(frame.ground).max()) * MOVED)
    return Settings(
        tolerance=FORCE_TOLERANCE,
        rounding_N=ROUNDING_FACTOR * float(np.finfo(float).eps * stiffest * size * points),
        length_mm=float(frame.lengths.sum()) / frame.n_chains,
        max_iterations=MAX_ITERATIONS,
        axial_N=float(frame.planar.axial.max()),
    )
