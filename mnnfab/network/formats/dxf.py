"""Straight lines of DXF drawings, read with ezdxf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.network.drawing import Drawing, network_of_drawing
from mnnfab.network.drawing_units import unit_of
from mnnfab.network.raw_network import NetworkReader, RawNetwork, ReadOptions

if TYPE_CHECKING:
    from ezdxf.document import Drawing as Document

    from mnnfab.arrays import FloatArray

#: Length of the units of $INSUNITS, mm, and their names.
UNITS = {
    1: (25.4, "inches"),
    2: (304.8, "feet"),
    4: (1.0, "millimetres"),
    5: (10.0, "centimetres"),
    6: (1000.0, "metres"),
    13: (1e-3, "micrometres"),
}
LINES = {"LINE", "LWPOLYLINE", "POLYLINE"}
#: Curves, which are refused: bonds are straight.
CURVES = {"ARC", "CIRCLE", "ELLIPSE", "SPLINE"}
#: Deepest nesting of blocks.
MAX_DEPTH = 20


def read_dxf(path: Path, options: ReadOptions) -> RawNetwork:
    """Read the lines of the model space of a DXF file, also those in blocks.

    Lines and polylines are bonds; texts, dimensions, points and hatches are left out.

    Args:
        path: the file.
        options: tolerance, unit and crossings.

    Raises:
        InputError: if it is no DXF file, has curves, or does not state its unit.
    """
    import ezdxf

    try:
        document = ezdxf.readfile(path)
    except (OSError, ezdxf.DXFError, ValueError, IndexError) as error:
        raise InputError(str(path), f"not read: {error}"[:300], "a DXF drawing") from error
    scale, stated = unit_of(path, _unit(path, document), options.unit_mm)
    left_out: Counter[str] = Counter()
    hidden = {layer.dxf.name for layer in document.layers if layer.is_off() or layer.is_frozen()}
    found = [
        (name, scale * ends)
        for entity in document.modelspace()
        if not _is_hidden(entity, hidden, left_out)
        for name, ends in _lines(path, entity, left_out, scale)
    ]
    findings = list(stated)
    if left_out:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(left_out.items()))
        findings.append(Finding("lines-unused", "info", "network", f"left out, no lines: {kinds}"))
    lines = np.array([ends for _, ends in found]).reshape(-1, 2, 3)
    drawing = Drawing(lines, tuple(name for name, _ in found), tuple(findings))
    return network_of_drawing(drawing, options.merge_mm, options.crossings or "refuse")


def _is_hidden(entity: Any, hidden: Collection[str], left_out: Counter[str]) -> bool:  # noqa: ANN401 - of ezdxf
    if entity.dxf.layer not in hidden:
        return False
    left_out[f"entities on the hidden layer {entity.dxf.layer}"] += 1
    return True


def _unit(path: Path, document: Document) -> tuple[float, str] | None:
    """Return the unit that a drawing states; None for none.

    Raises:
        InputError: if it states one that is not of drawings of parts, such as miles.
    """
    code = int(document.header.get("$INSUNITS", 0))
    if code != 0 and code not in UNITS:
        names = ", ".join(name for _, name in UNITS.values())
        raise InputError(str(path), f"unit number {code} of $INSUNITS", f"{names}, or none")
    return UNITS.get(code)


def _lines(
    path: Path,
    entity: Any,  # noqa: ANN401 - the kinds of entities of ezdxf
    left_out: Counter[str],
    scale: float,
    depth: int = 0,
) -> Iterator[tuple[str, FloatArray]]:
    """Yield name and ends, (2, 3) in units of the file, of the lines of an entity.

    Raises:
        InputError: if it is a curve; the message has its layer and its place.
    """
    kind = entity.dxftype()
    if kind == "INSERT" and depth < MAX_DEPTH:
        for part in entity.virtual_entities():
            yield from _lines(path, part, left_out, scale, depth + 1)
        return
    if kind in CURVES:
        raise _curve(path, entity, scale)
    if kind not in LINES:
        left_out[kind] += 1
        return
    name = f"{kind} {entity.dxf.handle or 'of a block'} on layer {entity.dxf.layer}"
    if kind == "LINE":
        yield name, np.array([tuple(entity.dxf.start), tuple(entity.dxf.end)])
        return
    for part in entity.virtual_entities():
        if part.dxftype() != "LINE":
            raise _curve(path, part, scale, name)
        yield name, np.array([tuple(part.dxf.start), tuple(part.dxf.end)])


def _curve(path: Path, entity: Any, scale: float, name: str = "") -> InputError:  # noqa: ANN401 - as above
    kind = entity.dxftype()
    if entity.dxf.hasattr("center"):
        place = entity.dxf.center
    else:
        place = entity.control_points[0] if kind == "SPLINE" else (0, 0)
    x, y = (scale * float(value) for value in tuple(place)[:2])
    own = name or f"{kind} {entity.dxf.handle} on layer {entity.dxf.layer}"
    given = f"{own}: a curve about ({x:.4g}, {y:.4g}) mm"
    return InputError(str(path), given, "straight lines: bonds are straight")


READER = NetworkReader((".dxf",), read_dxf, is_drawing=True)
