"""SVG (millimetres, true to scale): the outline for browsers, publications and cutters."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from svg.path import Line, Move, parse_path

from export.formats import Format, Measured
from export.formats.dxf import drawing_of
from export.outlines import measure_outline
from geometry.drawing import OPENINGS, OUTER, Drawing, Polyline, arc_radius
from geometry.part import Label, Part
from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError

_NAMESPACE = "http://www.w3.org/2000/svg"
#: Margin around the drawing, mm.
MARGIN_MM = 5.0
_COLOURS = {"RELIEF": "#0072B2", "NODES": "#D55E00", "DRILL": "#009E73", "NOTES": "#555555"}
#: Number of chords for an arc that is read back.
_CHORDS = 24


def write_svg(part: Part, path: Path, tolerance_mm: float) -> None:  # noqa: ARG001
    """Write the drawing of a part; its arcs are exact, so the tolerance is not used.

    Raises:
        InputError: if the part has no drawing.
    """
    write_drawing(drawing_of(part, "SVG"), part.label, path)


def write_drawing(drawing: Drawing, label: Label, path: Path) -> None:
    """Write a drawing, one group per layer; y points down in SVG, so every y is negated."""
    low, high = drawing.box[0] - MARGIN_MM, drawing.box[1] + MARGIN_MM
    width, height = (high - low).tolist()
    root = ET.Element(
        "svg",
        xmlns=_NAMESPACE,
        version="1.1",
        width=f"{_text(width)}mm",
        height=f"{_text(height)}mm",
        viewBox=" ".join(map(_text, (low[0], -high[1], width, height))),
    )
    ET.SubElement(root, "title").text = label.name
    description = f"{label.description} sha256 {label.design_sha256}".strip()
    ET.SubElement(root, "desc").text = f"{description}; 1 unit is 1 mm"
    for layer in drawing.layers:
        _add_layer(root, drawing, layer)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n', encoding="utf-8")


def _add_layer(root: ET.Element, drawing: Drawing, layer: str) -> None:
    colour = _COLOURS.get(layer, "#000000")
    group = ET.SubElement(root, "g", {"id": layer, "fill": "none", "stroke": colour})
    group.set("stroke-width", "0.1")
    for line in drawing.polylines:
        if line.layer == layer:
            ET.SubElement(group, "path", d=_path(line))
    for circle in drawing.circles:
        if circle.layer == layer:
            x, y = circle.centre
            ET.SubElement(group, "circle", cx=_text(x), cy=_text(-y), r=_text(circle.radius))
    for text in drawing.texts:
        if text.layer == layer:
            x, y = text.insertion_point
            size = {"x": _text(x), "y": _text(-y), "font-size": _text(text.height / 0.7)}
            style = {"font-family": "sans-serif", "fill": colour, "stroke": "none"}
            ET.SubElement(group, "text", size | style).text = text.text


def _path(line: Polyline) -> str:
    points = line.points.tolist()
    n_edges = len(points) if line.closed else len(points) - 1
    commands = [f"M {_point(points[0])}"]
    for i, bulge in enumerate(line.bulges.tolist()[:n_edges]):
        start, end = points[i], points[(i + 1) % len(points)]
        if bulge:
            radius = _text(arc_radius(math.dist(start, end), bulge))
            # Counter-clockwise is sweep 0 once y is negated.
            large, sweep = int(abs(bulge) > 1), int(bulge < 0)
            commands.append(f"A {radius} {radius} 0 {large} {sweep} {_point(end)}")
        else:
            commands.append(f"L {_point(end)}")
    return " ".join([*commands, "Z"] if line.closed else commands)


def _point(point: list[float]) -> str:
    return f"{_text(point[0])} {_text(-point[1])}"


def _text(number: float) -> str:
    return f"{round(number, 6) + 0.0:.6f}".rstrip("0").rstrip(".")


def read_svg(path: Path) -> Measured:
    """Read the outline with svg.path and measure it.

    Raises:
        ToolError: if the file cannot be read, has no outline, or its unit is not the
            millimetre.
    """
    try:
        root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own file
        width = root.attrib["width"]
        box = [float(word) for word in root.attrib["viewBox"].split()]
        lines = [
            _line(element.attrib["d"])
            for group in root.iter(f"{{{_NAMESPACE}}}g")
            if group.attrib.get("id") in {OUTER, OPENINGS}
            for element in group.iter(f"{{{_NAMESPACE}}}path")
        ]
    except (ET.ParseError, KeyError, ValueError) as error:
        msg = f"{path.name} could not be read back: {error}"
        raise ToolError(msg) from error
    if width != f"{_text(box[2])}mm":
        msg = f"{path.name} was read back {width} wide for {box[2]} units, not millimetres"
        raise ToolError(msg)
    return measure_outline(path.name, lines)


def _line(path_data: str) -> FloatArray:
    positions = [
        segment.point(t)
        for segment in parse_path(path_data)
        if not isinstance(segment, Move)
        for t in ((1.0,) if isinstance(segment, Line) else np.linspace(0, 1, _CHORDS + 1)[1:])
    ]
    line = np.array([[position.real, -position.imag] for position in positions])
    return np.vstack([line[-1:], line])


FORMAT = Format(".svg", write_svg, read_svg, size_tolerance=1e-3, box_tolerance_mm=1e-2, flat=True)
