"""The command line: one function a command, `mnnfab --help` lists them.

Nothing heavy is imported before a command needs it: `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnnfab.errors import MnnfabError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnnfab.findings import Finding
    from mnnfab.pipeline import Outcome
    from mnnfab.watching import Watcher

PASSED, FAILED, BAD_INPUT = 0, 1, 2
#: What shells expect of a program that Ctrl-C has stopped.
INTERRUPTED = 130

_DESIGN = click.argument("design", type=click.Path(path_type=Path))
_FOLDER = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_OUT = click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder for the results; out/<name> if not given.",
)
_FROM = click.option(
    "--from",
    "start_from",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Start the training from the widths of an earlier run, of this task or another.",
)
_FORCE = click.option("--force", is_flag=True, help="Export even if the design fails its gate.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mnnfab")
def main() -> None:
    """From a task to a printable mechanical neural network that was checked.

    Exit status: 0 done and passed, 1 the design fails its gate, 2 bad input.
    """


@main.command()
@_DESIGN
@_OUT
@_FROM
@_FORCE
def run(design: Path, out: Path | None, start_from: Path | None, *, force: bool) -> None:
    """Train DESIGN, check it on the continuum, export the part and report."""
    with _errors_in_words(), _progress() as watcher:
        from mnnfab import pipeline

        outcome = pipeline.run(design, out, start_from=start_from, force=force, watcher=watcher)
    _finish(outcome)


@main.command()
@_DESIGN
@_OUT
@_FROM
def train(design: Path, out: Path | None, start_from: Path | None) -> None:
    """Train the bond widths of DESIGN on the bar model."""
    with _errors_in_words(), _progress() as watcher:
        from mnnfab import pipeline

        trained = pipeline.train(design, out, start_from=start_from, watcher=watcher)
    if trained.words:
        click.echo(trained.words)
    click.echo(f"widths and history in {trained.folder}")


@main.command()
@_FOLDER
def check(folder: Path) -> None:
    """Check the trained widths in DIR on the continuum."""
    with _errors_in_words(), _progress() as watcher:
        from mnnfab import pipeline

        outcome = pipeline.check(folder, watcher=watcher)
    _finish(outcome)


@main.command()
@_FOLDER
@_FORCE
def export(folder: Path, *, force: bool) -> None:
    """Check the trained widths in DIR and export the part in the design's formats."""
    with _errors_in_words(), _progress() as watcher:
        from mnnfab import pipeline

        outcome = pipeline.export(folder, force=force, watcher=watcher)
    _finish(outcome)


@main.command()
@click.argument(
    "folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("out/tray"),
    help="Folder for the results; out/tray if not given.",
)
@click.option("--copies", type=click.IntRange(1, 1000), default=1, help="Of each part.")
@click.option(
    "--gap",
    metavar="MM",
    type=click.FloatRange(0, 1000),
    default=5.0,
    help="Between parts, and to the rim of the tray; 5 mm if not given.",
)
@click.option("--force", is_flag=True, help="Take designs that failed their gate too.")
def tray(folders: tuple[Path, ...], out: Path, copies: int, gap: float, *, force: bool) -> None:
    """Put the parts of the runs in DIR... on the printer's tray, in one 3MF and STL."""
    with _errors_in_words(), _progress() as watcher:
        from mnnfab import pipeline

        files = pipeline.tray(folders, out, copies=copies, gap_mm=gap, force=force, watcher=watcher)
    click.echo(f"{', '.join(files)} in {out}; tray.json says what lies where")


@main.command()
@_FOLDER
def ladder(folder: Path) -> None:
    """Ask every model, from bars to the solid, what the trained widths in DIR do."""
    with _errors_in_words(), _progress() as watcher:
        from mnnfab import pipeline

        text = pipeline.ladder(folder, watcher=watcher)
    click.echo(text)


@main.command()
@_DESIGN
def reach(design: Path) -> None:
    """Say what is in reach of DESIGN's task, before any training."""
    with _errors_in_words(), _progress() as watcher:
        from mnnfab import pipeline

        text = pipeline.reach(design, watcher=watcher)
    click.echo(text)


@main.command()
@click.argument("experiments", nargs=-1)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("out/reproduce"),
    help="Folder for pictures, films, tables and the summary; out/reproduce if not given.",
)
def reproduce(experiments: tuple[str, ...], out: Path) -> None:
    """Do the paper's EXPERIMENTS (fig1 to fig5; all if not given) and compare the numbers."""
    with _errors_in_words(), _progress() as watcher:
        from mnnfab.reproduce.run import reproduce as do

        summary = do(experiments, out, watcher.stage)
    click.echo(f"pictures, films and tables in {out}; see {summary}")


@main.command()
@click.argument("name")
def new(name: str) -> None:
    """Write NAME.toml, a commented design to start from, into this folder."""
    with _errors_in_words():
        from mnnfab.new_design import write_new_design

        path = write_new_design(name, Path())
    click.echo(f"wrote {path}; next: mnnfab run {path}")


class _Notes:
    """A watcher that only says what a user should know before the results are there."""

    def stage(self, name: str) -> None:
        """Stay silent."""

    def epoch(self, done: int, total: int, loss: float) -> None:
        """Stay silent."""

    def finding(self, finding: Finding) -> None:
        """Say it, apart from the results."""
        click.echo(f"{finding.severity}: {finding.where}: {finding.message}", err=True)


@contextmanager
def _errors_in_words() -> Iterator[None]:
    """Turn our errors into one message and status 2."""
    try:
        yield
    except MnnfabError as error:
        click.echo(f"mnnfab: {error}", err=True)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        click.echo("mnnfab: stopped; earlier results are as they were", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("MNNFAB_TRACEBACK"):
            raise
        # A fault of ours. It must not end with the status of a failed gate.
        words = f"mnnfab: unexpected {type(error).__name__}: {error}"
        click.echo(f"{words}\n  for a report, set MNNFAB_TRACEBACK=1 and run it again", err=True)
        sys.exit(BAD_INPUT)


@contextmanager
def _progress() -> Iterator[Watcher]:
    """Show progress on a terminal; in a pipe only what was found before training."""
    if not sys.stderr.isatty():
        yield _Notes()
        return
    from mnnfab.progress import show_progress

    with show_progress() as watcher:
        yield watcher


def _finish(outcome: Outcome) -> None:
    """Say what was found and where it is; a failed gate is status 1."""
    for finding in outcome.findings:
        if finding.severity != "info" and finding not in outcome.told:
            click.echo(f"{finding.severity}: {finding.where}: {finding.message}")
    exported = ", ".join(outcome.files) or "no part exported"
    click.echo(f"{outcome.verdict}: {exported}; see {outcome.folder / 'report.html'}")
    sys.exit(PASSED if outcome.verdict == "pass" else FAILED)
