"""Films of a training: widths, loss and outputs, epoch by epoch, as animated pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.report.palette import BLUE, GREY
from mnnfab.reproduce.pictures import draw_widths, over_epochs
from mnnfab.reproduce.setting import Run
from mnnfab.tasks import Task

DrawOutputs = Callable[[Axes, Task, FloatArray], None]
"""Draws what the outputs do, from the task and the flexibility, (n_out, n_in) mm/N."""

FRAMES_PER_SECOND, DOTS_PER_INCH = 6, 80
#: The last picture of a scene stands for so many.
PAUSE = 6


@dataclass(frozen=True, eq=False)
class Scene:
    """One training in a film.

    Args:
        run: the training.
        title: above it.
        draw_outputs: draws the lower right panel.
        frames: pictures of it.
    """

    run: Run
    title: str
    draw_outputs: DrawOutputs
    frames: int = 24


def write_film(path: Path, scenes: Sequence[Scene]) -> None:
    """Write the scenes, one after the other, as an animated GIF."""
    figure = Figure(figsize=(9, 5))
    writer = PillowWriter(fps=FRAMES_PER_SECOND)
    with writer.saving(figure, path, DOTS_PER_INCH):
        for scene in scenes:
            for epoch in epochs_shown(len(scene.run.losses) - 1, scene.frames):
                _draw(figure, scene, int(epoch))
                writer.grab_frame()
            for _ in range(PAUSE):
                writer.grab_frame()


def epochs_shown(n_epochs: int, frames: int) -> IntArray:
    """Return the epochs of a scene, (frames,) or fewer: early ones closer, as most happens there.

    >>> epochs_shown(100, 8)
    array([  0,   1,   3,   6,  13,  26,  51, 100])
    """
    spaced = np.geomspace(1, n_epochs + 1, frames) - 1
    return np.unique(np.round(spaced).astype(np.int64))


def _draw(figure: Figure, scene: Scene, epoch: int) -> None:
    run = scene.run
    figure.clear()
    figure.suptitle(f"{scene.title}, epoch {epoch}")
    grid = figure.add_gridspec(
        2, 2, width_ratios=(1.2, 1), left=0.02, right=0.97, bottom=0.11, top=0.9, hspace=0.5
    )
    lattice = figure.add_subplot(grid[:, 0])
    draw_widths(lattice, run, epoch)
    loss = figure.add_subplot(grid[0, 1])
    loss.semilogy(run.losses, color=GREY)
    loss.semilogy(run.losses[: epoch + 1], color=BLUE)
    loss.plot(epoch, run.losses[epoch], "o", color=BLUE)
    over_epochs(loss, len(run.losses) - 1)
    loss.set_ylabel(run.loss_label)
    scene.draw_outputs(figure.add_subplot(grid[1, 1]), run.task, run.flexibility(epoch))
