"""Straight edges of STEP files, read with the CAD kernel."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnnfab.errors import InputError
from mnnfab.network.drawing import Drawing, network_of_drawing
from mnnfab.network.drawing_units import unit_of
from mnnfab.network.raw_network import NetworkReader, RawNetwork, ReadOptions


def read_step(path: Path, options: ReadOptions) -> RawNetwork:
    """Read the edges of wires in a STEP file; the file states its unit.

    Args:
        path: the file.
        options: tolerance, unit and crossings.

    Raises:
        InputError: if it is no STEP file, has faces, or has curves.
    """
    from cadquery import Edge, importers

    try:
        shapes = importers.importStep(str(path))
    except (ValueError, RuntimeError, OSError) as error:
        raise InputError(str(path), f"not read: {error}"[:300], "a STEP file") from error
    scale, findings = unit_of(path, (1.0, "millimetres"), None)
    if options.unit_mm is not None:
        given = f"{options.unit_mm:g} for {path.name}, which states its unit"
        raise InputError("[network] unit_mm", given, "no such key for STEP files")
    faces = shapes.faces().vals()
    if faces:
        given = f"{len(faces)} faces: a solid or a surface"
        raise InputError(str(path), given, "a wire: edges along the bonds")
    lines, names = [], []
    for number, edge in enumerate(shapes.edges().vals()):
        assert isinstance(edge, Edge), "the selector returns edges"
        start, end = (point.toTuple() for point in (edge.startPoint(), edge.endPoint()))
        if edge.geomType() != "LINE":
            place = ", ".join(f"{value:.4g}" for value in start[:2])
            given = f"edge {number}: a curve that begins at ({place}) mm"
            raise InputError(str(path), given, "straight edges: bonds are straight")
        lines.append((start, end))
        names.append(f"edge {number}")
    drawing = Drawing(scale * np.array(lines).reshape(-1, 2, 3), tuple(names), findings)
    return network_of_drawing(drawing, options.merge_mm, options.crossings or "refuse")


READER = NetworkReader((".step", ".stp"), read_step, is_drawing=True)
