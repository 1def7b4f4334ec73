"""What one design of a batch may take."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of one design.

    Args:
        deadline_s: wall-clock time; then its process is ended.
        memory_MB: resident memory of its process and those that it starts.
    """

    deadline_s: float
    memory_MB: float


#: Memory (MB) that is left to everything else.
SPARE_MB = 1500.0


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def memory_for_each(workers: int) -> float:
    """Return how much memory each of so many designs at a time may take, MB."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6
    return max(total - SPARE_MB, total / 2) / workers
