"""Versions of what the numbers in a result depend on."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

_PACKAGES = ("mnnfab", "numpy", "scipy", "scikit-fem", "gmsh", "meshio", "cadquery", "trimesh")


@cache
def versions() -> Mapping[str, str]:
    """Return the version of Python and of every package that makes results."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
