"""Options for evaluating the positions of an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ElongationBy = Literal["length", "projection"]
#: Unmodelled share: error that repeats do not show, as a share of a node's own displacement. A dot
#: is strained with its hub, so its outline does not move exactly as the mean of the disc, which
#: the models predict. In rendered photographs of continuum models: 0.03 % (root mean square), and
#: 0.1 % at a weight.
UNMODELLED_SHARE = 5e-4


@dataclass(frozen=True)
class Reading:
    """Options for evaluating the positions of an experiment.

    Args:
        by_place: assign points to nodes by position instead of by order.
        stated_sd_mm: noise of one coordinate, used if there are no repeats.
        elongation_by: "length", the change of a bond's length, with the effect of large
            displacements in the error bars, or "projection" of the displacements on the bond's
            direction, as in linear theory and exact for a linear part.
        unmodelled_share: standard deviation of the unmodelled error, as a share of a node's own
            displacement.
    """

    by_place: bool = False
    stated_sd_mm: float | None = None
    elongation_by: ElongationBy = "length"
    unmodelled_share: float = UNMODELLED_SHARE
