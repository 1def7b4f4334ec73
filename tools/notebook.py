"""Generates docs/tutorials/solid.ipynb: runs its cells and stores their output."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from matplotlib.image import imsave

from geometry.facets import make_facets

sys.path.insert(0, str(Path(__file__).parent))
from render import render

ROOT = Path(__file__).resolve().parent.parent

WORDS_FIRST = """\
# The solid in CadQuery

`geometry.workplane` returns the printable part as a `cadquery.Workplane` whose faces are tagged
by bond and hub. All CadQuery operations on solids can be applied to it."""
TRAIN = """\
from mnnfab import load_problem, train_problem
from mnnfab.problem.new_design import write_new_design
from pathlib import Path
from tempfile import mkdtemp

problem = load_problem(write_new_design("notebook", Path(mkdtemp())))
widths = train_problem(problem).widths_mm
print(f"{problem.network.n_bonds} bonds, {widths.min():.2f} to {widths.max():.2f} mm wide")"""
BUILD = """\
from geometry.cells import tile
from geometry.workplane import workplane

tiling = tile(problem.network, widths, problem.design.fabrication)
part = workplane(tiling)
print(part.solids().size(), "solid,", part.faces().size(), "faces,",
      f"{part.val().Volume():.2f} mm3")"""
SHOW = "part"
WORDS_TAGS = """\
Every hub and bond has a tag for its faces: `bond_12` for all of them, `bond_12_top`,
`bond_12_bottom` and `bond_12_side` for a part of them."""
TAGS = """\
widest = int(widths.argmax())
top = part.faces(tag=f"bond_{widest}_top").val()
print(f"bond {widest} is the widest; the top of its cell has {top.Area():.2f} mm2")"""
WORDS_LAST = """\
Tagged faces can be modified: `part.faces(tag="bond_3_top").workplane().circle(0.3).extrude(1)`.
`examples/bracket.py` adds a bracket and exports the result with the checks of mnnfab."""


def text_cell(words: str) -> dict[str, Any]:
    """Return a Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": words.splitlines(keepends=True)}


def code_cell(number: int, source: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run a code cell; return it with its printed output, or with a picture of the part."""
    outputs: list[dict[str, Any]] = []
    if source == SHOW:
        picture = picture_of(names["tiling"])
        data = {"image/png": picture, "text/plain": ["<cadquery.Workplane>"]}
        outputs = [{"output_type": "display_data", "metadata": {}, "data": data}]
    else:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, "cell", "exec"), names)  # noqa: S102 - cells of this file
        lines = printed.getvalue().splitlines(keepends=True)
        outputs = [{"output_type": "stream", "name": "stdout", "text": lines}]
    return {
        "cell_type": "code",
        "execution_count": number,
        "metadata": {},
        "outputs": outputs,
        "source": source.splitlines(keepends=True),
    }


def picture_of(tiling: Any) -> str:  # noqa: ANN401 - a variable of the notebook
    """Return a picture of a part as base64."""
    buffer = io.BytesIO()
    pixels = render(make_facets(tiling, 0.01), tiling.thickness_mm, -20.0, 45.0, (700, 460), 1.4)
    imsave(buffer, pixels, format="png", metadata={"Software": ""})
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def main() -> None:
    """Write the notebook."""
    names: dict[str, Any] = {}
    cells = [text_cell(WORDS_FIRST)]
    cells += [code_cell(n, source, names) for n, source in enumerate((TRAIN, BUILD, SHOW), 1)]
    cells += [text_cell(WORDS_TAGS), code_cell(4, TAGS, names), text_cell(WORDS_LAST)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    (ROOT / "docs" / "tutorials" / "solid.ipynb").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
