"""Sketches of a network as lines, for numbers a bond: elongations, gradients, widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

from mnnfab.report.palette import BLUE, GREEN, RED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.arrays import FloatArray
    from mnnfab.network import Network
    from mnnfab.tasks import Task


def draw_bonds(
    axes: Axes,
    network: Network,
    values: FloatArray,
    label: str,
    limits: tuple[float, float] | None = None,
    lines: FloatArray | float = 4.0,
) -> None:
    """Draw every bond as a line coloured by its number.

    Args:
        axes: to draw on.
        network: nodes and bonds.
        values: (n_bonds,).
        label: what they are, with the unit.
        limits: of the colours; without them zero is in the middle.
        lines: how thick they are, (n_bonds,) or all alike, points.
    """
    size = float(np.abs(values).max()) or 1.0
    low, high = limits or (-size, size)
    drawn = LineCollection(
        list(network.nodes[network.bonds]),
        array=values,
        cmap="cividis" if limits else "coolwarm",
        norm=Normalize(low, high),
        linewidths=lines,
        capstyle="round",
    )
    axes.add_collection(drawn)
    held = network.nodes[network.fixed]
    axes.plot(held[:, 0], held[:, 1], "^", color=BLUE, ms=9)
    axes.margins(0.08)
    axes.set_aspect("equal")
    axes.set_axis_off()
    colours = axes.figure.colorbar(drawn, ax=axes, shrink=0.8, orientation="horizontal")
    colours.set_label(label)


def draw_ports(axes: Axes, network: Network, task: Task) -> None:
    """Mark the nodes where loads hang with dots, and those that are read with stars."""
    for ports, marker, colour in ((task.inputs, "o", RED), (task.outputs, "*", GREEN)):
        x, y = network.nodes[[port.node for port in ports]].T
        size = 130 if marker == "*" else 55
        axes.scatter(x, y, marker=marker, s=size, color=colour, edgecolors="white", zorder=3)
