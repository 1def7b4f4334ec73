"""Small designs that take a second, for tests that need many of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: A mesh on which a loaded part is solved in a few seconds, for tests of other things.
COARSE = {"elements_across_joint": 1, "discretisation_tolerance": 0.05}
SMALL = """
schema = 1
name = "{name}"
[network]
lattice = "triangular-patch"
rows = 2
bond_length_mm = 16.0
fixed = [0, 2]
[fabrication]
thickness_mm = 2.0
width_min_mm = 1.5
width_max_mm = 2.5
width_initial_mm = 2.0
[task]
kind = "behaviour"
inputs = [{{ node = 3, axis = "y" }}]
outputs = [{{ node = 3, axis = "x" }}, {{ node = 4, axis = "y" }}]
loads_gf = [-5.0]
target_class = 1
[training]
epochs = {epochs}
[check]
enabled = {check}
[tolerance]
enabled = false
[export]
formats = ["{form}"]
"""


def small_design(
    folder: Path,
    name: str,
    *,
    epochs: int = 20,
    check: bool = False,
    form: str = "svg",
    more: str = "",
) -> Path:
    """Write a design of seven bonds without a check unless that is wanted; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {"name": name, "epochs": epochs, "check": str(check).lower(), "form": form}
    path = folder / f"{name}.toml"
    path.write_text(SMALL.format(**words) + more, encoding="utf-8")
    return path


def whole_run(folder: Path) -> dict[str, bytes]:
    """Return the files of a run by name, without what holds times; all must be as listed."""
    from mnnfab.runs.run_folder import earlier_results, is_intact

    listed = earlier_results(folder)
    assert is_intact(folder, listed), folder
    files = {name: (folder / name).read_bytes() for name in listed if name != "report.json"}
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    del report["timings_s"]
    return files | {"report.json": json.dumps(report).encode("utf-8")}


def changed_design(folder: Path, text: str, *changes: tuple[str, str]) -> Path:
    """Write a design with some parts of its text replaced; each must occur in it.

    Args:
        folder: folder of the file.
        text: the design.
        changes: old and new parts; the first occurrence is replaced.
    """
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / "design.toml"
    path.write_text(text, encoding="utf-8")
    return path
