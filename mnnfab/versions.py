"""Versions of the packages on which numerical results depend."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

_PACKAGES = ("mnnfab", "numpy", "scipy", "scikit-fem", "gmsh", "meshio", "cadquery", "trimesh")


@cache
def versions() -> Mapping[str, str]:
    """Return the versions of Python and of the packages that determine the results."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
