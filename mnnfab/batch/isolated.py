"""One design in a separate process, so that crashes, hangs and memory use are contained."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import connection, current_process, forkserver, get_context
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.util import get_temp_dir
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from mnnfab.batch.child import OUTPUT, run_job
from mnnfab.batch.jobs import Job
from mnnfab.batch.limits import Limits
from mnnfab.batch.outcome import DesignOutcome, Ending
from mnnfab.batch.temporary import FOLDERS, jobs_folder, short_temporary_folder
from mnnfab.io.folder_lock import is_locked, recover_unless_locked

StageCallback = Callable[[str, str], None]
"""Callback that receives the name of a design and its current stage."""

#: Check intervals of deadline and memory, s; a memory check takes some milliseconds.
POLL_S, MEMORY_S = 0.25, 1.0
#: Time allowed for a killed process to release its folder lock, s.
LOCK_RELEASE_S = 10.0
_MB = 1e6
_starting = threading.Lock()


def run_isolated(
    job: Job,
    limits: Limits,
    on_stage: StageCallback = lambda _name, _stage: None,
    stop: threading.Event | None = None,
) -> DesignOutcome:
    """Run a job in a separate process, and terminate it if it exceeds its limits.

    Args:
        job: the job to run.
        limits: limits of time and memory.
        on_stage: callback that receives the stages.
        stop: event that terminates the job when it is set.
    """
    _wait_for(Path(job.out))
    with tempfile.TemporaryDirectory(prefix="job-", dir=jobs_folder()) as folder:
        receiver, sender = connection.Pipe(duplex=False)
        with receiver:
            process = _start(job, sender, folder)
            sender.close()
            watch = _Watch(process, receiver, limits, stop or threading.Event())
            ending, message = watch.wait_for_end(lambda stage: on_stage(job.name, stage))
            if ending == "crashed" and not message:
                message = _crash_reason(process, Path(folder) / OUTPUT)
            recover_unless_locked(Path(job.out))  # clean up partial results of a terminated job
            return DesignOutcome(job.name, ending, message, watch.seconds, watch.memory_MB)


class _Watch:
    """Monitor of one process."""

    def __init__(
        self,
        process: ForkServerProcess,
        pipe: connection.Connection,
        limits: Limits,
        stop: threading.Event,
    ) -> None:
        self.process, self.pipe, self.limits, self.stop = process, pipe, limits, stop
        self.started = time.monotonic()
        self.memory_MB, self.limit_MB, self.last_memory_check = 0.0, limits.limit_MB, 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def wait_for_end(self, on_stage: Callable[[str], None]) -> tuple[Ending, str]:
        """Return the outcome of the process, and the message that it sent."""
        try:
            while True:
                ready = connection.wait([self.pipe, self.process.sentinel], POLL_S)
                if self.pipe in ready:
                    message = self._receive()
                    if message is None:
                        return "crashed", ""
                    if "ending" in message:
                        return message["ending"], message["message"]
                    on_stage(message["stage"])
                elif ready:
                    return "crashed", ""
                exceeded = self._exceeded_limit()
                if exceeded is not None:
                    return exceeded
        finally:
            _end(self.process)

    def _receive(self) -> dict[str, Any] | None:
        try:
            message: dict[str, Any] = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return message

    def _exceeded_limit(self) -> tuple[Ending, str] | None:
        if self.stop.is_set():
            return "stopped", "the batch was stopped"
        if self.seconds - self.last_memory_check > MEMORY_S:
            self.last_memory_check = self.seconds
            self.memory_MB = max(self.memory_MB, _unshared_MB(self.process))
        if self.memory_MB > self.limit_MB:
            return "memory", f"exceeded the memory limit of {self.limit_MB:,.0f} MB"
        if self.seconds > self.limits.deadline_s:
            return "deadline", f"did not finish within {self.limits.deadline_s:g} s"
        return None


def _start(job: Job, pipe: connection.Connection, temporary: str) -> ForkServerProcess:
    context = _context()
    # Cluster workers are often daemon processes, which may not have children because these
    # would outlive them; our processes end with their parent (`child`).
    current_process().daemon = False
    process = context.Process(target=run_job, args=(job.as_text(), pipe, temporary))
    with _starting, _without_main():
        process.start()
    return process


def _context() -> ForkServerContext:
    """Return the start method: fork from a server process with all imports done."""
    context = get_context("forkserver")
    with _starting, short_temporary_folder(), _environment(), _without_main():
        context.set_forkserver_preload(["mnnfab.batch.preload"])
        forkserver.ensure_running()
    return context


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Restrict new processes to one thread each, because one design runs per core.

    Also exclude the current folder from their import path, and name the temporary folders that
    the server process removes when this one was killed.
    """
    values = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONSAFEPATH"), "1"
    )
    values[FOLDERS] = json.dumps([str(jobs_folder()), get_temp_dir()])
    previous = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in previous.items():
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


def _unshared_MB(process: ForkServerProcess) -> float:  # noqa: N802 - units keep their case
    """Return the memory of a process and its children that no other process shares, MB.

    Imports made before the fork are shared and not counted.
    """
    total = 0.0
    with contextlib.suppress(psutil.Error):
        own = psutil.Process(process.pid)
        for member in (own, *own.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += member.memory_full_info().uss / _MB
    return total


def _end(process: ForkServerProcess) -> None:
    """Terminate a process and all its children."""
    process.join(0.05)
    assert process.pid is not None, "the process was started"
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _crash_reason(process: ForkServerProcess, log: Path) -> str:
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
    deadline = time.monotonic() + LOCK_RELEASE_S
    while is_locked(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
