"""Progress of a run, in a small file in its folder that other processes can read."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.files import read_json
from mnnfab.io.folder_lock import LIVE, LIVE_DRAFT
from mnnfab.io.json_values import to_jsonable
from mnnfab.io.signals import uninterrupted
from mnnfab.progress.watcher import ForwardingWatcher

#: Minimum time between updates of the file (s).
PACE_S = 0.2
#: Maximum number of points of the loss curve; above it every other epoch is dropped.
MAX_POINTS = 500


@dataclass
class ProgressFileWatcher(ForwardingWatcher):
    """A progress watcher that forwards to another one and updates the progress file of a folder.

    Args:
        watcher: called first.
        folder: folder of the run, locked.
        name: name of the design.
    """

    folder: Path
    name: str
    _stages: list[str] = field(default_factory=list)
    _epoch: tuple[int, int] = (0, 0)
    _losses: list[tuple[int, float]] = field(default_factory=list)
    _findings: list[dict[str, Any]] = field(default_factory=list)
    _begun: float = field(default_factory=time.time)
    _written: float = 0.0
    _stride: int = 1

    def stage(self, name: str) -> None:
        """Forward the stage and write the file."""
        super().stage(name)
        self._stages.append(name)
        if name.startswith("train"):
            self._losses.clear()
            self._stride = 1
        self._write()

    def epoch(self, done: int, total: int, loss: float) -> bool:
        """Forward the epoch, and write the file unless it was written just before."""
        # Record the epoch first, so that Ctrl-C cannot lose an epoch that the file reports.
        stop = super().epoch(done, total, loss)
        self._epoch = (done, total)
        if self._losses and done <= self._losses[-1][0]:  # the next training has started
            self._losses.clear()
            self._stride = 1
        if done % self._stride == 0:
            self._losses.append((done, loss))
        if len(self._losses) > MAX_POINTS:  # keep half of them, evenly spaced
            self._stride *= 2
            self._losses = [point for point in self._losses if point[0] % self._stride == 0]
        if time.monotonic() - self._written > PACE_S:
            self._write()
        return stop

    def finding(self, finding: Finding) -> None:
        """Forward the finding and write the file."""
        super().finding(finding)
        self._findings.append(finding.as_json())
        self._write()

    def _write(self) -> None:
        values = {
            "name": self.name,
            "begun": self._begun,
            "stages": self._stages,
            "epoch": self._epoch[0],
            "epochs": self._epoch[1],
            "losses": self._losses,
            "findings": self._findings,
        }
        write_live(self.folder, values)
        self._written = time.monotonic()


def write_live(folder: Path, values: Mapping[str, Any]) -> None:
    """Write the progress file of a locked folder; errors are ignored, so the run continues."""
    draft, text = folder / LIVE_DRAFT, json.dumps(to_jsonable(values))
    with uninterrupted():
        with suppress(OSError):
            draft.unlink(missing_ok=True)
            with draft.open("x", encoding="utf-8") as file:  # a new file: no link is followed
                file.write(text)
            draft.replace(folder / LIVE)
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def live_state(folder: Path) -> dict[str, Any] | None:
    """Return the progress of the run in a folder; None if no run is active."""
    with suppress(InputError):
        values = read_json(folder / LIVE)
        return values if isinstance(values, dict) else None
    return None
