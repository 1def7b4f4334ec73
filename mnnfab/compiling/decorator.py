"""Decorator of functions that numba compiles at their first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

from mnnfab.compiling.cache import RecompilingCache, warn_not_cached

_F = TypeVar("_F", bound=Callable[..., object])


def compiled(function: _F) -> _F:
    """Compile with numba; cache the machine code on disk if possible."""
    machine_code: Any = numba.njit(nogil=True)(function)
    try:
        machine_code._cache = RecompilingCache(function)  # noqa: SLF001 - as its `cache=True` does
    except RuntimeError:  # neither the folder of the package nor that of the user is writable
        warn_not_cached("none found")
    return cast("_F", machine_code)
