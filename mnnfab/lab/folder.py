"""Folders of the laboratory: all files of a command together, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.io.files import sha256_of
from mnnfab.io.folder_lock import claimed
from mnnfab.pipeline.writing import write_manifest
from mnnfab.runs.run_folder import earlier_results, run_folder


@contextmanager
def lab_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to write into; its files move to `folder` with a manifest.

    Nothing is removed: a folder with results of another command (a run, an experiment) is refused.
    Files of an earlier call are replaced, unless they were changed since (a form that was filled
    in is somebody's work); others never.

    Raises:
        InputError: if a file is in the way that no such command has written, or was changed.
    """
    with claimed(folder), run_folder(folder) as staging:
        yield staging
        for name, digest in earlier_results(folder).items():
            path = folder / name
            if path.is_file() and not (staging / name).exists():
                given = f"{name} is there, which this command does not write"
                raise InputError(str(folder), given, "an empty folder, or one of this command")
            if path.is_file() and sha256_of(path) != digest:
                given = "changed since it was written"
                raise InputError(str(path), given, "another folder, or that file moved away")
        write_manifest(staging, ())


def write_files(staging: Path, files: Mapping[str, str]) -> None:
    """Write texts into a folder, each under its name."""
    for name, text in files.items():
        (staging / name).write_text(text, encoding="utf-8")
