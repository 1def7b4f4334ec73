"""Atomic output: the files of a command are put in place together, even if it is interrupted.

They are written into a hidden staging folder. When all of them are complete and synchronised to
disk, a *commit* file is added to them: it lists the files to remove, and marks the others to be
moved. An interrupted move is completed by the next process that locks the folder (`recover`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mnnfab.errors import Completed, InputError
from mnnfab.io.files import read_json
from mnnfab.io.signals import uninterrupted

MANIFEST = "manifest.json"
_PREFIX = ".mnnfab-staging-"
_COMMIT = ".commit"
#: Allowed names of files in a results folder: neither hidden nor outside of the folder.
PLAIN_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*")


@contextmanager
def results_folder(folder: Path, *, removes: Sequence[str] = ()) -> Iterator[Path]:
    """Yield an empty staging folder; on success its files are moved to `folder`.

    The files are synchronised to disk and moved at the end, in the order of their names with the
    manifest last; Ctrl-C and SIGTERM wait for it. If anything fails before that, `folder` is
    unchanged; if the process is killed during the move, the next command that locks the folder
    completes it.

    Args:
        folder: results folder, locked by the caller (`mnnfab.io.folder_lock`).
        removes: names of files in `folder` that are removed unless they are rewritten.

    Raises:
        InputError: if the folder cannot be written, or the disk is full.
        Completed: on Ctrl-C during the move.
    """
    staging: Path | None = None
    moved = False
    try:
        with uninterrupted():
            staging = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
        yield staging
        with uninterrupted():
            commit_files(staging, removes)
            move_committed(staging, folder)
            moved = True
    except OSError as error:
        raise unwritable(folder, error) from error
    except KeyboardInterrupt as stop:
        if moved:
            raise Completed from stop
        raise
    finally:
        if staging is not None and not (staging / _COMMIT).exists():
            with uninterrupted():
                shutil.rmtree(staging, ignore_errors=True)


def recover(folder: Path) -> None:
    """Complete the committed move of a killed process, and delete its uncommitted files.

    Args:
        folder: results folder, locked by the caller.

    Raises:
        InputError: if the folder cannot be written.
    """
    try:
        for staging in sorted(folder.glob(f"{_PREFIX}*")):
            if staging.is_symlink() or not staging.is_dir():
                staging.unlink()  # not created by mnnfab
            elif (staging / _COMMIT).is_file():
                move_committed(staging, folder)
            else:
                shutil.rmtree(staging)
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: OSError) -> InputError:
    """Return the error for a results folder that cannot be written."""
    given = error.strerror or str(error)
    allowed = "a writable folder with enough space"
    return InputError(f"output folder {folder}", given, allowed)


def commit_files(staging: Path, removes: Sequence[str]) -> None:
    """Synchronise all files to disk, then write the commit file."""
    written = {path.relative_to(staging).as_posix() for path in _files(staging)}
    for name in written:
        with (staging / name).open("rb+") as file:
            os.fsync(file.fileno())
    for path in [*(path for path in staging.rglob("*") if path.is_dir()), staging]:
        sync_folder(path)
    draft = staging / f"{_COMMIT}.draft"
    with draft.open("w", encoding="utf-8") as file:
        json.dump([name for name in removes if name not in written], file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(staging / _COMMIT)
    sync_folder(staging)


def move_committed(staging: Path, folder: Path) -> None:
    """Remove and move files as committed, as far as not already done."""
    touched = {folder}
    for name in _removed(staging / _COMMIT):
        _remove(folder, name)
    for path in _files(staging):
        name_in_folder = path.relative_to(staging)
        if path.is_symlink() or _leads_outside(folder, name_in_folder):
            continue  # not created by mnnfab; removed with the staging folder
        target = folder / name_in_folder
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        touched.add(target.parent)
    for path in touched:
        sync_folder(path)
    (staging / _COMMIT).unlink()
    shutil.rmtree(staging)


def _removed(commit: Path) -> list[str]:
    """Return the names that a commit removes, restricted to names that mnnfab can write."""
    try:
        names = read_json(commit)
    except InputError:
        return []
    listed = names if isinstance(names, list) else []
    return [name for name in listed if isinstance(name, str) and PLAIN_NAME.fullmatch(name)]


def _leads_outside(folder: Path, name: Path) -> bool:
    """Return whether a parent folder of a file is a symbolic link."""
    return any((folder / parent).is_symlink() for parent in list(name.parents)[:-1])


def _files(staging: Path) -> list[Path]:
    """Return the files to move, without hidden ones and with the manifest last."""
    paths = (path for path in staging.rglob("[!.]*") if path.is_file())
    return sorted(paths, key=lambda path: (path.name == MANIFEST, str(path)))


def sync_folder(folder: Path) -> None:
    """Synchronise the entries of a folder to disk, so that a power cut does not lose them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path, name: str) -> None:
    """Remove a file, and its folder if that is empty afterwards."""
    if _leads_outside(folder, Path(name)):
        return
    path = folder / name
    path.unlink(missing_ok=True)
    if path.parent != folder and path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()
