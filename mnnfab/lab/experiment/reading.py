"""How an experiment is read: by which rule, and with which errors that repeats do not show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ElongationBy = Literal["length", "projection"]
#: What repeats do not show, as a share of a joint's own displacement: a dot is strained with its
#: hub, so its outline moves not quite as the mean of the disc does, which is what models speak
#: of. On rendered continua 0.03 % in the root mean square, and 0.1 % where a weight hangs.
UNSEEN = 5e-4


@dataclass(frozen=True)
class Reading:
    """How an experiment is read.

    Args:
        by_place: whether places and not their order tell the joints.
        stated_sd_mm: noise of one coordinate where there are no repeats to take it from.
        elongation_by: "length", the change of a bond's length, with what large displacements
            add in the bars of error, or "projection" of the displacements on its direction, which
            is that of linear theory and exact for a part that obeys it.
        unseen: standard deviation of what repeats do not show, as a share of a joint's own
            displacement.
    """

    by_place: bool = False
    stated_sd_mm: float | None = None
    elongation_by: ElongationBy = "length"
    unseen: float = UNSEEN
