"""Folders of the laboratory: all files of a command together, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mnnfab.claims import claimed
from mnnfab.run_folder import run_folder
from mnnfab.stages.write import write_manifest


@contextmanager
def lab_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to write into; its files move to `folder` with a manifest.

    Files of an earlier call are replaced, others never.

    Raises:
        InputError: if a file is in the way that no such command has written.
    """
    with claimed(folder), run_folder(folder) as staging:
        yield staging
        write_manifest(staging, ())
