"""Straight lines of SVG drawings, read with svgelements."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.files import read_bytes
from mnnfab.io.limits import MAX_TEXT_BYTES
from mnnfab.network.drawing import Drawing, network_of_drawing
from mnnfab.network.drawing_units import unit_of
from mnnfab.network.raw_network import NetworkReader, RawNetwork, ReadOptions

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray

#: Units of a length that is physical, mm.
PHYSICAL = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, "q": 0.25}
#: Length of a user unit of a picture of physical size without a view box, mm.
PIXEL_MM = 25.4 / 96
#: Difference of the units by width and height that rounding of both explains.
SAME_UNIT = 1e-3
_LENGTH = re.compile(r"([0-9.]+(?:e[+-]?[0-9]+)?)\s*([a-z]+)")


def read_svg(path: Path, options: ReadOptions) -> RawNetwork:
    """Read the lines of an SVG file, with transforms; y points upward in the network.

    Lines, polylines, polygons, rectangles and straight paths are bonds; texts and images are left
    out. The unit is stated if the width of the picture is a physical length, such as "120mm".

    Args:
        path: the file.
        options: tolerance, unit and crossings.

    Raises:
        InputError: if it is no SVG file, has curves, or does not state its unit.
    """
    picture, unit_mm = _parsed(path)
    stated = None if unit_mm is None else (unit_mm, f"units of {unit_mm:.6g} mm")
    factor, findings = unit_of(path, stated, options.unit_mm)
    left_out: Counter[str] = Counter()
    upward = factor * np.array([1.0, -1.0])
    found = [(name, upward * ends) for name, ends in _lines(path, picture, left_out, factor)]
    more = []
    if left_out:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(left_out.items()))
        more.append(Finding("lines-unused", "info", "network", f"left out, no lines: {kinds}"))
    lines = np.array([ends for _, ends in found]).reshape(-1, 2, 2)
    drawing = Drawing(lines, tuple(name for name, _ in found), (*findings, *more))
    return network_of_drawing(drawing, options.merge_mm, options.crossings or "refuse")


def _parsed(path: Path) -> tuple[Any, float | None]:
    """Return the picture in its own user units, and the length of one, mm, if it is stated.

    Size and view box of the picture would be applied as pixels; they are taken out, and give the
    unit: the physical width over that of the view box.
    """
    import io

    from lxml import etree
    from svgelements import SVG

    text = read_bytes(path, MAX_TEXT_BYTES)
    if b"<!ENTITY" in text:
        raise InputError(str(path), "an entity declaration", "an SVG drawing without entities")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(text, parser)
        sizes = {key: root.attrib.pop(key, None) for key in ("width", "height", "viewBox")}
        unit_mm = _unit_mm(path, sizes)
        picture = SVG.parse(io.BytesIO(etree.tostring(root)), reify=True, ppi=96)
    except (etree.XMLSyntaxError, ValueError, TypeError, KeyError, IndexError) as error:
        raise InputError(str(path), f"not read: {error}"[:300], "an SVG drawing") from error
    return picture, unit_mm


def _unit_mm(path: Path, sizes: Mapping[str, str | None]) -> float | None:
    """Return the length of a user unit, mm; None if the picture has no physical size.

    Raises:
        InputError: if width and height state different units.
    """
    box = [float(part) for part in re.split(r"[\s,]+", (sizes["viewBox"] or "").strip()) if part]
    found = []
    for place, key in ((2, "width"), (3, "height")):
        match = _LENGTH.fullmatch((sizes[key] or "").strip().lower())
        if match is None or match[2] not in PHYSICAL:
            continue
        length = float(match[1]) * PHYSICAL[match[2]]
        found.append(length / box[place] if len(box) == 4 and box[place] > 0 else PIXEL_MM)
    if found and max(found) - min(found) > SAME_UNIT * max(found):
        given = f"units of {found[0]:.6g} mm by its width and {found[-1]:.6g} mm by its height"
        raise InputError(str(path), given, "a picture and a view box of the same shape")
    return found[0] if found else None


def _lines(
    path: Path,
    picture: Any,  # noqa: ANN401 - of svgelements
    left_out: Counter[str],
    factor: float,
) -> Iterator[tuple[str, FloatArray]]:
    """Yield name and ends, (2, 2) pixels, of all lines.

    Raises:
        InputError: if a shape has a curve; the message has its id and its place.
    """
    from svgelements import Close, Line, Move, Shape
    from svgelements import Path as SvgPath

    number = 0
    for element in picture.elements():
        if not isinstance(element, Shape):
            if type(element).__name__ in {"Text", "Image"}:
                left_out[type(element).__name__.lower()] += 1
            continue
        number += 1
        own = element.id or f"number {number}"
        name = f"{type(element).__name__.removeprefix('Simple').lower()} {own}"
        for part in abs(SvgPath(element)):
            if isinstance(part, Move) or part.start is None or part.end is None:
                continue
            if not isinstance(part, Line | Close):
                x, y = factor * part.start.x, -factor * part.start.y
                given = f"{name}: a curve that begins at ({x:.4g}, {y:.4g}) mm"
                raise InputError(str(path), given, "straight lines: bonds are straight")
            if part.start != part.end:
                yield name, np.array([[part.start.x, part.start.y], [part.end.x, part.end.y]])


READER = NetworkReader((".svg",), read_svg, is_drawing=True)
