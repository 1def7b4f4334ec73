"""Paths for libraries that take a file name for an address or a pattern, or cannot encode it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Characters that every library takes literally.
_PLAIN = re.compile(r"[A-Za-z0-9/._ -]+")
#: Folder in which Linux names the open files and folders of a process by their numbers.
_OPEN_FILES = Path("/proc/self/fd")


@contextmanager
def plain_path(path: Path) -> Iterator[Path]:
    """Yield a path to the same file whose folder has no special characters.

    Readers of glTF take `#`, `?` and `[` in the name of a folder as parts of an address, and C++
    libraries refuse names that are not UTF-8. The folder is opened, and the file is named by the
    number of the open folder, so that nothing is copied.

    Args:
        path: a file in an existing folder, which need not exist itself; its own name is plain.
    """
    if _PLAIN.fullmatch(str(path)) or not _OPEN_FILES.is_dir():
        yield path
        return
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield _OPEN_FILES / str(descriptor) / path.name
    finally:
        os.close(descriptor)
