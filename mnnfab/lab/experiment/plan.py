"""The plan of an experiment: which whole grams hang where, and what the rounding changes.

Two kinds of steps answer a task. One weight at a time, on every input and every output, gives
the whole response: any loss of any samples and its gradient follow from that. A load case as
the paper hangs it takes two: its rounded loads, and the adjoint loads of its loss, which may
be scaled, as the network is linear, so that whole grams meet their direction well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.lab.experiment.steps import ZERO, Hung, Role, Step
from mnnfab.model.response import Response
from mnnfab.network.ports import Port
from mnnfab.task.task import LoadCase, Task
from mnnfab.training.gradient_comparison import GradientAgreement, compare_gradients
from mnnfab.units import NEWTON_PER_GF

#: Load cases that get cards of their own.
MOST_CASES = 12
#: No weight is lighter than this, so that rounding to whole grams keeps some sense (gf).
LEAST_LARGEST_GF = 5.0


@dataclass(frozen=True, eq=False)
class Rounded:
    """A load case in whole grams, and what that changes.

    Args:
        case: with its exact loads.
        forward: its rounded loads.
        adjoint: the rounded loads of its adjoint, scaled; none if the loss is at its least.
        adjoint_N_per_slope: the scale: newtons that hang for a slope of the loss of 1/mm.
        outputs_mm: exact and rounded displacements of the outputs, (2, n_out).
        margin_mm: exact and rounded distance between the output that moves most and the next,
            where outputs are classes.
        keeps_class: whether the same output moves most.
        gradient: of the rounded loads against the exact ones.
    """

    case: LoadCase
    forward: Step
    adjoint: Step | None
    adjoint_N_per_slope: float
    outputs_mm: FloatArray
    margin_mm: tuple[float, float] | None
    keeps_class: bool | None
    gradient: GradientAgreement | None


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that is hung.

    Args:
        ports: one weight at a time, on every input and every output.
        cases: the task's load cases.
    """

    ports: tuple[Step, ...]
    cases: tuple[Rounded, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in the order in which they are done, without the zero."""
        cases = [step for one in self.cases for step in (one.forward, one.adjoint) if step]
        return (*self.ports, *cases)


def make_plan(task: Task, response: Response, largest_gf: float | None = None) -> Plan:
    """Return what to hang for a task.

    Args:
        task: its ports, loads and loss.
        response: of the model that foresees what rounding does.
        largest_gf: heaviest weight; the task's own largest load if not given.
    """
    largest = float(max(1.0, np.round(largest_gf or largest_load_gf(task))))
    ports = [_single("forward", port, largest) for port in task.inputs]
    ports += [_single("adjoint", port, largest) for port in task.outputs]
    cases = task.load_cases[:MOST_CASES] if task.headline is not None else ()
    rounded = [_rounded(task, response, case, largest) for case in cases]
    # Loads of less than half a gram are no case to hang, nor are such as are too heavy.
    hung = [
        one
        for one in rounded
        if one.forward.hung and max(abs(w.load_gf) for w in one.forward.hung) <= largest
    ]
    return Plan(tuple(ports), tuple(hung))


def largest_load_gf(task: Task) -> float:
    """Return the heaviest load of the task, and no less than rounding to grams bears, gf."""
    return max(float(np.abs(task.loads_N).max()) / NEWTON_PER_GF, LEAST_LARGEST_GF)


def _single(role: Role, port: Port, size_gf: float) -> Step:
    """Return a weight at a port: the part is linear, so it hangs down where it can."""
    load_gf = -size_gf if port.axis == "y" else size_gf
    return Step(f"{role}-{port.node}{port.axis}", role, (Hung(port, load_gf),))


def _rounded(task: Task, response: Response, case: LoadCase, largest_gf: float) -> Rounded:
    exact = np.array(case.loads_N)
    grams = np.round(exact / NEWTON_PER_GF)
    row = int(np.abs(task.loads_N - exact).sum(axis=1).argmin())  # the sample that it stands for
    loads = np.array([exact, grams * NEWTON_PER_GF])
    outputs = response.outputs(loads)
    target = task.targets[[row, row]]
    # The slope of a mean over two samples is half of theirs.
    slopes = 2.0 * task.loss.slope(outputs, target)
    wanted = -slopes[1]
    hung, scale = round_direction(wanted / NEWTON_PER_GF, largest_gf)
    adjoint = None
    if hung.any():
        adjoint = Step(f"{_slug(case.name)}-adjoint", "adjoint", _weights(task.outputs, hung))
    return Rounded(
        case=case,
        forward=Step(_slug(case.name), "forward", _weights(task.inputs, grams)),
        adjoint=adjoint,
        adjoint_N_per_slope=scale,  # grams per gram that is wanted: newtons per slope of 1/mm
        outputs_mm=outputs,
        margin_mm=_margins(task, outputs),
        keeps_class=_same_class(task, outputs),
        gradient=_gradient_change(response, loads, slopes, hung),
    )


def round_direction(wanted: FloatArray, largest_gf: float) -> tuple[FloatArray, float]:
    """Return whole grams along a direction as well as they meet it, and their scale.

    Of all scales with the heaviest weight between half of `largest_gf` and all of it the one
    whose rounding errs least. The sign is turned where more would have to pull up than down.

    Args:
        wanted: loads, (n,), of any scale.
        largest_gf: heaviest weight.

    Returns:
        The grams, (n,), and grams per unit of `wanted`.

    >>> grams, scale = round_direction(np.array([-0.9, -0.3]), 5.0)
    >>> grams.tolist(), round(scale, 6)
    ([-3.0, -1.0], 3.333333)
    """
    size = float(np.abs(wanted).max(initial=0.0))
    if not size > 0:
        return np.zeros_like(wanted), 0.0
    sign = -1.0 if wanted.sum() > 0 else 1.0
    tried = np.arange(np.ceil(largest_gf / 2), largest_gf + 0.5)
    scales = sign * tried / size
    errors = [np.abs(np.round(s * wanted) / s - wanted).max() / size for s in scales.tolist()]
    best = float(scales[int(np.argmin(np.round(errors, 9)))])
    return np.round(best * wanted) + 0.0, best


def _weights(ports: tuple[Port, ...], grams: FloatArray) -> tuple[Hung, ...]:
    return tuple(Hung(p, g) for p, g in zip(ports, grams.tolist(), strict=True) if g)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "case"


def _has_classes(task: Task) -> bool:
    return task.headline is not None and task.headline.name in {"accuracy_all", "target_share"}


def _margins(task: Task, outputs: FloatArray) -> tuple[float, float] | None:
    if not _has_classes(task) or outputs.shape[1] < 2:
        return None
    ranked = np.sort(np.abs(outputs), axis=1)
    exact, rounded = (ranked[:, -1] - ranked[:, -2]).tolist()
    return exact, rounded


def _same_class(task: Task, outputs: FloatArray) -> bool | None:
    if not _has_classes(task):
        return None
    first, second = np.abs(outputs).argmax(axis=1).tolist()
    return bool(first == second)


def _gradient_change(
    response: Response, loads: FloatArray, slopes: FloatArray, hung: FloatArray
) -> GradientAgreement | None:
    """Compare the product of what hangs with that of the exact loads, apart from the scale."""
    forward, adjoint = response.elongations, response.adjoint_elongations
    exact = (forward @ loads[0]) * (adjoint @ -slopes[0])
    size = np.linalg.norm(slopes[1]) / max(float(np.linalg.norm(hung)), 1e-300)
    sign = 1.0 if float(hung @ -slopes[1]) >= 0 else -1.0
    rounded = (forward @ loads[1]) * (adjoint @ (sign * size * hung))
    return compare_gradients(exact, rounded)


def with_zero(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return steps with the zero before them."""
    return (ZERO, *steps)


def unique_names(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return steps of which no two have the same name."""
    seen: dict[str, int] = {}
    found = []
    for step in steps:
        count = seen[step.name] = seen.get(step.name, 0) + 1
        found.append(step if count == 1 else replace(step, name=f"{step.name}-{count}"))
    return tuple(found)
