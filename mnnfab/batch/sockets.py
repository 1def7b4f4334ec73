"""Folder for the socket of the server process, whose path may only be short."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from mnnfab.errors import InputError

#: Longest path of a temporary folder, bytes: Linux allows 107 for a socket, and multiprocessing
#: adds the names of a folder and of the socket to it.
MAX_BYTES = 107 - len("/pymp-12345678/listener-12345678")
#: Folders that take the place of one with a longer path.
SHORT_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - the files in them get random names


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
