"""Load steps of the rubber model: stable equilibria under all weights of each step and the part's.

A forward step is followed from the hanging part, a probe from the step that it is added to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mnnfab.errors import UnstableError
from mnnfab.lab.experiment.steps import Step, port_loads

if TYPE_CHECKING:
    from fem.rubber.model import RubberModel
    from fem.rubber.paths import Path
    from mnnfab.arrays import FloatArray
    from mnnfab.task.task import Task


def step_paths(rubber: RubberModel, task: Task, steps: Sequence[Step]) -> tuple[Path, ...]:
    """Return the load path of every step; a path that was lost ends before its loads.

    Args:
        rubber: rubber model of the part.
        task: its task, with the ports.
        steps: load steps.

    Raises:
        UnstableError: if the part does not carry its own weight.
    """
    from fem.rubber.newton import Tangent
    from fem.rubber.paths import Path, follow

    tangent = Tangent(rubber.body)
    known: dict[Step, Path] = {}

    def path_of(step: Step) -> Path:
        if step in known:
            return known[step]
        if not step.all_weights:
            path = Path((rubber.unloaded,), (1.0,))
        else:
            before = None if step.added_to is None else path_of(step.added_to)
            if before is not None and before.lost:
                return before
            start = rubber.unloaded if before is None else before.end
            tangent.factorise(start.field)
            path = follow(tangent, start, _dead_loads(rubber, task, step))
        known[step] = path
        return path

    return tuple(path_of(step) for step in steps)


def step_fields(rubber: RubberModel, task: Task, steps: Sequence[Step]) -> tuple[FloatArray, ...]:
    """Return the displacement field of every load step from rest, (n_dofs,) mm each.

    Raises:
        UnstableError: naming the first load step without a stable equilibrium.
    """
    paths = step_paths(rubber, task, steps)
    for step, path in zip(steps, paths, strict=True):
        if path.lost:
            raise UnstableError(lost_message(step, path.share))
    return tuple(path.end.field for path in paths)


def lost_message(step: Step, share: float) -> str:
    """Return the message of a load step whose stable path is lost at a share of its load."""
    load = "the weights added" if step.added_to is not None else "its load"
    return (
        f"load step {step.name} ({step}): no stable equilibrium in the plane beyond {share:.3g} "
        f"times {load}: use lighter weights"
    )


def _dead_loads(rubber: RubberModel, task: Task, step: Step) -> FloatArray:
    """Return the dead loads of a step, (n_dofs,) N: weights at inputs may act at eyelets."""
    (on_inputs,), (on_outputs,) = port_loads(task, [step])
    system = rubber.body.system
    loads: FloatArray = (
        rubber.body.weight
        + system.loads_at(task.inputs) @ on_inputs
        + system.readings_at(task.outputs) @ on_outputs
    )
    return loads
