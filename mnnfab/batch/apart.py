"""One design in a process of its own, which may crash, hang or eat memory without harm."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import connection, current_process, forkserver, get_context
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from mnnfab.batch.child import run_job
from mnnfab.batch.jobs import Job
from mnnfab.batch.limits import Limits
from mnnfab.batch.outcome import Ended, Ending
from mnnfab.io.folder_lock import is_claimed, settle_unless_claimed

Tell = Callable[[str, str], None]
"""Called with the name of a design and the stage that it is in."""

#: How often (s) deadline and memory are looked at; the latter costs some milliseconds.
LOOK_S, MEMORY_S = 0.25, 1.0
#: How long (s) a process that was just killed may take to let go of its folder.
LET_GO_S = 10.0
_MB = 1e6
_starting = threading.Lock()


def run_apart(
    job: Job,
    limits: Limits,
    tell: Tell = lambda _name, _stage: None,
    stop: threading.Event | None = None,
) -> Ended:
    """Run a job in a process of its own, and end that if it goes beyond its limits.

    Args:
        job: the design.
        limits: of time and memory.
        tell: told of its stages.
        stop: ends it when it is set.
    """
    _wait_for(Path(job.out))
    with tempfile.TemporaryDirectory(prefix="mnnfab-job-") as place:
        log = Path(place) / "output.txt"
        ours, theirs = connection.Pipe(duplex=False)
        with ours:
            process = _start(job, theirs, log)
            theirs.close()
            watch = _Watch(process, ours, limits, stop or threading.Event())
            ending, message = watch.until_it_ends(lambda stage: tell(job.name, stage))
            if ending == "crashed" and not message:
                message = _last_words(process, log)
            settle_unless_claimed(Path(job.out))  # what it left half done, if it was ended
            return Ended(job.name, ending, message, watch.seconds, watch.memory_MB)


class _Watch:
    """Looks after one process."""

    def __init__(
        self,
        process: ForkServerProcess,
        wire: connection.Connection,
        limits: Limits,
        stop: threading.Event,
    ) -> None:
        self.process, self.wire, self.limits, self.stop = process, wire, limits, stop
        self.begun = time.monotonic()
        self.memory_MB, self.most_MB, self.looked = 0.0, limits.most_MB, 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun

    def until_it_ends(self, tell: Callable[[str], None]) -> tuple[Ending, str]:
        """Return how the process ended, and why if it has said so."""
        try:
            while True:
                ready = connection.wait([self.wire, self.process.sentinel], LOOK_S)
                if self.wire in ready:
                    said = self._hear()
                    if said is None:
                        return "crashed", ""
                    if "ending" in said:
                        return said["ending"], said["message"]
                    tell(said["stage"])
                elif ready:
                    return "crashed", ""
                beyond = self._beyond_a_limit()
                if beyond is not None:
                    return beyond
        finally:
            _end(self.process)

    def _hear(self) -> dict[str, Any] | None:
        try:
            said: dict[str, Any] = self.wire.recv()
        except (EOFError, OSError):
            return None
        return said

    def _beyond_a_limit(self) -> tuple[Ending, str] | None:
        if self.stop.is_set():
            return "stopped", "the batch was stopped"
        if self.seconds - self.looked > MEMORY_S:
            self.looked = self.seconds
            self.memory_MB = max(self.memory_MB, _own_MB(self.process))
        if self.memory_MB > self.most_MB:
            return "memory", f"took more than the limit of {self.most_MB:,.0f} MB"
        if self.seconds > self.limits.deadline_s:
            return "deadline", f"did not finish within {self.limits.deadline_s:g} s"
        return None


def _start(job: Job, wire: connection.Connection, log: Path) -> ForkServerProcess:
    context = _context()
    # Workers of a cluster are often daemons, to whom children are forbidden, since they would be
    # left alone when these end; ours end by themselves (`child`).
    current_process().daemon = False
    process = context.Process(target=run_job, args=(job.as_text(), wire, str(log)))
    with _starting, _without_main():
        process.start()
    return process


def _context() -> ForkServerContext:
    """Return the way of starting processes: forked from one that has imported everything."""
    context = get_context("forkserver")
    with _starting, _environment(), _without_main():
        context.set_forkserver_preload(["mnnfab.batch.warm"])
        forkserver.ensure_running()
    return context


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Let what is started here count with one thread: there is a design for every core.

    And let it import nothing from the folder that it is started in.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONSAFEPATH")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Hide the program that runs this: what is started here needs nothing of it.

    It would be run again in every process otherwise, and start a batch of its own if it is a
    script without a guard.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _own_MB(process: ForkServerProcess) -> float:  # noqa: N802 - units keep their case
    """Return the memory that a process and all that it has started share with no other.

    What was imported before the fork is everybody's.
    """
    total = 0.0
    with contextlib.suppress(psutil.Error):
        own = psutil.Process(process.pid)
        for one in (own, *own.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += one.memory_full_info().uss / _MB
    return total


def _end(process: ForkServerProcess) -> None:
    """Make sure that a process and all that it has started are gone."""
    process.join(0.05)
    assert process.pid is not None, "it was started"
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _last_words(process: ForkServerProcess, log: Path) -> str:
    """Return what a process that crashed has printed last, or the signal that ended it."""
    code = process.exitcode
    reason = f"its process ended with status {code}"
    if code is not None and code < 0:
        reason = f"its process was ended by {signal.Signals(-code).name}"
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            reason += f"; it printed last: {lines[-1][:200]}"
    return reason


def _wait_for(folder: Path) -> None:
    """Wait until a process that was killed a moment ago has let go of its folder."""
    until = time.monotonic() + LET_GO_S
    while is_claimed(folder) and time.monotonic() < until:
        time.sleep(0.1)
