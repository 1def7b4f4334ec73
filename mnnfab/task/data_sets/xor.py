"""XOR with signs: 400 points, uniform in the square [-1, 1]², classified by the sign of x y.

Points near the axes differ little and belong to different classes, so that quadratic
discriminant analysis reaches 0.95 only; no linear function of x and y separates the classes.
"""

from __future__ import annotations

import numpy as np

from mnnfab.task.data_set import DataSet, LabelledFeatures
from mnnfab.task.data_sets._samples import in_the_plane

N_SAMPLES, SEED = 400, 0


def load() -> LabelledFeatures:
    """Return points drawn with a fixed seed; class 1 has x and y of the same sign."""
    points = np.random.default_rng(SEED).uniform(-1.0, 1.0, (N_SAMPLES, 2))
    return in_the_plane(points, points.prod(axis=1) > 0, ("opposite signs", "same sign"))


DATA_SET = DataSet(60, "xor", load)
