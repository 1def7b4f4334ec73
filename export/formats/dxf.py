"""DXF (R2010, millimetres): the outline with true arcs on layers, for cutters and 2D CAD."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import ezdxf
import numpy as np
from ezdxf import units
from ezdxf.document import Drawing as Document

from export.formats import Format, Measured
from export.outlines import measure_outline
from geometry.arcs import arc_between
from geometry.drawing import OPENINGS, OUTER, Drawing
from geometry.part import Label, Part
from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError, ToolError

#: Colours of the layers, by AutoCAD's index.
_COLOURS = {OUTER: 7, OPENINGS: 7, "RELIEF": 5, "NODES": 1, "DRILL": 3, "NOTES": 8}
#: Number of chords for an arc that is read back.
_CHORDS = 24


def write_dxf(part: Part, path: Path, tolerance_mm: float) -> None:  # noqa: ARG001
    """Write the drawing of a part; its arcs are exact, so the tolerance is not used.

    Raises:
        InputError: if the part has no drawing.
    """
    write_drawing(drawing_of(part, "DXF"), part.label, path)


def drawing_of(part: Part, name: str) -> Drawing:
    """Return the drawing of a part.

    Raises:
        InputError: if the part has no drawing.
    """
    if part.drawing is None:
        raise InputError(
            f"part {part.label.name}", f"no plane outline for {name}", "a solid format: STEP, STL"
        )
    return part.drawing


def write_drawing(drawing: Drawing, label: Label, path: Path) -> None:
    """Write a drawing; the design's hash is among the document's properties."""
    # Dates and random identifiers would make every file different.
    ezdxf.options.write_fixed_meta_data_for_testing = True
    document = ezdxf.new("R2010", units=units.MM)
    for layer in drawing.layers:
        document.layers.add(layer, color=_COLOURS.get(layer, 7))
    for key, value in (("part", label.name), ("sha256", label.design_sha256)):
        document.header.custom_vars.append(key, value)
    space = document.modelspace()
    for line in drawing.polylines:
        points = np.column_stack([line.points, line.bulges]).tolist()
        space.add_lwpolyline(
            points, format="xyb", close=line.closed, dxfattribs={"layer": line.layer}
        )
    for circle in drawing.circles:
        space.add_circle(circle.centre, circle.radius, dxfattribs={"layer": circle.layer})
    for text in drawing.texts:
        attributes = {"layer": text.layer, "insert": text.insertion_point}
        space.add_text(text.text, height=text.height, dxfattribs=attributes)
    low, high = drawing.box
    space.reset_extents((*low.tolist(), 0.0), (*high.tolist(), 0.0))
    _order_classes(document)
    document.saveas(path)


def _order_classes(document: Document) -> None:
    """Sort the classes that the format requires: ezdxf takes them from an unordered set."""
    classes = document.classes
    classes.add_required_classes(document.dxfversion)
    for key in sorted(classes.classes):
        classes.classes[key] = classes.classes.pop(key)


def read_dxf(path: Path) -> Measured:
    """Read the outline from the group codes, independently of the writer, and measure it.

    trimesh can read DXF too, but it drops the layers of polylines with arcs.

    Raises:
        ToolError: if the file cannot be read, has no outline, or its unit is not the
            millimetre.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        groups = list(zip(map(int, lines[::2]), lines[1::2], strict=True))
        unit = groups[groups.index((9, "$INSUNITS")) + 1][1].strip()
    except (ValueError, IndexError) as error:
        msg = f"{path.name} could not be read back: {error}"
        raise ToolError(msg) from error
    if unit != str(units.MM):
        msg = f"{path.name} was read back in unit {unit}, not the millimetre"
        raise ToolError(msg)
    return measure_outline(path.name, list(_boundary(groups)))


def _boundary(groups: list[tuple[int, str]]) -> Iterator[FloatArray]:
    """Yield the closed polylines of the outline and its openings, arcs as chords, (n, 2) mm."""
    starts = [i for i, (code, _) in enumerate(groups) if code == 0]
    for first, last in itertools.pairwise(starts):
        if groups[first][1] != "LWPOLYLINE":
            continue
        entity = groups[first:last]
        layer = next(value for code, value in entity if code == 8)
        if layer in {OUTER, OPENINGS} and (70, "1") in [(c, v.strip()) for c, v in entity]:
            yield _chords(entity)


def _chords(entity: list[tuple[int, str]]) -> FloatArray:
    corners: list[list[float]] = []
    for code, value in entity:
        if code == 10:
            corners.append([float(value), 0.0, 0.0])
        elif code in {20, 42}:
            corners[-1][1 if code == 20 else 2] = float(value)
    points, bulges = np.split(np.array(corners), [2], axis=1)
    line = []
    for start, end, (bulge,) in zip(points, np.roll(points, -1, axis=0), bulges, strict=True):
        if bulge > 0:
            line.append(arc_between(start, end, bulge).points(_CHORDS)[:-1])
        elif bulge < 0:
            line.append(arc_between(end, start, -bulge).points(_CHORDS)[:0:-1])
        else:
            line.append(start[None])
    return np.concatenate([*line, points[:1]])


FORMAT = Format(".dxf", write_dxf, read_dxf, size_tolerance=1e-3, box_tolerance_mm=1e-2, flat=True)
