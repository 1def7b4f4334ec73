"""Claims: one run at a time in a folder, which a killed process gives up by itself."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.io.atomic_folder import settle, sync_folder, unwritable

LOCK = ".mnnfab-lock"
#: Where a run in this folder says how far it is (`mnnfab.progress.live`).
LIVE = ".mnnfab-live.json"
#: Who tidies up after a killed run (`settle_unless_claimed`) holds the lock for a moment, as a run
#: does: so often is it tried again before a run is taken to be at work.
TRIES = 8
#: Between tries (s); and as long as this (s) those are waited for who only look (`is_claimed`).
PAUSE_S, PATIENCE_S = 0.03, 30.0


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
        for path in missing:  # a folder whose name is lost in a power cut loses all that is in it
            sync_folder(path.parent)
        lock = _lock(folder)
    except OSError as error:
        _remove_empty(missing)
        raise unwritable(folder, error) from error
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
        os.close(lock)
        _remove_empty(missing)


def is_claimed(folder: Path) -> bool:
    """Return whether a run is at work in a folder."""
    try:
        lock = _open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _try(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def claim_of(folder: Path) -> str:
    """Return a word that tells one claim of a folder from the next; nothing without a claim."""
    with suppress(OSError):
        lock = _open(folder / LOCK, os.O_RDONLY)
        try:
            return os.read(lock, 200).decode("ascii", "replace")
        finally:
            os.close(lock)
    return ""


def settle_unless_claimed(folder: Path) -> None:
    """Finish or throw away what a killed run has left, unless one is at work there.

    A folder that may only be read is taken as it is.
    """
    if folder.is_dir() and (any(folder.glob(".mnnfab-*"))):
        with suppress(InputError), claimed(folder):
            pass


def _lock(folder: Path) -> int | None:
    """Return the descriptor of the lock; nothing if another one holds it."""
    path = folder / LOCK
    held, until = 0, time.monotonic() + PATIENCE_S
    while held < TRIES and time.monotonic() < until:
        lock = _open(path, os.O_RDWR | os.O_CREAT)
        if _try(lock, fcntl.LOCK_EX):
            if _is_there(lock, path):  # or its holder had just removed it
                with suppress(OSError):  # a full disk is for what follows to tell
                    os.truncate(lock, 0)
                    os.write(lock, f"{os.getpid()} {uuid.uuid4().hex}\n".encode("ascii"))
                return lock
        elif not _try(lock, fcntl.LOCK_SH):  # what can be shared is held by those who only look
            held += 1
        os.close(lock)
        time.sleep(PAUSE_S)
    if held < TRIES:
        given = f"somebody has looked at it for {PATIENCE_S:g} s without a pause"
        raise InputError(str(folder), given, "another --out, or an end of `mnnfab watch` or `view`")
    return None


def _open(path: Path, flags: int) -> int:
    """Open the file of a lock: neither a link, which leads elsewhere, nor a pipe, which waits."""
    found = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    if stat.S_ISREG(os.fstat(found).st_mode):
        return found
    os.close(found)
    raise OSError(errno.EINVAL, "the lock is not a plain file", str(path))


def _try(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_there(lock: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(lock), path.stat(follow_symlinks=False))
    return False


def _holder(folder: Path) -> str:
    number = claim_of(folder).split(" ")[0]
    return f" (process {number})" if number.isdigit() else ""


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # not empty: the results are there
            folder.rmdir()
