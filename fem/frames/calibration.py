"""Calibration of the stiffness of the hubs, so that frame and continuum model agree at rest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from fem.frames.network_frame import NetworkFrames
from fem.frames.tangents import rest_response
from mnnfab.arrays import FloatArray
from mnnfab.model.agreement import Agreement, compare
from mnnfab.model.response import Response
from mnnfab.network.ports import AnyPort

#: Range of the hub stiffness, and its tolerance.
MIN_STIFFNESS, MAX_STIFFNESS, TOLERANCE = 0.2, 50.0, 1e-6


@dataclass(frozen=True, eq=False)
class CalibratedFrames:
    """Frames whose hubs have the calibrated stiffness.

    Args:
        frames: frames for any widths.
        agreement: agreement of the calibrated frame with the continuum model at rest.
    """

    frames: NetworkFrames
    agreement: Agreement


def calibrate_hubs(
    frames: NetworkFrames,
    widths_mm: FloatArray,
    continuum: Response,
    inputs: tuple[AnyPort, ...],
    outputs: tuple[AnyPort, ...],
) -> CalibratedFrames:
    """Find the stiffness of the hubs with which the best-fit scale of the outputs is 1.

    The joints of a node overlap, and its hub is stiffer than beams that meet in a point; one
    factor on the stiffness of the overlapping parts represents that. It also contains what beams
    do not have, such as the spread of stress at the ends of the tapers, and may be below 1.

    Args:
        frames: frames of the network; their hub stiffness is replaced.
        widths_mm: widths at which the models are compared, (n_bonds,).
        continuum: response of the continuum model with these widths.
        inputs: ports of the loads.
        outputs: ports of the displacements.

    If no stiffness of the range gives the scale 1, the end of the range that is nearest is kept.
    """

    def agreement(stiffness: float) -> Agreement:
        frame = replace(frames, hub_stiffness=stiffness).frame(widths_mm)
        return compare(continuum, rest_response(frame, frames.network, inputs, outputs))

    def excess(logarithm: float) -> float:
        return agreement(float(np.exp(logarithm))).scale - 1.0

    low, high = np.log(MIN_STIFFNESS), np.log(MAX_STIFFNESS)
    at_low, at_high = excess(low), excess(high)
    if at_low <= 0 or at_high >= 0:  # the nearest end of the range; the agreement tells the rest
        stiffness = MIN_STIFFNESS if at_low <= 0 else MAX_STIFFNESS
    else:
        stiffness = float(np.exp(brentq(excess, low, high, xtol=TOLERANCE)))
    return CalibratedFrames(replace(frames, hub_stiffness=stiffness), agreement(stiffness))
