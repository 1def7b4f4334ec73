"""Changes of a design that open an empty window of load factors, each checked by a solution.

With the widths kept, displacements in the plane depend on F / (E t) alone, so a thicker part under
loads in proportion moves as before and is stiffer out of its plane; a softer material does what
larger loads do; and in a lattice s times as large, displacements at the same strains are s times
as large. These laws give the numbers; the frame of the changed part and the solid decide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fem.frames.model import LoadedFrame
from fem.frames.network_frame import NetworkFrames
from mnnfab.loaded_part.calibrated_frame import CalibratedFrame
from mnnfab.loaded_part.solid import case_buckling, smallest_out_of_plane
from mnnfab.loaded_part.sweep import Sweep, stable_samples, sweep_loads
from mnnfab.problem.problem import is_trainable
from mnnfab.task.reading import ReadMetric, metric_as_read

if TYPE_CHECKING:
    from fem.mesh import Mesh
    from mnnfab.loaded_part.requirements import Requirements
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import TrainableProblem
    from mnnfab.task.task import ScoredTask

#: Sizes of lattice that are tried, and thicknesses relative to the one of the design.
SIZES = (1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
THICKNESSES = tuple(2.0 ** (np.arange(0, 13) / 6))
#: Factor on displacements that counts as a change.
ROUNDING = 1e-9
#: Load factors are chosen where the metric has this share of its way from the limit to the best.
SLACK = 0.5


@dataclass(frozen=True)
class Change:
    """A change of a design with the same widths, relative to the design.

    Args:
        loads: factor on the loads.
        thickness: factor on the thickness.
        modulus: factor on Young's modulus.
        size: factor on all lengths in the plane, the widths included.
    """

    loads: float = 1.0
    thickness: float = 1.0
    modulus: float = 1.0
    size: float = 1.0

    @property
    def movement(self) -> float:
        """Factor on the displacements by linear theory."""
        return self.loads / (self.modulus * self.thickness)


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
class _Study:
    """A part that does not meet its requirements.

    Args:
        part: the part.
        problem: its problem.
        frame: its calibrated frame.
        sweep: all samples over the load factor, whatever their stability out of the plane.
        requirements: limits that it must meet.
        limit: limit of the metric as read.
        out_of_plane: smallest load factor of buckling out of the plane, by frame and solid.
        mesh: mesh of the solid; None if it is not solved.
    """

    part: PortPart
    problem: TrainableProblem
    frame: CalibratedFrame
    sweep: Sweep
    requirements: Requirements
    limit: float
    out_of_plane: float
    mesh: Mesh | None


def find_remedies(
    part: PortPart,
    frame: CalibratedFrame,
    requirements: Requirements,
    out_of_plane: float,
    mesh: Mesh | None,
) -> tuple[Remedy, ...]:
    """Return remedies by loads, thickness, modulus and size, as far as they exist.

    Args:
        part: the part.
        frame: its calibrated frame.
        requirements: limits that it must meet.
        out_of_plane: smallest load factor of buckling out of the plane, by frame and solid.
        mesh: mesh of the solid; None if it is not solved.
    """
    problem = part.problem
    limit = requirements.metric_limit
    if limit is None or not is_trainable(problem):
        return ()
    sweep = sweep_loads(frame, problem.task.loads_N, in_plane_only=True)
    study = _Study(part, problem, frame, sweep, requirements, limit, out_of_plane, mesh)
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
    held = float(sweep.in_plane.min()) / requirements.stability
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
        read = _checked(study, change)
        if read is not None:
            return Remedy(change, read, _message(study, change, read))
    return None


def _checked(study: _Study, change: Change) -> ReadMetric | None:
    """Return the metric as read of the changed part; None if it does not meet the requirements."""
    requirements, task = study.requirements, study.problem.task
    frame = changed_frame(study.part, study.frame, change)
    loads = change.loads * task.loads_N
    states = frame.states(loads)
    if not stable_samples(frame, states).all() or states.strains.max() > requirements.strain:
        return None
    outputs = frame.outputs_mm(states, loads)
    read = metric_as_read(task, outputs, requirements.resolution_mm, change.movement)
    if not read.meets(study.limit):  # before the larger loads, whose states take longest
        return None
    if not stable_samples(frame, frame.states(requirements.stability * loads)).all():
        return None
    return read if _solid_is_stable(study, change) else None


def changed_frame(part: PortPart, frame: CalibratedFrame, change: Change) -> CalibratedFrame:
    """Return the calibrated frame of a changed part; hubs and correction are those of the part."""
    problem, own = part.problem, frame.frames
    size = change.size
    network = replace(problem.network, nodes=size * problem.network.nodes)
    fabrication = own.fabrication.model_copy(
        update={
            name: size * getattr(own.fabrication, name)
            for name in (
                *("width_min_mm", "width_max_mm", "width_initial_mm"),
                *("joint_length_mm", "taper_length_mm", "fillet_radius_mm"),
            )
        }
        | {"thickness_mm": change.thickness * own.fabrication.thickness_mm}
    )
    modulus = change.modulus * problem.material.youngs_modulus_MPa
    material = problem.material.model_copy(update={"youngs_modulus_MPa": modulus})
    frames = NetworkFrames(network, material, fabrication, own.hub_stiffness, own.division)
    loaded = LoadedFrame(
        network,
        frames.frame(size * part.widths_mm),
        frame.frame.input_ports,
        frame.frame.output_ports,
        weight=True,
    )
    softer = 1 / (change.modulus * change.thickness)
    return CalibratedFrame(frames, loaded, softer * frame.correction, frame.agreement)


def _solid_is_stable(study: _Study, change: Change) -> bool:
    """Return whether the solid of the changed part buckles out of its plane late enough.

    With all lengths divided by the size, the changed part is the part with another thickness,
    and its loads are those of the task times loads / (modulus size²).
    """
    if study.mesh is None:
        return True
    buckling = case_buckling(study.part, study.mesh, change.thickness / change.size)
    factor = smallest_out_of_plane(buckling) * change.modulus * change.size**2 / change.loads
    return factor >= study.requirements.stability


def _message(study: _Study, change: Change, read: ReadMetric) -> str:
    design, material = study.problem.design, study.problem.material
    words = list[str]()
    if change.size != 1.0:
        words.append(f"a lattice {change.size:g} times as large, widths and joints included")
    if change.modulus != 1.0:
        words.append(f"a modulus of {change.modulus * material.youngs_modulus_MPa:.3g} MPa")
    if change.thickness != 1.0:
        words.append(f"thickness {change.thickness * design.fabrication.thickness_mm:.2f} mm")
    if change.loads != 1.0:
        words.append(f"loads {change.loads:.3g} times as large")
    if abs(change.movement - 1.0) > ROUNDING:
        words += _moved_settings(study.problem.task, change.movement)
    return f"{', '.join(words)}: {read.label} as read {read.value:.3f}"


def _moved_settings(task: ScoredTask, movement: float) -> list[str]:
    """Return the settings in mm that must follow the displacements for the same training."""
    words = list[str]()
    if task.target_kind == "displacements":
        words.append(f"targets {movement:.3g} times as large")
    if task.loss.scale_mm is not None:
        words.append(f"loss_scale_mm {task.loss.scale_mm * movement:.3g}")
    return words
