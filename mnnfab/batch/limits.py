"""What one design of a batch may take."""

from __future__ import annotations

from dataclasses import dataclass

from mnnfab.machine import cores, memory_MB

#: Memory (MB) that is left to everything else.
SPARE_MB = 1500.0
#: However many share a machine: less than this is too little for a small design.
LEAST_MB = 1500.0


@dataclass(frozen=True)
class Limits:
    """Limits of one design.

    Args:
        deadline_s: wall-clock time; then its process is ended.
        memory_MB: that its process and those that it starts have for themselves; a share of
            the machine on which it runs if not given.
        workers: designs at a time, among whom the machine is shared; one a core if not given.
    """

    deadline_s: float
    memory_MB: float | None = None
    workers: int | None = None

    @property
    def most_MB(self) -> float:  # noqa: N802 - units keep their case
        """The limit on this machine, MB."""
        if self.memory_MB is not None:
            return self.memory_MB
        total = memory_MB()
        return max(LEAST_MB, max(total - SPARE_MB, total / 2) / (self.workers or cores()))
