"""Batch run: collects designs, runs them in parallel, and writes one table and page."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mnnfab.batch.index import INDEX, index_text
from mnnfab.batch.jobs import Job, RejectedDesign, collect
from mnnfab.batch.limits import Limits
from mnnfab.batch.outcome import FINISHED, DesignOutcome
from mnnfab.batch.pools import Pool, cluster_pool, local_pool
from mnnfab.batch.table import Row, make_row, write_tables
from mnnfab.io.folder_lock import locked_folder
from mnnfab.pipeline.writing import write_manifest
from mnnfab.progress.live import write_live
from mnnfab.report.pdf import require_pdf
from mnnfab.runs.run_folder import run_folder

#: Minimum interval between updates of table and page while designs run, s.
UPDATE_INTERVAL_S = 15.0


class BatchWatcher(Protocol):
    """Progress watcher of a batch."""

    def planned(self, total: int, done: int) -> None:
        """Receive the number of designs, and how many were done before."""
        ...

    def stage(self, name: str, stage: str) -> None:
        """Receive the current stage of a design."""
        ...

    def ended(self, outcome: DesignOutcome) -> None:
        """Receive the outcome of a design."""
        ...


@dataclass(frozen=True)
class BatchOptions:
    """Options of a batch run.

    Args:
        workers: number of concurrent designs; ignored on a cluster.
        limits: limits of each design.
        resume: skip designs for which an identical request was completed and is intact.
        force: export even designs that do not meet the acceptance criteria.
        pdf: write every report as PDF too.
        scheduler: address of a Dask scheduler to use instead of this machine.
    """

    workers: int
    limits: Limits
    resume: bool = False
    force: bool = False
    pdf: bool = False
    scheduler: str | None = None


@dataclass(frozen=True)
class BatchOutcome:
    """Outcome of a batch.

    Args:
        folder: folder of the table, the page and the folders of all designs.
        rows: rows of the table.
        stopped: True if the batch was interrupted.
    """

    folder: Path
    rows: tuple[Row, ...]
    stopped: bool

    @property
    def endings(self) -> Counter[str]:
        """Number of designs per outcome."""
        return Counter(row["ending"] for row in self.rows)


def batch(
    paths: Sequence[Path],
    out: Path,
    watcher: BatchWatcher,
    options: BatchOptions,
) -> BatchOutcome:
    """Run many designs, each in a separate process; results in `out`/<name>.

    Args:
        paths: design files, each one design or a sweep.
        out: folder for all results.
        watcher: progress watcher.
        options: options of the run.

    Raises:
        InputError: if two designs have the same name, or the scheduler cannot be reached.
    """
    if options.pdf:
        require_pdf()
    jobs = collect(paths, out, force=options.force, pdf=options.pdf)
    with locked_folder(out):
        outcomes = {
            job.name: _rejected_outcome(job) for job in jobs if isinstance(job, RejectedDesign)
        }
        if options.resume:
            outcomes |= {
                job.name: _earlier_outcome(job)
                for job in jobs
                if isinstance(job, Job) and job.is_done()
            }
        watcher.planned(len(jobs), len(outcomes))
        remaining = [job for job in jobs if isinstance(job, Job) and job.name not in outcomes]
        results = _Results(out, jobs, outcomes)
        stopped = False
        try:
            with _pool(options, watcher, out) as pool:
                _run(remaining, pool, results, watcher)
        except KeyboardInterrupt:
            stopped = True
        finally:  # record finished designs in any case
            results.write()
    return BatchOutcome(out, tuple(results.rows()), stopped)


@contextmanager
def _pool(options: BatchOptions, watcher: BatchWatcher, out: Path) -> Iterator[Pool]:
    if options.scheduler is None:
        with local_pool(options.workers, options.limits, watcher.stage) as threads:
            yield threads
    else:
        with cluster_pool(options.scheduler, options.limits, out) as cluster:
            yield cluster


def _run(jobs: Sequence[Job], pool: Pool, results: _Results, watcher: BatchWatcher) -> None:
    waiting = {pool.submit(job): job for job in jobs}
    while waiting:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            outcome = _result(future, waiting.pop(future))
            results.record(outcome)
            watcher.ended(outcome)


def _result(future: Future[DesignOutcome], job: Job) -> DesignOutcome:
    """Return the outcome of a job; a job that cannot be started does not affect others."""
    try:
        return future.result()
    except Exception as error:
        return DesignOutcome(
            job.name, "crashed", f"could not be run: {type(error).__name__}: {error}"
        )


class _Results:
    """Outcomes of all designs, and their table in the folder of the batch."""

    def __init__(
        self, out: Path, jobs: Sequence[Job | RejectedDesign], outcomes: dict[str, DesignOutcome]
    ) -> None:
        self.out, self.jobs, self._outcomes = out, jobs, outcomes
        self._rows = {
            job.name: make_row(job, outcomes[job.name]) for job in jobs if job.name in outcomes
        }
        self._by_name = {job.name: job for job in jobs}
        self._written = time.monotonic()
        self._write_progress()

    def record(self, outcome: DesignOutcome) -> None:
        """Record the outcome of a design; update the table after `UPDATE_INTERVAL_S`."""
        self._outcomes[outcome.name] = outcome
        self._rows[outcome.name] = make_row(self._by_name[outcome.name], outcome)
        self._write_progress()
        if time.monotonic() - self._written > UPDATE_INTERVAL_S:
            self.write()

    def _write_progress(self) -> None:
        """Write the progress of the batch, for `mnnfab watch`."""
        counts = Counter(outcome.ending for outcome in self._outcomes.values())
        write_live(self.out, {"designs": len(self.jobs), "endings": counts})

    def rows(self) -> list[Row]:
        """Return one row per design, in the given order."""
        return [
            self._rows.get(job.name) or make_row(job, DesignOutcome(job.name, "stopped", "not run"))
            for job in self.jobs
        ]

    def write(self) -> None:
        """Write the table and the page."""
        rows = self.rows()
        with run_folder(self.out) as staging:
            write_tables(staging, rows, list(self._outcomes.values()))
            (staging / INDEX).write_text(index_text(rows), encoding="utf-8")
            write_manifest(staging, ())
        self._written = time.monotonic()


def _rejected_outcome(job: RejectedDesign) -> DesignOutcome:
    return DesignOutcome(job.name, "refused", job.reason)


def _earlier_outcome(job: Job) -> DesignOutcome:
    """Return the outcome of a design that was run before."""
    row = make_row(job, DesignOutcome(job.name, FINISHED[0]))
    return DesignOutcome(job.name, "fail" if row["errors"] else "pass")
