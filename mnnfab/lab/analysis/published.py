"""Measurements of the paper, compared with predictions of its networks.

The bar model is that of the paper. The continuum model has the printed shape and the same modulus.
Since the paper fitted the modulus to the bar model, the displacements of the continuum model are
larger by a common factor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.lab.analysis.observations import Observation
from mnnfab.lab.analysis.prediction import N_PRINTS, Prediction, predict
from mnnfab.lab.experiment.steps import AppliedWeight, Step
from mnnfab.model.model import in_situ_gradient
from mnnfab.printed_part.part import PrintedPart
from mnnfab.reproduce import paper
from mnnfab.reproduce.fig2 import behaviour
from mnnfab.reproduce.setting import BEHAVIOUR, GRADIENT, make
from mnnfab.tolerance.print_sample import AsDrawnBars, sample_stiffness
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.model.model import Model
    from mnnfab.problem.problem import PortProblem
    from mnnfab.progress.watcher import StageTimer

PAPER = "Li and Mao 2024"


def published(timer: StageTimer) -> list[Observation]:
    """Return the measurements of the paper, with the predictions of both models."""
    return [*_fig1(timer), *_fig2(timer)]


def _fig1(timer: StageTimer) -> list[Observation]:
    """Return observations of figure 1: one displacement, and the gradient of 28 bonds.

    Loads: 10 gf on node 12, 5 gf on node 13.
    """
    problem = make(GRADIENT)
    uniform = np.full(problem.network.n_bonds, paper.WIDTH_START_MM)
    adjoint = Step("adjoint", "adjoint", (AppliedWeight(paper.LEFT, -paper.ADJOINT_WEIGHT_GF),))
    steps = (Step("forward", "forward", (AppliedWeight(paper.RIGHT, -10.0),)), adjoint)
    prediction = predict(PrintedPart(problem, uniform, timer), steps)
    displacement = _displacement("fig. 1: u_y of node 13", prediction, 0, paper.LEFT.node)
    first = _observation(displacement, (paper.MEASURED_LEFT_MM, 0.0))
    return [first, *_gradient(problem, uniform, prediction)]


def _gradient(
    problem: PortProblem, widths_mm: FloatArray, prediction: Prediction
) -> list[Observation]:
    """Return the gradient components, each matched with a value of the bar model.

    The paper numbers the bonds in another order, but its simulation is the bar model: entries are
    matched by rank. If several bonds have the same value by the bar model, the means of the
    measured and of the continuum values are compared.
    """
    loads = load_of(prediction, 0), load_of(prediction, 1)
    bars, solid = _product(prediction.bars, loads), _product(prediction.continuum, loads)
    spread = _gradient_spread(problem, widths_mm, loads)
    scale = 1e-6 * 1e9  # mm² as 1e-9 m²
    continuum_scale = float(bars @ solid / (bars @ bars))
    ranks = np.argsort(bars, kind="stable")
    published_order = np.argsort(paper.GRADIENT_SIMULATED, kind="stable")
    simulated = paper.GRADIENT_SIMULATED[published_order]
    groups = _groups(simulated)
    observations = []
    for group in groups:
        measured = paper.GRADIENT_MEASURED[published_order[group]]
        errors = paper.GRADIENT_ERROR[published_order[group]]
        observations.append(
            Observation(
                experiment=PAPER,
                quantity=f"fig. 1: gradient {simulated[group[0]]:g}, {_members(len(group))}",
                unit="1e-9 m²",
                measured=float(measured.mean()),
                measured_sd=float(np.sqrt((errors**2).sum()) / len(group)),
                bars=float(scale * bars[ranks[group]].mean()),
                bars_sd=float(scale * spread[:, ranks[group]].mean(axis=1).std()),
                continuum=float(scale * solid[ranks[group]].mean()),
                # Print samples use the bar model; the continuum model differs by a factor.
                continuum_sd=float(
                    scale * continuum_scale * spread[:, ranks[group]].mean(axis=1).std()
                ),
            )
        )
    return observations


def load_of(prediction: Prediction, row: int) -> float:
    """Return the single load of a load step, N."""
    (weight,) = prediction.steps[row].weights
    return weight.load_gf * NEWTON_PER_GF


def _product(model: Model, loads: tuple[float, float]) -> FloatArray:
    """Return the product of both elongations of every bond, (n_bonds,) mm².

    The paper applies -∂L/∂u as the adjoint load; its gradient has the sign of the product.
    """
    equilibrium = model.solve(np.array([[loads[0]]]))
    adjoint = equilibrium.adjoint_elongations(np.array([[-loads[1]]]))
    return in_situ_gradient(equilibrium.elongations_mm.T, adjoint.T)


def _gradient_spread(
    problem: PortProblem, widths_mm: FloatArray, loads: tuple[float, float]
) -> FloatArray:
    """Return the product for print samples, (n_prints, n_bonds) mm²."""
    model, stiffness = problem.bar_model(), problem.law.stiffness(widths_mm)
    printed = AsDrawnBars(model, widths_mm, stiffness, problem.design.fabrication)
    generator = np.random.default_rng(0)
    return np.array(
        [
            _product(
                model.response(sample_stiffness(printed, problem.print_errors, generator)), loads
            )
            for _ in range(N_PRINTS)
        ]
    )


def _groups(values: FloatArray) -> list[np.ndarray]:
    """Return index runs of equal values in a sorted array."""
    breaks = np.flatnonzero(np.diff(values) != 0) + 1
    return np.split(np.arange(len(values)), breaks)


def _members(count: int) -> str:
    return "1 bond" if count == 1 else f"mean of {count} bonds"


def _fig2(timer: StageTimer) -> list[Observation]:
    """Return observations of figure 2: 5 gf on node 10, before and after training."""
    problem = make({**BEHAVIOUR, "target_class": 0, "normalisation": "share"})
    steps = (Step("forward", "forward", (AppliedWeight(paper.MIDDLE, -5.0),)),)
    uniform = np.full(problem.network.n_bonds, paper.WIDTH_START_MM)
    trained = behaviour(0).widths_mm
    observations = []
    for name, widths, measured in (
        ("untrained", uniform, paper.BEHAVIOUR_UNTRAINED_MEASURED_MM),
        ("trained", trained, paper.BEHAVIOUR_TRAINED_MEASURED_MM),
    ):
        prediction = predict(PrintedPart(problem, widths, timer), steps)
        for port, value in zip((paper.RIGHT, paper.LEFT), measured, strict=True):
            quantity = f"fig. 2, {name}: u_y of node {port.node}"
            observations.append(
                _observation(_displacement(quantity, prediction, 0, port.node), value)
            )
    return observations


def _displacement(
    quantity: str, prediction: Prediction, step: int, node: int
) -> tuple[str, float, float, float]:
    return (
        quantity,
        float(prediction.bars_mm[step, node, 1]),
        float(prediction.continuum_mm[step, node, 1]),
        float(prediction.sd_mm[step, node, 1]),
    )


def _observation(
    predicted: tuple[str, float, float, float], measured: tuple[float, float]
) -> Observation:
    quantity, bars, continuum, sd = predicted
    return Observation(
        experiment=PAPER,
        quantity=quantity,
        unit="mm",
        measured=measured[0],
        measured_sd=measured[1],
        bars=bars,
        bars_sd=sd * abs(bars / continuum),
        continuum=continuum,
        continuum_sd=sd,
    )
