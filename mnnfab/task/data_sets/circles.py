"""Circles: 400 points on two concentric circles of radius 1 and 0.5, with noise."""

from __future__ import annotations

from mnnfab.task.data_set import DataSet, LabelledFeatures
from mnnfab.task.data_sets._samples import in_the_plane

N_SAMPLES, SEED = 400, 0
#: Standard deviation of the noise on both coordinates, and ratio of the radii.
NOISE, RATIO = 0.1, 0.5


def load() -> LabelledFeatures:
    """Return samples drawn by scikit-learn with a fixed seed."""
    from sklearn.datasets import make_circles

    points, classes = make_circles(N_SAMPLES, noise=NOISE, factor=RATIO, random_state=SEED)
    return in_the_plane(points, classes, ("outer", "inner"))


DATA_SET = DataSet(70, "circles", load)
