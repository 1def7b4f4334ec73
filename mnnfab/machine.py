"""The machine: how many cores and how much memory a process may use."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

#: What a container may take, where it is limited (cgroups, version 2 and 1).
_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def memory_MB() -> float:  # noqa: N802 - units keep their case
    """Return how much memory there is, or this container may take, MB."""
    total = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _CONTAINER_LIMITS:
        with suppress(OSError, ValueError):
            total = min(total, float(path.read_text(encoding="ascii")))
    return total / 1e6
