"""Temporary folders of a batch: of its jobs, and of the socket of their server process."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from mnnfab.errors import InputError

#: Longest path of a temporary folder, bytes: Linux allows 107 for a socket, and multiprocessing
#: adds the names of a folder and of the socket to it.
MAX_BYTES = 107 - len("/pymp-12345678/listener-12345678")
#: Folders that take the place of one with a longer path.
SHORT_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - the files in them get random names


#: Environment variable with the temporary folders of a batch, a JSON list.
FOLDERS = "MNNFAB_BATCH_FOLDERS"
_creating = threading.Lock()


def jobs_folder() -> Path:
    """Return the folder for the temporary files of all jobs of this process."""
    with _creating:
        return Path(_jobs_folder().name)


@cache
def _jobs_folder() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="mnnfab-jobs-")
    atexit.register(folder.cleanup)
    return folder


def remove_at_exit() -> None:
    """Remove the temporary folders of the batch when this process, its server process, ends."""
    for folder in json.loads(os.environ.get(FOLDERS, "[]")):
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


@contextmanager
def short_temporary_folder() -> Iterator[None]:
    """Use a temporary folder with a short path in the context, if that of the user is too long.

    Raises:
        InputError: if there is none that can be written.
    """
    chosen = tempfile.gettempdir()
    if len(os.fsencode(chosen)) <= MAX_BYTES:
        yield
        return
    usable = (path for path in SHORT_FOLDERS if os.access(path, os.W_OK | os.X_OK))
    short = next(usable, None)
    if short is None:
        given = f"{chosen}: {len(os.fsencode(chosen))} bytes, too long for a socket"
        raise InputError("TMPDIR", given, f"a folder of at most {MAX_BYTES} bytes")
    previous, tempfile.tempdir = tempfile.tempdir, short
    try:
        yield
    finally:
        tempfile.tempdir = previous
