"""Line drawings of a network coloured by one value per bond: elongation, gradient, width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.patheffects import withStroke

from mnnfab.report.palette import BLUE, GREEN, RED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.arrays import FloatArray
    from mnnfab.network.network import Network
    from mnnfab.task.task import Task

#: Maximum number of nodes that are numbered; with more the labels overlap.
NUMBERED_NODES = 60


def draw_bonds(
    axes: Axes,
    network: Network,
    values: FloatArray,
    label: str,
    limits: tuple[float, float] | None = None,
    lines: FloatArray | float = 4.0,
) -> None:
    """Draw every bond as a line coloured by its value.

    Args:
        axes: axes to draw into.
        network: nodes and bonds.
        values: one value per bond, (n_bonds,).
        label: label of the colour bar, with the unit.
        limits: limits of the colour scale; symmetric about zero if not given.
        lines: line width, (n_bonds,) or one value for all bonds, points.
    """
    size = float(np.abs(values).max()) or 1.0
    low, high = limits or (-size, size)
    collection = LineCollection(
        list(network.nodes[network.bonds]),
        array=values,
        cmap="cividis" if limits else "coolwarm",
        norm=Normalize(low, high),
        linewidths=lines,
        capstyle="round",
    )
    axes.add_collection(collection)
    axes.margins(0.08)
    axes.set_aspect("equal")
    axes.set_axis_off()
    colour_bar = axes.figure.colorbar(collection, ax=axes, shrink=0.8, orientation="horizontal")
    colour_bar.set_label(label)


def draw_ports(axes: Axes, network: Network, task: Task | None) -> None:
    """Number the nodes, and mark fixed nodes, inputs and outputs with a legend."""
    if network.n_nodes <= NUMBERED_NODES:
        for number, (x, y) in enumerate(network.nodes):
            text = axes.annotate(
                str(number), (x, y), xytext=(5, 8), textcoords="offset points", fontsize=8, zorder=4
            )
            text.set_path_effects([withStroke(linewidth=2, foreground="white")])
    marks = [("fixed", network.fixed.tolist(), "^", BLUE)]
    if task is not None:
        marks.append(("input", [port.node for port in task.inputs], "o", RED))
        marks.append(("output", [port.node for port in task.outputs], "*", GREEN))
    for label, nodes, marker, colour in marks:
        x, y = network.nodes[nodes].T
        size = 170 if marker == "*" else 80
        axes.scatter(
            x, y, marker=marker, s=size, color=colour, edgecolors="white", label=label, zorder=3
        )
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, handletextpad=0.1
    )
