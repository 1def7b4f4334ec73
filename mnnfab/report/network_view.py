"""A network with the numbers of its nodes and bonds, its supports, ports and loads, as a figure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, Port
from mnnfab.report.palette import GREY
from mnnfab.report.symbols import ShownPorts, draw_symbols

#: Largest number of bonds that are numbered; with more the labels overlap.
NUMBERED_BONDS = 120
#: Longer side of the figure, height of axis and legend, and margins, inches.
SIZE, TEXT_HEIGHT, MARGINS = 8.0, 1.0, (0.8, 0.2)


@dataclass(frozen=True, eq=False)
class NetworkView:
    """A network as it is shown.

    Args:
        name: name of the design or the file.
        network: the network.
        ports: inputs with their largest loads, and outputs.
        lines: further lines of text: limits, load cases, and what is wrong.
    """

    name: str
    network: Network
    ports: ShownPorts = field(default_factory=ShownPorts)
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
        for kind, ports in (("input", self.ports.inputs), ("output", self.ports.outputs)):
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
    margin = 0.9 * float(network.lengths.mean())
    low, high = network.nodes.min(axis=0) - margin, network.nodes.max(axis=0) + margin
    scale = SIZE / float((high - low).max())
    width = max(scale * float(high[0] - low[0]), 3.0) + sum(MARGINS)
    height = max(scale * float(high[1] - low[1]), 2.0) + TEXT_HEIGHT
    figure = Figure(figsize=(width, height))
    bottom, top = 0.5 * TEXT_HEIGHT / height, 1 - 0.5 * TEXT_HEIGHT / height
    left, right = MARGINS[0] / width, 1 - MARGINS[1] / width
    figure.subplots_adjust(left=left, right=right, bottom=bottom, top=top)
    axes = figure.subplots()
    _draw_bonds(axes, network)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axes.set(xlabel="x, mm", ylabel="y, mm")
    draw_symbols(axes, network, _named(view.ports))
    return figure


def _named(ports: ShownPorts) -> ShownPorts:
    """Return ports whose outputs all have names."""
    names = tuple(port.name or f"out {number}" for number, port in enumerate(ports.outputs))
    return replace(ports, output_names=ports.output_names or names)


def _draw_bonds(axes: Axes, network: Network) -> None:
    lines = list(network.nodes[network.bonds])
    axes.add_collection(LineCollection(lines, colors=GREY, linewidths=3, capstyle="round"))
    if network.n_bonds > NUMBERED_BONDS:
        return
    for number, (x, y) in enumerate(network.nodes[network.bonds].mean(axis=1).tolist()):
        text = axes.text(x, y, str(number), ha="center", va="center", fontsize=6.5, zorder=3)
        text.set_color("#555555")
        text.set_path_effects([withStroke(linewidth=2, foreground="white")])
