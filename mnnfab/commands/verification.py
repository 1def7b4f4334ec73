"""Code verification: `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnnfab.commands.answer import FAILED, PASSED, Answer, command

if TYPE_CHECKING:
    from mnnfab.progress.watcher import ProgressWatcher


@command()
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("out/verification"),
    help="Folder for the page and the values; out/verification if not given.",
)
@click.option(
    "--only",
    metavar="NAME",
    multiple=True,
    help="Run this case only; may be given several times.",
)
def verify(watcher: ProgressWatcher, out: Path, only: tuple[str, ...]) -> Answer:
    """Verify all models on this machine with exact solutions and published benchmarks.

    Exit status: 0 all quantities are within their tolerances, 1 some are not.
    """
    from mnnfab.verification.run import verify as run
    from mnnfab.verification.text import verification_text
    from mnnfab.verification.values import verification_values
    from mnnfab.verification.writing import write_verification

    found = run(only, watcher)
    page = write_verification(found, out)
    values = {"page": str(page), **verification_values(found)}
    text = f"{verification_text(found)}\npage written to {page}"
    return Answer(text, values, PASSED if found.passed else FAILED)
