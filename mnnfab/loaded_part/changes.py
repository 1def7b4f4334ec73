"""Changes of a design with the widths kept, and the frame of the changed part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fem.frames.model import LoadedFrame
from fem.frames.network_frame import NetworkFrames
from mnnfab.loaded_part.calibrated_frame import CalibratedFrame

if TYPE_CHECKING:
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import TrainableProblem
    from mnnfab.task.task import ScoredTask

#: Factor on displacements that counts as a change.
ROUNDING = 1e-9


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


def change_message(problem: TrainableProblem, change: Change) -> str:
    """Return a change with its numbers, and the settings that must follow it."""
    design, material = problem.design, problem.material
    parts = list[str]()
    if change.size != 1.0:
        parts.append(f"a lattice {change.size:g} times as large, widths and joints included")
    if change.modulus != 1.0:
        parts.append(f"a modulus of {change.modulus * material.youngs_modulus_MPa:.3g} MPa")
    if change.thickness != 1.0:
        parts.append(f"thickness {change.thickness * design.fabrication.thickness_mm:.2f} mm")
    if change.loads != 1.0:
        parts.append(f"loads {change.loads:.3g} times as large")
    if abs(change.movement - 1.0) > ROUNDING:
        parts += _moved_settings(problem.task, change.movement)
    return ", ".join(parts)


def _moved_settings(task: ScoredTask, movement: float) -> list[str]:
    """Return the settings in mm that must follow the displacements for the same training."""
    parts = list[str]()
    if task.target_kind in {"displacements", "bands"}:
        parts.append(f"targets {movement:.3g} times as large")
    if task.loss.scale_mm is not None:
        parts.append(f"loss_scale_mm {task.loss.scale_mm * movement:.3g}")
    parts += task.readout.scaled(movement).settings
    return parts
