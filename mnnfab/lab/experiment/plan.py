"""Plan of an experiment: load steps, the size of probes, and the effects of rounding.

There are two kinds of load steps for a task. One weight at a time, in whole grams, on every input
and every output determines the response of the part while it is linear. A load case takes its loads
and its probes: small weights on each output, added to the loads both ways, which give the gradient
of the loaded part (`mnnfab.lab.measurement.loaded_gradient`). The loads decide how nonlinear the
part is, so they cannot be scaled to whole grams; they have tenths of a gram.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError
from mnnfab.lab.experiment.probes import ProbeSize, best_probe_size, probes_on
from mnnfab.lab.experiment.samples import RESOLUTION_GF
from mnnfab.lab.experiment.steps import ZERO, AppliedWeight, Role, Step, weights_on
from mnnfab.losses.readout import leads_mm, predicted_classes
from mnnfab.model.model import Equilibrium, Model, in_situ_gradient
from mnnfab.network.ports import AnyPort
from mnnfab.task.task import LoadCase, Task
from mnnfab.training.gradient_comparison import GradientAgreement, compare_gradients
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from fem.frames.model import LoadedFrame
    from mnnfab.problem.problem import PortProblem

#: Largest number of load cases.
MAX_CASES = 12
#: Upward part of the unit vectors of a port from which its weight acts downwards.
UPRIGHT = 1e-9
#: Smallest value of the heaviest weight; it limits the effect of rounding to whole grams (gf).
MIN_LARGEST_GF = 5.0


@dataclass(frozen=True, eq=False)
class RoundedLoadCase:
    """Load case in tenths of a gram with its probes, and the effects of rounding.

    Args:
        case: load case with its exact loads.
        forward: its rounded loads.
        probes: weights on each output, added both ways.
        probe_size: their size and expected errors.
        outputs_mm: exact and rounded output displacements, (2, n_out).
        margin_mm: exact and rounded difference between the two largest evidences of the readout,
            if outputs are classes.
        keeps_class: True if the class is the same.
        gradient: agreement of the gradient under the rounded loads with that under the exact ones.
    """

    case: LoadCase
    forward: Step
    probes: tuple[Step, ...]
    probe_size: ProbeSize
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
        left_out: messages on load cases without a stable equilibrium.
    """

    ports: tuple[Step, ...]
    cases: tuple[RoundedLoadCase, ...]
    left_out: tuple[str, ...] = ()

    @property
    def case_steps(self) -> tuple[Step, ...]:
        """Load steps of the load cases, each with its probes."""
        return tuple(step for case in self.cases for step in (case.forward, *case.probes))

    @property
    def steps(self) -> tuple[Step, ...]:
        """All load steps in order, without the zero."""
        return (*self.ports, *self.case_steps)


def plan_model(problem: PortProblem, widths_mm: FloatArray) -> LoadedFrame:
    """Return the model that plans experiments on a part, loaded at inputs and outputs.

    A frame with large rotations is solved in milliseconds; its errors of probes are those of the
    rubber model within a factor of 3 (`tests/test_lab_probes.py`).
    """
    from fem.frames.model import LoadedFrame
    from fem.frames.network_frame import NetworkFrames

    fabrication = problem.with_effective_joints.design.fabrication
    frames = NetworkFrames(problem.network, problem.material, fabrication)
    ports = (*problem.task.inputs, *problem.task.outputs)
    frame = frames.frame(widths_mm)
    return LoadedFrame(problem.network, frame, ports, problem.task.outputs, weight=True)


def make_plan(task: Task, model: Model, largest_gf: float | None = None) -> Plan:
    """Return the load steps for a task.

    Args:
        task: its ports, loads and loss.
        model: model that predicts the errors of probes and rounding, loaded at the inputs and the
            outputs, in that order.
        largest_gf: heaviest weight; the task's own largest load if not given.
    """
    largest = float(max(1.0, np.round(largest_gf or largest_load_gf(task))))
    cases, left_out = [], []
    for case in task.load_cases[:MAX_CASES] if task.primary_metric is not None else ():
        heaviest_gf = float(np.abs(tenths(np.array(case.loads_N))).max())
        if not 0 < heaviest_gf <= largest:
            continue
        try:
            cases.append(_rounded(task, model, case))
        except ToolError as error:
            left_out.append(f"load case {case.name} is left out: {error}")
    return Plan(single_weights(task, largest), tuple(cases), tuple(left_out))


def single_weights(task: Task, largest_gf: float | None = None) -> tuple[Step, ...]:
    """Return the load steps with one weight in whole grams, on every input and every output.

    Args:
        task: its ports.
        largest_gf: the weight; the task's own largest load if not given.
    """
    largest = float(max(1.0, np.round(largest_gf or largest_load_gf(task))))
    ports = [_single("forward", port, largest) for port in task.inputs]
    ports += [_single("adjoint", port, largest) for port in task.outputs]
    return tuple(ports)


def largest_load_gf(task: Task) -> float:
    """Return the largest load of the task, at least `MIN_LARGEST_GF`, gf."""
    return max(float(np.abs(task.loads_N).max()) / NEWTON_PER_GF, MIN_LARGEST_GF)


def _single(role: Role, port: AnyPort, size_gf: float) -> Step:
    """Return a load step at one port, with a weight that acts downwards if possible."""
    upward = sum(factor * term.vector[1] for factor, term in port.terms)
    load_gf = -size_gf if upward > UPRIGHT else size_gf
    return Step(f"{role}-{port.code}", role, weights_on(port, load_gf))


def tenths(loads_N: FloatArray) -> FloatArray:
    """Return loads in gf, rounded to tenths of a gram."""
    grams: FloatArray = np.round(loads_N / NEWTON_PER_GF / RESOLUTION_GF) * RESOLUTION_GF
    return np.round(grams, 6)


def _rounded(task: Task, model: Model, case: LoadCase) -> RoundedLoadCase:
    exact = np.array(case.loads_N)
    grams = tenths(exact)
    row = int(np.abs(task.loads_N - exact).sum(axis=1).argmin())  # the nearest sample
    loads = np.array([exact, grams * NEWTON_PER_GF])
    equilibrium = model.solve(np.hstack([loads, np.zeros((2, len(task.outputs)))]))
    outputs = equilibrium.outputs_mm
    target = task.targets[[row, row]]
    # The loss is a mean over both samples, which halves the gradient of each.
    slopes = 2.0 * task.loss.gradient(outputs, target)
    forward = Step(_slug(case.name), "forward", weights_at(task.inputs, grams))
    size = best_probe_size(task, model, loads[1], target[0])
    return RoundedLoadCase(
        case=case,
        forward=forward,
        probes=tuple(probes_on(task.outputs, forward, size)),
        probe_size=size,
        outputs_mm=outputs,
        margin_mm=_margins(task, outputs),
        keeps_class=_same_class(task, outputs),
        gradient=_gradient_change(equilibrium, slopes),
    )


def weights_at(ports: tuple[AnyPort, ...], grams: FloatArray) -> tuple[AppliedWeight, ...]:
    """Return the weights at some ports, (n_ports,) gf, without those of zero."""
    loads = zip(ports, grams.tolist(), strict=True)
    return tuple(weight for port, load in loads if load for weight in weights_on(port, load))


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


def _gradient_change(equilibrium: Equilibrium, slopes: FloatArray) -> GradientAgreement | None:
    """Compare the gradients under exact and rounded loads.

    Args:
        equilibrium: equilibria under the exact and the rounded loads.
        slopes: ∂L/∂u of both, (2, n_out).
    """
    forward, adjoint = equilibrium.elongations_mm, equilibrium.adjoint_elongations(slopes)
    exact, rounded = (
        in_situ_gradient(forward[case, :, None], adjoint[case, :, None]) for case in (0, 1)
    )
    return compare_gradients(exact, rounded)


def with_zero(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the load steps, preceded by the zero."""
    return (ZERO, *steps)


def unique_names(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the load steps, with a number appended to repeated names.

    Probes follow the step that they are added to.
    """
    counts: dict[str, int] = {}
    renamed: list[Step] = []
    latest: dict[Step, Step] = {}
    for step in steps:
        count = counts[step.name] = counts.get(step.name, 0) + 1
        name = step.name if count == 1 else f"{step.name}-{count}"
        base = None if step.added_to is None else latest[step.added_to]
        renamed.append(replace(step, name=name, added_to=base))
        latest[step] = renamed[-1]
    return tuple(renamed)
