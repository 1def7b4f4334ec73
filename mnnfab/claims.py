"""Claims: one run at a time in a folder, which a killed process gives up by itself."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mnnfab.errors import InputError
from mnnfab.publishing import settle

LOCK = ".mnnfab-lock"
#: Where a run in this folder says how far it is (`mnnfab.live`).
LIVE = ".mnnfab-live.json"


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, which is made if it does not exist.

    What a run that was killed has left half done is finished or thrown away first. The lock is
    the operating system's, on a file in the folder: it goes with the process that holds it.

    Args:
        folder: where results will belong.

    Raises:
        InputError: if another run is at work there, or the folder cannot be made or written.
    """
    missing: list[Path] = []
    try:
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        lock = _lock(folder)
    except OSError as error:
        _remove_empty(missing)
        given = error.strerror or str(error)
        allowed = "a folder that can be written, with enough space"
        raise InputError(f"output folder {folder}", given, allowed) from error
    if lock is None:
        allowed = "another --out, or wait; `mnnfab watch` shows how far it is"
        raise InputError(str(folder), f"another run is at work there{_holder(folder)}", allowed)
    try:
        settle(folder)
        yield
    finally:
        (folder / LIVE).unlink(missing_ok=True)
        # Before the lock is given up: a file of that name made later is another one's.
        (folder / LOCK).unlink(missing_ok=True)
        lock.close()
        _remove_empty(missing)


def is_claimed(folder: Path) -> bool:
    """Return whether a run is at work in a folder."""
    try:
        with (folder / LOCK).open("rb") as file:
            return not _try_lock(file)
    except OSError:
        return False


def settle_unless_claimed(folder: Path) -> None:
    """Finish or throw away what a killed run has left, unless one is at work there.

    Raises:
        InputError: if the folder cannot be written.
    """
    if folder.is_dir() and not is_claimed(folder):
        settle(folder)


def _lock(folder: Path) -> IO[str] | None:
    """Return the file of the lock, open; nothing if another one holds it."""
    path = folder / LOCK
    while True:
        file = path.open("a", encoding="ascii")
        if not _try_lock(file):
            file.close()
            return None
        try:
            same = os.path.samestat(os.fstat(file.fileno()), path.stat())
        except FileNotFoundError:
            same = False
        if same:
            with suppress(OSError):  # a full disk is for what follows to tell
                os.truncate(file.fileno(), 0)
                os.write(file.fileno(), f"{os.getpid()}\n".encode("ascii"))
            return file
        file.close()  # its holder had just removed it


def _try_lock(file: IO[str] | IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(folder: Path) -> str:
    with suppress(OSError):
        number = (folder / LOCK).read_text(encoding="ascii", errors="replace").strip()
        if number.isdigit():
            return f" (process {number})"
    return ""


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # not empty: the results are there
            folder.rmdir()
