"""Time and memory limits of one design of a batch."""

from __future__ import annotations

from dataclasses import dataclass

from mnnfab.machine import cores, memory_MB

#: Memory reserved for other processes, MB.
RESERVED_MB = 1500.0
#: Minimum memory limit, MB, however many designs share a machine; a small design needs it.
MIN_MB = 1500.0


@dataclass(frozen=True)
class Limits:
    """Limits of one design.

    Args:
        deadline_s: wall-clock time after which the process is terminated, s.
        memory_MB: memory of the process and its children that is not shared with other
            processes, MB; a share of the machine's memory if not given.
        workers: number of concurrent designs that share the machine; one per core if not given.
    """

    deadline_s: float
    memory_MB: float | None = None
    workers: int | None = None

    @property
    def limit_MB(self) -> float:  # noqa: N802 - units keep their case
        """Memory limit on this machine, MB."""
        if self.memory_MB is not None:
            return self.memory_MB
        total = memory_MB()
        return max(MIN_MB, max(total - RESERVED_MB, total / 2) / (self.workers or cores()))
