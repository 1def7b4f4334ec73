"""What the process of one design does."""

from __future__ import annotations

import os
import signal
import threading
import tomllib
import traceback
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from mnnfab.findings import Finding


def run_job(text: str, wire: Connection, log: str) -> None:
    """Run a job in this process, which is made for it, and say on the wire how it ends.

    Args:
        text: the job, as `Job.as_text` gives it.
        wire: told of stages, epochs and the end.
        log: file for whatever kernels print.
    """
    os.setsid()  # so that all that it starts can be ended with it
    _end_with_the_parent()
    _print_into(log)
    from mnnfab.batch.jobs import Job
    from mnnfab.errors import MnnfabError

    job = Job.from_text(text)
    try:
        wire.send({"ending": _run(job, wire), "message": ""})
    except MnnfabError as error:
        wire.send({"ending": "refused", "message": str(error)})
    except Exception as error:
        traceback.print_exc()
        wire.send({"ending": "crashed", "message": f"{type(error).__name__}: {error}"})


def _run(job: Any, wire: Connection) -> str:  # noqa: ANN401 - a Job, which is imported late
    from mnnfab.design.design_file import Located, parse_design
    from mnnfab.pipeline import pipeline

    design = Located(parse_design(tomllib.loads(job.design)), Path(job.folder))
    outcome = pipeline.run(
        design, Path(job.out), force=job.force, pdf=job.pdf, watcher=_Telling(wire)
    )
    return outcome.verdict


@dataclass
class _Telling:
    """A watcher that tells the process which started this one."""

    wire: Connection

    def stage(self, name: str) -> None:
        """Tell it."""
        self.wire.send({"stage": name})

    def epoch(self, done: int, total: int, loss: float) -> bool:  # noqa: ARG002 - not shown
        """Go on; where so many are at work nobody looks at one's epochs."""
        return False

    def finding(self, finding: Finding) -> None:
        """Keep it for the report."""


def _end_with_the_parent() -> None:
    """Let a thread end this process and its children as soon as the one that wanted it is gone."""
    parent = parent_process()
    assert parent is not None, "only called in a process of multiprocessing"

    def wait() -> None:
        connection.wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def _print_into(log: str) -> None:
    place = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(place, stream)
    os.close(place)
