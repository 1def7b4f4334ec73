"""Publishing: all files of a command put in place together, whatever interrupts it.

They are written into a hidden folder beside their place. When all are there and on the disk, a
*commit* is written among them: what is to be removed, and that the rest is to be moved. From
then on nothing is lost: whoever claims the folder next does what is left of it (`settle`).
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

from mnnfab.errors import InputError
from mnnfab.io.files import read_json

MANIFEST = "manifest.json"
_PREFIX = ".mnnfab-staging-"
_COMMIT = ".commit"
#: Names below a folder of results: nothing hidden, nothing outside.
PLAIN_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*")


@contextmanager
def results_folder(folder: Path, *, removes: Sequence[str] = ()) -> Iterator[Path]:
    """Yield an empty folder to write into; if all goes well its files move to `folder`.

    The files are synchronised and moved at the end, in the order of their names with the
    manifest last. If anything fails before that, `folder` stays as it was; if the process is
    killed while they are moved, the next command that claims the folder goes on.

    Args:
        folder: where the results belong; claimed by the caller (`mnnfab.io.folder_lock`).
        removes: names of files there that are removed unless they are written anew.

    Raises:
        InputError: if the folder cannot be written, or the disk is full.
    """
    staging: Path | None = None
    try:
        staging = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
        yield staging
        _commit(staging, removes)
        _move(staging, folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        if staging is not None and not (staging / _COMMIT).exists():
            shutil.rmtree(staging, ignore_errors=True)


def settle(folder: Path) -> None:
    """Do what a killed process has committed to, and throw away what it has not.

    Args:
        folder: claimed by the caller.

    Raises:
        InputError: if the folder cannot be written.
    """
    try:
        for staging in sorted(folder.glob(f"{_PREFIX}*")):
            if staging.is_symlink() or not staging.is_dir():
                staging.unlink()  # not made by us
            elif (staging / _COMMIT).is_file():
                _move(staging, folder)
            else:
                shutil.rmtree(staging)
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: OSError) -> InputError:
    """Return the error of a folder that results cannot be written into."""
    given = error.strerror or str(error)
    allowed = "a folder that can be written, with enough space"
    return InputError(f"output folder {folder}", given, allowed)


def _commit(staging: Path, removes: Sequence[str]) -> None:
    """Put everything on the disk, and after it the word that it is to be moved."""
    written = {path.relative_to(staging).as_posix() for path in _files(staging)}
    for name in written:
        with (staging / name).open("rb+") as file:
            os.fsync(file.fileno())
    for place in [*(path for path in staging.rglob("*") if path.is_dir()), staging]:
        sync_folder(place)
    draft = staging / f"{_COMMIT}.draft"
    with draft.open("w", encoding="utf-8") as file:
        json.dump([name for name in removes if name not in written], file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(staging / _COMMIT)
    sync_folder(staging)


def _move(staging: Path, folder: Path) -> None:
    """Remove and move what the commit says, as far as that was not done before."""
    touched = {folder}
    for name in _removed(staging / _COMMIT):
        _remove(folder, name)
    for path in _files(staging):
        place = path.relative_to(staging)
        if path.is_symlink() or _leads_outside(folder, place):
            continue  # nothing of ours; it goes with the rest of the staging folder
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        touched.add(target.parent)
    for place in touched:
        sync_folder(place)
    (staging / _COMMIT).unlink()
    shutil.rmtree(staging)


def _removed(commit: Path) -> list[str]:
    """Return the names that a commit removes; only such as we could have written."""
    try:
        names = read_json(commit)
    except InputError:
        return []
    found = names if isinstance(names, list) else []
    return [name for name in found if isinstance(name, str) and PLAIN_NAME.fullmatch(name)]


def _leads_outside(folder: Path, name: Path) -> bool:
    """Return whether one of the folders on the way to a file is a link."""
    return any((folder / parent).is_symlink() for parent in list(name.parents)[:-1])


def _files(staging: Path) -> list[Path]:
    """Return what is to be moved: the manifest last, nothing hidden."""
    found = (path for path in staging.rglob("[!.]*") if path.is_file())
    return sorted(found, key=lambda path: (path.name == MANIFEST, str(path)))


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk: a power cut would lose them."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _remove(folder: Path, name: str) -> None:
    """Remove a file, and the folder that it leaves empty."""
    if _leads_outside(folder, Path(name)):
        return
    path = folder / name
    path.unlink(missing_ok=True)
    if path.parent != folder and path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()
