"""Last states of all samples, from which their next states start."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import KDTree

from fem.frames.kernels.arrays import Points
from mnnfab.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class LoadTable:
    """The loads of the samples of a task, which finds the sample of any loads.

    Args:
        loads_N: loads of each sample, (n_samples, n_in).
    """

    loads_N: FloatArray
    _tree: KDTree = field(init=False)

    def __post_init__(self) -> None:
        """Build the search tree."""
        object.__setattr__(self, "_tree", KDTree(self.loads_N))

    def nearest(self, loads_N: FloatArray) -> IntArray:
        """Return the sample with the nearest loads, (n,), for loads (n, n_in) N."""
        return np.asarray(self._tree.query(loads_N)[1], dtype=np.int64)


@dataclass(eq=False)
class SampleStates:
    """Last state of each sample of a task.

    Training changes the widths a little in each step, so that the state before is a good start.
    With `LoadedConstraints` it is what changes in a training; see `Trainable.renew`.

    Args:
        table: loads of the samples.
        points: states, (n_samples, n_nodes, 3) and (n_samples, n_interior, 3); None before the
            first.
    """

    table: LoadTable
    points: Points | None = None

    def start(self, samples: IntArray) -> Points | None:
        """Return states from which the samples can start; None before the first."""
        if self.points is None:
            return None
        return Points(self.points.nodes[samples], self.points.interior[samples])

    def store(self, samples: IntArray, points: Points, hanging: Points) -> None:
        """Store the states of some samples.

        Args:
            samples: the samples, (n,).
            points: states of all samples.
            hanging: state of one part without loads, for samples that have none yet.
        """
        if self.points is None:
            n_samples = len(self.table.loads_N)
            self.points = Points(*(np.repeat(array, n_samples, axis=0) for array in hanging))
        for own, found in zip(self.points, points, strict=True):
            own[samples] = found[samples]
