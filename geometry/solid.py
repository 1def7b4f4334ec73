"""The solid: a boundary representation made from the tiling without booleans.

Every cell gives a cap at the bottom and one at the top, every free edge a wall:
planar, or cylindrical for an arc. All faces share their edges and vertices, so the
shell is closed by construction, in a time linear in the bonds.

This is the only module of `geometry` that loads the CAD kernel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cadquery
from OCP.BRep import BRep_Builder
from OCP.BRepBuilderAPI import (
    BRepBuilderAPI_MakeEdge,
    BRepBuilderAPI_MakeFace,
    BRepBuilderAPI_MakeSolid,
    BRepBuilderAPI_MakeVertex,
    BRepBuilderAPI_MakeWire,
)
from OCP.BRepCheck import BRepCheck_Analyzer
from OCP.Geom import Geom_Circle, Geom_CylindricalSurface
from OCP.Geom2d import Geom2d_Line
from OCP.gp import gp_Ax3, gp_Circ, gp_Dir, gp_Dir2d, gp_Pln, gp_Pnt, gp_Pnt2d
from OCP.TopLoc import TopLoc_Location
from OCP.TopoDS import TopoDS, TopoDS_Edge, TopoDS_Face, TopoDS_Shell, TopoDS_Vertex

from mnnfab.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geometry.tiling import Tiling

#: Tolerance of the kernel's own making, mm.
KERNEL_MM = 1e-7
#: Largest relative difference between the kernel's volume and the tiling's.
VOLUME_AGREES = 1e-7

_UP = gp_Dir(0, 0, 1)
_BOTTOM, _TOP = 0, 1


def build_solid(tiling: Tiling) -> cadquery.Solid:
    """Extrude a tiling into one solid from z = 0 to its thickness.

    Raises:
        ToolError: if the kernel finds the solid invalid, or its volume is not area ×
            thickness.
    """
    solid = _Extrusion(tiling).solid()
    if not is_valid(solid):
        msg = "the CAD kernel finds the solid invalid"
        raise ToolError(msg)
    error = abs(solid.Volume() / tiling.volume_mm3 - 1)
    if error > VOLUME_AGREES:
        msg = f"the solid's volume differs from area × thickness by {error:.2g}"
        raise ToolError(msg)
    return solid


def is_valid(shape: cadquery.Shape) -> bool:
    """Tell whether the kernel finds a shape well-formed; checked on all cores."""
    return bool(BRepCheck_Analyzer(shape.wrapped, True, True).IsValid())


@dataclass
class _Extrusion:
    """The kernel's vertices and edges at both levels, made once and shared by all faces."""

    tiling: Tiling
    vertices: dict[tuple[int, int], TopoDS_Vertex] = field(default_factory=dict)
    edges: dict[tuple[int, int], TopoDS_Edge] = field(default_factory=dict)
    uprights: dict[int, TopoDS_Edge] = field(default_factory=dict)
    builder: BRep_Builder = field(default_factory=BRep_Builder)

    def solid(self) -> cadquery.Solid:
        shell = TopoDS_Shell()
        self.builder.MakeShell(shell)
        for cell in range(self.tiling.n_cells):
            self.builder.Add(shell, self.cap(cell, _BOTTOM).Reversed())
            self.builder.Add(shell, self.cap(cell, _TOP))
        free = set(self.tiling.free_edges.tolist())
        entries = zip(
            self.tiling.cell_edges.tolist(), self.tiling.cell_forward.tolist(), strict=True
        )
        for edge, forward in entries:
            if edge in free:
                # A wall's normal points to the right of its edge: outward if the cell,
                # which lies to the left of its loop, runs along the edge.
                wall = self.wall(edge)
                self.builder.Add(shell, wall if forward else wall.Reversed())
        shell.Closed(True)
        return cadquery.Solid(BRepBuilderAPI_MakeSolid(shell).Solid())

    def height(self, level: int) -> float:
        return level * self.tiling.thickness_mm

    def vertex(self, point: int, level: int) -> TopoDS_Vertex:
        key = point, level
        if key not in self.vertices:
            x, y = self.tiling.points[point].tolist()
            place = gp_Pnt(x, y, self.height(level))
            self.vertices[key] = BRepBuilderAPI_MakeVertex(place).Vertex()
        return self.vertices[key]

    def edge(self, edge: int, level: int) -> TopoDS_Edge:
        key = edge, level
        if key not in self.edges:
            start, end = (self.vertex(int(p), level) for p in self.tiling.edges[edge])
            if self.tiling.bulges[edge]:
                _, radius, _, sweep = self.tiling.arc(edge)
                circle = Geom_Circle(gp_Circ(self.arc_axes(edge, level).Ax2(), radius))
                made = BRepBuilderAPI_MakeEdge(circle, start, end, 0.0, sweep)
            else:
                made = BRepBuilderAPI_MakeEdge(start, end)
            self.edges[key] = made.Edge()
        return self.edges[key]

    def arc_axes(self, edge: int, level: int) -> gp_Ax3:
        """Return axes in which an arc runs from angle 0 to its sweep.

        With any other start the kernel may take an angle of 0 for a full turn, and the
        wall would not close.
        """
        centre, _, angle, _ = self.tiling.arc(edge)
        origin = gp_Pnt(*centre.tolist(), self.height(level))
        return gp_Ax3(origin, _UP, gp_Dir(math.cos(angle), math.sin(angle), 0))

    def upright(self, point: int) -> TopoDS_Edge:
        if point not in self.uprights:
            made = BRepBuilderAPI_MakeEdge(self.vertex(point, _BOTTOM), self.vertex(point, _TOP))
            self.uprights[point] = made.Edge()
        return self.uprights[point]

    def cap(self, cell: int, level: int) -> TopoDS_Face:
        ring = (
            self.edge(edge, level) if forward else _reversed(self.edge(edge, level))
            for edge, forward in self.tiling.loop(cell)
        )
        plane = gp_Pln(gp_Pnt(0, 0, self.height(level)), _UP)
        return BRepBuilderAPI_MakeFace(plane, _wire(ring), True).Face()

    def wall(self, edge: int) -> TopoDS_Face:
        start, end = self.tiling.edges[edge].tolist()
        bottom, top = self.edge(edge, _BOTTOM), self.edge(edge, _TOP)
        ring = [bottom, self.upright(end), _reversed(top), _reversed(self.upright(start))]
        if self.tiling.bulges[edge]:
            return self.curved_wall(edge, ring)
        (x0, y0), (x1, y1) = self.tiling.points[[start, end]].tolist()
        plane = gp_Pln(gp_Pnt(x0, y0, 0), gp_Dir(y1 - y0, x0 - x1, 0))
        return BRepBuilderAPI_MakeFace(plane, _wire(ring), True).Face()

    def curved_wall(self, edge: int, ring: list[TopoDS_Edge]) -> TopoDS_Face:
        """Return a cylindrical face; its edges are told where they run on the cylinder.

        On a cylinder (u, v) are angle and height. The arcs have the angle as their own
        parameter and the uprights the height, so all four are straight lines there.
        """
        _, radius, _, sweep = self.tiling.arc(edge)
        surface = Geom_CylindricalSurface(self.arc_axes(edge, _BOTTOM), radius)
        place = TopLoc_Location()
        east, north = gp_Dir2d(1, 0), gp_Dir2d(0, 1)
        lines = (
            (gp_Pnt2d(0, 0), east),
            (gp_Pnt2d(sweep, 0), north),
            (gp_Pnt2d(0, self.tiling.thickness_mm), east),
            (gp_Pnt2d(0, 0), north),
        )
        for side, (origin, direction) in zip(ring, lines, strict=True):
            line = Geom2d_Line(origin, direction)
            self.builder.UpdateEdge(side, line, surface, place, KERNEL_MM)
        face = TopoDS_Face()
        self.builder.MakeFace(face, surface, place, KERNEL_MM)
        self.builder.Add(face, _wire(ring))
        return face


def _reversed(edge: TopoDS_Edge) -> TopoDS_Edge:
    return TopoDS.Edge(edge.Reversed())


def _wire(ring: Iterable[TopoDS_Edge]) -> object:
    wire = BRepBuilderAPI_MakeWire()
    for edge in ring:
        wire.Add(edge)
    return wire.Wire()
