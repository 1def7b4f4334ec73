"""Tasks of the paper as designs, and their training as in the code of the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.design_file import parse_design
from mnnfab.losses.kinds.squared_error import SquaredError
from mnnfab.model.response import Response
from mnnfab.model.springs import SpringModel
from mnnfab.problem.loading import make_problem
from mnnfab.problem.problem import TrainableProblem, require_trainable
from mnnfab.reproduce import paper
from mnnfab.task.task import Task
from mnnfab.training.adam import EPSILON
from mnnfab.training.optimisation import Schedule, Trainable
from mnnfab.training.training import Training, train
from mnnfab.training.width_maps import Logistic

_NODES_12_AND_13 = [{"node": 12, "axis": "y"}, {"node": 13, "axis": "y"}]

#: Fig. 1: 10 gf on node 12, target of 25 mm downwards at node 13; the loss is in mm².
GRADIENT: Mapping[str, Any] = {
    "kind": "behaviour",
    "inputs": [{"node": 12, "axis": "y"}],
    "outputs": [{"node": 13, "axis": "y"}],
    "loads_gf": [-10.0],
    "targets_mm": [-25.0],
    "loss_scale_mm": 1.0,
}
#: Fig. 2: 5 gf on node 10; the target is added to it.
BEHAVIOUR: Mapping[str, Any] = {
    "kind": "behaviour",
    "inputs": [{"node": 10, "axis": "y"}],
    "outputs": _NODES_12_AND_13,
    "loads_gf": [-5.0],
}
#: Fig. 3: linear targets of both nodes.
REGRESSION: Mapping[str, Any] = {
    "kind": "regression",
    "inputs": [{"node": 10, "axis": "y"}],
    "outputs": [{"node": node, "axis": axis} for node in (12, 13) for axis in ("x", "y")],
    "slopes_mm_per_N": paper.SLOPES_MM_PER_N,
    "max_load_gf": 20.0,
    "samples": 100,
}
#: Fig. 4: four lengths of a flower as inputs, three species as outputs.
IRIS: Mapping[str, Any] = {
    "kind": "classification",
    "dataset": "iris",
    "inputs": [{"node": node, "axis": "y"} for node in (13, 11, 12, 9)],
    "outputs": [{"node": node, "axis": "x"} for node in (7, 1, 2)],
    "load_at_max_gf": -5.0,
    "loss_scale_mm": 0.04,
}
#: Training settings of the paper, with the sharpness of its width map.
REGRESSION_SHARPNESS, IRIS_SHARPNESS = 10.0, 5.0
REGRESSION_TRAINING: Mapping[str, Any] = {"epochs": 5000, "learning_rate": 0.1}
IRIS_TRAINING: Mapping[str, Any] = {"epochs": 100, "learning_rate": 0.006}
#: ε of Adam in the code of the paper, where gradients are in m³/N.
AUTHORS_EPSILON = 1.5e-8
#: Published squared error divided by ours, which is the sum over the outputs. Noise of 0.1 mm in
#: the four outputs of fig. 3 gives 4e-8 m², but the published noisy loss ends at 1.7e-8.
PUBLISHED_SHARE = 0.5


@dataclass(frozen=True)
class PaperLogistic(Logistic):
    """Logistic map as in the code of the paper, which leaves its derivative out of the gradient."""

    def derivative(self, latent: FloatArray) -> FloatArray:
        """Return 1 for every bond, (n_bonds,)."""
        return np.ones_like(latent)


@dataclass(frozen=True, eq=False)
class Run:
    """Training of a task of the paper, with the widths after every epoch.

    Args:
        trainable: bar model, task and width map.
        training: training history and widths.
    """

    trainable: Trainable
    training: Training

    @property
    def task(self) -> Task:
        """Task of the training."""
        return self.trainable.task

    @property
    def widths_mm(self) -> FloatArray:
        """Widths after training, (n_bonds,)."""
        return self.training.widths_mm

    @property
    def widths_by_epoch_mm(self) -> FloatArray:
        """Widths before training and after every epoch, (n_epochs + 1, n_bonds)."""
        widths = self.training.widths_by_epoch_mm
        assert widths is not None, "every training of this package records its widths"
        return widths

    @property
    def losses(self) -> FloatArray:
        """Losses of the training samples before training and after every epoch, (n_epochs + 1,).

        Squared errors are in m² with the factor of the paper; cross-entropies are dimensionless.
        """
        losses = np.array([epoch.loss_train for epoch in self.training.history])
        loss = self.task.loss
        if not isinstance(loss, SquaredError):
            return losses
        return losses * (loss.scale_mm * 1e-3) ** 2 * PUBLISHED_SHARE

    @property
    def loss_label(self) -> str:
        """Axis label of the losses."""
        unit = ", m²" if isinstance(self.task.loss, SquaredError) else ""
        return f"training loss{unit}"

    @property
    def was_restarted(self) -> bool:
        """True if the training stalled at its start and was restarted."""
        return len(self.training.restarts) > 1

    def metric(self, name: str) -> FloatArray:
        """Return a metric before training and after every epoch, (n_epochs + 1, …)."""
        return np.array([epoch.metrics[name] for epoch in self.training.history])

    @property
    def springs(self) -> SpringModel:
        """The bar model that was trained."""
        return springs_of(self.trainable)

    def response(self, epoch: int) -> Response:
        """Return the response of the bar model after an epoch."""
        return self.springs.response(self.widths_by_epoch_mm[epoch])


def make(
    task: Mapping[str, Any],
    training: Mapping[str, Any] | None = None,
    *,
    damage: Sequence[tuple[int, int]] = (),
    youngs_modulus_MPa: float = paper.YOUNGS_MODULUS_MPA,
) -> TrainableProblem:
    """Return the problem of a task on the network of the paper.

    Args:
        task: section [task] of a design.
        training: section [training] of the design.
        damage: bonds that are cut, each by its two nodes.
        youngs_modulus_MPa: Young's modulus of the material.

    Raises:
        MechanismError: if the damaged network has zero modes.
    """
    min_width, max_width = paper.WIDTHS_MM
    design = {
        "schema": 1,
        "name": "paper",
        "network": {
            "lattice": "triangular-patch",
            "rows": 4,
            "bond_length_mm": paper.BOND_LENGTH_MM,
            "fixed": [0, 4],
            "damage": [list(pair) for pair in damage],
        },
        "material": {"youngs_modulus_MPa": youngs_modulus_MPa},
        "fabrication": {
            "thickness_mm": paper.THICKNESS_MM,
            "width_min_mm": min_width,
            "width_max_mm": max_width,
            "width_initial_mm": paper.WIDTH_START_MM,
        },
        "task": dict(task),
        "training": dict(training or {}),
    }
    return require_trainable(make_problem(parse_design(design), Path()))


def train_as_the_authors(
    problem: TrainableProblem, sharpness: float, start_mm: FloatArray | None = None
) -> Run:
    """Train with the width map of the authors and their ε of Adam.

    Args:
        problem: a problem of the paper.
        sharpness: sharpness of the map.
        start_mm: start widths, (n_bonds,); 2 mm if not given.
    """
    width_map = PaperLogistic(*problem.width_limits_mm, sharpness)
    trainable = _with_published_epsilon(replace(problem.trainable(), width_map=width_map))
    return _run(trainable, start_mm, problem)


def train_iris(
    seed: int = 0,
    damage: Sequence[tuple[int, int]] = (),
    start_mm: FloatArray | None = None,
) -> Run:
    """Train the network of fig. 4 as the authors do.

    Args:
        seed: seed of the split and of the order of the flowers.
        damage: bonds that are cut, each by its two nodes.
        start_mm: start widths, (n_bonds,); 2 mm if not given.
    """
    problem = make(IRIS, {**IRIS_TRAINING, "seed": seed}, damage=damage)
    return train_as_the_authors(problem, IRIS_SHARPNESS, start_mm)


def train_by_projection(problem: TrainableProblem, start_mm: FloatArray | None = None) -> Run:
    """Train with projected steps, the default of mnnfab.

    Args:
        problem: a problem of the paper.
        start_mm: start widths, (n_bonds,); 2 mm if not given.
    """
    return _run(problem.trainable(), start_mm, problem)


def _with_published_epsilon(trainable: Trainable) -> Trainable:
    """Return the trainable with a loss scale that gives Adam's ε the effect of the paper's code.

    In that code ε = 1.5e-8 is added to the magnitude of dL/dk in SI units, m³/N. The gradient
    of regression is not larger, which slows down the training. Here ε is added to the magnitude
    of dL'/dz, with L' = 2 L / scale² and z = k / (E t / a).
    """
    loss = trainable.task.loss
    if not isinstance(loss, SquaredError):
        return trainable
    newton_per_mm2 = float(springs_of(trainable).law.coefficients[0, 0])
    scale_mm = np.sqrt(AUTHORS_EPSILON / EPSILON * newton_per_mm2 * 1e9 / PUBLISHED_SHARE)
    return replace(trainable, task=replace(trainable.task, loss=SquaredError(float(scale_mm))))


def springs_of(trainable: Trainable) -> SpringModel:
    """Return the bar model of what is trained: the paper has no other."""
    assert isinstance(trainable.model, SpringModel), "the paper trains bars"
    return trainable.model


def _run(trainable: Trainable, start_mm: FloatArray | None, problem: TrainableProblem) -> Run:
    schedule: Schedule = replace(problem.schedule, keep_widths=True)
    start = problem.start_widths_mm if start_mm is None else start_mm
    return Run(trainable, train(trainable, start, schedule))
