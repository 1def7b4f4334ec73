"""Entry point of the process of one design."""

from __future__ import annotations

import os
import signal
import tempfile
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


#: File in the temporary folder of a job with the standard output and error of its process.
OUTPUT = "output.txt"


def run_job(text: str, pipe: Connection, temporary: str) -> None:
    """Run a job in this dedicated process, and send its outcome through a pipe.

    Args:
        text: the job as JSON, from `Job.as_text`.
        pipe: pipe for the stages and the outcome.
        temporary: folder for all temporary files, which the parent process removes.
    """
    os.setsid()  # allows terminating all child processes together
    _terminate_with_parent()
    _redirect_output(f"{temporary}/{OUTPUT}")
    os.environ["TMPDIR"] = tempfile.tempdir = temporary
    from mnnfab.batch.jobs import Job
    from mnnfab.errors import MnnfabError, with_notes

    job = Job.from_text(text)
    try:
        pipe.send({"ending": _run(job, pipe), "message": ""})
    except MnnfabError as error:
        pipe.send({"ending": "refused", "message": with_notes(error)})
    except Exception as error:
        traceback.print_exc()
        message = with_notes(error, f"{type(error).__name__}: {error}")
        pipe.send({"ending": "crashed", "message": message})


def _run(job: Any, pipe: Connection) -> str:  # noqa: ANN401 - a Job, imported later
    from mnnfab.design.design_file import LocatedDesign, parse_design
    from mnnfab.pipeline import pipeline

    design = LocatedDesign(parse_design(tomllib.loads(job.design)), Path(job.folder))
    outcome = pipeline.run(
        design, Path(job.out), force=job.force, pdf=job.pdf, watcher=_PipeWatcher(pipe)
    )
    return outcome.verdict


@dataclass
class _PipeWatcher:
    """Progress watcher that reports to the parent process."""

    pipe: Connection

    def stage(self, name: str) -> None:
        """Send the stage."""
        self.pipe.send({"stage": name})

    def epoch(self, done: int, total: int, loss: float) -> bool:  # noqa: ARG002 - not shown
        """Continue; a batch does not show epochs."""
        return False

    def finding(self, finding: Finding) -> None:
        """Do nothing: findings are in the report."""


def _terminate_with_parent() -> None:
    """Start a thread that kills this process and its children when the parent process ends."""
    parent = parent_process()
    assert parent is not None, "only called in a process of multiprocessing"

    def wait() -> None:
        connection.wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def _redirect_output(log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)
