"""A network with the numbers of its nodes and bonds, its supports, ports and loads, as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from mnnfab.arrays import FloatArray
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, Port
from mnnfab.report.palette import BLUE, GREEN, GREY, RED
from mnnfab.report.sketch import NUMBER_POINTS, NUMBERED_NODES, number_places, support_kinds

#: Largest number of bonds that are numbered; with more the labels overlap.
NUMBERED_BONDS = 120
#: Longer side of the figure, inches, and length of an arrow, as a share of the mean bond.
SIZE, ARROW = 8.0, 0.75
#: Height of title, axis and legend, inches.
TEXT_HEIGHT = 1.0
#: Symbols of supports, as shares of the mean bond: distance of the ground line of a roller and of a
#: spring from the node, half the length of that line, and half the width of the spring.
ROLLER, SPRING, GROUND, COIL = 0.12, 0.4, 0.15, 0.06
#: A text is centred on an axis along which it is shifted by less than this share.
ALIGNED = 0.5


@dataclass(frozen=True, eq=False)
class NetworkView:
    """A network as it is shown.

    Args:
        name: name of the design or the file.
        network: the network.
        inputs: ports of the loads.
        outputs: ports that are read.
        loads_gf: largest load at each input with its sign, (n_in,) gf; empty if they are unknown.
        lines: further lines of text: limits, load cases, and what is wrong.
    """

    name: str
    network: Network
    inputs: tuple[AnyPort, ...] = ()
    outputs: tuple[AnyPort, ...] = ()
    loads_gf: tuple[float, ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The view as text."""
        network = self.network
        fixed = ", ".join(map(str, network.fixed.tolist())) or "none"
        lines = [
            f"{self.name}: {network.n_nodes} nodes, {network.n_bonds} bonds, {_size(network)}",
            f"fixed nodes: {fixed}",
        ]
        if network.supports:
            lines.append(f"supports: {', '.join(map(str, network.supports))}")
        for kind, ports in (("input", self.inputs), ("output", self.outputs)):
            lines += [f"{kind} {number}: {_described(port)}" for number, port in enumerate(ports)]
        return "\n".join([*lines, *self.lines])


def _size(network: Network) -> str:
    width, height = np.ptp(network.nodes, axis=0)
    shortest, longest = network.lengths.min(), network.lengths.max()
    bonds = f"{shortest:.4g}" if longest - shortest < 1e-6 else f"{shortest:.4g} to {longest:.4g}"
    return f"{width:.4g} × {height:.4g} mm, bonds of {bonds} mm"


def _described(port: AnyPort) -> str:
    """Return a port with its nodes, also if it has a name."""
    if isinstance(port, Port):
        own = str(Port(port.node, port.axis))
    else:
        own = " ".join(f"{factor:+.4g} {Port(term.node, term.axis)}" for factor, term in port.terms)
    return f"{port.name} ({own})" if port.name else own


def draw_view(view: NetworkView) -> Figure:
    """Return the figure of a view."""
    network = view.network
    width, height = np.ptp(network.nodes, axis=0) + network.lengths.mean() * 2
    scale = SIZE / max(width, height)
    size = scale * width, max(scale * height, 3.0) + TEXT_HEIGHT
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    _draw_bonds(axes, network)
    _draw_supports(axes, network)
    _draw_loads(axes, view)
    _draw_outputs(axes, view)
    _number_nodes(axes, network)
    axes.set_aspect("equal")
    axes.margins(0.12)
    axes.set_xlabel("x, mm")
    axes.set_ylabel("y, mm")
    axes.set_title(f"{view.name}: {network.n_nodes} nodes, {network.n_bonds} bonds", fontsize=11)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=5, frameon=False)
    return figure


def _draw_bonds(axes: Axes, network: Network) -> None:
    lines = list(network.nodes[network.bonds])
    axes.add_collection(LineCollection(lines, colors=GREY, linewidths=3, capstyle="round"))
    if network.n_bonds > NUMBERED_BONDS:
        return
    for number, (x, y) in enumerate(network.nodes[network.bonds].mean(axis=1).tolist()):
        _label(axes, str(number), (x, y), (0, 0), {"fontsize": 6.5, "color": "#555555"})


def _number_nodes(axes: Axes, network: Network) -> None:
    if network.n_nodes > NUMBERED_NODES:
        return
    for number, ((x, y), (right, up)) in enumerate(number_places(network)):
        shift = (NUMBER_POINTS * right, NUMBER_POINTS * up)
        _label(axes, str(number), (x, y), shift, {"fontsize": 9, "fontweight": "bold"})


def _label(
    axes: Axes,
    text: str,
    place: tuple[float, float],
    shift: tuple[float, float],
    style: dict[str, object],
) -> None:
    label = axes.annotate(
        text, place, xytext=shift, textcoords="offset points", ha="center", va="center", zorder=5
    )
    label.update(style)
    label.set_path_effects([withStroke(linewidth=2, foreground="white")])


def _draw_supports(axes: Axes, network: Network) -> None:
    _marks(axes, network, network.fixed.tolist(), "^", BLUE, "fixed")
    for label, marker, supports in support_kinds(network):
        _marks(axes, network, [one.port.node for one in supports], marker, BLUE, label)
        for one in supports:
            _ground(axes, network, one.port, ROLLER if one.is_rigid else SPRING)
            if not one.is_rigid:
                _coil(axes, network, one.port)


def _marks(
    axes: Axes, network: Network, nodes: Sequence[int], marker: str, colour: str, label: str
) -> None:
    if nodes:
        x, y = network.nodes[list(nodes)].T
        axes.scatter(
            x, y, marker=marker, s=70, color=colour, edgecolors="white", label=label, zorder=3
        )


def _frame(network: Network, port: Port) -> tuple[FloatArray, FloatArray]:
    """Return vectors of a mean bond along a held direction, away from the network, and across."""
    along = float(network.lengths.mean()) * np.array(port.vector)
    outwards = network.nodes[port.node] - network.nodes.mean(axis=0)
    along = along if along @ outwards >= 0 else -along
    return along, np.array([-along[1], along[0]])


def _ground(axes: Axes, network: Network, port: Port, distance: float) -> None:
    """Draw the ground line of a support, along which the node can move."""
    along, across = _frame(network, port)
    ends = network.nodes[port.node] + distance * along + np.outer([-GROUND, GROUND], across)
    axes.plot(*ends.T, color=BLUE, lw=2.5, zorder=3)


def _coil(axes: Axes, network: Network, port: Port) -> None:
    """Draw the spring from a node to its ground line."""
    along, across = _frame(network, port)
    places, sides = np.linspace(0.0, SPRING, 9), COIL * np.array([0, 0, 1, -1, 1, -1, 1, 0, 0])
    line = network.nodes[port.node] + np.outer(places, along) + np.outer(sides, across)
    axes.plot(*line.T, color=BLUE, lw=1.5, zorder=3)


def _draw_loads(axes: Axes, view: NetworkView) -> None:
    loads = view.loads_gf or (1.0,) * len(view.inputs)
    length = ARROW * float(view.network.lengths.mean())
    for number, (port, load) in enumerate(zip(view.inputs, loads, strict=True)):
        for factor, term in port.terms:
            sense = np.sign(factor * load) or 1.0
            at = view.network.nodes[term.node]
            tip = at + sense * length * np.array(term.vector)
            size = f": {abs(factor * load):.4g} gf" if view.loads_gf else ""
            _arrow(axes, (at, tip), RED)
            text = f"{port.name or f'in {number}'}{size}"
            _beside(axes, text, tip, sense * np.array(term.vector), RED)
    if view.inputs:
        axes.plot([], [], color=RED, marker=">", label="input, largest load")


def _draw_outputs(axes: Axes, view: NetworkView) -> None:
    length = ARROW / 2 * float(view.network.lengths.mean())
    for number, port in enumerate(view.outputs):
        for factor, term in port.terms:
            at = view.network.nodes[term.node]
            along = np.sign(factor) * np.array(term.vector)
            _arrow(axes, (at, at + length * along), GREEN)
            # Beside the arrow: beyond its tip may be the arrow of a load.
            across = np.array([-along[1], along[0]])
            _beside(axes, port.name or f"out {number}", at + length * along, across, GREEN)
    if view.outputs:
        axes.plot([], [], color=GREEN, marker=">", label="output, positive direction")


def _arrow(axes: Axes, ends: tuple[FloatArray, FloatArray], colour: str) -> None:
    start, tip = ends
    style = {"arrowstyle": "-|>", "color": colour, "lw": 2.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", tuple(tip), tuple(start), arrowprops=style, zorder=4)
    axes.plot(*tip, alpha=0)  # annotations do not extend the limits


def _beside(axes: Axes, text: str, place: FloatArray, direction: FloatArray, colour: str) -> None:
    """Write a text beside a place, aligned with its near side."""
    right, up = direction.tolist()
    label = axes.annotate(
        text,
        tuple(place),
        xytext=(5 * right, 5 * up),
        textcoords="offset points",
        ha="center" if abs(right) < ALIGNED else "left" if right > 0 else "right",
        va="center" if abs(up) < ALIGNED else "bottom" if up > 0 else "top",
        fontsize=7.5,
        color=colour,
        zorder=5,
    )
    label.set_path_effects([withStroke(linewidth=2, foreground="white")])
