"""Common drawing functions of the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnnfab.report.sketch import draw_bonds
from mnnfab.report.symbols import draw_symbols, shown_ports
from mnnfab.reproduce import paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.reproduce.setting import Run


def draw_widths(axes: Axes, run: Run, epoch: int = -1) -> None:
    """Draw the network with its ports after an epoch, with line widths by bond width."""
    network, widths = run.trainable.model.network, run.widths_by_epoch_mm[epoch]
    draw_bonds(axes, network, widths, "width, mm", paper.WIDTHS_MM, lines=3 * widths)
    draw_symbols(axes, network, shown_ports(run.task))


def over_epochs(axes: Axes, n_epochs: int) -> None:
    """Set the epoch axis: linear up to 10, then logarithmic."""
    axes.set_xscale("symlog", linthresh=10)
    axes.set_xlim(0, n_epochs)
    axes.set_xlabel("epoch (linear up to 10, then logarithmic)")
