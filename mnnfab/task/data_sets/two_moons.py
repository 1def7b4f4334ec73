"""Two moons: 400 points on two interleaved half circles, with noise."""

from __future__ import annotations

from mnnfab.task.data_set import DataSet, LabelledFeatures
from mnnfab.task.data_sets._samples import in_the_plane

N_SAMPLES, SEED = 400, 0
#: Standard deviation of the noise on both coordinates; the half circles have the radius 1.
NOISE = 0.1


def load() -> LabelledFeatures:
    """Return samples drawn by scikit-learn with a fixed seed."""
    from sklearn.datasets import make_moons

    points, classes = make_moons(N_SAMPLES, noise=NOISE, random_state=SEED)
    return in_the_plane(points, classes, ("upper", "lower"))


DATA_SET = DataSet(80, "two-moons", load)
