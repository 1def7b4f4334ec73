"""Two runs side by side: `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnnfab.commands.answer import Answer, command

if TYPE_CHECKING:
    from mnnfab.progress.watcher import Watcher


@command()
@click.argument("first", metavar="DIR_A", type=click.Path(path_type=Path))
@click.argument("second", metavar="DIR_B", type=click.Path(path_type=Path))
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a page with both networks side by side too; FILE must not exist.",
)
def compare(watcher: Watcher, first: Path, second: Path, html: Path | None) -> Answer:  # noqa: ARG001
    """Show two runs side by side: where designs, results and widths differ."""
    from mnnfab.io.json_values import as_plain
    from mnnfab.runs.comparison import as_words, compare_runs, comparison_text

    found = compare_runs(first, second)
    text = comparison_text(found)
    if html is not None:
        from mnnfab.io.files import write_new_file
        from mnnfab.report.template import render
        from mnnfab.report.thumbnail import pictures_of

        page = render(
            "compare.html", found=found, words=as_words, pictures=pictures_of(first, second)
        )
        write_new_file(html, page)
        text += f"\n\nside by side in {html}"
    return Answer(text, as_plain(found))
