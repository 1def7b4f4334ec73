"""Line drawings of a network coloured by one value per bond: elongation, gradient, width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.arrays import FloatArray
    from mnnfab.network.network import Network


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
    axes.margins(0.16)
    axes.set_aspect("equal")
    axes.set_axis_off()
    colour_bar = axes.figure.colorbar(collection, ax=axes, shrink=0.8, orientation="horizontal")
    colour_bar.set_label(label)
