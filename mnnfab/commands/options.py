"""Arguments and options shared by several commands."""

from __future__ import annotations

from pathlib import Path

import click


class _Ending(click.Path):
    """Path that the shell completes with folders and files of one suffix."""

    def __init__(self, ending: str) -> None:
        super().__init__(path_type=Path)
        self.ending = ending

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,
        incomplete: str,
    ) -> list[click.shell_completion.CompletionItem]:
        """Return the completions of an incomplete path."""
        del ctx, param
        folder, slash, start = incomplete.rpartition("/")
        found = sorted(Path(folder + slash).iterdir()) if Path(folder + slash).is_dir() else []
        names = [
            f"{folder}{slash}{path.name}{'/' if path.is_dir() else ''}"
            for path in found
            if path.name.startswith(start)
            and (start or not path.name.startswith("."))
            and (path.is_dir() or path.suffix == self.ending)
        ]
        return [click.shell_completion.CompletionItem(name) for name in names]


_FOLDERS = click.Path(path_type=Path, file_okay=True, dir_okay=True)
DESIGN_FILE = _Ending(".toml")

DESIGN = click.argument("design", type=DESIGN_FILE)
FOLDER = click.argument("folder", metavar="DIR", type=_FOLDERS)
OUT = click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder for the results; out/<name> if not given.",
)
START = click.option(
    "--from",
    "start_from",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Start the training from the widths of an earlier run, of the same or another task.",
)
FORCE = click.option(
    "--force", is_flag=True, help="Export even if the acceptance criteria are not met."
)
THOROUGH = click.option(
    "--thorough",
    is_flag=True,
    help="Solve all samples of the loaded part by the rubber model, not only the critical ones.",
)
PDF = click.option("--pdf", is_flag=True, help="Also write the report as PDF.")
