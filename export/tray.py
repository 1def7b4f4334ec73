"""Print trays: many parts, with gaps, in one file for the printer; read back and compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from export.formats import SINGLE_PRECISION, Measured, f_3mf, formats_named, stl, svg
from export.manifest import ExportedFile
from export.nesting import Placement, nest
from geometry.drawing import NOTES, OUTER, Drawing, Polyline, Text
from geometry.facets import Facets
from geometry.part import Box, Label, Part
from mnnfab.arrays import FloatArray, frozen_floats, frozen_ints
from mnnfab.errors import InputError, ToolError
from mnnfab.io.files import sha256_of

_ROTATION_90 = np.array([[0.0, -1.0], [1.0, 0.0]])


@dataclass(frozen=True, eq=False)
class PlacedPart:
    """A part and its position on a tray."""

    part: Part
    placement: Placement

    @property
    def shift(self) -> tuple[float, float]:
        """Translation of the rotated part to its position, mm."""
        corners = np.array(self.part.bounding_box_mm)[:, :2]
        low = (_rotated_90(corners) if self.placement.rotated else corners).min(axis=0)
        x, y = np.subtract(self.placement.corner_mm, low).tolist()
        return x, y

    def move(self, points: FloatArray) -> FloatArray:
        """Return points of the part in tray coordinates, (n, 2 or 3) mm."""
        in_tray_axes = _rotated_90(points) if self.placement.rotated else np.array(points)
        in_tray_axes[:, :2] += self.shift
        return in_tray_axes


def write_trays(
    parts: Sequence[Part],
    tray_mm: tuple[float, float, float],
    gap_mm: float,
    tolerance_mm: float,
    folder: Path,
) -> list[ExportedFile]:
    """Write tray-1.3mf, .stl and .svg, tray-2 and so on if needed, and tray.json.

    Args:
        parts: the parts, repeated for several copies.
        tray_mm: build volume of the printer, x, y, z.
        gap_mm: gap between parts, and to the rim.
        tolerance_mm: largest distance between an arc and its facets.
        folder: an existing folder.

    Raises:
        InputError: if a part does not fit.
        ToolError: if a file does not contain all parts when it is read back.
    """
    _check_heights(parts, tray_mm[2])
    sizes = [np.subtract(*part.bounding_box_mm[::-1])[:2].tolist() for part in parts]
    placements = nest([(x, y) for x, y in sizes], tray_mm[:2], gap_mm)
    placed = [
        PlacedPart(part, placement) for part, placement in zip(parts, placements, strict=True)
    ]
    surfaces = {part: part.facets(tolerance_mm) for part in dict.fromkeys(parts)}
    files = []
    for number in range(max(placement.tray for placement in placements) + 1):
        on_tray = [entry for entry in placed if entry.placement.tray == number]
        files += _write_tray(on_tray, surfaces, f"tray-{number + 1}", folder)
        drawing_path = folder / f"tray-{number + 1}.svg"
        svg.write_drawing(_drawing(on_tray, tray_mm), Label(drawing_path.stem), drawing_path)
    (folder / "tray.json").write_text(_list_text(placed), encoding="utf-8")
    return files


def _check_heights(parts: Sequence[Part], height_mm: float) -> None:
    for part in parts:
        (_, _, low), (_, _, high) = part.bounding_box_mm
        if high - low > height_mm:
            given = f"{high - low:g} mm high"
            raise InputError(part.label.name, given, f"at most {height_mm:g} mm, the tray's height")


def _write_tray(
    placed: Sequence[PlacedPart], surfaces: dict[Part, Facets], name: str, folder: Path
) -> list[ExportedFile]:
    facets = [
        replace(
            surfaces[entry.part],
            vertices=frozen_floats(entry.move(surfaces[entry.part].vertices)),
        )
        for entry in placed
    ]
    label = Label(name, description=f"{len(placed)} parts")
    items = _items(placed, surfaces)
    f_3mf.write_items(items, label, folder / f"{name}.3mf")
    (folder / f"{name}.stl").write_bytes(stl.stl_bytes(_merged_facets(facets), f"mnnfab mm {name}"))
    box = _box(facets)
    volume = sum(shape.volume_mm3 for shape in facets)
    files = []
    for kind in formats_named(["3mf", "stl"]):
        path = folder / f"{name}{kind.suffix}"
        measured = kind.read_back(path)
        _compare(path.name, measured, len(placed), volume, box)
        files.append(
            ExportedFile(
                path.name,
                path.stat().st_size,
                sha256_of(path),
                measured.bounding_box_mm,
                measured.volume_mm3,
            )
        )
    return files


def _items(placed: Sequence[PlacedPart], surfaces: dict[Part, Facets]) -> list[f_3mf.Item]:
    """Return every part and orientation once, with all its positions."""
    shifts_by_part: dict[tuple[Part, bool], list[tuple[float, float, float]]] = {}
    for entry in placed:
        shifts_by_part.setdefault((entry.part, entry.placement.rotated), []).append(
            (*entry.shift, 0.0)
        )
    items = []
    for (part, rotated), shifts in shifts_by_part.items():
        surface = surfaces[part]
        vertices = frozen_floats(_rotated_90(surface.vertices) if rotated else surface.vertices)
        items.append(f_3mf.Item(part.label, replace(surface, vertices=vertices), tuple(shifts)))
    return items


def _rotated_90(points: FloatArray) -> FloatArray:
    """Return points rotated by 90° about the origin, counter-clockwise, (n, 2 or 3) mm."""
    rotated = np.array(points)
    rotated[:, :2] = rotated[:, :2] @ _ROTATION_90.T
    return rotated


def _merged_facets(facets: Sequence[Facets]) -> Facets:
    shifts = np.cumsum([0, *(len(shape.vertices) for shape in facets[:-1])])
    triangles = [shape.triangles + shift for shape, shift in zip(facets, shifts, strict=True)]
    return Facets(
        frozen_floats(np.concatenate([shape.vertices for shape in facets])),
        frozen_ints(np.concatenate(triangles)),
    )


def _box(facets: Sequence[Facets]) -> Box:
    points = np.concatenate([shape.vertices for shape in facets])
    low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def _compare(file: str, measured: Measured, n_parts: int, volume: float, box: Box) -> None:
    if measured.n_bodies != n_parts or not measured.valid:
        msg = f"{file} was read back as {measured.n_bodies} bodies; {n_parts} were written"
        raise ToolError(msg)
    assert measured.volume_mm3 is not None, "both formats hold solids"
    box_error = float(np.abs(np.subtract(measured.bounding_box_mm, box)).max())
    if abs(measured.volume_mm3 / volume - 1) > SINGLE_PRECISION or box_error > 1e-3:
        msg = f"{file} was read back with a different volume or size"
        raise ToolError(msg)


def _drawing(placed: Sequence[PlacedPart], tray_mm: tuple[float, float, float]) -> Drawing:
    x, y, _ = tray_mm
    rim = frozen_floats(np.array([[0.0, 0.0], [x, 0.0], [x, y], [0.0, y]]))
    lines = [Polyline(NOTES, rim, np.zeros(4))]
    texts = []
    for entry in placed:
        if entry.part.drawing is not None:
            lines += [
                replace(line, points=frozen_floats(entry.move(line.points)))
                for line in entry.part.drawing.polylines
                if line.layer == OUTER
            ]
        left, low = entry.placement.corner_mm
        texts.append(Text(NOTES, (left, low - 4.0), 3.0, entry.part.label.name))
    return Drawing(tuple(lines), (), tuple(texts))


def _list_text(placed: Sequence[PlacedPart]) -> str:
    entries = [
        {
            "tray": entry.placement.tray + 1,
            "part": entry.part.label.name,
            "sha256": entry.part.label.design_sha256,
            "corner_mm": entry.placement.corner_mm,
            "turned": entry.placement.rotated,
        }
        for entry in placed
    ]
    return json.dumps({"schema": 1, "parts": entries}, indent=2) + "\n"
