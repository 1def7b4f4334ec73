"""Figures of the outputs of the tasks of the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.report.palette import BLUE, GREEN, ORANGE, RED
from mnnfab.task.datasets import built_in_features

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.arrays import IntArray
    from mnnfab.model.model import PortModel
    from mnnfab.task.task import Task

SPECIES_COLOURS = (BLUE, GREEN, ORANGE)


def draw_pair(axes: Axes, task: Task, model: PortModel) -> None:
    """Draw the displacements of the two outputs of a behaviour as bars."""
    displacements = model.outputs(task.loads_N)[0]
    axes.barh(["node 12", "node 13"], displacements, color=[BLUE, ORANGE])
    axes.set_xlim(-0.8, 0)
    axes.set_xlabel("u_y, mm")


def draw_lines(axes: Axes, task: Task, model: PortModel) -> None:
    """Draw the paths of nodes 12 and 13 under all loads together with the target samples."""
    loads = np.array([[task.loads_N.min()], [task.loads_N.max()]])
    displacements = model.outputs(loads)
    for node, first, colour in ((12, 0, BLUE), (13, 2, ORANGE)):
        targets = task.targets[:, first : first + 2]
        axes.plot(*targets.T, "o", ms=4, mfc="none", color=colour, alpha=0.5)
        axes.plot(
            displacements[:, first], displacements[:, first + 1], color=colour, label=f"node {node}"
        )
    axes.set_xlim(-1.5, 1.5)
    axes.set_ylim(-4, 4)
    axes.set_xlabel("u_x, mm")
    axes.set_ylabel("u_y, mm")
    axes.legend(frameon=False, loc="lower right", handlelength=1)


def draw_species(axes: Axes, task: Task, model: PortModel) -> None:
    """Draw every flower in the colour of its predicted species."""
    draw_flowers(axes, species_of(task, model), task.targets.argmax(axis=1))


def draw_flowers(axes: Axes, predicted: IntArray, actual: IntArray) -> None:
    """Draw every flower in the colour of its predicted species; misclassified ones are crossed.

    Args:
        axes: axes to draw on.
        predicted: predicted species of each flower, (150,).
        actual: true species of each flower, (150,).
    """
    iris = built_in_features("iris")
    sepal, petal = iris.features[:, 0], iris.features[:, 2]
    for number, (name, colour) in enumerate(zip(iris.class_names, SPECIES_COLOURS, strict=True)):
        in_class = predicted == number
        axes.plot(sepal[in_class], petal[in_class], "o", ms=4, color=colour, label=name)
    wrong = predicted != actual
    if wrong.any():
        axes.plot(sepal[wrong], petal[wrong], "x", ms=7, color=RED, label="misclassified")
    axes.set_xlabel("sepal length, cm")
    axes.set_ylabel("petal length, cm")
    axes.legend(frameon=False, fontsize=8, loc="lower right", handletextpad=0.1)


def species_of(task: Task, model: PortModel) -> IntArray:
    """Return the predicted species of every flower, (150,)."""
    predicted: IntArray = np.abs(model.outputs(task.loads_N)).argmax(axis=1)
    return predicted
