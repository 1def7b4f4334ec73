"""The layers of docs/design.md, and where heavy packages may be loaded."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mnnfab", "geometry", "fem", "export")
EDGE = {"mnnfab.pipeline", "mnnfab.cli", "mnnfab.__main__"}
EDGE_FOLDERS = tuple(
    f"mnnfab.{name}" for name in ("batch", "commands", "lab", "report", "reproduce", "stages")
)
HEAVY = {
    "cadquery": {"geometry.solid", "geometry.workplane", "export.formats.step"},
    "OCP": {"geometry.solid", "export.formats.step"},
    "vtkmodules": {"export.formats.glb"},
    "lib3mf": {"export.formats.f_3mf"},
    "ezdxf": {"export.formats.dxf"},
    "gmsh": {"fem.mesher"},
    "trimesh": {"export.formats.stl", "export.formats.glb", "export.viewer"},
    "skfem": {
        *("fem.averages", "fem.buckling", "fem.continuum", "fem.elasticity"),
        *("fem.extrusion", "fem.refinement", "fem.system", "fem.weight"),
    },
    "psutil": {"fem.memory", "mnnfab.batch.apart"},
    "distributed": {"mnnfab.batch.pools"},
    "meshio": {"fem.fields", "mnnfab.network_file"},
    "numba": {"mnnfab.compiled"},
    "cv2": {"mnnfab.lab.photo.vision"},
    "pyarrow": {"mnnfab.tables", "mnnfab.batch.table"},
}
MAY_IMPORT = {
    "core": {"mnnfab"},
    "geometry": {"mnnfab", "geometry"},
    "fem": {"mnnfab", "geometry", "fem"},
    "export": {"mnnfab", "geometry", "export"},
    "edge": set(PACKAGES),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_edge(module: str) -> bool:
    return module in EDGE or module.startswith(EDGE_FOLDERS)


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


def test_public_names_are_core() -> None:
    """The lazily loaded names of `mnnfab` come from no module of the edge."""
    tree = ast.parse((ROOT / "mnnfab" / "__init__.pyi").read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert len(modules) > 10
    assert not {name for name in modules if is_edge(f"mnnfab.{name}")}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_layers(path: Path) -> None:
    module = module_name(path)
    layer = "edge" if is_edge(module) else module.split(".")[0].replace("mnnfab", "core")
    ours = {name for name in imports(path) if name.split(".")[0] in PACKAGES}
    outside = {name for name in ours if name.split(".")[0] not in MAY_IMPORT[layer]}
    assert not outside
    if layer != "edge":
        assert not {name for name in ours if is_edge(name)}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_heavy_packages_stay_in_their_place(path: Path) -> None:
    module = module_name(path)
    if module == "mnnfab.batch.warm":  # loading them is what it is for
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
        "from pathlib import Path\nfrom mnnfab.pipeline import train\n"
        f"train(Path({str(example)!r}), Path({str(tmp_path)!r}))"
    )
    kernels = {"cadquery", "OCP", "gmsh", "skfem", "trimesh", "meshio", "lib3mf", "ezdxf"}
    assert not loaded_by(code) & {*kernels, "matplotlib", "numba", "pyarrow", "sklearn"}
