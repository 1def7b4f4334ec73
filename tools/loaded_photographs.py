"""Answers read from rendered photographs of the loaded rubber, beside those that are computed.

python tools/loaded_photographs.py RUN [COUNT]. Class means and COUNT samples (30) drawn at random
of the classification in the folder RUN are hung on the rubber model one after the other and
photographed by the synthetic camera, two photographs each; the answer is the output with the
largest measured displacement.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from mnnfab.errors import InputError
from mnnfab.lab.experiment.experiment import load_experiment
from mnnfab.lab.experiment.plan import weights_at
from mnnfab.lab.experiment.shots import SHOTS, load_shots, shots_text
from mnnfab.lab.experiment.steps import STEPS, Step, steps_text
from mnnfab.lab.measurement.measurement import measure
from mnnfab.lab.photo.photographs import PartGeometry, read_photographs
from mnnfab.lab.synthetic.laboratory import PhotoSettings, fields_of, photograph
from mnnfab.network.ports import dofs_of
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.problem.problem import require_ports
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.runs.load import load_run
from mnnfab.units import NEWTON_PER_GF

SEED = 0


def forward_step(part: PortPart, name: str, loads_N: np.ndarray) -> Step:
    """Return the load step of a sample."""
    weights = weights_at(part.problem.task.inputs, loads_N / NEWTON_PER_GF)
    return Step(name, "forward", weights)


def measured_outputs(part: PortPart, steps: list[Step]) -> np.ndarray:
    """Return the displacements of the outputs in all steps from photographs, (n_steps, n_out).

    A step whose photographs cannot be read, as where a dot is covered, has NaN.
    """
    zero, *fields = fields_of(part, (Step("zero", "zero"), *steps))
    readings = part.rubber.body.system.readings
    moves = {
        step.name: ((own - zero) @ readings).reshape(-1, 2)
        for step, own in zip(steps, fields, strict=True)
    }
    outputs = np.full((len(steps), len(part.problem.task.outputs)), np.nan)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photograph(part, (Step("zero", "zero"), *steps), folder, PhotoSettings(seed=SEED))
        left = dict(enumerate(steps))
        while left:
            try:
                found = read_outputs(part, folder, list(left.values()), moves)
            except InputError as error:
                unread = next(n for n, step in left.items() if f"{step.name}-" in error.where)
                print(error)
                del left[unread]
                continue
            outputs[list(left)] = found
            break
    return outputs


def read_outputs(
    part: PortPart, folder: Path, steps: list[Step], moves: dict[str, np.ndarray]
) -> np.ndarray:
    """Return the displacements of the outputs in the photographs of some steps."""
    names = {"zero", *(step.name for step in steps)}
    shots = tuple(shot for shot in load_shots(folder / SHOTS) if shot.step in names)
    (folder / SHOTS).write_text(shots_text(shots), encoding="utf-8")
    (folder / STEPS).write_text(steps_text((Step("zero", "zero"), *steps)), encoding="utf-8")
    experiment = load_experiment(folder)
    fabrication, network = part.problem.design.fabrication, part.problem.network
    geometry = PartGeometry(
        network,
        part.tiling,
        fabrication.disc_radius_mm,
        fabrication.joint_length_mm,
        moves,
    )
    found = read_photographs(experiment, geometry, part.timer)
    measurement = measure(
        experiment.where, found.positions, experiment.steps, network, experiment.section.reading
    )
    order = [step.name for step in measurement.steps]
    moved = measurement.displacements_mm.reshape(len(order), -1)
    rows = [order.index(step.name) for step in steps]
    outputs: np.ndarray = moved[rows][:, dofs_of(part.problem.task.outputs)]
    return outputs


def main() -> None:
    """Print the comparison."""
    run, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 30
    problem, record = load_run(run, StageTimer(NullWatcher()))
    part = PrintedPart(require_ports(problem), record.widths_mm)
    task = part.problem.task
    drawn = np.sort(np.random.default_rng(SEED).choice(len(task.loads_N), count, replace=False))
    loads = np.array([*(case.loads_N for case in task.load_cases), *task.loads_N[drawn]])
    names = [f"mean-{number}" for number in range(len(task.load_cases))]
    names += [f"sample-{sample}" for sample in drawn.tolist()]
    steps = [forward_step(part, *own) for own in zip(names, loads, strict=True)]
    measured, computed = measured_outputs(part, steps), part.rubber.outputs(loads)
    answers, wanted = (np.nan_to_num(np.abs(o), nan=-1.0).argmax(1) for o in (measured, computed))
    answers[np.isnan(measured).any(axis=1)] = -1
    classes = np.concatenate([np.arange(len(task.load_cases)), task.targets[drawn].argmax(axis=1)])
    for name, own, model in zip(names, measured, computed, strict=True):
        mark = (
            ""
            if np.isfinite(own).all() and np.abs(own).argmax() == np.abs(model).argmax()
            else "  differs"
        )
        print(f"{name:12} {np.round(own, 3)} measured, {np.round(model, 3)} computed{mark}")
    first, same = len(task.load_cases), answers == wanted
    error = np.sqrt(np.nanmean((measured - computed) ** 2))
    print(f"root mean square error of a displacement: {error:.4f} mm")
    print(f"class means: {same[:first].sum()} of {first} answered as computed")
    right = (answers == classes)[first:].sum()
    print(
        f"samples: {same[first:].sum()} of {count} answered as computed, {right} right, "
        f"{np.isnan(measured).any(axis=1).sum()} not read"
    )


if __name__ == "__main__":
    main()
