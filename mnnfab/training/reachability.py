"""Attainable outputs and targets within the width limits, estimated before training.

Every result is the best value found by a bounded optimisation from several starts. It is the
result of a search and not a proof: better values may be attainable, but hardly for networks of
the paper's size, where all starts converge to the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.io.short_repr import short_repr
from mnnfab.linalg.condition_number import condition_number
from mnnfab.losses.bands import band_text
from mnnfab.losses.kinds.squared_error import SquaredError
from mnnfab.losses.loss import Loss
from mnnfab.losses.readout import leads_mm
from mnnfab.model.model import PortModel
from mnnfab.model.prescribed import PrescribedDisplacements
from mnnfab.network.ports import AnyPort
from mnnfab.task.metrics import Metrics, with_deviations
from mnnfab.task.task import DataSplit, Task
from mnnfab.training.loss_terms import MissedTarget
from mnnfab.training.optimisation import Trainable, minimise_loss
from mnnfab.training.reachability_losses import Reading, ScaledResidual
from mnnfab.units import NEWTON_PER_GF

#: Largest relative error at which a target counts as attainable.
REACHED = 0.01
#: Number of starts of each search: the middle of the limits, and random widths.
STARTS = 3
#: Maximum number of iterations of each search.
ITERATIONS = 200
#: Largest factor by which the limits are widened in the search for remedies.
WIDEST = 4.0
#: Bonds within this fraction of the range from a limit count as being at the limit.
AT_LIMIT = 1e-3


@dataclass(frozen=True)
class Range:
    """Attainable range of one output under one load case.

    Args:
        output: port of the output.
        case: name of the load case.
        lowest_mm: smallest (most negative) displacement found.
        highest_mm: largest displacement found.
        wanted_mm: target displacement; None if the task has none.
        band: target with its tolerance, as text; None if the task has none.
    """

    output: AnyPort
    case: str
    lowest_mm: float
    highest_mm: float
    wanted_mm: float | None
    band: str | None = None


@dataclass(frozen=True)
class Target:
    """Best attainable approximation of the target displacements of all outputs.

    Args:
        relative_error: best attainable error, relative to the size of the targets.
        nearest_mm: displacements of the nearest network in the first load case, (n_out,).
        not_linear: fraction of the data that no linear network can represent; mostly noise.
        wrong_sign: True if the targets would be nearer with the opposite sign.
        softer: factor on all displacements that would make the target attainable, by a softer
            or stiffer material or another thickness; None if there is none.
        wider: factor by which both limits would have to be widened; None if it exceeds 4.
    """

    relative_error: float
    nearest_mm: tuple[float, ...]
    not_linear: float
    wrong_sign: bool
    softer: float | None
    wider: float | None

    @property
    def reached(self) -> bool:
        """True if the target is attainable."""
        return self.relative_error <= REACHED


@dataclass(frozen=True, eq=False)
class Reachability:
    """Best attainable results of a training.

    Args:
        ranges: attainable range of every output under every load case, each taken separately.
        target: best approximation by all outputs together; None if the task has class targets.
        loss: lowest training loss found.
        metrics: metrics of the network with that loss.
        at_min: bonds of that network at the lower width limit.
        at_max: bonds of that network at the upper width limit.
        condition: condition number of its stiffness matrix.
        signal_mm: for classes, median difference between the two largest evidences of the
            readout; otherwise the median root mean square displacement.
        unreadable: fraction of the samples whose signal is below the resolution.
        missed: targets with tolerances that the network does not meet.
    """

    ranges: tuple[Range, ...]
    target: Target | None
    loss: float
    metrics: Metrics
    at_min: IntArray
    at_max: IntArray
    condition: float
    signal_mm: float
    unreadable: float
    missed: tuple[MissedTarget, ...] = ()

    __repr__ = short_repr


def assess(
    trainable: Trainable, limits_mm: tuple[float, float], resolution_mm: float
) -> Reachability:
    """Return the attainable outputs and targets of a task.

    Args:
        trainable: model and task.
        limits_mm: lower and upper width limits.
        resolution_mm: resolution of the displacement measurement.
    """
    bounded = replace(trainable, width_map=trainable.width_map.clamped(limits_mm))
    latent, loss = best_within(bounded)
    found = bounded.port_model(latent)
    signals = _signals(bounded.task, found)
    target_matrix = target_flexibility(bounded.task)
    return Reachability(
        ranges=tuple(_ranges(bounded, target_matrix)),
        target=None if target_matrix is None else _target(bounded, target_matrix, limits_mm),
        loss=loss,
        metrics=_metrics(bounded, found, latent),
        at_min=np.flatnonzero(latent < AT_LIMIT),
        at_max=np.flatnonzero(latent > 1 - AT_LIMIT),
        condition=condition_number(
            bounded.model.stiffness_matrix(bounded.width_map.widths(latent))
        ),
        signal_mm=float(np.median(signals)),
        unreadable=float((signals < resolution_mm).mean()),
        missed=(*_missed(bounded.task, found), *_missed_by_widths(bounded, latent)),
    )


def best_within(trainable: Trainable) -> tuple[FloatArray, float]:
    """Return the latent values, (n_bonds,), of the lowest training loss found, and the loss."""
    generator = np.random.default_rng(0)  # the same starts for all designs and seeds
    n_bonds = trainable.model.network.n_bonds
    starts = [np.full(n_bonds, 0.5), *generator.uniform(size=(STARTS - 1, n_bonds))]
    ends = [minimise_loss(trainable, start, ITERATIONS) for start in starts]
    return min(ends, key=lambda end: end[1])


def target_flexibility(task: Task) -> FloatArray | None:
    """Return the target flexibility matrix by least squares, (n_out, n_in) mm/N.

    It is None if the task has class targets instead of displacements.
    """
    if task.loss.targets != "displacements":
        return None
    rows = task.train_indices
    solution, *_ = np.linalg.lstsq(task.loads_N[rows], task.targets[rows], rcond=None)
    return np.asarray(solution, dtype=np.float64).T


def _ranges(trainable: Trainable, target_matrix: FloatArray | None) -> list[Range]:
    ranges = []
    for sample, case in enumerate(trainable.task.load_cases):
        loads, prescribed = np.array([case.loads_N]), trainable.task.prescribed
        prescribed = None if prescribed is None else prescribed.take(np.array([sample]))
        targets = None if target_matrix is None else (loads @ target_matrix.T)[0]
        bands = trainable.task.bands
        for number, output in enumerate(trainable.task.outputs):
            lowest, highest = (
                sign
                * best_within(_with(trainable, loads, loads, Reading(number, sign), prescribed))[1]
                for sign in (1.0, -1.0)
            )
            target = None if targets is None else float(targets[number])
            band = None if bands is None else band_text(bands, sample, number)
            ranges.append(Range(output, case.name, lowest, highest, target, band))
    return ranges


def _missed(task: Task, model: PortModel) -> Iterator[MissedTarget]:
    """Yield the targets with tolerances that a model does not meet."""
    bands = task.bands
    if bands is None:
        return
    loads = task.applied_loads(model)
    measures = task.measures(model.outputs(loads))
    deviations = np.nan_to_num(bands.deviations(measures), nan=np.inf)
    for sample, measure in np.argwhere(deviations > 1.0).tolist():
        yield MissedTarget(
            case=task.load_cases[sample].name,
            measure=task.measure_names[measure],
            value=float(measures[sample, measure]),
            wanted=band_text(bands, sample, measure) or "",
            deviation=float(deviations[sample, measure]),
        )
    yield from _missed_reactions(task, loads)


def _missed_reactions(task: Task, loads_N: FloatArray) -> Iterator[MissedTarget]:
    """Yield the targets of reactions that loads do not meet."""
    bands = task.reactions
    if bands is None:
        return
    deviations = bands.deviations(loads_N)
    for sample, number in np.argwhere(deviations > 1.0).tolist():
        yield MissedTarget(
            case=task.load_cases[sample].name,
            measure=f"reaction at {task.inputs[number]}, gf",
            value=float(loads_N[sample, number]) / NEWTON_PER_GF,
            wanted=band_text(bands.times(1 / NEWTON_PER_GF), sample, number) or "",
            deviation=float(deviations[sample, number]),
        )


def _metrics(trainable: Trainable, model: PortModel, latent: FloatArray) -> Metrics:
    """Return the metrics of a network, with the targets of its widths themselves."""
    task, loss, metrics = trainable.task, trainable.width_loss, trainable.task.metrics(model)
    if loss is None:
        return metrics
    deviations = loss.deviations(trainable.width_map.widths(latent))
    return with_deviations(metrics, task.n_band_targets, deviations)


def _missed_by_widths(trainable: Trainable, latent: FloatArray) -> Sequence[MissedTarget]:
    """Return the targets of the widths themselves that latent values do not meet."""
    loss = trainable.width_loss
    return () if loss is None else loss.missed(trainable.width_map.widths(latent))


def _with(
    trainable: Trainable,
    loads: FloatArray,
    targets: FloatArray,
    loss: Loss,
    prescribed: PrescribedDisplacements | None = None,
) -> Trainable:
    """Return the same model with other loads, prescribed displacements, targets and loss."""
    split = DataSplit(np.arange(len(loads)))
    given = replace(trainable.task, loads_N=loads, prescribed=prescribed, reactions=None)
    task = replace(given, targets=targets, loss=loss, split=split)
    return replace(trainable, task=task, width_loss=None)


def _target(
    trainable: Trainable, target_matrix: FloatArray, limits_mm: tuple[float, float]
) -> Target:
    loads = trainable.task.loads_N[trainable.task.train_indices]
    targets = loads @ target_matrix.T
    size = float(np.sqrt((targets**2).sum(axis=1).mean()))
    given = trainable.task.targets[trainable.task.train_indices]

    def nearest_network(
        limits: tuple[float, float], factor: float = 1.0
    ) -> tuple[FloatArray, float]:
        widened = replace(trainable, width_map=trainable.width_map.clamped(limits))
        question = _with(widened, loads * factor, targets, SquaredError(size))
        latent, loss = best_within(question)
        return latent, float(np.sqrt(loss))

    def widened_enough(factor: float) -> bool:
        return nearest_network((limits_mm[0] / factor, limits_mm[1] * factor))[1] <= REACHED

    latent, error = nearest_network(limits_mm)
    nearest = trainable.port_model(latent)
    moved = nearest.outputs(loads)
    wrong_sign = float(np.vdot(moved, targets)) < 0
    first = np.array([trainable.task.load_cases[0].loads_N])
    softer = wider = None
    if error > REACHED and not wrong_sign:
        best = _free_factor(_with(trainable, loads, targets, ScaledResidual()))
        if best is not None:
            softer = best ** _smallest_share(
                lambda s: nearest_network(limits_mm, best**s)[1] <= REACHED
            )
        if widened_enough(WIDEST):
            wider = WIDEST ** _smallest_share(lambda s: widened_enough(WIDEST**s))
    return Target(
        relative_error=error,
        nearest_mm=tuple(nearest.outputs(first)[0].tolist()),
        not_linear=float(np.linalg.norm(given - targets) / np.linalg.norm(given)),
        wrong_sign=wrong_sign,
        softer=softer,
        wider=wider,
    )


def _free_factor(trainable: Trainable) -> float | None:
    """Return the positive factor on displacements that makes the targets attainable, or None."""
    latent, loss = best_within(trainable)
    if np.sqrt(loss) > REACHED:
        return None
    moved = trainable.port_model(latent).outputs(trainable.task.loads_N)
    factor = float(np.vdot(moved, trainable.task.targets) / np.vdot(moved, moved))
    return factor if factor > 0 else None


def _smallest_share(sufficient: Callable[[float], bool]) -> float:
    """Return the smallest sufficient value between 0 and 1 by bisection, to 0.01."""
    low, high = 0.0, 1.0
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (low, middle) if sufficient(middle) else (middle, high)
    return high


def _signals(task: Task, model: PortModel) -> FloatArray:
    """Return the signal that has to be resolved in each sample, (n_samples,) mm."""
    moved = model.outputs(task.applied_loads(model))
    if task.loss.targets != "classes":
        size: FloatArray = np.sqrt((moved**2).mean(axis=1))
        return size
    return leads_mm(task.readout, moved)
