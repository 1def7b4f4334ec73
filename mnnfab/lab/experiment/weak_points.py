"""Weak points: positions that are missing, or whose likelihood is below a threshold.

They are left out: a node is then measured in the other shots of the load step. `MIN_LIKELIHOOD` is
the threshold that DeepLabCut and SLEAP use for their own plots.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geometry.tiling import BoolArray
from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.lab.experiment.shots import Positions, Shot, rows_by_step
from mnnfab.lab.experiment.tracks import listed

MIN_LIKELIHOOD = 0.6


@dataclass(frozen=True)
class Threshold:
    """Limit for the likelihood of a point.

    Args:
        likelihood: points below it are weak.
        noun: what points are called in messages, "node" or "point".
    """

    likelihood: float = MIN_LIKELIHOOD
    noun: str = "node"


def without_weak_points(
    where: str, positions: Positions, likelihood: FloatArray | None, threshold: Threshold
) -> Positions:
    """Return positions in which weak points are replaced by the mean of the step's other shots.

    Args:
        where: location named in error messages.
        positions: positions in every shot; NaN where there is none.
        likelihood: (n_shots, n_points), NaN where it is not stated; None if it is not known.
        threshold: limit for the likelihood.

    Raises:
        InputError: if a point is weak in all shots of a load step.
    """
    missing: BoolArray = np.isnan(positions.coordinates[..., 0])
    likelihood = np.full(missing.shape, np.nan) if likelihood is None else likelihood
    likelihood = np.where(missing, np.nan, likelihood)
    weak: BoolArray = missing | (likelihood < threshold.likelihood)
    if not weak.any():
        return positions
    coordinates = np.where(weak[..., None], np.nan, positions.coordinates)
    for step, rows in rows_by_step(positions.shots).items():
        lost = np.flatnonzero(weak[rows].all(axis=0))
        if lost.size:
            given = f"{threshold.noun} {listed(lost.tolist())} of load step {step}: "
            given += _described(positions.shots, weak, likelihood, int(lost[0]), rows)
            allowed = (
                "in each load step one shot or more of every node, with a likelihood of at least "
                f"{threshold.likelihood:g} ([positions] min_likelihood): track it again"
            )
            raise InputError(where, given, allowed)
        mean = np.nanmean(coordinates[rows], axis=0)
        coordinates[rows] = np.where(weak[rows][..., None], mean, coordinates[rows])
    message = (
        f"{weak.sum()} of {weak.size} positions are left out, missing or with a likelihood below "
        f"{threshold.likelihood:g} ([positions] min_likelihood): "
    )
    points = np.flatnonzero(weak.any(axis=0))
    rows = list(range(len(positions.shots)))
    message += "; ".join(
        f"{threshold.noun} {point} in " + _described(positions.shots, weak, likelihood, point, rows)
        for point in points[:6].tolist()
    )
    message += "; …" if len(points) > 6 else ""
    finding = Finding(
        "weak-points",
        "warning",
        Path(where).name,
        message,
        None,
        float(weak.sum()),
        threshold.likelihood,
    )
    return Positions(
        positions.shots,
        coordinates,
        positions.unit_mm,
        positions.y_axis,
        left_out=weak,
        findings=(*positions.findings, finding),
    )


def _described(
    shots: tuple[Shot, ...],
    weak: BoolArray,
    likelihood: FloatArray,
    point: int,
    rows: list[int],
) -> str:
    """Return the shots in which a point is weak, with its likelihood or "missing"."""
    texts = []
    for row in rows:
        if not weak[row, point]:
            continue
        value = likelihood[row, point]
        texts.append(f"{shots[row].source} ({'missing' if np.isnan(value) else f'{value:.3g}'})")
    return listed(texts, 6)
