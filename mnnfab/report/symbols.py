"""The symbols of supports, loads and outputs, the same in all figures of networks.

A fixed node is a triangle, a roller a diamond and a spring a square with the line along which they
slide; an input is a circle with the arrow of its largest load, an output a star with the arrow of
its positive direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from mnnfab.network.ports import nodes_of
from mnnfab.report.labels import (
    Label,
    boxes_of_circles,
    boxes_of_lines,
    fix_layout,
    place_labels,
)
from mnnfab.report.node_numbers import NUMBER_POINTS, NUMBERED_NODES, number_places
from mnnfab.report.palette import BLUE, GREEN, RED
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.arrays import FloatArray
    from mnnfab.network.network import Network
    from mnnfab.network.ports import AnyPort, Port
    from mnnfab.network.supports import Support
    from mnnfab.task.task import Task

#: Areas of symbols, square points: of a node, an output, and an input at the node of an output.
MARK, STAR, RING = 80, 170, 320
#: Sizes of markers in the legend that are not 8, points.
LEGEND = {"*": 12, "D": 7}
#: Length of the arrow of a load, as a share of the mean bond; that of an output is half of it.
ARROW = 0.6
#: Symbols of supports, as shares of the mean bond: distance of the ground line of a roller and of a
#: spring from the node, half the length of that line, and half the width of the spring.
ROLLER, SPRING, GROUND, COIL = 0.12, 0.4, 0.15, 0.06


@dataclass(frozen=True, eq=False)
class ShownPorts:
    """Ports as they are drawn.

    Args:
        inputs: ports of the loads.
        outputs: ports that are read.
        loads_gf: largest load at each input with its sign, (n_in,) gf; empty if they are unknown.
        output_names: names of the outputs, such as classes; empty to use those of the ports.
    """

    inputs: tuple[AnyPort, ...] = ()
    outputs: tuple[AnyPort, ...] = ()
    loads_gf: tuple[float, ...] = ()
    output_names: tuple[str, ...] = ()

    def arrows(self, network: Network) -> Iterator[Arrow]:
        """Yield the arrows of loads and outputs."""
        length = ARROW * float(network.lengths.mean())
        loads = self.loads_gf or (1.0,) * len(self.inputs)
        for port, load in zip(self.inputs, loads, strict=True):
            sizes = [f"{abs(factor * load):.4g} gf" for factor, _ in port.terms]
            for (factor, term), size in zip(port.terms, sizes, strict=True):
                sense = float(np.sign(factor * load)) or 1.0
                parts = (port.name, size if self.loads_gf else "")
                yield _arrow(network, term, sense * length, ": ".join(filter(None, parts)), RED)
        names = self.output_names or tuple(port.name or "" for port in self.outputs)
        for port, name in zip(self.outputs, names, strict=True):
            for factor, term in port.terms:
                yield _arrow(network, term, float(np.sign(factor)) * length / 2, name, GREEN)


@dataclass(frozen=True, eq=False)
class Arrow:
    """An arrow from a node, with its label.

    Args:
        node: the node.
        start: position of the node, (2,) mm.
        vector: vector of the arrow, (2,) mm.
        text: label; empty for none.
        colour: colour of arrow and label.
    """

    node: int
    start: FloatArray
    vector: FloatArray
    text: str
    colour: str


def shown_ports(task: Task | None) -> ShownPorts:
    """Return the ports of a task, with the largest load at each input over all samples."""
    if task is None:
        return ShownPorts()
    names = task.class_names if len(task.class_names) == len(task.outputs) else ()
    return ShownPorts(task.inputs, task.outputs, largest_loads_gf(task), names)


def largest_loads_gf(task: Task) -> tuple[float, ...]:
    """Return the largest load at each input over all samples with its sign, (n_in,) gf."""
    loads = task.loads_N / NEWTON_PER_GF
    largest = loads[np.abs(loads).argmax(axis=0), np.arange(loads.shape[1])]
    return tuple(largest.tolist())


def draw_symbols(
    axes: Axes,
    network: Network,
    ports: ShownPorts,
    *,
    numbers: bool = True,
    legend: bool = True,
    labels: Sequence[Label] = (),
    circled: FloatArray | None = None,
) -> int:
    """Draw the symbols of a network, and the numbers of its nodes.

    The limits of the axes must not change afterwards, because labels are placed by their sizes.

    Args:
        axes: axes to draw into.
        network: nodes and supports.
        ports: inputs and outputs.
        numbers: whether to number the nodes and to label the arrows.
        legend: whether to draw a legend above the axes.
        labels: further labels, after those of the symbols.
        circled: places of further marks, (n, 2) mm, which no label covers.

    Returns:
        The number of labels for which there was no space.
    """
    arrows = list(ports.arrows(network))
    draw_supports(axes, network)
    for arrow in arrows:
        _draw_arrow(axes, arrow)
    sizes = _draw_ports(axes, network, ports)
    if legend:
        _draw_legend(axes, network, ports)
    if not numbers:
        return 0
    fix_layout(axes)
    obstacles = [
        boxes_of_circles(axes, network.nodes, np.sqrt(sizes)),
        *(boxes_of_lines(axes, one.start, one.start + one.vector, 4.0) for one in arrows),
    ]
    if circled is not None:
        obstacles.append(boxes_of_circles(axes, circled, np.sqrt(MARK)))
    obstacles.append(_number_nodes(axes, network, arrows))
    own = [Label(one.text, _tip(one), _direction(one), one.colour) for one in arrows if one.text]
    ends = network.nodes[network.bonds]
    bonds = boxes_of_lines(axes, ends[:, 0], ends[:, 1], 6.0)
    return place_labels(axes, [*own, *labels], np.vstack(obstacles), bonds)


def support_kinds(network: Network) -> list[tuple[str, str, list[Support]]]:
    """Return label, marker and supports of each kind of support that a network has."""
    kinds = [
        (label, marker, [one for one in network.supports if one.is_rigid == rigid])
        for label, marker, rigid in (("roller", "D", True), ("spring", "s", False))
    ]
    return [kind for kind in kinds if kind[2]]


def draw_supports(axes: Axes, network: Network) -> None:
    """Draw fixed nodes, rollers and springs."""
    _marks(axes, network, network.fixed.tolist(), "^", BLUE)
    for _, marker, supports in support_kinds(network):
        _marks(axes, network, [one.port.node for one in supports], marker, BLUE)
        for one in supports:
            _draw_ground(axes, network, one.port, ROLLER if one.is_rigid else SPRING)
            if not one.is_rigid:
                _draw_coil(axes, network, one.port)


def _arrow(network: Network, port: Port, length: float, text: str, colour: str) -> Arrow:
    vector = length * np.array(port.vector)
    return Arrow(port.node, network.nodes[port.node], vector, text, colour)


def _tip(arrow: Arrow) -> tuple[float, float]:
    x, y = (arrow.start + arrow.vector).tolist()
    return x, y


def _direction(arrow: Arrow) -> tuple[float, float]:
    x, y = arrow.vector.tolist()
    return x, y


def _draw_arrow(axes: Axes, arrow: Arrow) -> None:
    style = {"arrowstyle": "-|>", "color": arrow.colour, "lw": 2.0, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", _tip(arrow), tuple(arrow.start), arrowprops=style, zorder=4)


def _draw_ports(axes: Axes, network: Network, ports: ShownPorts) -> FloatArray:
    """Draw circles and stars; return the area of the symbol at each node, square points."""
    inputs, outputs = (sorted(nodes_of(own)) for own in (ports.inputs, ports.outputs))
    shared = set(inputs) & set(outputs)  # the circle is drawn around the star
    sizes = np.full(network.n_nodes, 4.0)
    sizes[network.fixed] = MARK
    sizes[[one.port.node for one in network.supports]] = MARK
    sizes[outputs] = STAR
    sizes[inputs] = [RING if node in shared else MARK for node in inputs]
    _marks(axes, network, inputs, "o", RED, sizes[inputs])
    _marks(axes, network, outputs, "*", GREEN, STAR)
    return sizes


def _marks(
    axes: Axes,
    network: Network,
    nodes: Sequence[int],
    marker: str,
    colour: str,
    sizes: FloatArray | float = MARK,
) -> None:
    if nodes:
        x, y = network.nodes[list(nodes)].T
        axes.scatter(x, y, marker=marker, s=sizes, color=colour, edgecolors="white", zorder=5)


def _draw_legend(axes: Axes, network: Network, ports: ShownPorts) -> None:
    entries = [("^", BLUE, "fixed")] if len(network.fixed) else []
    entries += [(marker, BLUE, label) for label, marker, _ in support_kinds(network)]
    entries += [("o", RED, "input, largest load")] if ports.inputs else []
    entries += [("*", GREEN, "output, positive direction")] if ports.outputs else []
    if not entries:
        return
    handles = [
        Line2D(
            [], [], marker=marker, color=colour, ls="", ms=11 if marker == "*" else 8, mec="white"
        )
        for marker, colour, _ in entries
    ]
    axes.legend(
        handles,
        [name for *_, name in entries],
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=len(entries),
        frameon=False,
        handletextpad=0.1,
        fontsize=9,
    )


def _number_nodes(axes: Axes, network: Network, arrows: Sequence[Arrow]) -> FloatArray:
    """Number the nodes; return the boxes of the numbers, (n, 4) pixels."""
    if network.n_nodes > NUMBERED_NODES:
        return np.empty((0, 4))
    boxes = []
    for number, (place, direction) in enumerate(
        number_places(network, [(one.node, one.vector) for one in arrows])
    ):
        text = axes.annotate(
            str(number),
            tuple(place.tolist()),
            xytext=tuple((NUMBER_POINTS * direction).tolist()),
            textcoords="offset points",
            fontsize=7.5,
            ha="center",
            va="center",
            zorder=6,
        )
        text.set_path_effects([withStroke(linewidth=2, foreground="white")])
        boxes.append(text.get_window_extent().extents)
    return np.array(boxes)


def _frame(network: Network, port: Port) -> tuple[FloatArray, FloatArray]:
    """Return vectors of a mean bond along a held direction, away from the network, and across."""
    along = float(network.lengths.mean()) * np.array(port.vector)
    outwards = network.nodes[port.node] - network.nodes.mean(axis=0)
    along = along if along @ outwards >= 0 else -along
    return along, np.array([-along[1], along[0]])


def _draw_ground(axes: Axes, network: Network, port: Port, distance: float) -> None:
    """Draw the ground line of a support, along which the node can move."""
    along, across = _frame(network, port)
    ends = network.nodes[port.node] + distance * along + np.outer([-GROUND, GROUND], across)
    axes.plot(*ends.T, color=BLUE, lw=2.5, zorder=3)


def _draw_coil(axes: Axes, network: Network, port: Port) -> None:
    """Draw the spring from a node to its ground line."""
    along, across = _frame(network, port)
    places, sides = np.linspace(0.0, SPRING, 9), COIL * np.array([0, 0, 1, -1, 1, -1, 1, 0, 0])
    line = network.nodes[port.node] + np.outer(places, along) + np.outer(sides, across)
    axes.plot(*line.T, color=BLUE, lw=1.5, zorder=3)
