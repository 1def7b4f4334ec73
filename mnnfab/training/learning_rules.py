"""Learning rules: the gradient of the mean loss in the bond stiffnesses by three methods.

The adjoint rule is exact and requires two states per sample (Li and Mao, eq. 6). Finite
differences require one more state for every bond. Coupled learning also requires two states per
sample, but gives the gradient of another function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.losses.loss import Loss
from mnnfab.model.bars import BarModel
from mnnfab.model.model import WidthEquilibrium, WidthModel
from mnnfab.model.response import Response
from mnnfab.model.springs import SpringModel
from mnnfab.task.task import Task

#: Fraction of the way to the target by which coupled learning moves the outputs.
NUDGE = 0.1
#: Stiffness step of the finite differences, relative to the stiffness of each bond.
RELATIVE_STEP = 1e-5


def finite_difference_gradient(
    model: BarModel,
    task: Task,
    stiffness: FloatArray,
    indices: IntArray,
    step: FloatArray | float | None = None,
) -> FloatArray:
    """Return dL/dk by forward differences, which require n_bonds + 1 solutions.

    Args:
        model: bar model.
        task: loads, targets and loss.
        stiffness: stiffness of each bond, (n_bonds,) N/mm.
        indices: indices of the samples.
        step: change of each stiffness, N/mm; by default 1e-5 of the stiffness.
    """
    steps = np.broadcast_to(
        RELATIVE_STEP * stiffness if step is None else np.asarray(step), stiffness.shape
    )
    before = task.loss_value(model.response(stiffness), indices)
    gradient = np.empty_like(stiffness)
    for bond, change in enumerate(steps):
        changed = stiffness.copy()
        changed[bond] += change
        after = task.loss_value(model.response(changed), indices)
        gradient[bond] = (after - before) / (changed[bond] - stiffness[bond])
    return gradient


def coupled_learning_gradient(
    model: BarModel, task: Task, stiffness: FloatArray, indices: IntArray, nudge: float = NUDGE
) -> FloatArray:
    """Return the coupled-learning substitute for the gradient, (n_bonds,) mm².

    In the free state only the loads act. In the clamped state the outputs are held in addition,
    displaced by a fraction η of the way to their targets. The result of a bond follows from the
    difference of its energies in both states, (e_clamped² - e_free²) / 2η.

    Source: Stern, Hexner, Rocks and Liu, Phys. Rev. X 11:021045 (2021), eq. 4.

    Args:
        model: bar model.
        task: loads, targets and loss; without target displacements the outputs are moved
            against the derivative of the loss.
        stiffness: stiffness of each bond, (n_bonds,) N/mm.
        indices: indices of the samples.
        nudge: η.
    """
    response = model.response(stiffness)
    equilibrium = response.solve(task.loads_N[indices])
    free = equilibrium.elongations_mm
    desired = desired_change(task.loss, equilibrium.outputs_mm, task.targets[indices])
    holding = np.linalg.solve(_output_flexibility(response, stiffness), nudge * desired.T)
    clamped = free + (response.adjoint_elongations @ holding).T
    difference: FloatArray = (clamped**2 - free**2).mean(axis=0) / (2.0 * nudge)
    return difference


def desired_change(loss: Loss, displacements: FloatArray, targets: FloatArray) -> FloatArray:
    """Return the change of the outputs that coupled learning aims at, (n_samples, n_out) mm.

    For a loss with target displacements it is the distance to them, otherwise a step against the
    derivative of the loss. The length of the step is of the order of the scale of the loss, or of
    the displacements if it has none.

    Args:
        loss: loss of the task.
        displacements: displacements of the outputs, (n_samples, n_out) mm.
        targets: targets of the loss, (n_samples, n_out).
    """
    if loss.targets == "displacements":
        return targets - displacements
    square_mm2: FloatArray | float
    if loss.scale_mm is None:
        square_mm2 = np.square(displacements).mean(axis=1, keepdims=True)
    else:
        square_mm2 = loss.scale_mm**2
    return -loss.gradient(displacements, targets) * (square_mm2 * len(targets))


def _output_flexibility(response: Response, stiffness: FloatArray) -> FloatArray:
    """Return the displacement of each output per unit load at each output, (n_out, n_out) mm/N.

    It is A^T diag(k) A: the work of a unit load on the displacements of another one equals the
    internal work of the bonds.
    """
    adjoint = response.adjoint_elongations
    flexibility: FloatArray = adjoint.T @ (stiffness[:, None] * adjoint)
    return flexibility


StiffnessGradient = Callable[[BarModel, Task, FloatArray, IntArray], FloatArray]
"""Function of bar model, task, stiffnesses (n_bonds,) N/mm and samples that returns dL/dk."""


WidthGradient = Callable[[WidthModel, Task, FloatArray, IntArray, FloatArray], FloatArray]
"""Function of model, task, widths (n_bonds,) mm, samples and the derivative of each width in its
latent value (n_bonds,) mm that returns dL/dw times this derivative, (n_bonds,)."""


def exact_width_gradient(
    model: WidthModel, task: Task, widths_mm: FloatArray, indices: IntArray, chain: FloatArray
) -> FloatArray:
    """Return the exact gradient of any model, from two states per sample (Li and Mao, eq. 6)."""
    equilibrium, loads = loaded_equilibrium(model, task, widths_mm, indices)
    return task.width_gradient(equilibrium, indices, chain, loads)


def loaded_equilibrium(
    model: WidthModel, task: Task, widths_mm: FloatArray, indices: IntArray
) -> tuple[WidthEquilibrium, FloatArray]:
    """Return the equilibria of some samples of a task, and their loads, (n_samples, n_in) N.

    Loads of inputs that are moved are the reactions of a linear model.
    """
    if task.prescribed is None:
        loads = task.loads_N.take(indices, axis=0)
    else:
        loads = task.applied_loads(model.port_model(widths_mm), indices)
    return model.solve(widths_mm, loads), loads


def for_springs(gradient: StiffnessGradient) -> WidthGradient:
    """Return the gradient in the widths of springs, by a rule for their stiffnesses.

    The returned function raises an `InputError` for another model.
    """

    def width_gradient(
        model: WidthModel, task: Task, widths_mm: FloatArray, indices: IntArray, chain: FloatArray
    ) -> FloatArray:
        if not isinstance(model, SpringModel):
            raise InputError(
                "[training] rule", f"a rule for springs with a {type(model).__name__}", '"adjoint"'
            )
        by_stiffness = gradient(model.bars, task, model.law.stiffness(widths_mm), indices)
        return by_stiffness * (model.law.derivative(widths_mm) * chain)

    return width_gradient


@dataclass(frozen=True)
class Rule:
    """A learning rule for training.

    Args:
        width_gradient: function that returns the gradient in the widths.
        states: function that returns the number of states an experiment has to measure for the
            gradient of one sample, from the number of bonds.
    """

    width_gradient: WidthGradient
    states: Callable[[int], int]


def adjoint_gradient(
    model: BarModel, task: Task, stiffness: FloatArray, indices: IntArray
) -> FloatArray:
    """Return the exact dL/dk of the bar model, (n_bonds,) per N/mm."""
    return task.stiffness_gradient(model.response(stiffness), indices)


#: Gradient in the stiffnesses of the bar model by each rule, to compare the rules.
STIFFNESS_GRADIENTS: Mapping[str, StiffnessGradient] = {
    "adjoint": adjoint_gradient,
    "coupled-learning": coupled_learning_gradient,
    "finite-differences": finite_difference_gradient,
}

RULES: Mapping[str, Rule] = {
    "adjoint": Rule(exact_width_gradient, lambda _: 2),
    "coupled-learning": Rule(for_springs(coupled_learning_gradient), lambda _: 2),
    "finite-differences": Rule(
        for_springs(finite_difference_gradient), lambda n_bonds: n_bonds + 1
    ),
}
