"""The boundary representation of the solid, made from the tiling without boolean operations.

Every cell gives a cap at the bottom and one at the top, every free edge a wall:
planar, or cylindrical for an arc. A relief, raised or sunk, cuts its outline out of the
cap below it and adds a cap at its own height and walls between the two. All faces share
their edges and vertices, so the shell is closed by construction, in a time linear in the
number of bonds.

Of the modules of `geometry`, this one loads the CAD kernel, and `geometry.solid` and
`geometry.workplane` load CadQuery, whose import takes two seconds more.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from OCP.BRep import BRep_Builder
from OCP.BRepBuilderAPI import (
    BRepBuilderAPI_MakeEdge,
    BRepBuilderAPI_MakeFace,
    BRepBuilderAPI_MakeSolid,
    BRepBuilderAPI_MakeVertex,
    BRepBuilderAPI_MakeWire,
)
from OCP.BRepCheck import BRepCheck_Analyzer
from OCP.BRepGProp import BRepGProp
from OCP.Geom import Geom_Circle, Geom_CylindricalSurface
from OCP.Geom2d import Geom2d_Line
from OCP.gp import gp_Ax3, gp_Circ, gp_Dir, gp_Dir2d, gp_Pln, gp_Pnt, gp_Pnt2d
from OCP.GProp import GProp_GProps
from OCP.TopLoc import TopLoc_Location
from OCP.TopoDS import (
    TopoDS,
    TopoDS_Edge,
    TopoDS_Face,
    TopoDS_Shape,
    TopoDS_Shell,
    TopoDS_Solid,
    TopoDS_Vertex,
    TopoDS_Wire,
)

from geometry.builder import reversed_loop
from mnnfab.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geometry.arcs import Arc
    from geometry.tiling import Loop, Relief, Tiling

#: Tolerance of the CAD kernel, mm.
KERNEL_TOLERANCE_MM = 1e-7
#: Largest relative difference between the kernel's volume and the tiling's.
VOLUME_TOLERANCE = 1e-7

_UP = gp_Dir(0, 0, 1)
#: Heights of the lower and the upper end of a wall, mm.
Span = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Topology:
    """A solid of the CAD kernel and its named faces.

    Args:
        solid: one closed solid.
        faces: name, side (`top`, `bottom` or `side`) and shape of each face; the name is that of a
            hub, bond, pad, eyelet, tab, dot or letter.
    """

    solid: TopoDS_Solid
    faces: tuple[tuple[str, str, TopoDS_Face], ...]


def build_topology(tiling: Tiling) -> Topology:
    """Extrude a tiling from z = 0 to its thickness; only the volume is checked.

    Validity is checked by `is_valid_shape`, which takes twice as long as building; an export
    checks it when a file is read back.

    Raises:
        ToolError: if the solid's volume is not that of the tiling.
    """
    extrusion = _Extrusion(tiling)
    solid = extrusion.solid()
    error = abs(shape_volume(solid) / tiling.volume_mm3 - 1)
    if error > VOLUME_TOLERANCE:
        msg = f"the solid's volume differs from area × thickness by {error:.2g}"
        raise ToolError(msg)
    return Topology(solid, tuple(extrusion.faces))


def is_valid_shape(shape: TopoDS_Shape) -> bool:
    """Return whether the kernel considers a shape valid; uses all cores."""
    return bool(BRepCheck_Analyzer(shape, True, True).IsValid())


def shape_volume(shape: TopoDS_Shape) -> float:
    """Return the volume of a shape, mm³."""
    properties = GProp_GProps()
    BRepGProp.VolumeProperties_s(shape, properties)
    return float(properties.Mass())


@dataclass
class _Extrusion:
    """The kernel's vertices and edges at every height, created once and shared by all faces."""

    tiling: Tiling
    vertices: dict[tuple[int, float], TopoDS_Vertex] = field(default_factory=dict)
    edges: dict[tuple[int, float], TopoDS_Edge] = field(default_factory=dict)
    uprights: dict[tuple[int, Span], TopoDS_Edge] = field(default_factory=dict)
    faces: list[tuple[str, str, TopoDS_Face]] = field(default_factory=list)
    builder: BRep_Builder = field(default_factory=BRep_Builder)

    def solid(self) -> TopoDS_Solid:
        shell = TopoDS_Shell()
        self.builder.MakeShell(shell)
        self.add_cells()
        for relief in self.tiling.reliefs:
            self.add_relief(relief)
        for _, _, face in self.faces:
            self.builder.Add(shell, face)
        shell.Closed(True)
        return BRepBuilderAPI_MakeSolid(shell).Solid()

    def add_cells(self) -> None:
        top = self.tiling.thickness_mm
        free = set(self.tiling.free_edges.tolist())
        relief_loops: defaultdict[int, list[Loop]] = defaultdict(list)
        for relief in self.tiling.reliefs:
            relief_loops[relief.cell].append(reversed_loop(relief.loops[0]))
        for cell, cell_name in enumerate(self.tiling.names):
            name, loops = str(cell_name), self.tiling.loops(cell)
            self.add(name, "bottom", self.cap(loops, 0.0).Reversed())
            self.add(name, "top", self.cap([*loops, *relief_loops[cell]], top))
            for edge, forward in itertools.chain.from_iterable(loops):
                if edge in free:
                    # A wall's normal points to the right of its edge: outward if the cell,
                    # which lies to the left of its loop, runs along the edge.
                    self.add_wall(name, edge, (0.0, top), outward=forward)

    def add_relief(self, relief: Relief) -> None:
        name, top = str(relief), self.tiling.thickness_mm
        level = top + relief.height_mm
        self.add(name, "top", self.cap(relief.loops, level))
        for hole in relief.loops[1:]:  # the cell's own top, seen through the letter
            self.add(
                str(self.tiling.names[relief.cell]), "top", self.cap([reversed_loop(hole)], top)
            )
        raised = relief.height_mm > 0
        span = (top, level) if raised else (level, top)
        for edge, forward in itertools.chain.from_iterable(relief.loops):
            self.add_wall(name, edge, span, outward=forward == raised)

    def add(self, name: str, side: str, face: TopoDS_Face) -> None:
        self.faces.append((name, side, face))

    def add_wall(self, name: str, edge: int, span: Span, *, outward: bool) -> None:
        wall = self.wall(edge, span)
        self.add(name, "side", wall if outward else wall.Reversed())

    def vertex(self, point: int, height: float) -> TopoDS_Vertex:
        key = point, height
        if key not in self.vertices:
            x, y = self.tiling.points[point].tolist()
            self.vertices[key] = BRepBuilderAPI_MakeVertex(gp_Pnt(x, y, height)).Vertex()
        return self.vertices[key]

    def edge(self, edge: int, height: float) -> TopoDS_Edge:
        key = edge, height
        if key not in self.edges:
            start, end = (self.vertex(point, height) for point in self.tiling.edges[edge].tolist())
            if self.tiling.bulges[edge]:
                arc = self.tiling.arc(edge)
                circle = Geom_Circle(gp_Circ(_axes(arc, height).Ax2(), arc.radius))
                maker = BRepBuilderAPI_MakeEdge(circle, start, end, 0.0, arc.sweep)
            else:
                maker = BRepBuilderAPI_MakeEdge(start, end)
            self.edges[key] = maker.Edge()
        return self.edges[key]

    def upright(self, point: int, span: Span) -> TopoDS_Edge:
        key = point, span
        if key not in self.uprights:
            ends = (self.vertex(point, height) for height in span)
            self.uprights[key] = BRepBuilderAPI_MakeEdge(*ends).Edge()
        return self.uprights[key]

    def cap(self, loops: Sequence[Loop], height: float) -> TopoDS_Face:
        outer, *holes = (self.wire(loop, height) for loop in loops)
        plane = gp_Pln(gp_Pnt(0, 0, height), _UP)
        maker = BRepBuilderAPI_MakeFace(plane, outer, True)
        for hole in holes:
            maker.Add(hole)
        return maker.Face()

    def wire(self, loop: Loop, height: float) -> TopoDS_Wire:
        return _wire(
            self.edge(edge, height) if forward else _reversed(self.edge(edge, height))
            for edge, forward in loop
        )

    def wall(self, edge: int, span: Span) -> TopoDS_Face:
        start, end = self.tiling.edges[edge].tolist()
        bottom, top = (self.edge(edge, height) for height in span)
        up, down = self.upright(end, span), _reversed(self.upright(start, span))
        ring = [bottom, up, _reversed(top), down]
        if self.tiling.bulges[edge]:
            return self.curved_wall(edge, span, ring)
        (x0, y0), (x1, y1) = self.tiling.points[[start, end]].tolist()
        plane = gp_Pln(gp_Pnt(x0, y0, span[0]), gp_Dir(y1 - y0, x0 - x1, 0))
        return BRepBuilderAPI_MakeFace(plane, _wire(ring), True).Face()

    def curved_wall(self, edge: int, span: Span, ring: list[TopoDS_Edge]) -> TopoDS_Face:
        """Return a cylindrical face, with the curves of its edges on the cylinder.

        On a cylinder (u, v) are angle and height. The arcs have the angle as their parameter
        and the vertical edges the height, so all four are straight lines in (u, v).
        """
        arc = self.tiling.arc(edge)
        surface = Geom_CylindricalSurface(_axes(arc, span[0]), arc.radius)
        location = TopLoc_Location()
        east, north = gp_Dir2d(1, 0), gp_Dir2d(0, 1)
        lines = (
            (gp_Pnt2d(0, 0), east),
            (gp_Pnt2d(arc.sweep, 0), north),
            (gp_Pnt2d(0, span[1] - span[0]), east),
            (gp_Pnt2d(0, 0), north),
        )
        for side, (origin, direction) in zip(ring, lines, strict=True):
            line = Geom2d_Line(origin, direction)
            self.builder.UpdateEdge(side, line, surface, location, KERNEL_TOLERANCE_MM)
        face = TopoDS_Face()
        self.builder.MakeFace(face, surface, location, KERNEL_TOLERANCE_MM)
        self.builder.Add(face, _wire(ring))
        return face


def _axes(arc: Arc, height: float) -> gp_Ax3:
    """Return axes in which an arc runs from angle 0 to its sweep.

    With any other start the kernel may interpret an angle of 0 as a full turn, and the
    wall would not close.
    """
    origin = gp_Pnt(*arc.centre.tolist(), height)
    return gp_Ax3(origin, _UP, gp_Dir(math.cos(arc.start), math.sin(arc.start), 0))


def _reversed(edge: TopoDS_Edge) -> TopoDS_Edge:
    return TopoDS.Edge(edge.Reversed())


def _wire(ring: Iterable[TopoDS_Edge]) -> TopoDS_Wire:
    wire = BRepBuilderAPI_MakeWire()
    for edge in ring:
        wire.Add(edge)
    return wire.Wire()
