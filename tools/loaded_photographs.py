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

from mnnfab.lab.experiment.experiment import load_experiment
from mnnfab.lab.experiment.steps import AppliedWeight, Step
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
    ports = part.problem.task.inputs
    weights = zip(ports, (loads_N / NEWTON_PER_GF).tolist(), strict=True)
    return Step(name, "forward", tuple(AppliedWeight(*weight) for weight in weights if weight[1]))


def measured_outputs(part: PortPart, steps: list[Step]) -> np.ndarray:
    """Return the displacements of the outputs in all steps from photographs, (n_steps, n_out)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photograph(part, (Step("zero", "zero"), *steps), folder, PhotoSettings(seed=SEED))
        experiment = load_experiment(folder)
        fabrication, network = part.problem.design.fabrication, part.problem.network
        zero, *fields = fields_of(part, (Step("zero", "zero"), *steps))
        readings = part.rubber.body.system.readings
        moves = [((own - zero) @ readings).reshape(-1, 2) for own in fields]
        geometry = PartGeometry(
            network,
            part.tiling,
            fabrication.disc_radius_mm,
            fabrication.joint_length_mm,
            dict(zip((step.name for step in steps), moves, strict=True)),
        )
        found = read_photographs(experiment, geometry, part.timer)
        measurement = measure(
            experiment.where,
            found.positions,
            experiment.steps,
            network,
            experiment.section.reading,
        )
    order = [step.name for step in measurement.steps]
    rows = [order.index(step.name) for step in steps]
    moved = measurement.displacements_mm.reshape(len(order), -1)
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
    answers, wanted = (np.abs(one).argmax(axis=1) for one in (measured, computed))
    classes = np.concatenate([np.arange(len(task.load_cases)), task.targets[drawn].argmax(axis=1)])
    for name, own, model in zip(names, measured, computed, strict=True):
        mark = "" if np.abs(own).argmax() == np.abs(model).argmax() else "  differs"
        print(f"{name:12} {np.round(own, 3)} measured, {np.round(model, 3)} computed{mark}")
    first, same = len(task.load_cases), answers == wanted
    error = np.sqrt(((measured - computed) ** 2).mean())
    print(f"root mean square error of a displacement: {error:.4f} mm")
    print(f"class means: {same[:first].sum()} of {first} answered as computed")
    right = (answers == classes)[first:].sum()
    print(f"samples: {same[first:].sum()} of {count} answered as computed, {right} right")


if __name__ == "__main__":
    main()
