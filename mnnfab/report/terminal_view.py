"""A network drawn with characters, for a terminal."""

from __future__ import annotations

import numpy as np
import plotille

from mnnfab.network.network import Network

#: A character is about twice as high as wide.
ASPECT = 0.5
#: Largest number of lines of a drawing, and the margin around it, as a share of its size.
MAX_LINES, MARGIN = 40, 0.06


def terminal_drawing(network: Network, columns: int) -> str:
    """Return a network with the numbers of its nodes as lines of text.

    Fixed nodes have brackets, those on supports of single directions parentheses.

    Args:
        network: the network.
        columns: width of the terminal.
    """
    low, size = network.nodes.min(axis=0), np.ptp(network.nodes, axis=0)
    margin = MARGIN * float(size.max())
    low, size = low - margin, size + 2 * margin
    width = min(columns, int(MAX_LINES / ASPECT * size[0] / size[1]))
    width = max(width, min(columns, 20))
    height = max(int(ASPECT * width * size[1] / size[0]), 4)
    high = low + size
    canvas = plotille.Canvas(width, height, xmin=low[0], ymin=low[1], xmax=high[0], ymax=high[1])
    for start, end in network.nodes[network.bonds].tolist():
        canvas.line(*start, *end)
    fixed = set(network.fixed.tolist())
    supported = {support.port.node for support in network.supports}
    for node, (x, y) in enumerate(network.nodes.tolist()):
        number = f"({node})" if node in supported else str(node)
        text = f"[{node}]" if node in fixed else number
        shift = len(text) / 2 * float(size[0]) / width
        canvas.text(max(x - shift, float(low[0])), y, text)
    drawn: str = canvas.plot()
    return "\n".join(line.rstrip("\u2800 ") for line in drawn.splitlines()).strip("\n")
