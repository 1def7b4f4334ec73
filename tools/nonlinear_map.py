"""Map of nonlinear tasks: what the network learns, beside a linear one and other classifiers.

    python tools/nonlinear_map.py run xor circles two-moons iris [--seeds 10]
    python tools/nonlinear_map.py strains 0.1 0.2 0.3 0.5
    python tools/nonlinear_map.py loads 0.25 0.5 0.75 1
    python tools/nonlinear_map.py page

The first three add to the figures in docs/explanation/nonlinear-tasks.json and skip what is there;
the last one writes the tables of docs/explanation/nonlinear-tasks.md.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nonlinear_page import page_text
from nonlinear_runs import frame, largest_load, linear, others

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "explanation"
FIGURES, PAGE = FOLDER / "nonlinear-tasks.json", FOLDER / "nonlinear-tasks.md"


def main() -> None:
    """Compute the figures of the command line, or write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("run", "strains", "loads", "page"))
    parser.add_argument("values", nargs="*")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--figures", type=Path, default=FIGURES)
    chosen = parser.parse_args()
    if chosen.what == "page":
        figures = json.loads(chosen.figures.read_text(encoding="utf-8"))
        PAGE.write_text(page_text(figures), encoding="utf-8")
        return
    for value in chosen.values:
        for seed in range(chosen.seeds):
            for key, compute in _figures(chosen.what, value, seed):
                _add(chosen.figures, key, compute)


def _figures(what: str, value: str, seed: int) -> list[tuple[str, Callable[[], Any]]]:
    """Return the keys of the figures, each with the function that computes it."""
    if what == "run":
        return [
            (f"others/{value}/{seed}", lambda: others(value, seed)),
            (f"linear/{value}/{seed}", lambda: linear(value, seed)),
            (f"frame/{value}/{seed}", lambda: frame(value, seed)),
        ]
    strain, load = (float(value), None) if what == "strains" else (0.3, float(value))
    return [
        (
            f"{what}/{value}/{seed}",
            lambda: frame("xor", seed, strain, largest_load(strain) if load is None else load),
        )
    ]


def _add(path: Path, key: str, compute: Callable[[], Any]) -> None:
    """Add a figure to the file, unless it is there."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if key in known:
        return
    try:
        found = compute()
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    shown = {**found, "widths_mm": "…"} if isinstance(found, dict) else found
    print(key, shown, flush=True)
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[key] = found
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
