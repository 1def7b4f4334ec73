"""The paper's tasks as designs, and their training as the paper's code does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.design_file import parse_design
from mnnfab.model.response import Response
from mnnfab.model.springs import SpringModel
from mnnfab.problem.problem import Problem, make_problem, require_ports
from mnnfab.reproduce import paper
from mnnfab.task.losses import SquaredError
from mnnfab.task.task import Task
from mnnfab.training.adam import EPSILON
from mnnfab.training.optimisation import Schedule, Trainable
from mnnfab.training.training import Training, train
from mnnfab.training.width_maps import Logistic

_NODES_12_AND_13 = [{"node": 12, "axis": "y"}, {"node": 13, "axis": "y"}]

#: Fig. 1: 10 gf on node 12, and node 13 shall sink by 25 mm; the loss is in mm².
GRADIENT: Mapping[str, Any] = {
    "kind": "behaviour",
    "inputs": [{"node": 12, "axis": "y"}],
    "outputs": [{"node": 13, "axis": "y"}],
    "loads_gf": [-10.0],
    "targets_mm": [-25.0],
    "loss_scale_mm": 1.0,
}
#: Fig. 2: 5 gf on node 10; what the outputs shall do is added to it.
BEHAVIOUR: Mapping[str, Any] = {
    "kind": "behaviour",
    "inputs": [{"node": 10, "axis": "y"}],
    "outputs": _NODES_12_AND_13,
    "loads_gf": [-5.0],
}
#: Fig. 3: both nodes follow a line.
REGRESSION: Mapping[str, Any] = {
    "kind": "regression",
    "inputs": [{"node": 10, "axis": "y"}],
    "outputs": [{"node": node, "axis": axis} for node in (12, 13) for axis in ("x", "y")],
    "slopes_mm_per_N": paper.SLOPES_MM_PER_N,
    "max_load_gf": 20.0,
    "samples": 100,
}
#: Fig. 4: four lengths of a flower in, three species out.
IRIS: Mapping[str, Any] = {
    "kind": "classification",
    "dataset": "iris",
    "inputs": [{"node": node, "axis": "y"} for node in (13, 11, 12, 9)],
    "outputs": [{"node": node, "axis": "x"} for node in (7, 1, 2)],
    "load_at_max_gf": -5.0,
    "loss_scale_mm": 0.04,
}
#: How the paper trains them; `sharpness` is of the authors' width map.
REGRESSION_SHARPNESS, IRIS_SHARPNESS = 10.0, 5.0
REGRESSION_TRAINING: Mapping[str, Any] = {"epochs": 5000, "learning_rate": 0.1}
IRIS_TRAINING: Mapping[str, Any] = {"epochs": 100, "learning_rate": 0.006}
#: What keeps Adam's step finite in the paper's code, where gradients are in m³/N.
AUTHORS_EPSILON = 1.5e-8
#: Our squared error sums over the outputs. Noise of 0.1 mm in the four readings of fig. 3 leaves
#: 4e-8 m² of it, but the published noisy loss ends at 1.7e-8: it is half of ours.
PUBLISHED_SHARE = 0.5


@dataclass(frozen=True)
class AuthorsMap(Logistic):
    """The logistic map as the paper's code uses it: without its derivative in the gradient."""

    def slope(self, latent: FloatArray) -> FloatArray:
        """Return the same number everywhere."""
        return np.ones_like(latent)


@dataclass(frozen=True, eq=False)
class Run:
    """A training of the paper, with the widths after every epoch.

    Args:
        trainable: bars, task and width map.
        training: history and widths.
    """

    trainable: Trainable
    training: Training

    @property
    def task(self) -> Task:
        """What was trained for."""
        return self.trainable.task

    @property
    def widths_mm(self) -> FloatArray:
        """At the end, (n_bonds,)."""
        return self.training.widths_mm

    @property
    def widths_by_epoch_mm(self) -> FloatArray:
        """Before training and after every epoch, (n_epochs + 1, n_bonds)."""
        kept = self.training.widths_by_epoch_mm
        assert kept is not None, "every run of the paper keeps them"
        return kept

    @property
    def losses(self) -> FloatArray:
        """On the training samples, before training and after every epoch, (n_epochs + 1,).

        Squared errors are in m² and counted as the paper does; cross-entropies have no unit.
        """
        losses = np.array([epoch.loss_train for epoch in self.training.history])
        loss = self.task.loss
        if not isinstance(loss, SquaredError):
            return losses
        return losses * (loss.scale_mm * 1e-3) ** 2 * PUBLISHED_SHARE

    @property
    def loss_label(self) -> str:
        """For axes."""
        unit = ", m²" if isinstance(self.task.loss, SquaredError) else ""
        return f"training loss{unit}"

    @property
    def was_stuck(self) -> bool:
        """Whether it got stuck where it should have started, and was started again."""
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
) -> Problem:
    """Return one of the tasks on the paper's network.

    Args:
        task: the [task] section of a design.
        training: its [training] section.
        damage: bonds that are cut, each by its two nodes.
        youngs_modulus_MPa: of the material.

    Raises:
        MechanismError: if the damaged network has zero modes.
    """
    least, most = paper.WIDTHS_MM
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
            "width_min_mm": least,
            "width_max_mm": most,
            "width_initial_mm": paper.WIDTH_START_MM,
        },
        "task": dict(task),
        "training": dict(training or {}),
    }
    return make_problem(parse_design(design), Path())


def train_as_the_authors(
    problem: Problem, sharpness: float, start_mm: FloatArray | None = None
) -> Run:
    """Train with the authors' width map and Adam's ε as they have it.

    Args:
        problem: one of the paper's.
        sharpness: of the map.
        start_mm: widths to start from, (n_bonds,); 2 mm if not given.
    """
    width_map = AuthorsMap(*problem.width_limits_mm, sharpness)
    trainable = _with_their_epsilon(replace(_trainable(problem), width_map=width_map))
    return _run(trainable, start_mm, problem)


def train_iris(
    seed: int = 0,
    damage: Sequence[tuple[int, int]] = (),
    start_mm: FloatArray | None = None,
) -> Run:
    """Train the network of fig. 4 as its authors do.

    Args:
        seed: of the split and the order of the flowers.
        damage: bonds that are cut, each by its two nodes.
        start_mm: widths to start from, (n_bonds,); 2 mm if not given.
    """
    problem = make(IRIS, {**IRIS_TRAINING, "seed": seed}, damage=damage)
    return train_as_the_authors(problem, IRIS_SHARPNESS, start_mm)


def train_by_projection(problem: Problem, start_mm: FloatArray | None = None) -> Run:
    """Train with projected steps, as mnnfab does by default.

    Args:
        problem: one of the paper's.
        start_mm: widths to start from, (n_bonds,); 2 mm if not given.
    """
    return _run(_trainable(problem), start_mm, problem)


def _trainable(problem: Problem) -> Trainable:
    return problem.trainable(require_ports(problem).task)


def _with_their_epsilon(trainable: Trainable) -> Trainable:
    """Let Adam's ε weigh as it does in the paper's code, by the unit of the squared error.

    There ε = 1.5e-8 stands beside dL/dk in SI units, m³/N, and slows the regression down,
    whose gradient is not larger. Ours stands beside dL'/dz, with L' = 2 L / scale² and
    z = k / (E t / a).
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


def _run(trainable: Trainable, start_mm: FloatArray | None, problem: Problem) -> Run:
    schedule: Schedule = replace(problem.schedule, keep_widths=True)
    start = problem.start_widths_mm if start_mm is None else start_mm
    return Run(trainable, train(trainable, start, schedule))
