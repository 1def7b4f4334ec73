"""Cache of numba's machine code on disk that is made anew where it is damaged."""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

log = logging.getLogger(__name__)
_DIGEST_BYTES = hashlib.sha256().digest_size


class CheckedFile(IndexDataCacheFile):
    """Files of the cache of a function, with a SHA-256 at the end of the machine code.

    numba runs what it finds: without the check, code that a power cut has left incomplete could
    end the process or compute wrong numbers.
    """

    def _save_data(self, name: str, data: object) -> None:
        serialised = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(serialised + hashlib.sha256(serialised).digest())

    def _load_data(self, name: str) -> Any:  # noqa: ANN401 - what numba has stored
        content = Path(self._data_path(name)).read_bytes()
        serialised, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
        if hashlib.sha256(serialised).digest() != digest:
            msg = f"{name} is damaged"
            raise ValueError(msg)
        return super()._load_data(name)  # it ignores what follows the pickle


class RecompilingCache(FunctionCache):
    """Cache of a function that is emptied if it cannot be read; the function is compiled again."""

    def __init__(self, function: Any) -> None:  # noqa: ANN401 - any function that numba compiles
        super().__init__(function)
        self._cache_file = CheckedFile(
            cache_path=self.cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=_stamp_of_package(function),
        )

    def load_overload(self, signature: object, target_context: object) -> object:
        """Return the compiled code of a signature; None if there is none, or it is damaged."""
        try:
            return super().load_overload(signature, target_context)
        except Exception as error:  # unpickling raises exceptions of any kind
            _warn_damaged(self.cache_path, f"{type(error).__name__}: {error}")
        with suppress(OSError):
            self.flush()  # replaces the index, so that it can be filled again
        return None

    def save_overload(self, signature: object, compiled: object) -> None:
        """Store compiled code; without it, it is compiled again in the next process."""
        try:
            super().save_overload(signature, compiled)
        except Exception as error:  # a full disk, a folder that is not writable
            warn_not_cached(f"{type(error).__name__}: {error}")


def _stamp_of_package(function: Any) -> tuple[tuple[str, int, int], ...]:  # noqa: ANN401 - as above
    """Return names, times and sizes of all modules in the folder of a function.

    numba looks at the file of the function alone, and would run old machine code of functions of
    other modules that it calls.
    """
    modules = sorted(Path(function.__code__.co_filename).parent.glob("*.py"))
    stats = [(module.name, module.stat()) for module in modules]
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


@cache
def _warn_damaged(folder: str, reason: str) -> None:
    log.warning("compiled code in %s cannot be used (%s): it is compiled again", folder, reason)


@cache
def warn_not_cached(reason: str) -> None:
    """Report once per reason that compiled code cannot be stored."""
    log.warning(
        "no writable folder for compiled code: it is compiled again in every process (%s)", reason
    )
