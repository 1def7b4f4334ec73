"""Time of the rubber model of iris, compared with NGSolve on the same meshes.

python benchmarks/rubber.py [--one]. One load case, the mean virginica, from the hanging part on
meshes of about 20,000 unknowns; then all flowers there and on the mesh on which the continuum
model has converged (not with --one). NGSolve has the same triangles, quadrature, loads and
tolerance, Newton's method from the hanging part for every load case, and one sparse Cholesky
factorisation per iteration whose ordering is computed once. Of all flowers it solves a sample;
its time for all of them is extrapolated. One thread each, in processes of their own; times are of
the processor, which other programs disturb less than that of the clock.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import runpy
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from fem.continuum import Continuum, solve_continuum
from fem.mesh import make_mesh
from fem.rubber.model import RubberModel, make_rubber_model
from fem.rubber.newton import TOLERANCE
from fem.weight import NEWTON_PER_MM3
from mnnfab import load_problem, train_problem
from mnnfab.arrays import FloatArray
from mnnfab.network.ports import dofs_of
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.problem.problem import require_ports

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "iris.toml"
REFERENCE = ROOT / "tests" / "ngsolve_reference.py"
#: Rounds of both programs, one after the other; the shortest time of each counts.
ROUNDS = 3
#: Elements across a joint of the mesh of about 20,000 unknowns.
ACROSS = 2
#: Flowers that NGSolve solves, of 150, and the class of the single load case.
PEER_SAMPLES, VIRGINICA = 10, 2
#: Newton's method of NGSolve: iterations it may take.
ITERATIONS = 30


def trained_part() -> PortPart:
    """Return the part of the example."""
    problem = load_problem(EXAMPLE)
    return PrintedPart(require_ports(problem), train_problem(problem).widths_mm)


def on_mesh(part: PortPart, across: int) -> Continuum:
    """Return the continuum model with a number of elements across a joint."""
    problem, task = part.problem, part.problem.task
    mesh = make_mesh(part.modelled_tiling, across, 600.0)
    return solve_continuum(mesh, problem.network, problem.material, task.inputs, task.outputs)


def make_model(part: PortPart, continuum: Continuum) -> RubberModel:
    """Return the rubber model on the mesh of a continuum model."""
    problem, task = part.problem, part.problem.task
    fabrication = problem.with_effective_joints.design.fabrication
    ports = (task.inputs, task.outputs)
    network, material = problem.network, problem.material
    return make_rubber_model(continuum, network, part.widths_mm, material, fabrication, ports)


def one_case(part: PortPart, continuum: Continuum, loads_N: FloatArray) -> None:
    """Print the times of one load case, with and without the body and its hanging state."""
    outputs = np.zeros(0)
    alone, whole, peer, peer_whole = np.full((4, ROUNDS), np.inf)
    make_model(part, continuum).path(loads_N)  # compilation and imports are not timed
    their_outputs = outputs
    for turn in range(ROUNDS):
        start = time.process_time()
        model = make_model(part, continuum)
        _ = model.unloaded
        hanging = time.process_time()
        path = model.path(loads_N)
        end = time.process_time()
        outputs = model.outputs_of(path.end.field)
        alone[turn], whole[turn] = end - hanging, end - start
        if find_spec("ngsolve"):
            times, their_outputs = by_ngsolve(part, continuum, loads_N[None])
            peer[turn], peer_whole[turn] = times[1:].min(), times.sum()
    print(
        f"{continuum.n_dofs:>7,} dofs, one load case: {alone.min():.2f} s from the hanging part, "
        f"{whole.min():.2f} s with body and hanging state",
        flush=True,
    )
    if find_spec("ngsolve"):
        difference = np.abs(their_outputs - outputs).max()
        print(
            f"{'':>7}  NGSolve {peer.min():.2f} s and {peer_whole.min():.2f} s, ratios to mnnfab "
            f"{peer.min() / alone.min():.1f} and {peer_whole.min() / whole.min():.1f}; "
            f"outputs differ by {difference:.1e} mm",
            flush=True,
        )


def all_flowers(part: PortPart, continuum: Continuum) -> None:
    """Print the times of all samples of the task."""
    task, model = part.problem.task, make_model(part, continuum)
    loads = task.loads_N
    _ = model.unloaded
    start = time.process_time()
    states = model.states(loads)
    seconds = time.process_time() - start
    found = states.outputs_mm(task.outputs)
    print(
        f"{continuum.n_dofs:>7,} dofs, {len(loads)} flowers: {seconds:.1f} s, "
        f"{len(states.lost)} lost",
        flush=True,
    )
    if find_spec("ngsolve"):
        chosen = np.linspace(0, len(loads) - 1, PEER_SAMPLES).astype(int)
        times, theirs = by_ngsolve(part, continuum, loads[chosen])
        extrapolated = float(times[1:].mean()) * len(loads)
        print(
            f"{'':>7}  NGSolve {extrapolated:.1f} s by {PEER_SAMPLES} of them, ratio to mnnfab "
            f"{extrapolated / seconds:.1f}; outputs differ by "
            f"{np.abs(theirs - found[chosen]).max():.1e} mm of {np.abs(found).max():.2f} mm",
            flush=True,
        )


def by_ngsolve(
    part: PortPart, continuum: Continuum, loads_N: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return times and outputs of NGSolve in a process of its own.

    Returns:
        Times of form and hanging state, and of each load case, (1 + n_samples,) s; outputs,
        (n_samples, n_out) mm.
    """
    mesh, problem, task = continuum.mesh, part.problem, part.problem.task
    material = problem.material
    question: dict[str, Any] = {
        "points": mesh.points,
        "elements": mesh.triangles,
        "region": mesh.region,
        "heights": mesh.region_heights,
        "elasticity": [material.youngs_modulus_MPa, material.poisson_ratio],
        "weight_N_per_mm3": material.density_g_per_cm3 * NEWTON_PER_MM3,
        "held": problem.network.fixed,
        "n": problem.network.n_nodes,
        "inputs": [divmod(dof, 2) for dof in dofs_of(task.inputs).tolist()],
        "cases_N": loads_N,
    }
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder) / "question.npz", Path(folder) / "answer.npz"
        np.savez(asked, allow_pickle=False, **question)
        command = [sys.executable, __file__, "--ngsolve", str(asked), str(answer)]
        subprocess.run(command, check=True)
        with np.load(answer) as found:
            moved = found["moved"].reshape(len(loads_N), -1)
            return found["seconds"], moved[:, dofs_of(task.outputs)]


def run_ngsolve(asked: str, answer: str) -> None:
    """Solve load cases in this process, and measure the time of each."""
    import ngsolve as ng

    reference = runpy.run_path(str(REFERENCE))
    with np.load(asked, allow_pickle=False) as given:
        question = dict(given)
    reference["rubber_system"](question)  # the first use of the forms is not timed
    start = time.process_time()
    form, free, weight, inputs, means = reference["rubber_system"](question)
    state, forces, change = (weight.CreateVector() for _ in range(3))
    state[:] = 0.0
    places = np.flatnonzero(np.array(list(free)))
    inverse: Any = None

    def newton(load: Any) -> None:
        nonlocal inverse
        allowed = TOLERANCE * np.abs(load.FV().NumPy()).max()
        for _ in range(ITERATIONS):
            form.Apply(state, forces)
            change.data = load - forces
            residual = change.FV().NumPy()
            if np.abs(residual[places]).max() <= allowed:
                return
            form.AssembleLinearization(state)
            if inverse is None:
                inverse = form.mat.Inverse(free, inverse="sparsecholesky")
            else:
                inverse.Update()
            state.data += inverse * change
        raise AssertionError(ITERATIONS)

    newton(weight)
    hanging = state.CreateVector()
    hanging.data = state
    seconds, moved = [time.process_time() - start], []
    for loads in question["cases_N"].tolist():
        start = time.process_time()
        state.data = hanging
        load = weight.CreateVector()
        load.data = weight
        for size, vector in zip(loads, inputs, strict=True):
            load.data += size * vector
        newton(load)
        seconds.append(time.process_time() - start)
        state.data -= hanging
        moved.append([[ng.InnerProduct(one, state) for one in axes] for axes in means])
    np.savez(answer, allow_pickle=False, seconds=seconds, moved=moved)


def main() -> None:
    """Print the comparison."""
    if sys.argv[1:2] == ["--ngsolve"]:
        run_ngsolve(*sys.argv[2:])
        return
    part = trained_part()
    task = part.problem.task
    virginica = task.loads_N[task.targets.argmax(axis=1) == VIRGINICA].mean(axis=0)
    small = on_mesh(part, ACROSS)
    one_case(part, small, virginica)
    if sys.argv[1:2] != ["--one"]:
        for continuum in (small, part.continuum):
            all_flowers(part, continuum)
    print(f"load average of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
