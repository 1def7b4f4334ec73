"""A batch: designs collected, run where there is room, and told of in one table and page."""

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
from mnnfab.batch.jobs import Job, Refused, collect
from mnnfab.batch.limits import Limits
from mnnfab.batch.outcome import FINISHED, Ended
from mnnfab.batch.pools import Pool, cluster_pool, local_pool
from mnnfab.batch.table import Row, make_row, write_tables
from mnnfab.io.folder_lock import claimed
from mnnfab.pipeline.writing import write_manifest
from mnnfab.progress.live import write_live
from mnnfab.report.pdf import require_pdf
from mnnfab.runs.run_folder import run_folder

#: Table and page are written anew no more often than this (s) while designs run.
PACE_S = 15.0


class BatchWatcher(Protocol):
    """Told how far a batch is."""

    def planned(self, total: int, done: int) -> None:
        """Take note of the number of designs, and how many were done before."""
        ...

    def stage(self, name: str, stage: str) -> None:
        """Take note of the stage that a design is in."""
        ...

    def ended(self, ended: Ended) -> None:
        """Take note of how a design ended."""
        ...


@dataclass(frozen=True)
class Manner:
    """Where and how the designs of a batch are run.

    Args:
        workers: designs at a time; of no matter to a cluster.
        limits: of each.
        resume: leave alone what was asked for before in the same words and is whole.
        force: export even what fails its gate.
        pdf: write every report as PDF too.
        scheduler: address of a Dask scheduler, instead of this machine.
    """

    workers: int
    limits: Limits
    resume: bool = False
    force: bool = False
    pdf: bool = False
    scheduler: str | None = None


@dataclass(frozen=True)
class BatchOutcome:
    """What a command line needs to know of a batch.

    Args:
        folder: of table, page and the folders of all designs.
        rows: of the table.
        stopped: whether it was interrupted.
    """

    folder: Path
    rows: tuple[Row, ...]
    stopped: bool

    @property
    def endings(self) -> Counter[str]:
        """How many designs ended how."""
        return Counter(row["ending"] for row in self.rows)


def batch(
    paths: Sequence[Path],
    out: Path,
    watcher: BatchWatcher,
    manner: Manner,
) -> BatchOutcome:
    """Run many designs, each in a process of its own; results in `out`/<name>.

    Args:
        paths: design files, each one design or a sweep.
        out: folder for everything.
        watcher: told of the progress.
        manner: where and how they are run.

    Raises:
        InputError: if two designs have one name, or there is no such scheduler.
    """
    if manner.pdf:
        require_pdf()
    jobs = collect(paths, out, force=manner.force, pdf=manner.pdf)
    with claimed(out):
        ended = {job.name: _refused(job) for job in jobs if isinstance(job, Refused)}
        if manner.resume:
            ended |= {
                job.name: _before(job) for job in jobs if isinstance(job, Job) and job.is_done()
            }
        watcher.planned(len(jobs), len(ended))
        left = [job for job in jobs if isinstance(job, Job) and job.name not in ended]
        book = _Book(out, jobs, ended)
        stopped = False
        try:
            with _pool(manner, watcher, out) as pool:
                _run(left, pool, book, watcher)
        except KeyboardInterrupt:
            stopped = True
        finally:  # whatever happens, what is done is told
            book.write()
    return BatchOutcome(out, tuple(book.rows()), stopped)


@contextmanager
def _pool(manner: Manner, watcher: BatchWatcher, out: Path) -> Iterator[Pool]:
    if manner.scheduler is None:
        with local_pool(manner.workers, manner.limits, watcher.stage) as threads:
            yield threads
    else:
        with cluster_pool(manner.scheduler, manner.limits, out) as cluster:
            yield cluster


def _run(jobs: Sequence[Job], pool: Pool, book: _Book, watcher: BatchWatcher) -> None:
    waiting = {pool.submit(job): job for job in jobs}
    while waiting:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            ended = _result(future, waiting.pop(future))
            book.enter(ended)
            watcher.ended(ended)


def _result(future: Future[Ended], job: Job) -> Ended:
    """Return how a job ended; what keeps it from being run at all costs it alone, too."""
    try:
        return future.result()
    except Exception as error:
        return Ended(job.name, "crashed", f"could not be run: {type(error).__name__}: {error}")


class _Book:
    """Who has ended how, and the table of it in the folder."""

    def __init__(self, out: Path, jobs: Sequence[Job | Refused], ended: dict[str, Ended]) -> None:
        self.out, self.jobs, self._ended = out, jobs, ended
        self._rows = {job.name: make_row(job, ended[job.name]) for job in jobs if job.name in ended}
        self._by_name = {job.name: job for job in jobs}
        self._written = time.monotonic()
        self._tell()

    def enter(self, ended: Ended) -> None:
        """Take note of a design, and write the table if it is old."""
        self._ended[ended.name] = ended
        self._rows[ended.name] = make_row(self._by_name[ended.name], ended)
        self._tell()
        if time.monotonic() - self._written > PACE_S:
            self.write()

    def _tell(self) -> None:
        """Say how far the batch is, for `mnnfab watch`."""
        counts = Counter(one.ending for one in self._ended.values())
        write_live(self.out, {"designs": len(self.jobs), "endings": counts})

    def rows(self) -> list[Row]:
        """Return a row a design, in the order in which they were given."""
        return [
            self._rows.get(job.name) or make_row(job, Ended(job.name, "stopped", "not run"))
            for job in self.jobs
        ]

    def write(self) -> None:
        """Write table and page."""
        rows = self.rows()
        with run_folder(self.out) as staging:
            write_tables(staging, rows, list(self._ended.values()))
            (staging / INDEX).write_text(index_text(rows), encoding="utf-8")
            write_manifest(staging, ())
        self._written = time.monotonic()


def _refused(job: Refused) -> Ended:
    return Ended(job.name, "refused", job.reason)


def _before(job: Job) -> Ended:
    """Return how a design ended that was run before."""
    row = make_row(job, Ended(job.name, FINISHED[0]))
    return Ended(job.name, "fail" if row["errors"] else "pass")
