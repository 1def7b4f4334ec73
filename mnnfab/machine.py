"""Number of cores and amount of memory available to a process."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

#: Files with the memory limit of a container (cgroups, version 2 and 1).
_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def cores() -> int:
    """Return the number of cores available to this process."""
    return len(os.sched_getaffinity(0))


def threads() -> int:
    """Return the number of threads for computations: `OMP_NUM_THREADS`, or all cores."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores(), int(given)) if given.isdecimal() and int(given) else cores()


def memory_MB() -> float:  # noqa: N802 - units keep their case
    """Return the memory of the machine, or the memory limit of the container, MB."""
    total = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _CONTAINER_LIMITS:
        with suppress(OSError, ValueError):
            total = min(total, float(path.read_text(encoding="ascii")))
    return total / 1e6
