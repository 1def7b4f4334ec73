"""Changes of a design whose loads are outside of the window, each checked by a solution.

With the widths kept, displacements in the plane depend on F / (E t) alone, so a thicker part under
loads in proportion moves as before and is stiffer out of its plane; a softer material does what
larger loads do; and in a lattice s times as large, displacements at the same strains are s times
as large. These laws give the numbers; the frame of the changed part and the
solid are the criteria.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import UnstableError
from mnnfab.loaded_part.changes import Change, change_message, changed_frame
from mnnfab.loaded_part.solid import smallest_out_of_plane
from mnnfab.loaded_part.sweep import Sweep, stable_samples, sweep_loads
from mnnfab.problem.problem import is_trainable
from mnnfab.task.reading import ReadMetric, metric_as_read

if TYPE_CHECKING:
    from fem.frames.planar import PlanarStates
    from mnnfab.loaded_part.calibrated_frame import CalibratedFrame
    from mnnfab.loaded_part.envelope import Envelope
    from mnnfab.loaded_part.requirements import Requirements
    from mnnfab.loaded_part.solid import Solid
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import TrainableProblem

#: Sizes of lattice that are tried, and thicknesses relative to the one of the design.
SIZES = (1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
THICKNESSES = tuple(2.0 ** (np.arange(0, 13) / 6))
#: Load factors are chosen where the metric has this share of its way from the limit to the best.
SLACK = 0.5


@dataclass(frozen=True)
class Remedy:
    """A change after which the part meets its requirements by the frame.

    Args:
        change: the change.
        read: metric as read after it.
        message: the change in words, with its numbers.
    """

    change: Change
    read: ReadMetric
    message: str


@dataclass(frozen=True, eq=False)
class _InPlane:
    """States of a changed part that meet all requirements in the plane.

    Args:
        at_loads: states of all samples under the changed loads.
        at_margin: the same under the loads times the required margin.
        read: metric as read.
    """

    at_loads: PlanarStates
    at_margin: PlanarStates
    read: ReadMetric


@dataclass(frozen=True, eq=False)
class _Study:
    """A part that does not meet its requirements.

    Args:
        part: the part.
        problem: its problem.
        frame: its calibrated frame.
        sweep: all samples over the load factor, whatever their stability out of the plane.
        requirements: limits that it must meet.
        limit: limit of the metric as read.
        in_plane: smallest load factor of an instability in the plane, by frame and rubber.
        out_of_plane: smallest load factor of buckling out of the plane, by frame and solid.
        solid: solid of the part; None if it is not solved.
        solved: states in the plane that were found before; see `_in_plane`.
    """

    part: PortPart
    problem: TrainableProblem
    frame: CalibratedFrame
    sweep: Sweep
    requirements: Requirements
    limit: float
    in_plane: float
    out_of_plane: float
    solid: Solid | None
    solved: dict[tuple[float, ...], _InPlane | None] = field(default_factory=dict)


def find_remedies(
    part: PortPart,
    frame: CalibratedFrame,
    requirements: Requirements,
    envelope: Envelope,
    solid: Solid | None,
) -> tuple[Remedy, ...]:
    """Return remedies by loads, thickness, modulus and size, as far as they exist.

    Args:
        part: the part.
        frame: its calibrated frame.
        requirements: limits that it must meet.
        envelope: the limits of its loads.
        solid: solid of the part; None if it is not solved.
    """
    problem = part.problem
    limit = requirements.metric_limit
    if limit is None or not is_trainable(problem):
        return ()
    sweep = sweep_loads(frame, problem.task.loads_N, in_plane_only=True)
    limits = min(envelope.in_plane, float(sweep.in_plane.min())), envelope.out_of_plane
    study = _Study(part, problem, frame, sweep, requirements, limit, *limits, solid)
    found = [
        _first(study, _load_changes(study)),
        _first(study, _modulus_changes(study)),
        _first(study, _size_changes(study)),
    ]
    return tuple(remedy for remedy in found if remedy is not None)


def _load_changes(study: _Study) -> list[Change]:
    """Return larger or smaller loads, alone and with a thicker part, the thinnest first."""
    factor = _useful_factor(study, size=1.0)
    if factor is None:
        return []
    return [
        Change(loads=factor * thickness, thickness=thickness)
        for thickness in _thicknesses(study, factor)
    ]


def _modulus_changes(study: _Study) -> list[Change]:
    factor = _useful_factor(study, size=1.0)
    if factor is None or factor <= 1.0:
        return []
    return [
        Change(loads=thickness, modulus=1 / factor, thickness=thickness)
        for thickness in _thicknesses(study, factor)
    ]


def _size_changes(study: _Study) -> list[Change]:
    changes = list[Change]()
    for size in SIZES:
        factor = _useful_factor(study, size)
        if factor is not None:
            # The thickness grows with the lattice, so that the part is similar to the design.
            changes += [
                Change(factor * size**2 * thick, size * thick, 1.0, size)
                for thick in _thicknesses(study, factor)
            ]
    return changes


def _thicknesses(study: _Study, factor: float) -> list[float]:
    """Return thicknesses from where the out-of-plane factor may suffice by its scaling law."""
    needed = np.sqrt(max(factor * study.requirements.stability / study.out_of_plane, 0.5))
    return [thickness for thickness in THICKNESSES if thickness >= 0.9 * needed]


def _useful_factor(study: _Study, size: float) -> float | None:
    """Return a load factor with a good metric as read and states that are stable in the plane.

    Out-of-plane stability is left to the thickness.
    """
    task, requirements, sweep = study.problem.task, study.requirements, study.sweep
    held = study.in_plane / requirements.stability
    factors, merits = [], []
    for states in sweep.states:
        if states.factor > held or not np.nanmax(states.strains) <= requirements.strain:
            break
        sd = requirements.resolution_mm / size
        read = metric_as_read(task, states.outputs_mm, sd, states.factor)
        sign = 1.0 if read.higher_is_better else -1.0
        factors.append(states.factor)
        merits.append(sign * (read.value - study.limit))
    if not merits or max(merits) <= 0:
        return None
    good = np.flatnonzero(np.array(merits) >= SLACK * max(merits))
    # The load factor nearest to the loads of the design.
    return float(min((factors[index] for index in good), key=lambda one: abs(np.log(one))))


def _first(study: _Study, changes: list[Change]) -> Remedy | None:
    """Return the first change after which the frame meets all requirements."""
    for change in changes:
        if change == Change():  # it does not meet a requirement that only the whole part has
            continue
        read = _checked(study, change)
        if read is not None:
            message = change_message(study.problem, change)
            return Remedy(change, read, f"{message}: {read.label} as read {read.value:.3f}")
    return None


def _checked(study: _Study, change: Change) -> ReadMetric | None:
    """Return the metric as read of the changed part; None if it does not meet the requirements."""
    frame = changed_frame(study.part, study.frame, change)
    found = _in_plane(study, change, frame)
    if found is None:
        return None
    for states in (found.at_loads, found.at_margin):
        if not stable_samples(frame, states).all():
            return None
    return found.read if _solid_is_stable(study, change) else None


def _in_plane(study: _Study, change: Change, frame: CalibratedFrame) -> _InPlane | None:
    """Return the states of a changed part; None if they do not meet the requirements in the plane.

    They do not depend on the thickness if loads and weight grow with it.
    """
    key = (round(change.movement, 12), change.modulus, change.size)
    if key not in study.solved:
        study.solved[key] = _solve_in_plane(study, change, frame)
    return study.solved[key]


def _solve_in_plane(study: _Study, change: Change, frame: CalibratedFrame) -> _InPlane | None:
    requirements, task = study.requirements, study.problem.task
    loads = change.loads * task.loads_N
    try:
        states = frame.states(loads)
    except UnstableError:  # the changed part does not carry its own weight
        return None
    if not states.converged.all() or states.strains.max() > requirements.strain:
        return None
    outputs = frame.outputs_mm(states, loads)
    read = metric_as_read(task, outputs, requirements.resolution_mm, change.movement)
    if not read.meets(study.limit):  # before the larger loads, whose states take longest
        return None
    margin = requirements.stability
    beyond = frame.states(margin * loads, states.points, 1 / margin)
    return _InPlane(states, beyond, read) if beyond.converged.all() else None


def _solid_is_stable(study: _Study, change: Change) -> bool:
    """Return whether the solid of the changed part buckles out of its plane late enough.

    With all lengths divided by the size, the changed part is the part with another thickness,
    and its loads are those of the task times loads / (modulus size²).
    """
    if study.solid is None:
        return True
    buckling = study.solid.buckling(change.thickness / change.size)
    factor = smallest_out_of_plane(buckling) * change.modulus * change.size**2 / change.loads
    return factor >= study.requirements.stability
