"""Model evaluations: `reach`, `ladder`, `reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnnfab.commands.answer import Answer, command
from mnnfab.commands.options import DESIGN, FOLDER

if TYPE_CHECKING:
    from mnnfab.progress.watcher import ProgressWatcher


@command()
@DESIGN
def reach(watcher: ProgressWatcher, design: Path) -> Answer:
    """Estimate the attainable targets of DESIGN before training."""
    from mnnfab.pipeline import pipeline

    result = pipeline.reach(design, watcher=watcher)
    return Answer(result.text, result.values)


@command()
@FOLDER
def ladder(watcher: ProgressWatcher, folder: Path) -> Answer:
    """Evaluate the trained widths in DIR with all models, from bar model to 3D solid."""
    from mnnfab.pipeline import pipeline

    result = pipeline.ladder(folder, watcher=watcher)
    return Answer(result.text, result.values)


@command()
@click.argument("experiments", nargs=-1)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("out/reproduce"),
    help="Folder for figures, films, tables and the summary; out/reproduce if not given.",
)
def reproduce(watcher: ProgressWatcher, experiments: tuple[str, ...], out: Path) -> Answer:
    """Reproduce the paper's EXPERIMENTS (fig1 to fig5; default all) and compare the numbers."""
    from mnnfab.reproduce.run import reproduce as do

    summary = do(experiments, out, watcher.stage)
    text = f"figures, films and tables in {out}; see {summary}"
    return Answer(text, {"folder": str(out), "summary": str(summary)})
