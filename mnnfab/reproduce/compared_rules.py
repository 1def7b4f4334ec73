"""Comparison of the learning rules: losses, loaded states, and cosine to the exact gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from mnnfab.arrays import FloatArray
from mnnfab.report.palette import BLUE, GREEN, ORANGE
from mnnfab.reproduce.experiment import Line
from mnnfab.reproduce.pictures import over_epochs
from mnnfab.reproduce.setting import BEHAVIOUR, IRIS, IRIS_TRAINING, Run, make, train_by_projection
from mnnfab.training.learning_rules import RULES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PRECISE_MM = (-0.5, -0.55)
#: Task and training settings, by the title of the figure panel.
TASKS = {
    "displacements": (
        {**BEHAVIOUR, "targets_mm": list(PRECISE_MM), "loss_scale_mm": 0.5},
        {"epochs": 300, "learning_rate": 0.005},
    ),
    "iris": (IRIS, IRIS_TRAINING),
}
NOTES = {
    "coupled-learning": "the limit of small nudges is the gradient of another loss",
    "finite-differences": "near the optimum the gradient vanishes and the discretisation error of "
    "the step dominates",
}
COLOURS = dict(zip(RULES, (BLUE, ORANGE, GREEN), strict=True))


@dataclass(frozen=True, eq=False)
class RuleTraining:
    """A training with a learning rule.

    Args:
        run: the training.
        cosines: cosines between the gradient of the rule and the exact gradient over all training
            samples, before training and after every epoch, (n_epochs + 1,).
        states: total number of loaded states that an experiment would have to measure.
    """

    run: Run
    cosines: FloatArray
    states: int


Comparison = Mapping[str, Mapping[str, RuleTraining]]
"""Training runs by the title of the task and the rule."""


def compare_rules() -> Comparison:
    """Train every task with every rule, with projected steps."""
    return {title: {rule: train_with_rule(rule, title) for rule in RULES} for title in TASKS}


def train_with_rule(rule: str, title: str) -> RuleTraining:
    """Train a task with a rule and compare its gradients with the exact ones after every epoch.

    Args:
        rule: key of `RULES`.
        title: key of `TASKS`.
    """
    task, training = TASKS[title]
    problem = make(task, {**training, "rule": rule})
    run = train_by_projection(problem)
    cosines = [_cosine(rule, run, epoch) for epoch in range(len(run.losses))]
    samples = problem.schedule.epochs * len(run.task.train_indices)
    return RuleTraining(
        run, np.array(cosines), samples * RULES[rule].states(problem.network.n_bonds)
    )


def comparison_lines(compared: Comparison) -> list[Line]:
    """Return the final loss, the cost and the cosine to the exact gradient of each rule."""
    lines = []
    for title, followed in compared.items():
        for rule, found in followed.items():
            half = found.cosines[: len(found.cosines) // 2]
            lines.append(
                Line(
                    f"{title} by {rule}: final {found.run.loss_label}; loaded states; minimum "
                    "cosine in the first half",
                    f"{found.run.losses[-1]:.3g}; {found.states:,}; {half.min():.4f}",
                    note=NOTES.get(rule, "") if half.min() < 0.99 else "",
                )
            )
    return lines


def comparison_table(followed: Mapping[str, RuleTraining]) -> dict[str, FloatArray]:
    """Return losses and cosines of one task over the epochs."""
    lengths = {len(found.cosines) for found in followed.values()}
    columns = {"epoch": np.arange(lengths.pop(), dtype=np.float64)}
    for rule, found in followed.items():
        name = rule.replace("-", "_")
        columns[f"{name}_loss"] = found.run.losses
        columns[f"{name}_cosine"] = found.cosines
    return columns


def draw_comparison(compared: Comparison) -> Figure:
    """Draw losses and cosines of all rules over the epochs, one column per task."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    panels = figure.subplots(2, len(compared))
    for (above, below), (title, followed) in zip(panels.T, compared.items(), strict=True):
        _draw_losses(above, followed)
        above.set_title(f"{title}: Adam with the gradient of each rule")
        for rule, found in followed.items():
            width = 4.0 if rule == "adjoint" else 1.5
            below.plot(found.cosines, color=COLOURS[rule], lw=width, label=rule)
        over_epochs(below, len(found.cosines) - 1)
        below.set_ylabel("cosine to the exact gradient")
        below.legend(frameon=False, fontsize=8)
    return figure


def _draw_losses(axes: Axes, followed: Mapping[str, RuleTraining]) -> None:
    for rule, found in followed.items():
        width = 3.0 if rule == "adjoint" else 1.5
        label = f"{rule}, {found.states:,} loaded states"
        axes.semilogy(found.run.losses, color=COLOURS[rule], lw=width, label=label)
        over_epochs(axes, len(found.run.losses) - 1)
        axes.set_ylabel(found.run.loss_label)
    axes.legend(frameon=False, fontsize=8)


def _cosine(rule: str, run: Run, epoch: int) -> float:
    springs, rows = run.springs, run.task.train_indices
    stiffness = springs.law.stiffness(run.widths_by_epoch_mm[epoch])
    exact = RULES["adjoint"].stiffness_gradient(springs.bars, run.task, stiffness, rows)
    found = RULES[rule].stiffness_gradient(springs.bars, run.task, stiffness, rows)
    size = np.linalg.norm(exact) * np.linalg.norm(found)
    return float(exact @ found / size) if size > 0 else np.nan
