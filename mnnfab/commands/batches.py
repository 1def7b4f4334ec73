"""Batches of designs: `batch`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnnfab.commands.answer import (
    BAD_INPUT,
    FAILED,
    INTERRUPTED,
    PASSED,
    Answer,
    AnswerOptions,
    command,
)
from mnnfab.commands.messages import note
from mnnfab.commands.options import DESIGN_FILE, PDF
from mnnfab.commands.signals import stopped_status

if TYPE_CHECKING:
    from mnnfab.batch.run import BatchOutcome, BatchWatcher


@contextmanager
def _watched(options: AnswerOptions) -> Iterator[BatchWatcher]:
    """Yield the progress watcher of a batch."""
    from mnnfab.batch.watchers import LineWatcher, LoggingWatcher, SilentBatch, live_table

    with (
        live_table()
        if sys.stderr.isatty() and not options.quiet
        else nullcontext(SilentBatch() if options.quiet else LineWatcher(note))
    ) as progress_watcher:
        if options.log is None:
            yield progress_watcher
            return
        from mnnfab.progress.log_file import open_log

        with open_log(options.log) as log:
            yield LoggingWatcher(progress_watcher, log)


@command(watched=_watched)
@click.argument("designs", metavar="DESIGN...", nargs=-1, required=True, type=DESIGN_FILE)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("out/batch"),
    help="Folder for all results; out/batch if not given.",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 1024),
    help="Number of concurrent designs; one per core if not given. Ignored on a cluster.",
)
@click.option("--resume", is_flag=True, help="Skip designs that are complete and unchanged.")
@click.option("--force", is_flag=True, help="Export even if the acceptance criteria are not met.")
@PDF
@click.option(
    "--deadline",
    metavar="S",
    type=click.FloatRange(0.1, 1e7),
    default=3600.0,
    help="Wall-clock time limit of a design; 3600 s if not given.",
)
@click.option(
    "--memory",
    metavar="MB",
    type=click.FloatRange(1, 1e8),
    help="Memory limit of a design; its share of the machine's memory if not given.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Run on the workers of this Dask scheduler (tcp://HOST:PORT); they need the same files.",
)
def batch(  # noqa: PLR0913 - one parameter per option
    watcher: BatchWatcher,
    designs: tuple[Path, ...],
    out: Path,
    jobs: int | None,
    deadline: float,
    memory: float | None,
    scheduler: str | None,
    *,
    resume: bool,
    force: bool,
    pdf: bool,
) -> Answer:
    """Run many designs, each in a separate process.

    A DESIGN with a section [sweep] expands to one design per combination of its values. The
    results of each design are in DIR/<name>; DIR has a table and a page of all designs.

    Exit status: 0 all pass, 1 some do not meet the acceptance criteria, 2 some were rejected or
    crashed.
    """
    from mnnfab.batch import run
    from mnnfab.batch.limits import Limits
    from mnnfab.machine import cores

    workers = jobs or cores()
    limits = Limits(deadline, memory, None if scheduler else workers)
    how = run.BatchOptions(workers, limits, resume, force, pdf, scheduler)
    return _answer(run.batch(designs, out, watcher, how))


def _answer(outcome: BatchOutcome) -> Answer:
    endings = outcome.endings
    counts = ", ".join(f"{number} {ending}" for ending, number in endings.most_common())
    lines = [
        f"{row['ending']}: {row['name']}: {row['message']}"
        for row in outcome.rows
        if row["ending"] not in {"pass", "fail"} and row["message"] != "not run"
    ]
    lines.append(f"{counts}; see {outcome.folder / 'index.html'}")
    if outcome.stopped:
        lines.append("stopped; finished designs are kept; continue with --resume")
    values = {
        "folder": str(outcome.folder),
        "endings": dict(endings),
        "stopped": outcome.stopped,
        "designs": [dict(row) for row in outcome.rows],
    }
    return Answer("\n".join(lines), values, _status(outcome))


def _status(outcome: BatchOutcome) -> int:
    if outcome.stopped:
        return stopped_status(INTERRUPTED)
    if set(outcome.endings) <= {"pass"}:
        return PASSED
    return FAILED if set(outcome.endings) <= {"pass", "fail"} else BAD_INPUT
