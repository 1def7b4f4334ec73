"""One design in a separate process, so that crashes, hangs and memory use are contained."""

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
from mnnfab.io.folder_lock import is_locked, recover_unless_locked

EpochCallback = Callable[[str, str], None]
"""Callback that receives the name of a design and its current stage."""

#: Check intervals of deadline and memory, s; a memory check takes some milliseconds.
LOOK_S, MEMORY_S = 0.25, 1.0
#: Time allowed for a killed process to release its folder lock, s.
LET_GO_S = 10.0
_MB = 1e6
_starting = threading.Lock()


def run_isolated(
    job: Job,
    limits: Limits,
    tell: EpochCallback = lambda _name, _stage: None,
    stop: threading.Event | None = None,
) -> Ended:
    """Run a job in a separate process, and terminate it if it exceeds its limits.

    Args:
        job: the job to run.
        limits: limits of time and memory.
        tell: callback that receives the stages.
        stop: event that terminates the job when it is set.
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
            recover_unless_locked(Path(job.out))  # clean up partial results of a terminated job
            return Ended(job.name, ending, message, watch.seconds, watch.memory_MB)


class _Watch:
    """Monitor of one process."""

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
        """Return the outcome of the process, and the message that it sent."""
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
            return "memory", f"exceeded the memory limit of {self.most_MB:,.0f} MB"
        if self.seconds > self.limits.deadline_s:
            return "deadline", f"did not finish within {self.limits.deadline_s:g} s"
        return None


def _start(job: Job, wire: connection.Connection, log: Path) -> ForkServerProcess:
    context = _context()
    # Cluster workers are often daemon processes, which may not have children because these
    # would outlive them; our processes end with their parent (`child`).
    current_process().daemon = False
    process = context.Process(target=run_job, args=(job.as_text(), wire, str(log)))
    with _starting, _without_main():
        process.start()
    return process


def _context() -> ForkServerContext:
    """Return the start method: fork from a server process with all imports done."""
    context = get_context("forkserver")
    with _starting, _environment(), _without_main():
        context.set_forkserver_preload(["mnnfab.batch.preload"])
        forkserver.ensure_running()
    return context


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Restrict new processes to one thread each, because one design runs per core.

    Also exclude the current folder from their import path.
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
    """Hide the main module from new processes, which do not need it.

    Otherwise every process would import it, and a script without an `if __name__ == "__main__"`
    guard would start another batch.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _own_MB(process: ForkServerProcess) -> float:  # noqa: N802 - units keep their case
    """Return the memory of a process and its children that no other process shares, MB.

    Imports made before the fork are shared and not counted.
    """
    total = 0.0
    with contextlib.suppress(psutil.Error):
        own = psutil.Process(process.pid)
        for one in (own, *own.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += one.memory_full_info().uss / _MB
    return total


def _end(process: ForkServerProcess) -> None:
    """Terminate a process and all its children."""
    process.join(0.05)
    assert process.pid is not None, "the process was started"
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _last_words(process: ForkServerProcess, log: Path) -> str:
    """Return the exit status or signal of a crashed process, and its last line of output."""
    code = process.exitcode
    reason = f"the process exited with status {code}"
    if code is not None and code < 0:
        reason = f"the process was terminated by {signal.Signals(-code).name}"
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            reason += f"; last output: {lines[-1][:200]}"
    return reason


def _wait_for(folder: Path) -> None:
    """Wait until a killed process has released its folder lock."""
    until = time.monotonic() + LET_GO_S
    while is_locked(folder) and time.monotonic() < until:
        time.sleep(0.1)
