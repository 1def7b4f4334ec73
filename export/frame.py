"""Drill drawing of the mounting frame of a part, as DXF for machines and SVG for paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from export.formats import dxf, svg
from geometry.drawing import frame_drawing
from geometry.part import Label
from geometry.tiling import Tiling
from mnnfab.network.network import Network


def write_frame(tiling: Tiling, network: Network, label: Label, folder: Path) -> None:
    """Write <name>-frame.dxf and <name>-frame.svg; the part must have pads."""
    frame_label = replace(
        label, name=f"{label.name}-frame", description="drill drawing of the frame"
    )
    drawing = frame_drawing(tiling, network)
    for kind in (dxf, svg):
        path = folder / f"{frame_label.name}{kind.FORMAT.suffix}"
        kind.write_drawing(drawing, frame_label, path)
        kind.FORMAT.read_back(path)
