"""Plan of an experiment: load steps in whole grams, and the effects of rounding.

There are two kinds of load steps for a task. One weight at a time, on every input and every output,
determines the complete response: the loss of any sample and its gradient follow from it. A load
case as in the paper takes two load steps: its rounded loads, and the adjoint loads of its loss.
Since the network is linear, the latter may be scaled, so that whole grams approximate their
direction well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.lab.experiment.steps import ZERO, AppliedWeight, Role, Step
from mnnfab.losses.readout import leads_mm, predicted_classes
from mnnfab.model.model import Equilibrium, Model, in_situ_gradient
from mnnfab.network.ports import Port
from mnnfab.task.task import LoadCase, Task
from mnnfab.training.gradient_comparison import GradientAgreement, compare_gradients
from mnnfab.units import NEWTON_PER_GF

#: Largest number of load cases.
MAX_CASES = 12
#: Smallest value of the heaviest weight; it limits the effect of rounding to whole grams (gf).
MIN_LARGEST_GF = 5.0


@dataclass(frozen=True, eq=False)
class RoundedLoadCase:
    """Load case in whole grams, and the effects of rounding.

    Args:
        case: load case with its exact loads.
        forward: its rounded loads.
        adjoint: its rounded and scaled adjoint loads; None if the loss is at its minimum.
        adjoint_N_per_gradient: the scale: newtons per gradient of the loss of 1/mm.
        outputs_mm: exact and rounded output displacements, (2, n_out).
        margin_mm: exact and rounded difference between the two largest evidences of the readout,
            if outputs are classes.
        keeps_class: True if the class is the same.
        gradient: agreement of the gradient by rounded loads with the exact one.
    """

    case: LoadCase
    forward: Step
    adjoint: Step | None
    adjoint_N_per_gradient: float
    outputs_mm: FloatArray
    margin_mm: tuple[float, float] | None
    keeps_class: bool | None
    gradient: GradientAgreement | None


@dataclass(frozen=True, eq=False)
class Plan:
    """Load steps of an experiment.

    Args:
        ports: one weight at a time, on every input and every output.
        cases: the task's load cases.
    """

    ports: tuple[Step, ...]
    cases: tuple[RoundedLoadCase, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All load steps in order, without the zero."""
        cases = [step for case in self.cases for step in (case.forward, case.adjoint) if step]
        return (*self.ports, *cases)


def make_plan(task: Task, model: Model, largest_gf: float | None = None) -> Plan:
    """Return the load steps for a task.

    Args:
        task: its ports, loads and loss.
        model: model that predicts the effects of rounding.
        largest_gf: heaviest weight; the task's own largest load if not given.
    """
    largest = float(max(1.0, np.round(largest_gf or largest_load_gf(task))))
    ports = [_single("forward", port, largest) for port in task.inputs]
    ports += [_single("adjoint", port, largest) for port in task.outputs]
    cases = task.load_cases[:MAX_CASES] if task.primary_metric is not None else ()
    rounded = [_rounded(task, model, case, largest) for case in cases]
    # Cases whose loads all round to zero, or exceed the heaviest weight, are omitted.
    applicable = [
        case
        for case in rounded
        if case.forward.weights and max(abs(w.load_gf) for w in case.forward.weights) <= largest
    ]
    return Plan(tuple(ports), tuple(applicable))


def largest_load_gf(task: Task) -> float:
    """Return the largest load of the task, at least `MIN_LARGEST_GF`, gf."""
    return max(float(np.abs(task.loads_N).max()) / NEWTON_PER_GF, MIN_LARGEST_GF)


def _single(role: Role, port: Port, size_gf: float) -> Step:
    """Return a load step with one weight; the part is linear, so it acts downwards if possible."""
    load_gf = -size_gf if port.axis == "y" else size_gf
    return Step(f"{role}-{port.node}{port.axis}", role, (AppliedWeight(port, load_gf),))


def _rounded(task: Task, model: Model, case: LoadCase, largest_gf: float) -> RoundedLoadCase:
    exact = np.array(case.loads_N)
    grams = np.round(exact / NEWTON_PER_GF)
    row = int(np.abs(task.loads_N - exact).sum(axis=1).argmin())  # the nearest sample
    loads = np.array([exact, grams * NEWTON_PER_GF])
    equilibrium = model.solve(loads)
    outputs = equilibrium.outputs_mm
    target = task.targets[[row, row]]
    # The loss is a mean over both samples, which halves the gradient of each.
    adjoint_loads = -2.0 * task.loss.gradient(outputs, target)
    adjoint_grams, scale = round_direction(adjoint_loads[1] / NEWTON_PER_GF, largest_gf)
    adjoint = None
    if adjoint_grams.any():
        adjoint = Step(
            f"{_slug(case.name)}-adjoint", "adjoint", _weights(task.outputs, adjoint_grams)
        )
    return RoundedLoadCase(
        case=case,
        forward=Step(_slug(case.name), "forward", _weights(task.inputs, grams)),
        adjoint=adjoint,
        adjoint_N_per_gradient=scale,  # grams per target gram, hence newtons per 1/mm
        outputs_mm=outputs,
        margin_mm=_margins(task, outputs),
        keeps_class=_same_class(task, outputs),
        gradient=_gradient_change(equilibrium, adjoint_loads, adjoint_grams),
    )


def round_direction(loads: FloatArray, largest_gf: float) -> tuple[FloatArray, float]:
    """Return the whole grams that best approximate a direction, and their scale.

    Among the scales with the heaviest weight between half of `largest_gf` and all of it, the one
    with the smallest rounding error is chosen. The sign is reversed if the sum of the loads would
    point upwards.

    Args:
        loads: loads, (n,), of any scale.
        largest_gf: heaviest weight.

    Returns:
        The grams, (n,), and grams per unit of `loads`.

    >>> grams, scale = round_direction(np.array([-0.9, -0.3]), 5.0)
    >>> grams.tolist(), round(scale, 6)
    ([-3.0, -1.0], 3.333333)
    """
    size = float(np.abs(loads).max(initial=0.0))
    if not size > 0:
        return np.zeros_like(loads), 0.0
    sign = -1.0 if loads.sum() > 0 else 1.0
    heaviest = np.arange(np.ceil(largest_gf / 2), largest_gf + 0.5)
    scales = sign * heaviest / size
    errors = [np.abs(np.round(s * loads) / s - loads).max() / size for s in scales.tolist()]
    best = float(scales[int(np.argmin(np.round(errors, 9)))])
    return np.round(best * loads) + 0.0, best


def _weights(ports: tuple[Port, ...], grams: FloatArray) -> tuple[AppliedWeight, ...]:
    return tuple(AppliedWeight(p, g) for p, g in zip(ports, grams.tolist(), strict=True) if g)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "case"


def _margins(task: Task, outputs: FloatArray) -> tuple[float, float] | None:
    if task.target_kind != "classes":
        return None
    exact, rounded = leads_mm(task.readout, outputs).tolist()
    return exact, rounded


def _same_class(task: Task, outputs: FloatArray) -> bool | None:
    if task.target_kind != "classes":
        return None
    first, second = predicted_classes(task.readout, outputs).tolist()
    return bool(first == second)


def _gradient_change(
    equilibrium: Equilibrium, adjoint_loads: FloatArray, adjoint_grams: FloatArray
) -> GradientAgreement | None:
    """Compare the gradients of exact and rounded loads, apart from the scale.

    Args:
        equilibrium: equilibria under the exact and the rounded loads.
        adjoint_loads: exact adjoint loads of both, (2, n_out).
        adjoint_grams: rounded adjoint loads of the latter, (n_out,) of any scale.
    """
    size = np.linalg.norm(adjoint_loads[1]) / max(float(np.linalg.norm(adjoint_grams)), 1e-300)
    sign = 1.0 if float(adjoint_grams @ adjoint_loads[1]) >= 0 else -1.0
    applied = -np.array([adjoint_loads[0], sign * size * adjoint_grams])
    forward, adjoint = equilibrium.elongations_mm, equilibrium.adjoint_elongations(applied)
    exact, rounded = (
        in_situ_gradient(forward[case, :, None], adjoint[case, :, None]) for case in (0, 1)
    )
    return compare_gradients(exact, rounded)


def with_zero(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the load steps, preceded by the zero."""
    return (ZERO, *steps)


def unique_names(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the load steps, with a number appended to repeated names."""
    counts: dict[str, int] = {}
    renamed = []
    for step in steps:
        count = counts[step.name] = counts.get(step.name, 0) + 1
        renamed.append(step if count == 1 else replace(step, name=f"{step.name}-{count}"))
    return tuple(renamed)
