"""Parts of several runs on one tray: `tray`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnnfab.commands.answer import Answer, command

if TYPE_CHECKING:
    from mnnfab.progress.watcher import ProgressWatcher


@command()
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
@click.option("--copies", type=click.IntRange(1, 1000), default=1, help="Copies of each part.")
@click.option(
    "--gap",
    metavar="MM",
    type=click.FloatRange(0, 1000),
    default=5.0,
    help="Gap between parts and to the edge of the tray; 5 mm if not given.",
)
@click.option(
    "--force", is_flag=True, help="Include designs that do not meet the acceptance criteria."
)
def tray(
    watcher: ProgressWatcher,
    folders: tuple[Path, ...],
    out: Path,
    copies: int,
    gap: float,
    *,
    force: bool,
) -> Answer:
    """Arrange the parts of the runs in DIR... on the printer's tray, as one 3MF and STL."""
    from mnnfab.pipeline import pipeline

    files = pipeline.tray(folders, out, copies=copies, gap_mm=gap, force=force, watcher=watcher)
    text = f"{', '.join(files)} in {out}; tray.json lists the positions"
    return Answer(text, {"folder": str(out), "files": list(files)})
