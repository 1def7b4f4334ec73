"""Bonds that vanish: thin bonds are removed, and the network that is left is trained again.

The widths are trained from almost zero to the upper limit, with a small weight on the volume of the
bonds. Those that end below `remove_below_mm` are removed, the thinnest first, as long as the
network stays rigid and connected. A bisection finds how many can be removed such that the reduced
network, trained within the width limits, is hardly worse than the whole one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from mnnfab.arrays import frozen_floats
from mnnfab.errors import InputError, MechanismError, MnnfabError, ToolError
from mnnfab.findings import Finding
from mnnfab.io.short_repr import short_repr
from mnnfab.network.rigidity import require_rigid
from mnnfab.problem.loading import make_problem
from mnnfab.problem.problem import Problem, TrainableProblem, require_trainable
from mnnfab.trainable_models.modulus_loss import modulus_loss
from mnnfab.trainable_models.trainables import train_problem, trainable_of
from mnnfab.training.loss_terms import MissedTarget, WidthLoss
from mnnfab.training.optimisation import Trainable, minimise_loss
from mnnfab.training.width_maps import part_widths

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray, IntArray
    from mnnfab.network.network import Network
    from mnnfab.progress.watcher import StageTimer

log = logging.getLogger(__name__)

#: Smallest width of the first training, over `remove_below_mm`.
ALMOST_ZERO = 0.01
#: Loss by the volume of a part whose bonds all have the largest width.
VOLUME_WEIGHT = 0.05
#: Maximum number of iterations of the first training.
ITERATIONS = 300
#: Largest number of thin bonds that are tried; each requires the zero modes of the network.
MAX_GROUPS = 300
#: How much worse the rest may be: as a fraction of the loss, and absolutely.
WORSE, WORSE_BY = 0.05, 1e-3
#: Largest number of trainings in the search for the largest number of bonds that can be removed.
MAX_TRIALS = 6


@dataclass(frozen=True, eq=False)
class VolumeTerm:
    """The volume of the bonds as a part of the loss, beside another loss: a `WidthLoss`.

    Args:
        per_width: loss per width of each bond, (n_bonds,) per mm.
        other: another loss of the widths; None without one.
    """

    per_width: FloatArray
    other: WidthLoss | None

    __repr__ = short_repr

    def __call__(self, widths_mm: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss of widths, (n_bonds,) mm, and its derivative in each of them."""
        volume = float(self.per_width @ widths_mm)
        if self.other is None:
            return volume, self.per_width
        value, gradient = self.other(widths_mm)
        return value + volume, gradient + self.per_width

    def deviations(self, widths_mm: FloatArray) -> FloatArray:
        """Return the deviations from the targets of the other loss, in tolerances."""
        return np.empty(0) if self.other is None else self.other.deviations(widths_mm)

    def missed(self, widths_mm: FloatArray) -> Sequence[MissedTarget]:
        """Return the targets of the other loss that widths do not meet."""
        return () if self.other is None else self.other.missed(widths_mm)


def without_thin_bonds(problem: Problem, timer: StageTimer) -> tuple[Problem, tuple[Finding, ...]]:
    """Return the problem of the network without its thin bonds, and a finding that names them.

    The problem is the same if the design has no `remove_below_mm`.

    Raises:
        InputError: if the design cannot be trained.
    """
    limit = problem.design.schedule.remove_below_mm
    if limit is None or problem.given_widths_mm is not None:
        return problem, ()
    if problem.start_table is not None:
        given = f"{limit:g}, with a table of start widths"
        raise InputError("[training] remove_below_mm", given, "only without a table")
    trainable = require_trainable(problem)
    try:
        with timer.stage("remove bonds"):
            widths = _relaxed_widths(trainable, limit)
            removable = _removable(trainable, widths, limit)
            found, removed = _largest_removal(trainable, widths, removable)
    except ToolError as error:  # almost no stiffness is left
        return _without_key(trainable), (_none_removed(str(error)),)
    if not removed:
        return _without_key(trainable), (_none_removed(_reason(widths, limit, removable)),)
    names = ", ".join(f"{i}–{j}" for i, j in removed[:20]) + (" …" if len(removed) > 20 else "")
    message = f"{len(removed)} of {problem.network.n_bonds} bonds are removed: {names}"
    return found, (Finding("bonds-removed", "info", "network", message),)


def _none_removed(reason: str) -> Finding:
    return Finding("bonds-removed", "info", "network", f"no bond can be removed: {reason}")


def _reason(widths_mm: FloatArray, limit_mm: float, removable: Sequence[IntArray]) -> str:
    if not (widths_mm < limit_mm).any():
        return f"the thinnest is trained to {widths_mm.min():.3g} mm"
    if not removable:
        return "the network would not be rigid, or its cell not joined"
    return "the network that is left does the task worse"


def _relaxed_widths(problem: TrainableProblem, limit_mm: float) -> FloatArray:
    """Return the widths of a training on bars from almost zero to the upper limit, (n_bonds,)."""
    highest, lengths = problem.width_limits_mm[1], problem.network.lengths
    own = problem.trainable()
    per_width = VOLUME_WEIGHT * lengths / (lengths.sum() * highest)
    trainable = replace(
        own,
        width_map=own.width_map.clamped((ALMOST_ZERO * limit_mm, highest)),
        width_errors_mm=None,
        width_loss=VolumeTerm(per_width, modulus_loss(problem)),
    )
    start = trainable.width_map.latent(problem.start_widths_mm)
    latent, _ = minimise_loss(trainable, start, ITERATIONS)
    return part_widths(trainable.width_map, latent)


def _removable(problem: TrainableProblem, widths_mm: FloatArray, limit_mm: float) -> list[IntArray]:
    """Return groups of bonds that can be removed together, the thinnest first.

    Bonds a period apart are one group. Each group leaves the network rigid after those before it.
    """
    network, periodicity = problem.network, problem.periodicity
    classes = np.arange(network.n_bonds) if periodicity is None else periodicity.bond_class
    thin = sorted(
        {int(classes[bond]) for bond in np.flatnonzero(widths_mm < limit_mm)},
        key=lambda one: float(widths_mm[classes == one].max()),
    )
    groups: list[IntArray] = []
    for one in thin[:MAX_GROUPS]:
        group = np.flatnonzero(classes == one)
        if _is_rigid_and_joined(network, np.concatenate([*groups, group])) and _is_valid(
            problem, widths_mm, np.concatenate([*groups, group])
        ):
            groups.append(group)
    return groups


def _is_valid(problem: TrainableProblem, widths_mm: FloatArray, bonds: IntArray) -> bool:
    """Return whether the design without some bonds is valid: coupled ports, a cell that joins."""
    try:
        _without(problem, widths_mm, bonds)
    except MnnfabError:
        return False
    return True


def _is_rigid_and_joined(network: Network, bonds: IntArray) -> bool:
    """Return whether a network without some bonds is rigid and connected, with all its nodes."""
    try:
        rest = network.without(_pairs(network, bonds))
        require_rigid(rest)
    except (InputError, MechanismError):
        return False
    ends = (rest.bonds[:, 0], rest.bonds[:, 1])
    graph = sparse.coo_array((np.ones(rest.n_bonds), ends), shape=(rest.n_nodes,) * 2)
    return int(sparse.csgraph.connected_components(graph, directed=False)[0]) == 1


def _pairs(network: Network, bonds: IntArray) -> list[tuple[int, int]]:
    return [(int(i), int(j)) for i, j in network.bonds[bonds]]


def _largest_removal(
    problem: TrainableProblem, widths_mm: FloatArray, groups: Sequence[IntArray]
) -> tuple[TrainableProblem, list[tuple[int, int]]]:
    """Return the problem without as many bonds as it can do without, and these bonds."""
    if not groups:
        return problem, []
    whole = _trained_loss(_without_key(problem))
    found, bonds = problem, np.empty(0, dtype=np.int64)
    possible, too_many, count = 0, len(groups) + 1, len(groups)
    for _ in range(MAX_TRIALS):
        chosen = np.concatenate(groups[:count])
        rest, loss = _train_reduced(problem, widths_mm, chosen)
        log.info("without %d bonds: loss %.4g, with all of them %.4g", len(chosen), loss, whole)
        if loss <= whole * (1 + WORSE) + WORSE_BY:
            found, bonds, possible = rest, chosen, count
        else:
            too_many = count
        if too_many - possible <= 1:
            break
        count = (possible + too_many) // 2
    return found, _pairs(problem.network, bonds)


def _train_reduced(
    problem: TrainableProblem, widths_mm: FloatArray, bonds: IntArray
) -> tuple[TrainableProblem, float]:
    """Return the problem without some bonds, and its loss; infinite if it cannot be trained."""
    try:
        rest = _without(problem, widths_mm, bonds)
        return rest, _trained_loss(rest)
    except MnnfabError as error:
        log.info("without %d bonds: %s", len(bonds), error)
        return problem, np.inf


def _trained_loss(problem: TrainableProblem) -> float:
    """Return the loss of the trained widths, with the penalty on constraints and that of moduli."""
    trainable: Trainable = trainable_of(problem)
    training, task = train_problem(problem), problem.task
    model = trainable.model.port_model(training.widths_mm)
    loss = task.loss_value(model, task.train_indices)
    return loss + training.penalty + trainable.width_loss_at(training.widths_mm)


def _without(problem: TrainableProblem, widths_mm: FloatArray, bonds: IntArray) -> TrainableProblem:
    """Return the problem of the network without some bonds.

    Bars start from the given widths. The frame starts from those of the design, which carry the
    loads.
    """
    section = problem.design.network
    damage = (*section.damage, *_pairs(problem.network, bonds))
    changed = {"network": section.model_copy(update={"damage": damage})}
    design = _without_key(problem).design.model_copy(update=changed)
    rest = require_trainable(make_problem(design, problem.folder))
    rest = replace(rest, surrogate=problem.surrogate)
    if problem.design.schedule.model == "frame":
        return rest
    start = np.clip(np.delete(widths_mm, bonds), *problem.width_limits_mm)
    return replace(rest, start_widths_mm=frozen_floats(start))


def _without_key(problem: TrainableProblem) -> TrainableProblem:
    """Return the problem with a design that removes no bonds."""
    schedule = problem.design.schedule.model_copy(update={"remove_below_mm": None})
    return replace(problem, design=problem.design.model_copy(update={"training": schedule}))
