"""Noise of one shot, estimated from repeats: the scatter of the shots of a load step.

The translation common to all nodes of a shot is estimated separately, since it does not change bond
lengths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from geometry.tiling import BoolArray
from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError


@dataclass(frozen=True)
class Noise:
    """Standard deviations of one shot.

    Args:
        node_mm: of one coordinate of one node, without the common translation.
        shift_mm: of one coordinate of the translation common to all nodes.
        n_free: degrees of freedom of the first; infinite if it was stated.
    """

    node_mm: float
    shift_mm: float
    n_free: float

    @property
    def student_t_factor(self) -> float:
        """Half-width of a 95 % interval in standard deviations (Student's t)."""
        return float(stats.t.ppf(0.975, self.n_free)) if np.isfinite(self.n_free) else 1.96


def estimate_noise(
    where: str,
    positions_mm: FloatArray,
    read: BoolArray,
    groups: list[list[int]],
    stated_sd_mm: float | None,
) -> Noise:
    """Return the noise of one shot from the scatter within load steps.

    Args:
        where: location named in error messages.
        positions_mm: (n_shots, n_nodes, 2).
        read: mask of the positions that were read, (n_shots, n_nodes); the others are the mean of
            their load step, so that they have no scatter.
        groups: the shots of each load step.
        stated_sd_mm: noise if no load step has two shots.

    Raises:
        InputError: if the noise is not known.
    """
    repeated_rows = [group for group in groups if len(group) > 1]
    repeated = [positions_mm[group] for group in repeated_rows]
    if not repeated:
        if stated_sd_mm is None:
            raise InputError(
                where,
                "one shot per load step, and no stated noise",
                "two or more shots of some load steps, or position_sd_mm in experiment.toml",
            )
        return Noise(stated_sd_mm, 0.0, np.inf)
    n_nodes = repeated[0].shape[1]
    n_shots = sum(len(group) - 1 for group in repeated)
    deviations = [group - group.mean(axis=0) for group in repeated]
    translations = [group.mean(axis=1) for group in deviations]
    sum_of_squares = sum(
        float(((group - shift[:, None]) ** 2).sum())
        for group, shift in zip(deviations, translations, strict=True)
    )
    n_left_out = sum(int((~read[group]).sum()) for group in repeated_rows)
    n_free = max(2 * n_shots * (n_nodes - 1) - 2 * n_left_out, 1)
    node_variance = sum_of_squares / n_free
    if not node_variance > 0:
        given = "identical shots of a load step"
        raise InputError(where, given, "independent shots, or one shot with position_sd_mm")
    translation_variance = (
        sum(float((shift**2).sum()) for shift in translations) / (2 * n_shots)
        - node_variance / n_nodes
    )
    return Noise(
        float(np.sqrt(node_variance)), float(np.sqrt(max(translation_variance, 0.0))), float(n_free)
    )
