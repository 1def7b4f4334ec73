"""What this machine has and lacks for mnnfab, each thing tried in a process of its own."""

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

from mnnfab.machine import cores, memory_MB

State = Literal["ok", "missing", "optional"]
#: Longest that an import may take, s.
DEADLINE_S = 120.0
#: Memory and disk below which little can be done, GB.
LEAST_MEMORY_GB, LEAST_DISK_GB = 2.0, 1.0
LIBRARIES = "libgl1 libglu1-mesa libxrender1 libxcursor1 libxft2 libxinerama1 libgomp1"
_LIBRARIES_HELP = f"on Debian: apt-get install {LIBRARIES}"
_PANGO_HELP = "on Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        name: of the thing.
        purpose: what it is for.
        state: "ok", "missing", or "optional": missing, but not needed for the main job.
        found: version or size, or what went wrong.
        remedy: what to do where it is missing.
    """

    name: str
    purpose: str
    state: State
    found: str
    remedy: str = ""


#: Module, distribution, what it is for, what may help if it does not load.
_NEEDED = (
    ("numpy", "numpy", "numbers", ""),
    ("scipy", "scipy", "optimisation and sparse matrices", ""),
    ("cvxopt.cholmod", "cvxopt", "sparse Cholesky (several times faster than SciPy's LU)", ""),
    ("numba", "numba", "training many restarts", ""),
    ("sklearn", "scikit-learn", "data sets and estimators", ""),
    ("shapely", "shapely", "the plane", ""),
    ("cadquery", "cadquery", "the solid and STEP", _LIBRARIES_HELP),
    ("gmsh", "gmsh", "meshes", _LIBRARIES_HELP),
    ("skfem", "scikit-fem", "the continuum", ""),
    ("trimesh", "trimesh", "STL and the 3D view", ""),
    ("lib3mf", "lib3mf", "3MF", ""),
    ("ezdxf", "ezdxf", "DXF", ""),
    ("vtkmodules.vtkIOGeometry", "vtk", "GLB", _LIBRARIES_HELP),
    ("meshio", "meshio", "meshes as files", ""),
    ("pyarrow.parquet", "pyarrow", "Parquet", ""),
    ("matplotlib.figure", "matplotlib", "pictures", ""),
)
_OPTIONAL = (
    ("weasyprint", "weasyprint", "reports as PDF (--pdf)", _PANGO_HELP),
    ("distributed", "distributed", "batches on a cluster (--scheduler)", "the extra dask"),
)


def diagnose(tell: Callable[[str], None] = lambda _: None) -> list[Check]:
    """Look at everything.

    Args:
        tell: told of each thing before it is tried.
    """
    tell("machine")
    checks = [_python(), _cores(), _memory(), _disk()]
    wanted = [(*entry, "missing") for entry in _NEEDED]
    wanted += [(*entry, "optional") for entry in _OPTIONAL]
    tell("packages")
    with ThreadPoolExecutor(max(1, os.cpu_count() or 1)) as pool:
        checks += pool.map(lambda entry: _package(*entry), wanted)
    tell("a mesh")
    checks.append(_mesher())
    return checks


def _python() -> Check:
    good = sys.version_info >= (3, 11)
    found = platform.python_version()
    return Check("python", "everything", "ok" if good else "missing", found, "Python 3.11 or newer")


def _cores() -> Check:
    return Check("cores", "designs at a time", "ok", f"{cores()}")


def _memory() -> Check:
    total = memory_MB() / 1e3
    state: State = "ok" if total > LEAST_MEMORY_GB else "missing"
    return Check("memory", "fine meshes", state, f"{total:.1f} GB", f"{LEAST_MEMORY_GB:g} GB")


def _disk() -> Check:
    try:
        free = shutil.disk_usage(".").free / 1e9
        with tempfile.TemporaryFile(dir="."):
            pass
    except OSError as error:
        words = error.strerror or str(error)
        return Check("disk", "results", "missing", words, "a folder that can be written")
    state: State = "ok" if free > LEAST_DISK_GB else "missing"
    return Check("disk", "results", state, f"{free:.1f} GB free here", f"{LEAST_DISK_GB:g} GB")


def _package(module: str, name: str, purpose: str, remedy: str, otherwise: State) -> Check:
    try:
        number = version(name)
    except PackageNotFoundError:
        remedy = remedy if otherwise == "optional" else ""
        found, help_ = "not installed", remedy or f"pip install {name}"
        return Check(name, purpose, otherwise, found, help_)
    failed = _fails(f"import {module}")
    if failed is None:
        return Check(name, purpose, "ok", number)
    return Check(
        name, purpose, otherwise, failed, remedy or f"pip install --force-reinstall {name}"
    )


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
    return Check("a mesh", "the check", state, failed or "made", _LIBRARIES_HELP)


def _fails(program: str) -> str | None:
    """Run a few lines in a process of their own; return why they fail, if they do."""
    run = partial(subprocess.run, capture_output=True, text=True, check=False)
    try:
        done = run([sys.executable, "-P", "-c", program], timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        return f"does not load within {DEADLINE_S:g} s"
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1][:160] if lines else f"ends with status {done.returncode}"


def diagnosis_text(checks: list[Check]) -> str:
    """Return the checks as a table, and what to do."""
    lines = [
        f"{check.state:<9} {check.name:<14} {check.found:<22} {check.purpose}" for check in checks
    ]
    wanting = [check for check in checks if check.state != "ok"]
    lines += ["", *(f"{check.name}: {check.remedy}" for check in wanting)]
    if not any(check.state == "missing" for check in checks):
        lines.append("everything that is needed is there")
    return "\n".join(lines)
