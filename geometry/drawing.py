"""Drawings: the part and its mounting frame in the plane, as lines on layers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from geometry.arcs import arc_between
from geometry.outline import outline
from geometry.tiling import Loop, Tiling
from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.network.network import Network

#: Layers of the boundary of the part: its outline, and its openings.
OUTER, OPENINGS = "OUTLINE", "OPENINGS"
RELIEF, NODES, DRILL, NOTES = "RELIEF", "NODES", "DRILL", "NOTES"
#: Half size of the cross that marks a node, mm.
MARK_MM = 1.5


@dataclass(frozen=True, eq=False)
class Polyline:
    """A sequence of connected lines and arcs.

    Args:
        layer: layer that it is on.
        points: (n, 2) mm.
        bulges: bulge of the edge that leaves each point, tan(sweep / 4), positive to the left,
            (n,).
        closed: whether the last point is joined to the first.
    """

    layer: str
    points: FloatArray
    bulges: FloatArray
    closed: bool = True

    @property
    def extremes(self) -> FloatArray:
        """Points between which the polyline lies, with the extreme points of arcs, (n, 2) mm."""
        parts = [self.points]
        for edge in np.flatnonzero(self.bulges).tolist():
            start, end = self.points[edge], self.points[(edge + 1) % len(self.points)]
            bulge = float(self.bulges[edge])
            ends = (start, end) if bulge > 0 else (end, start)
            parts.append(arc_between(*ends, abs(bulge)).extremes())
        return np.concatenate(parts)


@dataclass(frozen=True)
class Circle:
    """A circle on a layer; centre and radius in mm."""

    layer: str
    centre: tuple[float, float]
    radius: float


@dataclass(frozen=True)
class Text:
    """A line of text on a layer: its lower left corner and its height in mm."""

    layer: str
    insertion_point: tuple[float, float]
    height: float
    text: str


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing in mm, y upwards."""

    polylines: tuple[Polyline, ...] = ()
    circles: tuple[Circle, ...] = ()
    texts: tuple[Text, ...] = ()

    @property
    def layers(self) -> list[str]:
        """The layers in use, in alphabetical order."""
        layers = [line.layer for line in self.polylines]
        layers += [circle.layer for circle in self.circles]
        return sorted({*layers, *(text.layer for text in self.texts)})

    @property
    def box(self) -> tuple[FloatArray, FloatArray]:
        """Minimum and maximum x, y of the drawing, mm; the widths of texts are estimates."""
        parts = [line.extremes for line in self.polylines]
        for circle in self.circles:
            parts.append(np.add(circle.centre, np.multiply(circle.radius, [[-1, -1], [1, 1]])))
        for text in self.texts:
            width = 0.7 * text.height * len(text.text)
            parts.append(
                np.array([text.insertion_point, np.add(text.insertion_point, (width, text.height))])
            )
        points = np.concatenate(parts)
        return points.min(axis=0), points.max(axis=0)


def part_drawing(tiling: Tiling) -> Drawing:
    """Return the drawing of a part: outline, openings, reliefs and marks of the nodes."""
    whole = outline(tiling)
    lines = [_polyline(tiling, whole.outer, OUTER)]
    lines += [_polyline(tiling, hole, OPENINGS) for hole in whole.holes]
    lines += [_polyline(tiling, loop, RELIEF) for r in tiling.reliefs for loop in r.loops]
    lines += [mark for node in tiling.nodes.tolist() for mark in cross(NODES, (node[0], node[1]))]
    return Drawing(tuple(lines))


def frame_drawing(tiling: Tiling, network: Network) -> Drawing:
    """Return the drill drawing of the mounting frame: bolt holes, relative to the first one.

    It includes the outline of the part and the fixed nodes: the frame clamps each pad up to the
    node, and leaves everything else free.
    """
    whole = outline(tiling)
    holes = [
        c
        for cell, name in enumerate(tiling.names)
        if name.kind == "pad"
        for c in _holes(tiling, cell)
    ]
    origin = np.array(holes[0][1])
    lines = [_polyline(tiling, whole.outer, OUTER)]
    lines += [mark for _, centre, _ in holes for mark in cross(DRILL, centre)]
    lines += [mark for node in network.fixed.tolist() for mark in cross(NODES, network.place(node))]
    circles = [Circle(DRILL, centre, radius) for _, centre, radius in holes]
    low, _ = Drawing(tuple(lines)).box
    lines_of_text = [
        "Drill drawing of the frame, 1:1, mm. Clamp each pad up to its node; leave the rest free."
    ]
    for number, (node, centre, radius) in enumerate(holes, start=1):
        x, y = np.array(centre) - origin
        position = f"x {x:+.3f}  y {y:+.3f}  (node {node})"
        lines_of_text.append(f"hole {number}: diameter {2 * radius:g}  {position}")
    texts = [
        Text(NOTES, (float(low[0]), float(low[1]) - 5 - 4 * row), 2.5, line)
        for row, line in enumerate(lines_of_text)
    ]
    marks = [
        Text(NOTES, (centre[0] + radius + 0.5, centre[1] + 0.5), 2.5, str(number))
        for number, (_, centre, radius) in enumerate(holes, start=1)
    ]
    return Drawing(tuple(lines), tuple(circles), (*texts, *marks))


def _holes(tiling: Tiling, cell: int) -> list[tuple[int, tuple[float, float], float]]:
    """Return node, centre and radius of the round holes of a cell."""
    holes = []
    for loop in tiling.loops(cell)[1:]:
        arc = tiling.arc(loop[0][0])
        x, y = arc.centre.tolist()
        holes.append((tiling.names[cell].number, (round(x, 6), round(y, 6)), arc.radius))
    return holes


def cross(layer: str, centre: tuple[float, float], half: float = MARK_MM) -> tuple[Polyline, ...]:
    """Return a cross that marks a point."""
    segments = np.array([[[-half, 0], [half, 0]], [[0, -half], [0, half]]])
    return tuple(
        Polyline(layer, frozen_floats(ends + np.array(centre)), np.zeros(2), closed=False)
        for ends in segments
    )


def _polyline(tiling: Tiling, loop: Loop, layer: str) -> Polyline:
    starts = [tiling.edges[edge, 0 if forward else 1] for edge, forward in loop]
    edges, forward = np.array(loop).T
    bulges = np.where(forward, 1.0, -1.0) * tiling.bulges[edges]
    return Polyline(layer, frozen_floats(tiling.points[starts]), frozen_floats(bulges))


def arc_radius(chord: float, bulge: float) -> float:
    """Return the radius of the arc of a bulge over a chord.

    >>> round(arc_radius(2.0, 1.0), 12)  # a half circle
    1.0
    """
    return math.fabs(chord * (1 + bulge**2) / (4 * bulge))
