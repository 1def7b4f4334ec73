"""A small design with given widths, for tests of the loaded part and its verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mnnfab import parse_design
from mnnfab.design.design import Design
from mnnfab.design.design_file import dump_design
from mnnfab.pipeline.pipeline import Outcome, run

#: Seven bonds of 2 mm that are pushed up at one node; the first of two outputs shall move more.
DESIGN: dict[str, Any] = {
    "schema": 1,
    "name": "small",
    "network": {
        "lattice": "triangular-patch",
        "rows": 2,
        "bond_length_mm": 16.0,
        "fixed": [0, 2],
    },
    "fabrication": {
        "thickness_mm": 2.0,
        "width_min_mm": 1.5,
        "width_max_mm": 2.5,
        "width_initial_mm": 2.0,
        "printer": "stratasys-j850-digital-anatomy",
    },
    "task": {
        "kind": "behaviour",
        "inputs": [{"node": 3, "axis": "y"}],
        "outputs": [{"node": 3, "axis": "y"}, {"node": 4, "axis": "x"}],
        "loads_gf": [5.0],
        "target_class": 0,
    },
    "widths": {"uniform_mm": 2.0},
    "check": {"discretisation_tolerance": 0.02},
    "tolerance": {"enabled": False},
    "export": {"formats": ["svg"]},
}


def design(**changes: dict[str, Any]) -> Design:
    values = {
        key: dict(value) if isinstance(value, dict) else value for key, value in DESIGN.items()
    }
    for section, keys in changes.items():
        values[section] = {**values.get(section, {}), **keys}
    return parse_design(values)


def ran(folder: Path, *, force: bool = False, **changes: dict[str, Any]) -> Outcome:
    path = folder / "small.toml"
    path.write_text(dump_design(design(**changes)), encoding="utf-8")
    return run(path, folder / "out", force=force)


def verdicts(outcome: Outcome) -> dict[str, str]:
    return {part.name: part.verdict for part in outcome.partial_verdicts}
