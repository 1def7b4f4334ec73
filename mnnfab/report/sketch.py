"""Line drawings of a network coloured by one value per bond: elongation, gradient, width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.patheffects import withStroke

from mnnfab.network.ports import nodes_of
from mnnfab.report.palette import BLUE, GREEN, RED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.text import Annotation, Text

    from mnnfab.arrays import FloatArray
    from mnnfab.network.network import Network
    from mnnfab.network.supports import Support
    from mnnfab.task.task import Task

#: Maximum number of nodes that are numbered; with more the labels overlap.
NUMBERED_NODES = 60
#: Distance of a number from its node: in points, to clear the markers; and as a fraction of the
#: shortest bond at the node, to clear the sides of the bonds: for a right angle or more to the
#: nearest bond, and at most. In between it grows with the inverse square of the sine.
NUMBER_POINTS, NUMBER_SHARE, MAX_SHARE = 10.0, 0.06, 0.4
#: Areas of marks, square points: of a node, an output, and an input at the node of an output.
MARK, STAR, RING = 80, 170, 320


def support_kinds(network: Network) -> list[tuple[str, str, list[Support]]]:
    """Return label, marker and supports of each kind of support that a network has."""
    kinds = [
        (label, marker, [one for one in network.supports if one.is_rigid == rigid])
        for label, marker, rigid in (("roller", "D", True), ("spring", "s", False))
    ]
    return [kind for kind in kinds if kind[2]]


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
        for number, ((x, y), (right, up)) in enumerate(number_places(network)):
            text = axes.annotate(
                str(number),
                (x, y),
                xytext=(NUMBER_POINTS * right, NUMBER_POINTS * up),
                textcoords="offset points",
                fontsize=8,
                ha="center",
                va="center",
                zorder=4,
            )
            text.set_path_effects([withStroke(linewidth=2, foreground="white")])
    marks = [("fixed", network.fixed.tolist(), "^", BLUE)]
    for label, marker, supports in support_kinds(network):
        marks.append((label, [one.port.node for one in supports], marker, BLUE))
    shared = set[int]()
    if task is not None:
        shared = set(nodes_of(task.inputs)) & set(nodes_of(task.outputs))
        marks.append(("input", nodes_of(task.inputs), "o", RED))
        marks.append(("output", nodes_of(task.outputs), "*", GREEN))
    for label, nodes, marker, colour in marks:
        x, y = network.nodes[nodes].T
        size = STAR if marker == "*" else MARK
        ringed = label == "input"  # shown around the star of an output at the same node
        sizes = [RING if ringed and node in shared else size for node in nodes]
        axes.scatter(
            x, y, marker=marker, s=sizes, color=colour, edgecolors="white", label=label, zorder=3
        )
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=len(marks),
        frameon=False,
        handletextpad=0.1,
    )


def number_places(network: Network) -> list[tuple[FloatArray, FloatArray]]:
    """Return the place of the number of each node, mm, and the direction from the node, (2,).

    The number is between the two neighbouring bonds with the widest angle between them, as near
    to the upward direction as possible.
    """
    vectors = network.nodes[network.bonds[:, 1]] - network.nodes[network.bonds[:, 0]]
    places = []
    for node, position in enumerate(network.nodes):
        own = np.concatenate(
            [vectors[network.bonds[:, 0] == node], -vectors[network.bonds[:, 1] == node]]
        )
        direction, half_angle = _widest_gap(np.arctan2(own[:, 1], own[:, 0]))
        share = min(NUMBER_SHARE / np.sin(half_angle) ** 2, MAX_SHARE)
        distance = share * np.hypot(*own.T).min()
        places.append((position + distance * direction, direction))
    return places


def _widest_gap(angles: FloatArray) -> tuple[FloatArray, float]:
    """Return a direction between bonds, (2,), and its angle to the nearest bond, at most π/2."""
    starts = np.sort(angles)
    gaps = np.diff(starts, append=starts[0] + 2 * np.pi)
    half_angles = np.minimum(gaps / 2, np.pi / 2)
    # Angles from the upward direction, -π to π. Wide gaps leave a choice from first to last.
    first = _wrapped(starts + half_angles - np.pi / 2)
    last = first + gaps - 2 * half_angles
    nearest = np.where(np.abs(first) <= np.abs(_wrapped(last)), first, _wrapped(last))
    chosen = np.where((first <= 0) & (last >= 0), 0.0, nearest)
    best = min(range(len(gaps)), key=lambda gap: (-half_angles[gap].round(6), abs(chosen[gap])))
    angle = chosen[best] + np.pi / 2
    return np.array([np.cos(angle), np.sin(angle)]), float(half_angles[best])


def _wrapped(angles: FloatArray) -> FloatArray:
    """Return angles from -π to π."""
    return np.asarray((angles + np.pi) % (2 * np.pi) - np.pi)


def move_beside(text: Annotation, others: Sequence[Text]) -> None:
    """Place a text at the first corner of its position where it covers no other text.

    The layout of the figure must be fixed.
    """
    boxes = [other.get_window_extent() for other in others]
    for x, y in ((8, 8), (8, -8), (-8, 8), (-8, -8), (8, 8)):  # at last as at first
        text.set(position=(x, y), ha="left" if x > 0 else "right", va="bottom" if y > 0 else "top")
        if not text.get_window_extent().count_overlaps(boxes):
            return
