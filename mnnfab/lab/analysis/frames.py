"""Camera frames of shots: the camera may have moved between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.lab.analysis.modulus import MAX_RATIO
from mnnfab.lab.measurement.alignment import robust_fit

if TYPE_CHECKING:
    from mnnfab.lab.measurement.measurement import Measurement

#: The camera has moved if that leaves less than this share of the distances.
MOVED_RATIO = 0.5


def frames_of(
    points: FloatArray, expected: Sequence[FloatArray]
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield points as seen by a camera at rest, and by one that moved, with the expected places."""
    for places in expected:
        yield points, places
        yield robust_fit(points, places, scale=1.0).apply(points), places


def best_frame(points: FloatArray, expected: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return the points in the frame in which most of them are nearest to their places.

    The camera is taken to be at rest unless that leaves twice the distances.
    """
    frames = list(frames_of(points, expected))
    medians = [float(np.median(distances_mm(*frame))) for frame in frames]
    at_rest = int(np.argmin(medians[::2])) * 2
    best = int(np.argmin(medians))
    return frames[best if medians[best] < MOVED_RATIO * medians[at_rest] else at_rest]


def seen_at_rest(points: FloatArray, places: FloatArray) -> FloatArray:
    """Return the points of a shot, (n_nodes, 2), as the camera of the shots at rest sees them."""
    return best_frame(points, [places])[0]


def assigned(framed: FloatArray, places: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return distances to the own and to the assigned place, (n_nodes,) each, and the latter."""
    squares = ((framed[:, None] - places[None]) ** 2).sum(axis=2)
    rows, order = linear_sum_assignment(squares)
    own, others = np.sqrt(np.diag(squares)), np.sqrt(squares[rows, order])
    return own, others, order.astype(np.int64)


def common_scale(measurement: Measurement, fields: Sequence[FloatArray]) -> float:
    """Return the scale of all displacements over the predicted ones, (n_shots, n_nodes, 2) each.

    It minimises the sum of absolute deviations, so that single wrong points do not change it; the
    whole part may have moved. It is kept between 0 and `MAX_RATIO`.
    """
    zero, scale = measurement.zero_mm, 1.0
    loaded = [n for n, field in enumerate(fields) if field.any()]
    predicted = np.array([fields[n] for n in loaded]).ravel()
    known = predicted != 0
    if not known.any():
        return scale
    for _ in range(4):
        framed = [
            best_frame(measurement.positions_mm[n], [zero + scale * fields[n]])[0] for n in loaded
        ]
        ratios = (np.array(framed) - zero).ravel()[known] / predicted[known]
        order = np.argsort(ratios)
        weights = np.abs(predicted[known])[order].cumsum()
        median = ratios[order][np.searchsorted(weights, weights[-1] / 2)]
        scale = float(np.clip(median, 0.0, MAX_RATIO))
    return scale


def distances_mm(points: FloatArray, places: FloatArray) -> FloatArray:
    """Return the distance of each point from its place, (n_nodes,)."""
    distances: FloatArray = np.linalg.norm(points - places, axis=1)
    return distances
