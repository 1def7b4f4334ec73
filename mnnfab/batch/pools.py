"""Executors of a batch: threads of this machine, or workers of a Dask cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mnnfab.batch.isolated import StageCallback, run_isolated
from mnnfab.batch.jobs import Job
from mnnfab.batch.limits import Limits
from mnnfab.batch.outcome import DesignOutcome
from mnnfab.errors import InputError
from mnnfab.io.folder_lock import lock_token_of

#: Interval at which a worker checks that its batch is still running, s.
LOCK_CHECK_S = 1.0


class Pool(Protocol):
    """Executor that runs as many jobs at a time as it has workers."""

    def submit(self, job: Job) -> Future[DesignOutcome]:
        """Start a job as soon as a worker is free."""
        ...


class _Threads:
    def __init__(self, workers: int, limits: Limits, on_stage: StageCallback) -> None:
        self.stop = threading.Event()
        self.threads = ThreadPoolExecutor(workers)
        self.limits, self.on_stage = limits, on_stage

    def submit(self, job: Job) -> Future[DesignOutcome]:
        return self.threads.submit(run_isolated, job, self.limits, self.on_stage, self.stop)


@contextmanager
def local_pool(workers: int, limits: Limits, on_stage: StageCallback) -> Iterator[Pool]:
    """Run designs on this machine, `workers` at a time; leaving the context terminates them."""
    pool = _Threads(workers, limits, on_stage)
    try:
        yield pool
    finally:
        pool.stop.set()
        pool.threads.shutdown(cancel_futures=True)


class _Cluster:
    def __init__(self, address: str, limits: Limits, out: Path) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            allowed = "pip install 'mnnfab[dask]', or omit --scheduler"
            raise InputError("--scheduler", "Dask is not installed", allowed) from error
        try:
            self.client = Client(address, timeout="20s", set_as_default=False)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            allowed = "the address of a running scheduler, for example tcp://HOST:8786"
            raise InputError(f"--scheduler {address}", reason, allowed) from error
        # Not pure: a design that is submitted twice is run twice. Designs of a lost worker are
        # rescheduled up to the number of times set by the scheduler's `allowed-failures`.
        self.executor = self.client.get_executor(pure=False)
        self.limits, self.out, self.lock_token = limits, str(out.resolve()), lock_token_of(out)

    def submit(self, job: Job) -> Future[DesignOutcome]:
        done: Future[str] = self.executor.submit(
            run_on_worker, job.as_text(), self.limits, self.out, self.lock_token
        )
        outcome: Future[DesignOutcome] = Future()
        outcome.set_running_or_notify_cancel()

        def forward_outcome(future: Future[str]) -> None:
            error = None if future.cancelled() else future.exception()
            if future.cancelled() or error is not None:
                reason = f"worker lost: {error}"
                outcome.set_result(DesignOutcome(job.name, "crashed", reason))
            else:
                outcome.set_result(DesignOutcome.from_text(future.result()))

        done.add_done_callback(forward_outcome)
        return outcome


def run_on_worker(text: str, limits: Limits, out: str, lock_token: str) -> str:
    """Run a job on a worker of a cluster, in a separate process.

    Args:
        text: the job as JSON.
        limits: limits of the job.
        out: folder of the batch.
        lock_token: token of the batch's folder lock; the job ends when the lock is released.
    """
    stop, done = threading.Event(), threading.Event()

    def watch_lock() -> None:
        while not done.wait(LOCK_CHECK_S):
            if lock_token_of(Path(out)) != lock_token:
                stop.set()

    threading.Thread(target=watch_lock, daemon=True).start()
    try:
        return run_isolated(Job.from_text(text), limits, stop=stop).as_text()
    finally:
        done.set()


@contextmanager
def cluster_pool(address: str, limits: Limits, out: Path) -> Iterator[Pool]:
    """Run designs on the workers of a Dask scheduler, which share the results folder.

    Args:
        address: address of the scheduler.
        limits: limits of each design, on the machine of its worker.
        out: folder of the batch, locked.

    Raises:
        InputError: if Dask is missing, or there is no scheduler at the address.
    """
    pool = _Cluster(address, limits, out)
    try:
        yield pool
    finally:
        pool.executor.shutdown(wait=False)
        pool.client.close()
