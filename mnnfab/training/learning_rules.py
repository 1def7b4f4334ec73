"""Learning rules: three ways to the gradient of the mean loss in the bond stiffnesses.

The adjoint rule is exact and needs two loads a sample (Li and Mao, eq. 6). Finite
differences need the network measured once more for every bond. Coupled learning
needs two states a sample too, but gives the gradient of something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.losses.kinds.cross_entropy import SoftmaxCrossEntropy
from mnnfab.losses.kinds.squared_error import SquaredError
from mnnfab.losses.loss import Loss
from mnnfab.model.bars import BarModel
from mnnfab.model.model import WidthModel
from mnnfab.model.response import Response
from mnnfab.model.springs import SpringModel
from mnnfab.task.task import Task

#: Share of the way to the target that coupled learning pulls the outputs.
NUDGE = 0.1
#: Step in stiffness of the finite differences, as a share of each bond's own.
RELATIVE_STEP = 1e-5


def adjoint_gradient(
    model: BarModel, task: Task, stiffness: FloatArray, indices: IntArray
) -> FloatArray:
    """Return the exact dL/dk, (n_bonds,) per N/mm: the product of two elongations.

    Args:
        model: the bar model.
        task: loads, targets and loss.
        stiffness: of each bond, (n_bonds,) N/mm.
        indices: the samples, as indices.
    """
    return task.stiffness_gradient(model.response(stiffness), indices)


def finite_difference_gradient(
    model: BarModel,
    task: Task,
    stiffness: FloatArray,
    indices: IntArray,
    step: FloatArray | float | None = None,
) -> FloatArray:
    """Return dL/dk by forward differences, one network more than there are bonds.

    Args:
        model: the bars.
        task: loads, targets and loss.
        stiffness: of each bond, (n_bonds,) N/mm.
        indices: the samples, as indices.
        step: change of each stiffness, N/mm; a share of 1e-5 of it if not given.
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
    """Return what coupled learning takes for the gradient, (n_bonds,) mm².

    In the free state the loads act; in the clamped state the outputs are held as well,
    moved by a share η of the way from where they were to where they should be. Each bond
    sees the difference of its own energy, (e_clamped² - e_free²) / 2η.

    Source: Stern, Hexner, Rocks and Liu, Phys. Rev. X 11:021045 (2021), eq. 4.

    Args:
        model: the bars.
        task: loads, targets and loss; without wanted displacements the outputs are moved
            down the slope of the loss.
        stiffness: of each bond, (n_bonds,) N/mm.
        indices: the samples, as indices.
        nudge: η.
    """
    response = model.response(stiffness)
    equilibrium = response.solve(task.loads_N[indices])
    free = equilibrium.elongations_mm
    wanted = wanted_change(task.loss, equilibrium.outputs_mm, task.targets[indices])
    holding = np.linalg.solve(_output_flexibility(response, stiffness), nudge * wanted.T)
    clamped = free + (response.adjoint_elongations @ holding).T
    difference: FloatArray = (clamped**2 - free**2).mean(axis=0) / (2.0 * nudge)
    return difference


def wanted_change(loss: Loss, displacements: FloatArray, targets: FloatArray) -> FloatArray:
    """Return where coupled learning wants a sample's outputs to go, (n_samples, n_out) mm.

    To the target displacements, if the loss has such; otherwise a step down its slope: as
    long as τ for a class that softmax gives no chance, as long as the displacements for
    shares of them.

    Args:
        loss: of the task.
        displacements: where the outputs are, (n_samples, n_out) mm.
        targets: as for the loss, (n_samples, n_out).
    """
    match loss:
        case SquaredError():
            return targets - displacements
        case SoftmaxCrossEntropy():
            square_mm2: FloatArray | float = loss.scale_mm**2
        case _:
            square_mm2 = np.square(displacements).mean(axis=1, keepdims=True)
    return -loss.slope(displacements, targets) * (square_mm2 * len(targets))


def _output_flexibility(response: Response, stiffness: FloatArray) -> FloatArray:
    """Return the displacement of each output per unit load at each, (n_out, n_out) mm/N.

    By Betti's theorem the work of one unit load on the other's displacements is the
    bonds' own: A^T diag(k) A.
    """
    adjoint = response.adjoint_elongations
    flexibility: FloatArray = adjoint.T @ (stiffness[:, None] * adjoint)
    return flexibility


StiffnessGradient = Callable[[BarModel, Task, FloatArray, IntArray], FloatArray]
"""From the bar model, a task, stiffnesses (n_bonds,) N/mm and samples to dL/dk, (n_bonds,)."""


@dataclass(frozen=True)
class Rule:
    """A learning rule as the trainer uses it.

    Args:
        gradient: dL/dk of the bar model.
        states: how many loaded networks an experiment would have to measure for the
            gradient of one sample, from the number of bonds.
        exact: whether it is the exact gradient, which every model gives by itself.
    """

    gradient: StiffnessGradient
    states: Callable[[int], int]
    exact: bool = False

    def width_slope(
        self,
        model: WidthModel,
        task: Task,
        widths_mm: FloatArray,
        indices: IntArray,
        chain: FloatArray,
    ) -> FloatArray:
        """Return dL/dw times `chain` by this rule, (n_bonds,).

        Args:
            model: of the network.
            task: loads, targets and loss.
            widths_mm: of the bonds, (n_bonds,).
            indices: the samples, as indices.
            chain: derivative of each width in what is trained in its place, (n_bonds,) mm.

        Raises:
            InputError: if the rule is for springs and the model is another one.
        """
        if self.exact:
            equilibrium = model.solve(widths_mm, task.loads_N[indices])
            slope = task.loss_slope(equilibrium.outputs_mm, indices)
            return equilibrium.width_slope(slope, chain)
        if not isinstance(model, SpringModel):
            raise InputError(
                "[training] rule", f"a rule for springs, with a {type(model).__name__}", '"adjoint"'
            )
        gradient = self.gradient(model.bars, task, model.law.stiffness(widths_mm), indices)
        return gradient * (model.law.slope(widths_mm) * chain)


RULES: Mapping[str, Rule] = {
    "adjoint": Rule(adjoint_gradient, lambda _: 2, exact=True),
    "coupled-learning": Rule(coupled_learning_gradient, lambda _: 2),
    "finite-differences": Rule(finite_difference_gradient, lambda n_bonds: n_bonds + 1),
}
