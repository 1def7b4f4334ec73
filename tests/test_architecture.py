"""The layers of docs/design.md, and where heavy packages may be loaded."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mnnfab", "geometry", "fem", "export")
HEAVY = {
    "cadquery": {
        *("geometry.solid", "geometry.workplane", "geometry.part"),
        "mnnfab.network.formats.step",
    },
    "OCP": {"geometry.topology", "export.formats.step"},
    "vtkmodules": {"export.formats.glb", "mnnfab.network.mesh_process"},
    "lib3mf": {"export.formats.f_3mf"},
    "ezdxf": {"export.formats.dxf", "mnnfab.network.formats.dxf"},
    "svgelements": {"mnnfab.network.formats.svg"},
    "plotille": {"mnnfab.report.terminal_view"},
    "gmsh": {"fem.mesher"},
    "trimesh": {"export.formats.stl", "export.formats.glb", "export.viewer"},
    "skfem": {
        *("fem.averages", "fem.buckling", "fem.continuum", "fem.elasticity"),
        "fem.homogenisation.continuum",
        *("fem.extrusion", "fem.prisms", "fem.refinement", "fem.system", "fem.weight"),
        *(f"mnnfab.verification.{name}" for name in ("ellipses", "solid_strips", "squares")),
        "mnnfab.verification.strips",
    },
    "psutil": {"fem.memory", "mnnfab.batch.isolated"},
    "distributed": {"mnnfab.batch.pools"},
    "meshio": {
        "fem.fields",
        *(f"mnnfab.network.{name}" for name in ("mesh_reading", "mesh_process", "gmsh_numbers")),
    },
    "numba": {"mnnfab.compiling.cache", "mnnfab.compiling.decorator"},
    "cv2": {"mnnfab.lab.opencv"},
    "pyarrow": {"mnnfab.io.parquet_tables", "mnnfab.batch.table"},
}
#: The order of the packages: a module may import from its own and from the lines above it.
#: Rooms of one line do not import each other.
ORDER = """
mnnfab.errors
mnnfab.arrays mnnfab.units mnnfab.findings mnnfab.machine mnnfab.versions mnnfab.random_streams
mnnfab.io mnnfab.linalg mnnfab.compiling
mnnfab.losses
mnnfab.network mnnfab.progress
mnnfab.design
mnnfab.profiles mnnfab.model
mnnfab.task
mnnfab.training mnnfab.tolerance geometry
mnnfab.problem fem export
mnnfab.printed_part
mnnfab.loaded_part
mnnfab.trainable_models
mnnfab.compensation
mnnfab.runs
mnnfab.validation mnnfab.estimators
mnnfab.report
mnnfab.pipeline
mnnfab.batch mnnfab.reproduce mnnfab.verification
mnnfab.lab.folder mnnfab.lab.opencv
mnnfab.lab.experiment
mnnfab.lab.photo mnnfab.lab.measurement
mnnfab.lab.analysis
mnnfab.lab.kit mnnfab.lab.material mnnfab.lab.synthetic
mnnfab.lab.session
mnnfab.lab.operations
mnnfab.vv
mnnfab.commands
mnnfab.cli
mnnfab.__main__
"""
LEVELS = {
    package: level for level, line in enumerate(ORDER.split("\n")) for package in line.split()
}
#: Packages that hold only other packages.
HOLDERS = {"mnnfab", "mnnfab.lab"}
MOST_ROOT_MODULES = 10


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package(module: str) -> str | None:
    """Return the package of the list that a module is in; none for those that hold only others."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in LEVELS), None)


def imports(path: Path, *, for_types: bool = True) -> set[str]:
    """Every module that a file imports, wherever in it; those for types alone if asked for."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for block in ast.walk(tree):
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            block.body = block.body if for_types else [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


NAMES = {module_name(path) for path in SOURCES}


def modules_imported(path: Path) -> set[str]:
    """Return the modules of ours that a file imports."""
    return {name for name in imports(path) if name in NAMES} - {module_name(path)}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_run_downward(path: Path) -> None:
    module = module_name(path)
    own = package(module)
    assert own is not None or module in HOLDERS, "not in ORDER"
    assert own is None or "mnnfab" not in imports(path), "the public names are for users"
    for name in modules_imported(path) - HOLDERS if own else ():
        other = package(name)
        assert other is not None, f"{name} is not in ORDER"
        assert own == other or LEVELS[other] < LEVELS[own or ""], name


def test_the_root_has_few_modules() -> None:
    assert len(list((ROOT / "mnnfab").glob("*.py"))) <= MOST_ROOT_MODULES


def test_no_files_import_each_other() -> None:
    graph = nx.DiGraph(
        (module_name(path), name) for path in SOURCES for name in modules_imported(path)
    )
    packages = [module_name(path) for path in SOURCES if path.name == "__init__.py"]
    graph.remove_nodes_from(packages)
    assert [circle for circle in nx.strongly_connected_components(graph) if len(circle) > 1] == []


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_heavy_packages_stay_in_their_place(path: Path) -> None:
    module = module_name(path)
    if module == "mnnfab.batch.preload":  # loading them is what it is for
        return
    used = {name.split(".")[0] for name in imports(path, for_types=False)} & set(HEAVY)
    assert not {package for package in used if module not in HEAVY[package]}


def loaded_by(code: str) -> set[str]:
    """Top-level packages that are loaded after some code ran in a fresh interpreter."""
    command = f"import sys\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", command], check=True, capture_output=True, text=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_help_loads_nothing_heavy() -> None:
    assert not loaded_by("import mnnfab.cli") & {*HEAVY, "numpy", "scipy", "pydantic", "matplotlib"}


def test_training_loads_no_kernel(tmp_path: Path) -> None:
    example = ROOT / "examples" / "behaviour-left.toml"
    code = (
        "from pathlib import Path\nfrom mnnfab.pipeline.pipeline import train\n"
        f"train(Path({str(example)!r}), Path({str(tmp_path)!r}))"
    )
    kernels = {"cadquery", "OCP", "gmsh", "skfem", "trimesh", "meshio", "lib3mf", "ezdxf"}
    assert not loaded_by(code) & {*kernels, "matplotlib", "numba", "pyarrow", "sklearn"}


def test_every_package_is_distributed() -> None:
    """An editable install finds packages that a wheel lacks."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for package in ("mnnfab", "geometry", "fem", "export")
        for path in (ROOT / package).rglob("__init__.py")
    }
    assert set(settings["tool"]["setuptools"]["packages"]) == found
