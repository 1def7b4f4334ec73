"""Print trays: many parts, with gaps, in one file for the printer; read back and compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from export.formats import SINGLE_PRECISION, Measured, f_3mf, formats_named, stl, svg
from export.manifest import ExportedFile
from export.nesting import Spot, nest
from geometry.drawing import NOTES, OUTER, Drawing, Polyline, Text
from geometry.facets import Facets
from geometry.part import Box, Label, Part
from mnnfab.arrays import FloatArray, frozen_floats, frozen_ints
from mnnfab.errors import InputError, ToolError
from mnnfab.io.files import sha256_of

_QUARTER = np.array([[0.0, -1.0], [1.0, 0.0]])


@dataclass(frozen=True, eq=False)
class Placed:
    """A part and its position on a tray."""

    part: Part
    spot: Spot

    @property
    def shift(self) -> tuple[float, float]:
        """Translation of the rotated part to its position, mm."""
        corners = np.array(self.part.bounding_box_mm)[:, :2]
        low = (_turned(corners) if self.spot.turned else corners).min(axis=0)
        x, y = np.subtract(self.spot.corner_mm, low).tolist()
        return x, y

    def move(self, points: FloatArray) -> FloatArray:
        """Return points of the part in tray coordinates, (n, 2 or 3) mm."""
        moved = _turned(points) if self.spot.turned else np.array(points)
        moved[:, :2] += self.shift
        return moved


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
    spots = nest([(x, y) for x, y in sizes], tray_mm[:2], gap_mm)
    placed = [Placed(part, spot) for part, spot in zip(parts, spots, strict=True)]
    surfaces = {part: part.facets(tolerance_mm) for part in dict.fromkeys(parts)}
    written = []
    for number in range(max(spot.tray for spot in spots) + 1):
        here = [entry for entry in placed if entry.spot.tray == number]
        written += _write_tray(here, surfaces, f"tray-{number + 1}", folder)
        picture = folder / f"tray-{number + 1}.svg"
        svg.write_drawing(_drawing(here, tray_mm), Label(picture.stem), picture)
    (folder / "tray.json").write_text(_list_text(placed), encoding="utf-8")
    return written


def _check_heights(parts: Sequence[Part], height_mm: float) -> None:
    for part in parts:
        (_, _, low), (_, _, high) = part.bounding_box_mm
        if high - low > height_mm:
            given = f"{high - low:g} mm high"
            raise InputError(part.label.name, given, f"at most {height_mm:g} mm, the tray's height")


def _write_tray(
    placed: Sequence[Placed], surfaces: dict[Part, Facets], name: str, folder: Path
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
    (folder / f"{name}.stl").write_bytes(stl.stl_bytes(_together(facets), f"mnnfab mm {name}"))
    box = _box(facets)
    volume = sum(shape.volume_mm3 for shape in facets)
    found = []
    for kind in formats_named(["3mf", "stl"]):
        path = folder / f"{name}{kind.suffix}"
        measured = kind.read_back(path)
        _compare(path.name, measured, len(placed), volume, box)
        found.append(
            ExportedFile(
                path.name,
                path.stat().st_size,
                sha256_of(path),
                measured.bounding_box_mm,
                measured.volume_mm3,
            )
        )
    return found


def _items(placed: Sequence[Placed], surfaces: dict[Part, Facets]) -> list[f_3mf.Item]:
    """Return every part and orientation once, with all its positions."""
    places: dict[tuple[Part, bool], list[tuple[float, float, float]]] = {}
    for entry in placed:
        places.setdefault((entry.part, entry.spot.turned), []).append((*entry.shift, 0.0))
    items = []
    for (part, turned), shifts in places.items():
        surface = surfaces[part]
        vertices = frozen_floats(_turned(surface.vertices) if turned else surface.vertices)
        items.append(f_3mf.Item(part.label, replace(surface, vertices=vertices), tuple(shifts)))
    return items


def _turned(points: FloatArray) -> FloatArray:
    """Return points rotated by 90° about the origin, counter-clockwise, (n, 2 or 3) mm."""
    turned = np.array(points)
    turned[:, :2] = turned[:, :2] @ _QUARTER.T
    return turned


def _together(facets: Sequence[Facets]) -> Facets:
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
    off = float(np.abs(np.subtract(measured.bounding_box_mm, box)).max())
    if abs(measured.volume_mm3 / volume - 1) > SINGLE_PRECISION or off > 1e-3:
        msg = f"{file} was read back with a different volume or size"
        raise ToolError(msg)


def _drawing(placed: Sequence[Placed], tray_mm: tuple[float, float, float]) -> Drawing:
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
        left, low = entry.spot.corner_mm
        texts.append(Text(NOTES, (left, low - 4.0), 3.0, entry.part.label.name))
    return Drawing(tuple(lines), (), tuple(texts))


def _list_text(placed: Sequence[Placed]) -> str:
    entries = [
        {
            "tray": entry.spot.tray + 1,
            "part": entry.part.label.name,
            "sha256": entry.part.label.design_sha256,
            "corner_mm": entry.spot.corner_mm,
            "turned": entry.spot.turned,
        }
        for entry in placed
    ]
    return json.dumps({"schema": 1, "parts": entries}, indent=2) + "\n"
