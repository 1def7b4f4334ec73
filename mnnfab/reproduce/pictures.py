"""What the pictures of several experiments share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnnfab.report.sketch import draw_bonds, draw_ports
from mnnfab.reproduce import paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.reproduce.setting import Run


def draw_widths(axes: Axes, run: Run, epoch: int = -1) -> None:
    """Draw the network after an epoch, each bond as thick as it is wide, with its ports."""
    network, widths = run.trainable.model.network, run.widths_by_epoch_mm[epoch]
    draw_bonds(axes, network, widths, "width, mm", paper.WIDTHS_MM, lines=3 * widths)
    draw_ports(axes, network, run.task)


def over_epochs(axes: Axes, n_epochs: int) -> None:
    """Let the epochs run to the right, the first ten evenly and the rest by powers of ten."""
    axes.set_xscale("symlog", linthresh=10)
    axes.set_xlim(0, n_epochs)
    axes.set_xlabel("epoch (evenly up to 10, then by powers of ten)")
