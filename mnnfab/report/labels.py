"""Labels of figures that cover neither each other nor symbols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patheffects import withStroke

from mnnfab.io.printable import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

    from mnnfab.arrays import FloatArray

#: Distances of a label from its place that are tried, and those beyond which a line joins them,
#: points.
DISTANCES, JOINED = (5, 9, 14, 20, 28, 38, 50, 64, 80), 16
#: Number of directions that are tried at each distance.
DIRECTIONS = 16
#: Half of the smallest gap between a label and what it must not cover, points.
GAP = 0.8


@dataclass(frozen=True)
class Label:
    """A label of a place in a figure.

    Args:
        text: the label.
        at: its place, in the coordinates of the axes.
        direction: direction from the place in which the label should be, (2,).
        colour: colour of the text.
        size: font size, points.
    """

    text: str
    at: tuple[float, float]
    direction: tuple[float, float] = (1.0, 1.0)
    colour: str = "black"
    size: float = 8.0


def place_labels(
    axes: Axes, labels: Sequence[Label], obstacles: FloatArray, background: FloatArray | None = None
) -> int:
    """Write labels beside their places, the first ones nearest.

    A label for which there is no free space within the axes is left out. The layout must be
    fixed (`fix_layout`), and it and the limits must not change afterwards.

    Args:
        axes: axes to write into.
        labels: labels, in the order of their importance.
        obstacles: boxes x0, y0, x1, y1 that must not be covered, (n, 4) pixels.
        background: boxes that are covered only where there is no other space, (m, 4) pixels.

    Returns:
        The number of labels that were left out.
    """
    axes.apply_aspect()
    scale, frame = axes.figure.dpi / 72, np.array(axes.get_window_extent().extents)
    boxes, left_out = obstacles.reshape(-1, 4), 0
    avoided = np.empty((0, 4)) if background is None else background
    for label in labels:
        artist = _artist(axes, label)
        extents = np.array(artist.get_window_extent().extents)
        space = _Space(frame, boxes, GAP * scale)
        at, half = axes.transData.transform(label.at), (extents[2:] - extents[:2]) / 2
        places = [(at + shift, distance) for shift, distance in _shifts(label, half, scale)]
        nearby = [place for place in places if place[1] <= JOINED]
        found = _first_free(nearby, half, replace(space, boxes=np.vstack([boxes, avoided])))
        found = found or _first_free(places, half, space)
        if found is None:
            artist.remove()
            left_out += 1
            continue
        centre, distance = found
        _move(axes, artist, (centre - at) / scale, joined=distance > JOINED)
        boxes = np.vstack([boxes, np.concatenate([centre - half, centre + half])])
    return left_out


@dataclass(frozen=True, eq=False)
class _Space:
    """The frame of the axes, x0, y0, x1, y1, and boxes in it with a gap around them, pixels."""

    frame: FloatArray
    boxes: FloatArray
    gap: float

    def is_free(self, box: FloatArray) -> bool:
        low, high = box[:2], box[2:]
        if (low < self.frame[:2]).any() or (high > self.frame[2:]).any():
            return False
        covers = (low < self.boxes[:, 2:] + 2 * self.gap) & (
            high > self.boxes[:, :2] - 2 * self.gap
        )
        return not covers.all(axis=1).any()


def _first_free(
    places: Sequence[tuple[FloatArray, float]], half: FloatArray, space: _Space
) -> tuple[FloatArray, float] | None:
    """Return the first centre with free space for a label, and its distance."""
    return next(
        (
            (centre, distance)
            for centre, distance in places
            if space.is_free(np.concatenate([centre - half, centre + half]))
        ),
        None,
    )


def fix_layout(axes: Axes) -> None:
    """Compute the layout of the figure, and give it a canvas that keeps its renderer.

    Without such a canvas, measuring a text takes as long as drawing one.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    if not hasattr(figure.canvas, "get_renderer"):
        FigureCanvasAgg(figure)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)


def boxes_of_circles(axes: Axes, places: FloatArray, diameters: FloatArray | float) -> FloatArray:
    """Return the boxes of markers, (n, 4) pixels.

    Args:
        axes: axes with fixed limits and layout.
        places: centres, (n, 2) in the coordinates of the axes.
        diameters: diameters, (n,) or one for all, points.
    """
    axes.apply_aspect()
    centres = axes.transData.transform(places.reshape(-1, 2))
    half = np.broadcast_to(np.asarray(diameters) / 2 * axes.figure.dpi / 72, len(centres))[:, None]
    return np.hstack([centres - half, centres + half])


def boxes_of_lines(axes: Axes, starts: FloatArray, ends: FloatArray, width: float) -> FloatArray:
    """Return boxes that cover lines of a width in points, (n, 4) pixels."""
    shares = np.linspace(0, 1, 9)[:, None, None]
    places = starts.reshape(-1, 2) + shares * (ends.reshape(-1, 2) - starts.reshape(-1, 2))
    return boxes_of_circles(axes, places.reshape(-1, 2), width)


def _artist(axes: Axes, label: Label) -> Annotation:
    artist = axes.annotate(
        printable(label.text),
        label.at,
        xytext=(0, 0),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=label.size,
        color=label.colour,
        zorder=7,
        parse_math=False,
    )
    artist.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    return artist


def _shifts(label: Label, half: FloatArray, scale: float) -> Iterator[tuple[FloatArray, float]]:
    """Yield shifts of the centre of a label from its place in pixels, and the distances."""
    preferred = np.arctan2(label.direction[1], label.direction[0])
    turns = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    turns = turns[np.argsort(np.minimum(turns, 2 * np.pi - turns).round(9), kind="stable")]
    for distance in DISTANCES:
        for angle in preferred + turns:
            along = np.array([np.cos(angle), np.sin(angle)])
            yield distance * scale * along + np.clip(1.5 * along, -1, 1) * half, distance


def _move(axes: Axes, artist: Annotation, shift: FloatArray, *, joined: bool) -> None:
    """Move a label by a shift in points, with a line from its place if it is far."""
    artist.set_position(tuple(shift.tolist()))
    if joined:
        axes.annotate(
            "",
            artist.xy,
            xytext=tuple(shift.tolist()),
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "color": artist.get_color(), "lw": 0.7, "shrinkA": 8},
            zorder=5,
        )
