"""Time of training on the loaded frame: iris beside JAX, and the cost of a step by the size.

python benchmarks/loaded_training.py [PEER_PYTHON]. The training of iris has 100 epochs of Adam on
batches of 16 flowers, with the loss of all flowers after every epoch, without and with the
constraints on stability and strain. JAX is measured if a Python that has it is given: one step has
the equilibria of a batch by Newton's method for all samples at once and the gradient of the adjoint
equation, with dense solutions and with the chains eliminated as here; see `peers/jax_frame.py`. One
thread each, time of the processor.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from loaded_frame import by_jax, node_values

from fem.frames.network_frame import NetworkFrames
from fem.frames.width_model import FrameWidthModel
from mnnfab import Fabrication, Port, make_problem, parse_design, triangular_patch
from mnnfab.arrays import FloatArray
from mnnfab.problem.problem import PortProblem, require_ports
from mnnfab.profiles import material
from mnnfab.trainable_models.loaded_frame import LoadedFrameModel
from mnnfab.trainable_models.sample_states import LoadTable, SampleStates
from mnnfab.trainable_models.trainables import trainable_of
from mnnfab.training.training import train

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "iris.toml"
EPOCHS, BATCH = 100, 16
#: Rows of the triangular patches: 30 to 3,000 bonds.
ROWS = (4, 6, 10, 16, 26, 44)
REPEATS = 3


def iris() -> PortProblem:
    """Return the example, trained on the frame for the task as read."""
    values = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    del values["compensate"], values["task"]["loss_scale_mm"], values["task"]["normalisation"]
    values["task"]["loss"], values["training"]["model"] = "as-read", "frame"
    return require_ports(make_problem(parse_design(values), EXAMPLE.parent))


def seconds(run: Any) -> float:
    """Return the shortest time of some runs."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def train_iris(problem: PortProblem, *, constrained: bool) -> float:
    """Return the time of the training."""
    trainable = trainable_of(problem)
    if not constrained:
        trainable = replace(trainable, penalty=None, renew=None)
    start = time.process_time()
    train(trainable, problem.start_widths_mm, replace(problem.schedule, epochs=EPOCHS))
    return time.process_time() - start


def compare_jax(python: str, problem: PortProblem, training_s: float) -> None:
    """Print the time of the same number of steps by JAX, from the time of one step."""
    model = trainable_of(problem).model
    assert isinstance(model, LoadedFrameModel)
    frame = replace(model.model, weight=False).port_model(problem.start_widths_mm)
    loads_N = problem.task.loads_N[:BATCH]
    loads = node_values(frame, problem.task.inputs, loads_N)
    slope = node_values(frame, problem.task.outputs, np.ones((BATCH, 3)))
    theirs = by_jax(python, frame, problem.start_widths_mm, loads, slope)
    n_steps = EPOCHS * -(-len(problem.task.train_indices) // BATCH)
    for name, key in (("chains eliminated", "gradient_s"), ("vmap, dense", "whole_s")):
        # The dense one is measured on a few samples and extrapolated to all of its question.
        whole = n_steps * float(theirs[key])
        print(
            f"JAX, {name:18} {whole:7.1f} s for the {n_steps} steps alone, "
            f"ratio {whole / training_s:.1f}"
        )


def step_time(rows: int) -> tuple[int, float]:
    """Return the number of bonds of a lattice and the time of a step on a batch."""
    network = triangular_patch(rows, 16.0, [0, rows])
    fabrication = Fabrication(
        thickness_mm=5.0, width_min_mm=2.0, width_max_mm=3.2, width_initial_mm=2.6
    )
    last = network.n_nodes - 1
    inputs = tuple(Port(last - place, "y") for place in range(4))
    outputs = tuple(Port(last - place, "x") for place in range(3))
    frames = NetworkFrames(network, material("agilus30"), fabrication)
    loads = -0.02 * np.random.default_rng(0).uniform(0.5, 1.0, (BATCH, 4))
    table = LoadTable(loads)
    model = LoadedFrameModel(
        FrameWidthModel(frames, inputs, outputs), np.zeros((BATCH, 3)), SampleStates(table)
    )
    widths, slope = np.full(network.n_bonds, 2.6), np.ones((BATCH, 3))
    model.port_model(widths)  # states to start from
    near = widths * (1 + 0.002 * np.random.default_rng(1).standard_normal(len(widths)))

    def step() -> FloatArray:
        return model.solve(near, loads).width_gradient(slope)

    step()
    return network.n_bonds, seconds(step)


def main() -> None:
    """Print times and ratios."""
    problem = iris()
    train_iris(problem, constrained=True)  # compiles
    free, constrained = (
        min(train_iris(problem, constrained=c) for _ in range(2)) for c in (False, True)
    )
    print(f"iris, {EPOCHS} epochs: {free:.1f} s, with constraints {constrained:.1f} s")
    for python in sys.argv[1:]:
        compare_jax(python, problem, free)
    found = [step_time(rows) for rows in ROWS]
    for n_bonds, time_s in found:
        print(f"{n_bonds:5} bonds: {1e3 * time_s:8.1f} ms per step of {BATCH} samples")
    bonds, times = np.log(np.array(found)).T
    print(f"cost per step grows like bonds^{np.polyfit(bonds, times, 1)[0]:.2f}")
    print(f"load average of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
