"""Result folders of the laboratory, written completely or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.io.files import sha256_of
from mnnfab.io.folder_lock import locked_folder
from mnnfab.pipeline.writing import write_manifest
from mnnfab.runs.run_folder import earlier_results, run_folder


@contextmanager
def lab_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to write into; its files move to `folder` with a manifest.

    Nothing is removed: a folder with results of another command (a run, an experiment) is refused.
    Files of an earlier call are replaced unless they were changed since, such as a completed form.
    Files of other origin are never replaced.

    Raises:
        InputError: if `folder` has a file of another origin, or one that was changed.
    """
    with locked_folder(folder), run_folder(folder) as staging:
        _check_unchanged(folder)  # before the work, which may take a minute
        yield staging
        for name in earlier_results(folder):
            if (folder / name).is_file() and not (staging / name).exists():
                given = f"contains {name}, which this command does not write"
                raise InputError(str(folder), given, "an empty folder, or one of this command")
        _check_unchanged(folder)
        write_manifest(staging, ())


def _check_unchanged(folder: Path) -> None:
    """Refuse a folder with a file that was changed since it was written."""
    for name, digest in earlier_results(folder).items():
        path = folder / name
        if path.is_file() and sha256_of(path) != digest:
            given = "changed since it was written"
            raise InputError(str(path), given, "another folder, or that file moved elsewhere")


def write_files(staging: Path, files: Mapping[str, str]) -> None:
    """Write text files into a folder, by name."""
    for name, text in files.items():
        (staging / name).write_text(text, encoding="utf-8")
