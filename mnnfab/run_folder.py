"""The folder of a run: which files it has, and a copy of the design that stands on its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from mnnfab.arrays import FloatArray
from mnnfab.design import Design
from mnnfab.design_file import dump_design
from mnnfab.history_file import Columns, history_text
from mnnfab.problem import Problem
from mnnfab.widths_file import widths_text

DESIGN, WIDTHS, HISTORY = "design.toml", "widths.csv", "history.csv"
REPORT, PAGE, MANIFEST = "report.json", "report.html", "manifest.json"
#: Where the files that a design reads are copied to.
INPUTS = "inputs"


def default_folder(problem: Problem) -> Path:
    """Return out/<name>, where results go if no folder is named."""
    return Path("out") / problem.design.name


def earlier_results(folder: Path) -> list[str]:
    """Return the names of what an earlier run left in `folder`, by its manifest.

    A part of an earlier design must not be left beside the report of a new one. Only
    plain names count, so that a manifest cannot make us remove anything elsewhere.
    """
    names = {DESIGN, WIDTHS, HISTORY, REPORT, PAGE, MANIFEST}
    try:
        entries = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        names |= {str(entry["file"]) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no earlier run, or a manifest that is not ours
    return sorted(name for name in names if Path(name).name == name)


def write_training(folder: Path, problem: Problem, widths_mm: FloatArray, history: Columns) -> None:
    """Write the design with the files that it reads, the widths and the history."""
    design = _self_contained(problem, folder)
    (folder / DESIGN).write_text(dump_design(design), encoding="utf-8")
    (folder / WIDTHS).write_text(widths_text(problem.network, widths_mm), encoding="utf-8")
    if history:
        (folder / HISTORY).write_text(history_text(history), encoding="utf-8")


def _self_contained(problem: Problem, folder: Path) -> Design:
    """Copy what the design reads into `folder` and return the design that reads it there."""
    design = problem.design
    changes: dict[str, Any] = {}
    for section, key in (("network", "file"), ("task", "dataset")):
        name = getattr(getattr(design, section), key, None)
        if name is None or (section, name) == ("task", "iris"):
            continue
        copy = f"{INPUTS}/{section}{Path(name).suffix}"
        (folder / INPUTS).mkdir(exist_ok=True)
        shutil.copyfile(problem.folder / name, folder / copy)
        changes[section] = getattr(design, section).model_copy(update={key: copy})
    if design.widths is not None and design.widths.file is not None:
        changes["widths"] = design.widths.model_copy(update={"file": WIDTHS})
    return design.model_copy(update=changes)
