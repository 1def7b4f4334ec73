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
from mnnfab.training.learning_rules import RULES, STIFFNESS_GRADIENTS, adjoint_gradient

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


def comparison_lines(comparison: Comparison) -> list[Line]:
    """Return the final loss, the cost and the cosine to the exact gradient of each rule."""
    lines = []
    for title, trainings in comparison.items():
        for rule, training in trainings.items():
            first_half = training.cosines[: len(training.cosines) // 2]
            lines.append(
                Line(
                    f"{title} by {rule}: final {training.run.loss_label}; loaded states; minimum "
                    "cosine in the first half",
                    f"{training.run.losses[-1]:.3g}; {training.states:,}; {first_half.min():.4f}",
                    note=NOTES.get(rule, "") if first_half.min() < 0.99 else "",
                )
            )
    return lines


def comparison_table(trainings: Mapping[str, RuleTraining]) -> dict[str, FloatArray]:
    """Return losses and cosines of one task over the epochs."""
    lengths = {len(training.cosines) for training in trainings.values()}
    columns = {"epoch": np.arange(lengths.pop(), dtype=np.float64)}
    for rule, training in trainings.items():
        name = rule.replace("-", "_")
        columns[f"{name}_loss"] = training.run.losses
        columns[f"{name}_cosine"] = training.cosines
    return columns


def draw_comparison(comparison: Comparison) -> Figure:
    """Draw losses and cosines of all rules over the epochs, one column per task."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    panels = figure.subplots(2, len(comparison))
    for (above, below), (title, trainings) in zip(panels.T, comparison.items(), strict=True):
        _draw_losses(above, trainings)
        above.set_title(f"{title}: Adam with the gradient of each rule")
        for rule, training in trainings.items():
            width = 4.0 if rule == "adjoint" else 1.5
            below.plot(training.cosines, color=COLOURS[rule], lw=width, label=rule)
        over_epochs(below, len(training.cosines) - 1)
        below.set_ylabel("cosine to the exact gradient")
        below.legend(frameon=False, fontsize=8)
    return figure


def _draw_losses(axes: Axes, trainings: Mapping[str, RuleTraining]) -> None:
    for rule, training in trainings.items():
        width = 3.0 if rule == "adjoint" else 1.5
        label = f"{rule}, {training.states:,} loaded states"
        axes.semilogy(training.run.losses, color=COLOURS[rule], lw=width, label=label)
        over_epochs(axes, len(training.run.losses) - 1)
        axes.set_ylabel(training.run.loss_label)
    axes.legend(frameon=False, fontsize=8)


def _cosine(rule: str, run: Run, epoch: int) -> float:
    springs, sample_indices = run.springs, run.task.train_indices
    stiffness = springs.law.stiffness(run.widths_by_epoch_mm[epoch])
    exact = adjoint_gradient(springs.bars, run.task, stiffness, sample_indices)
    gradient = STIFFNESS_GRADIENTS[rule](springs.bars, run.task, stiffness, sample_indices)
    size = np.linalg.norm(exact) * np.linalg.norm(gradient)
    return float(exact @ gradient / size) if size > 0 else np.nan
