"""Films of a training: widths, loss and outputs by epoch as an animated GIF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from PIL.Image import Dither

from mnnfab.arrays import IntArray
from mnnfab.model.model import PortModel
from mnnfab.report.palette import BLUE, GREEN, GREY, ORANGE, RED
from mnnfab.reproduce.pictures import draw_widths, over_epochs
from mnnfab.reproduce.setting import Run
from mnnfab.task.task import Task

DrawOutputs = Callable[[Axes, Task, PortModel], None]
"""Function that draws the outputs from the task and the model of an epoch."""

FRAMES_PER_SECOND, DOTS_PER_INCH = 6, 80
#: Number of times that the last frame of a scene is repeated.
LAST_FRAME_REPEATS = 6


@dataclass(frozen=True, eq=False)
class Scene:
    """One training in a film.

    Args:
        run: the training.
        title: title above the frames.
        draw_outputs: function that draws the lower right panel.
        frames: largest number of frames.
    """

    run: Run
    title: str
    draw_outputs: DrawOutputs
    frames: int = 24


def write_film(path: Path, scenes: Sequence[Scene]) -> None:
    """Write the scenes, one after the other, as an animated GIF."""
    figure = Figure(figsize=(9, 5), dpi=DOTS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    frames = []
    for scene in scenes:
        for epoch in epochs_shown(len(scene.run.losses) - 1, scene.frames):
            _draw(figure, scene, int(epoch))
            canvas.draw()  # type: ignore[no-untyped-call]
            pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
            frames.append(Image.fromarray(pixels).convert("RGB"))
        frames += [frames[-1]] * LAST_FRAME_REPEATS
    palette = _palette()
    first, *other_frames = [frame.quantize(palette=palette, dither=Dither.NONE) for frame in frames]
    first.save(
        path,
        save_all=True,
        append_images=other_frames,
        duration=1000 // FRAMES_PER_SECOND,
        loop=0,
        optimize=False,
    )


def epochs_shown(n_epochs: int, frames: int) -> IntArray:
    """Return the epochs of a scene, at most (frames,), denser at the start of training.

    >>> epochs_shown(100, 8)
    array([  0,   1,   3,   6,  13,  26,  51, 100])
    """
    epochs = np.geomspace(1, n_epochs + 1, frames) - 1
    return np.unique(np.round(epochs).astype(np.int64))


def _palette() -> Image.Image:
    """Return a palette of the figure colours and their shades towards white, 256 colours.

    All frames share one palette; with a palette per frame, small markers would change colour.
    """
    base_colours = [to_rgb(colour) for colour in (BLUE, ORANGE, GREEN, RED, "black")]
    # Shades close to white are left out: Pillow would merge them with white.
    shades = [np.linspace(colour, (1, 1, 1), 12)[:-1] for colour in base_colours]
    widths = colormaps["cividis"](np.linspace(0, 1, 199))[:, :3]
    colours = np.vstack([[(1, 1, 1)], to_rgb(GREY), *shades, widths])
    image = Image.new("P", (1, 1))
    image.putpalette(np.round(255 * colours).astype(np.uint8).ravel().tolist())
    return image


def _draw(figure: Figure, scene: Scene, epoch: int) -> None:
    run = scene.run
    figure.clear()
    figure.suptitle(f"{scene.title}, epoch {epoch}")
    grid = figure.add_gridspec(
        2, 2, width_ratios=(1.2, 1), left=0.02, right=0.97, bottom=0.11, top=0.86, hspace=0.55
    )
    lattice = figure.add_subplot(grid[:, 0])
    draw_widths(lattice, run, epoch)
    loss = figure.add_subplot(grid[0, 1])
    loss.plot(run.losses, color=GREY)
    loss.plot(run.losses[: epoch + 1], color=BLUE)
    if run.losses.max() > 10 * run.losses.min():
        loss.set_yscale("log")
    loss.plot(epoch, run.losses[epoch], "o", color=BLUE)
    over_epochs(loss, len(run.losses) - 1)
    loss.set_ylabel(run.loss_label)
    scene.draw_outputs(figure.add_subplot(grid[1, 1]), run.task, run.response(epoch))
