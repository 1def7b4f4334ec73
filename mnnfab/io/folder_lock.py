"""Folder locks: one run at a time in a folder; the lock of a killed process is released."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.io.atomic_folder import recover, sync_folder, unwritable
from mnnfab.io.signals import uninterrupted

log = logging.getLogger(__name__)

LOCK = ".mnnfab-lock"
#: File with the progress of a run in this folder (`mnnfab.progress.live`).
LIVE = ".mnnfab-live.json"
LIVE_DRAFT = f"{LIVE}.draft"
#: Number of lock attempts before a run is assumed to be active; a clean-up after a killed run
#: (`recover_unless_locked`) holds the same lock for a moment.
MAX_ATTEMPTS = 8
#: Pause between attempts (s), and the maximum wait (s) for readers of the lock (`is_locked`).
RETRY_INTERVAL_S, MAX_WAIT_S = 0.03, 30.0


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Lock a folder against other runs; it is created if it does not exist.

    Unfinished output of a killed run is completed or deleted first. The lock is an operating
    system lock on a file in the folder; it is released when its process ends.

    Args:
        folder: results folder.

    Raises:
        InputError: if another run has the lock, or the folder cannot be created or written.
    """
    missing: list[Path] = []
    lock: int | None = None
    try:
        with uninterrupted():
            lock = _make_and_lock(folder, missing)
        recover(folder)
        yield
    finally:
        with uninterrupted():
            if lock is not None:
                _release(folder, lock)
            _remove_empty(missing)


def _make_and_lock(folder: Path, missing: list[Path]) -> int:
    """Create a folder with its missing parents, and return the file descriptor of its lock.

    Args:
        folder: results folder.
        missing: receives the folders that do not exist yet.
    """
    try:
        missing += (path for path in (folder, *folder.parents) if not path.exists())
        folder.mkdir(parents=True, exist_ok=True)
        for path in missing:  # losing its entry in a power cut would lose its content
            sync_folder(path.parent)
        lock = _lock(folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    if lock is None:
        allowed = "another --out, or wait; `mnnfab watch` shows its progress"
        raise InputError(str(folder), f"another run is active here{_holder(folder)}", allowed)
    return lock


def _release(folder: Path, lock: int) -> None:
    # Before the lock is released: a file of that name created later belongs to another run.
    for name in (LIVE, LIVE_DRAFT, LOCK):  # the draft is of a process that was killed
        with suppress(OSError):  # in a folder that became read-only it would hide the error
            (folder / name).unlink(missing_ok=True)
    os.close(lock)


def is_locked(folder: Path) -> bool:
    """Return whether a folder is locked by a run."""
    try:
        lock = _open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _try_lock(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def lock_token_of(folder: Path) -> str:
    """Return an identifier of the current lock of a folder; empty if it is not locked."""
    with suppress(OSError):
        lock = _open(folder / LOCK, os.O_RDONLY)
        try:
            return os.read(lock, 200).decode("ascii", "replace")
        finally:
            os.close(lock)
    return ""


def recover_unless_locked(folder: Path) -> None:
    """Complete or delete unfinished output of a killed run, unless the folder is locked.

    A read-only folder is left unchanged.
    """
    if folder.is_dir() and (any(folder.glob(".mnnfab-*"))):
        with suppress(InputError), locked_folder(folder):
            pass


def _lock(folder: Path) -> int | None:
    """Return the file descriptor of the lock; None if another run holds it."""
    path = folder / LOCK
    failed_attempts, deadline = 0, time.monotonic() + MAX_WAIT_S
    while failed_attempts < MAX_ATTEMPTS and time.monotonic() < deadline:
        lock = _open(path, os.O_RDWR | os.O_CREAT)
        if _try_lock(lock, fcntl.LOCK_EX):
            if _is_current(lock, path):  # otherwise its holder has just removed it
                with suppress(OSError):  # a full disk is reported when results are written
                    os.truncate(lock, 0)
                    os.write(lock, f"{os.getpid()} {uuid.uuid4().hex}\n".encode("ascii"))
                return lock
        elif not _try_lock(lock, fcntl.LOCK_SH):  # otherwise only readers hold the lock
            failed_attempts += 1
            log.debug("%s is locked, attempt %d", folder, failed_attempts)
        os.close(lock)
        time.sleep(RETRY_INTERVAL_S)
    if failed_attempts < MAX_ATTEMPTS:
        given = f"readers have locked it for {MAX_WAIT_S:g} s without a pause"
        raise InputError(str(folder), given, "another --out, or stop `mnnfab watch` and `view`")
    return None


def _open(path: Path, flags: int) -> int:
    """Open a lock file; symbolic links and pipes are rejected."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "the lock is not a regular file", str(path))


def _try_lock(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_current(lock: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(lock), path.stat(follow_symlinks=False))
    return False


def _holder(folder: Path) -> str:
    number = lock_token_of(folder).split(" ")[0]
    return f" (process {number})" if number.isdigit() else ""


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # not empty: the results are there
            folder.rmdir()
