"""Comparison of two runs: `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnnfab.commands.answer import Answer, command

if TYPE_CHECKING:
    from mnnfab.progress.watcher import ProgressWatcher


@command()
@click.argument("first", metavar="DIR_A", type=click.Path(path_type=Path))
@click.argument("second", metavar="DIR_B", type=click.Path(path_type=Path))
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Also write a page with both networks side by side; FILE must not exist.",
)
def compare(watcher: ProgressWatcher, first: Path, second: Path, html: Path | None) -> Answer:  # noqa: ARG001
    """Compare the designs, results and widths of two runs."""
    import shutil

    from mnnfab.io.json_values import to_jsonable
    from mnnfab.runs.comparison import compare_runs, comparison_text, value_text

    found = compare_runs(first, second)
    text = comparison_text(found, shutil.get_terminal_size().columns)
    if html is not None:
        from mnnfab.io.files import write_new_file
        from mnnfab.report.template import render
        from mnnfab.report.thumbnail import thumbnails_of

        page = render(
            "compare.html",
            found=found,
            value_text=value_text,
            pictures=thumbnails_of(first, second),
        )
        write_new_file(html, page)
        text += f"\n\npage written to {html}"
    return Answer(text, to_jsonable(found))
