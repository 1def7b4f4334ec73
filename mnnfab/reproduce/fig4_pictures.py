"""Figures of the reproduction of fig. 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from mnnfab.arrays import FloatArray
from mnnfab.report.palette import BLUE, GREEN, GREY, ORANGE
from mnnfab.reproduce import paper
from mnnfab.reproduce.outputs import SPECIES_COLOURS, draw_flowers, draw_species, species_of
from mnnfab.reproduce.pictures import draw_widths
from mnnfab.reproduce.setting import Run
from mnnfab.reproduce.spread import Spread
from mnnfab.task.datasets import built_in_features

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUBSET_COLOURS = {"train": ORANGE, "test": BLUE}


def draw_training(run: Run, loss: Spread, accuracies: Mapping[str, Spread]) -> Figure:
    """Draw computed and published loss and accuracies over the epochs, and the widths."""
    figure = Figure(figsize=(15, 4.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    loss.draw(left, GREEN, "ours, mean and range of the splits")
    _draw_published(left, 0, GREEN, "published")
    left.set_ylabel("training loss (no unit)")
    for column, (subset, colour) in enumerate(SUBSET_COLOURS.items()):
        accuracies[subset].draw(middle, colour, f"ours, {subset} set")
        _draw_published(middle, column + 1, colour, f"published, {subset} set")
    middle.set_ylabel("accuracy")
    for axes in (left, middle):
        axes.set_xlabel("epoch")
        axes.legend(frameon=False)
    draw_widths(right, run)
    right.set_title("after epoch 100", pad=22)
    return figure


def _draw_published(axes: Axes, column: int, colour: str, label: str) -> None:
    epochs = list(paper.IRIS_CURVES)
    middle, low, high = np.array([curves[column] for curves in paper.IRIS_CURVES.values()]).T
    errors = np.array([middle - low, high - middle])
    axes.errorbar(
        epochs,
        middle,
        errors,
        fmt="s",
        color=colour,
        ms=5,
        mec="black",
        capsize=3,
        label=label,
    )


def draw_maps(run: Run, epochs: Sequence[int]) -> Figure:
    """Draw the predicted species of every flower after some epochs, and the true species."""
    figure = Figure(figsize=(4.2 * (len(epochs) + 1), 4), layout="constrained")
    figure.suptitle("first split; colour: predicted species")
    truth, *panels = figure.subplots(1, len(epochs) + 1, sharey=True)
    classes = run.task.targets.argmax(axis=1)
    draw_flowers(truth, classes, classes)
    truth.set_title("true species")
    for axes, epoch in zip(panels, epochs, strict=True):
        draw_species(axes, run.task, run.response(epoch))
        accuracy = run.metric("accuracy_all")[epoch]
        axes.set_title(f"epoch {epoch}: accuracy {accuracy:.3f} on all flowers")
    return figure


def confusion(run: Run, epoch: int) -> FloatArray:
    """Return the confusion matrix after an epoch: true (rows), predicted (columns), (3, 3)."""
    named = species_of(run.task, run.response(epoch))
    counts: FloatArray = confusion_matrix(run.task.targets.argmax(axis=1), named)
    return counts


def draw_confusion(run: Run, epochs: Sequence[int]) -> Figure:
    """Draw the confusion matrices of all flowers after some epochs."""
    names = built_in_features("iris").class_names
    figure = Figure(figsize=(4.2 * len(epochs), 4), layout="constrained")
    for axes, epoch in zip(figure.subplots(1, len(epochs)), epochs, strict=True):
        counts = confusion(run, epoch)
        axes.imshow(counts, cmap="Blues", vmin=0, vmax=50)
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if count > 25 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
        axes.set_xticks(range(3), names)
        axes.set_yticks(range(3), names, rotation=90, va="center")
        axes.set_xlabel("predicted species")
        axes.set_ylabel("true species")
        axes.set_title(f"epoch {epoch}, all 150 flowers")
    return figure


def draw_flower_outputs(
    titles: Sequence[str], weights_gf: Sequence[FloatArray], outputs: Sequence[FloatArray]
) -> Figure:
    """Draw the outputs of single flowers as bars, with their weights."""
    names = built_in_features("iris").class_names
    figure = Figure(figsize=(12, 3.4), layout="constrained")
    panels = figure.subplots(1, len(titles), sharey=True)
    for axes, title, weights, shares in zip(panels, titles, weights_gf, outputs, strict=True):
        colours = [
            colour if share == shares.max() else GREY
            for colour, share in zip(SPECIES_COLOURS, shares, strict=True)
        ]
        axes.bar(names, shares, color=colours)
        grams = ", ".join(f"{abs(weight):g}" for weight in weights)
        axes.set_title(f"{title}\nweights {grams} g on nodes 13, 11, 12, 9", fontsize=10)
    panels[0].set_ylabel("|u_x| / sum of all three")
    return figure
