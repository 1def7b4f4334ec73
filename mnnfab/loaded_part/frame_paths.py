"""Paths of all samples of a calibrated frame through increasing load factors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fem.frames.kernels.arrays import Points
from fem.frames.paths import follow_load
from fem.frames.planar import PlanarStates

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.loaded_part.calibrated_frame import CalibratedFrame

#: Difference of a step from the one before, relative to it, beyond which a sample may have jumped
#: to another branch, and its path is followed in small steps.
MAX_BEND = 0.5


class FramePaths:
    """States of all samples at increasing load factors, each from the one before.

    Args:
        frame: calibrated frame.
        loads_N: loads at factor 1, (n_samples, n_in).
    """

    def __init__(self, frame: CalibratedFrame, loads_N: FloatArray) -> None:
        """Start at the hanging part."""
        self.frame, self.loads_N = frame, loads_N
        #: Load factor at which small steps lost the path of a sample, (n_samples,).
        self.lost_at = np.full(len(loads_N), np.inf)
        self._factor = 0.0
        #: Load factor of the last state of each sample.
        self._reached = np.zeros(len(loads_N))
        self._points: Points | None = None
        self._slopes: FloatArray | None = None

    def step(self, factor: float) -> tuple[PlanarStates, Points | None]:
        """Return the states at a larger load factor, and those from which they started.

        A sample that has left its path is not converged.
        """
        start = self._points
        lost = np.isfinite(self.lost_at)
        if start is None:
            planar = self.frame.states(factor * self.loads_N)
        else:  # lost samples stay where they are, which takes no time
            factors = np.where(lost, self._reached, factor)
            loads = factors[:, None] * self.loads_N
            share = np.divide(self._reached, factors, out=np.zeros_like(factors), where=factors > 0)
            planar = self.frame.states(loads, start, share)
        before = self.frame.frame.unloaded.points.nodes if start is None else start.nodes
        for sample in self._doubtful(planar, before, factor).tolist():
            planar = self._followed(planar, sample, factor)
        self._slopes = (planar.points.nodes - before) / (factor - self._factor)
        lost = np.isfinite(self.lost_at)
        self._points = planar.points if start is None else _kept(planar.points, start, lost)
        self._reached = np.where(lost, self._reached, factor)
        self._factor = factor
        return replace(planar, reached=np.where(lost, 0.0, planar.reached)), start

    def _doubtful(self, planar: PlanarStates, before: FloatArray, factor: float) -> np.ndarray:
        """Return samples that were lost, or whose step differs much from the one before."""
        doubtful = ~planar.converged
        if self._slopes is not None:
            slopes = (planar.points.nodes - before) / (factor - self._factor)
            sizes = np.linalg.norm(self._slopes, axis=(1, 2))
            bends = np.linalg.norm(slopes - self._slopes, axis=(1, 2))
            doubtful = doubtful | (bends > MAX_BEND * sizes)
        return np.flatnonzero(doubtful & ~np.isfinite(self.lost_at))

    def _followed(self, planar: PlanarStates, sample: int, factor: float) -> PlanarStates:
        """Return the states with that of a sample at the end of its path in small steps.

        If the path is lost, its load factor is noted.
        """
        loaded = self.frame.frame
        loads = loaded.node_loads(self.loads_N[[sample]])[0]
        path = follow_load(loaded.frame, loads, loaded.frame.weight, factor)
        if path.in_plane is not None:
            self.lost_at[sample] = path.in_plane
            return planar
        end = Points(path.state.nodes[None], path.state.interior[None])
        found = self.frame.states(factor * self.loads_N[[sample]], end)
        if not found.converged[0]:
            self.lost_at[sample] = factor
            return planar
        return _with_sample(planar, sample, found)


def _kept(points: Points, before: Points, lost: np.ndarray) -> Points:
    """Return points in which lost samples are as before."""
    choice = lost[:, None, None]
    return Points(*(np.where(choice, b, a) for a, b in zip(points, before, strict=True)))


def _with_sample(planar: PlanarStates, sample: int, found: PlanarStates) -> PlanarStates:
    """Return states with another state of a sample."""

    def put(own: Any, other: Any) -> Any:  # noqa: ANN401 - arrays of several kinds
        changed = own.copy()
        changed[sample] = other[0]
        return changed

    return PlanarStates(
        reached=put(planar.reached, found.reached),
        negatives=put(planar.negatives, found.negatives),
        points=Points(
            put(planar.points.nodes, found.points.nodes),
            put(planar.points.interior, found.points.interior),
        ),
        strains=put(planar.strains, found.strains),
    )
