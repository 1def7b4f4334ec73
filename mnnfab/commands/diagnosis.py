"""Diagnosis of the machine for mnnfab; each import is tried in a separate process."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from mnnfab.commands.extras import EXTRAS, Extra
from mnnfab.machine import cores, memory_MB

State = Literal["ok", "missing", "optional"]
#: Time limit of each trial, s.
DEADLINE_S = 120.0
#: Minimum memory and free disk space, GB.
MIN_MEMORY_GB, MIN_DISK_GB = 2.0, 1.0
LIBRARIES = "libgl1 libglu1-mesa libxrender1 libxcursor1 libxft2 libxinerama1 libgomp1"
_LIBRARIES_HELP = f"on Debian: apt-get install {LIBRARIES}"


@dataclass(frozen=True)
class Check:
    """Result of one check.

    Args:
        name: name of the checked item.
        purpose: its use in mnnfab.
        state: "ok", "missing", or "optional" (missing, but not required).
        found: version or size, or the error.
        remedy: action if it is missing.
    """

    name: str
    purpose: str
    state: State
    found: str
    remedy: str = ""


#: Module, distribution, purpose, remedy if it cannot be imported.
_NEEDED = (
    ("numpy", "numpy", "arrays", ""),
    ("scipy", "scipy", "optimisation and sparse matrices", ""),
    ("cvxopt.cholmod", "cvxopt", "sparse Cholesky (several times faster than SciPy's LU)", ""),
    ("numba", "numba", "training with many restarts", ""),
    ("sklearn", "scikit-learn", "data sets and estimators", ""),
    ("shapely", "shapely", "plane geometry", ""),
    ("cadquery", "cadquery", "solid and STEP", _LIBRARIES_HELP),
    ("gmsh", "gmsh", "meshes", _LIBRARIES_HELP),
    ("skfem", "scikit-fem", "continuum model", ""),
    ("trimesh", "trimesh", "STL and 3D view", ""),
    ("lib3mf", "lib3mf", "3MF", ""),
    ("ezdxf", "ezdxf", "DXF", ""),
    ("vtkmodules.vtkIOGeometry", "vtk", "GLB", _LIBRARIES_HELP),
    ("meshio", "meshio", "mesh files", ""),
    ("pyarrow.parquet", "pyarrow", "Parquet", ""),
    ("matplotlib.figure", "matplotlib", "figures", ""),
)


def diagnose(tell: Callable[[str], None] = lambda _: None) -> list[Check]:
    """Run all checks.

    Args:
        tell: callback that receives the name of each group before it is checked.
    """
    tell("machine")
    checks = [_python(), _cores(), _memory(), _disk()]
    tell("packages")
    with ThreadPoolExecutor(max(1, os.cpu_count() or 1)) as pool:
        checks += pool.map(lambda entry: _package(*entry), _NEEDED)
        tell("extras")
        checks += pool.map(_extra, EXTRAS)
    tell("meshing")
    checks.append(_mesher())
    return checks


def _python() -> Check:
    good = sys.version_info >= (3, 11)
    found = platform.python_version()
    return Check("python", "runtime", "ok" if good else "missing", found, "Python 3.11 or newer")


def _cores() -> Check:
    return Check("cores", "concurrent designs", "ok", f"{cores()}")


def _memory() -> Check:
    total = memory_MB() / 1e3
    state: State = "ok" if total > MIN_MEMORY_GB else "missing"
    return Check("memory", "fine meshes", state, f"{total:.1f} GB", f"{MIN_MEMORY_GB:g} GB")


def _disk() -> Check:
    try:
        free = shutil.disk_usage(".").free / 1e9
        with tempfile.TemporaryFile(dir="."):
            pass
    except OSError as error:
        words = error.strerror or str(error)
        return Check("disk", "results", "missing", words, "a writable folder")
    state: State = "ok" if free > MIN_DISK_GB else "missing"
    return Check("disk", "results", state, f"{free:.1f} GB free here", f"{MIN_DISK_GB:g} GB")


def _package(module: str, name: str, purpose: str, remedy: str) -> Check:
    try:
        number = version(name)
    except PackageNotFoundError:
        return Check(name, purpose, "missing", "not installed", f"pip install {name}")
    failed = _fails(f"import {module}")
    if failed is None:
        return Check(name, purpose, "ok", number)
    return Check(
        name, purpose, "missing", failed, remedy or f"pip install --force-reinstall {name}"
    )


def _extra(extra: Extra) -> Check:
    """Check an extra by using what it installs; a missing one is no fault."""
    name, remedy = f"[{extra.name}]", f"pip install 'mnnfab[{extra.name}]'"
    remedy += f"; {extra.system}" if extra.system else ""
    try:
        numbers = [version(package) for package in extra.packages]
    except PackageNotFoundError as error:
        return Check(name, extra.purpose, "optional", f"no {error.name}", remedy)
    failed = _fails(extra.trial)
    if failed is not None:
        return Check(name, extra.purpose, "optional", failed, remedy)
    found = ", ".join(map(" ".join, zip(extra.packages, numbers, strict=True)))
    return Check(name, extra.purpose, "ok", found)


def _mesher() -> Check:
    program = (
        "from geometry.cells import tile\nfrom fem.mesh import make_mesh\n"
        "from mnnfab import Fabrication, triangular_patch\nimport numpy as np\n"
        "network = triangular_patch(1, 16.0, [0, 1])\n"
        "fabrication = Fabrication(thickness_mm=2.0, width_min_mm=1.5, width_max_mm=2.5, "
        "width_initial_mm=2.0)\n"
        "make_mesh(tile(network, np.full(network.n_bonds, 2.0), fabrication), 2, 60.0)\n"
    )
    failed = _fails(program)
    state: State = "ok" if failed is None else "missing"
    return Check("meshing", "continuum check", state, failed or "works", _LIBRARIES_HELP)


def _fails(program: str) -> str | None:
    """Run a program in a separate process; return the error, or None on success."""
    run = partial(subprocess.run, capture_output=True, text=True, errors="replace", check=False)
    try:
        done = run([sys.executable, "-P", "-c", program], timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        return f"did not finish within {DEADLINE_S:g} s"
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1][:160] if lines else f"exited with status {done.returncode}"


def diagnosis_text(checks: list[Check]) -> str:
    """Return the checks as a text table, with the remedies."""
    lines = [
        f"{check.state:<9} {check.name:<14} {check.found:<22} {check.purpose}" for check in checks
    ]
    wanting = [check for check in checks if check.state != "ok"]
    lines += ["", *(f"{check.name}: {check.remedy}" for check in wanting)]
    if not any(check.state == "missing" for check in checks):
        lines.append("all requirements are met; extras in brackets are only needed for their use")
    return "\n".join(lines)
