"""Time of the loaded frame for the flowers of iris, compared with SciPy and JAX.

python benchmarks/loaded_frame.py [PEER_PYTHON]. Both peers have the same elements. SciPy
factorises the tangents of all points, without elimination of the chains. JAX is measured if a
Python that has it is given; see `peers/jax_frame.py`. One thread each, time of the processor,
which other programs disturb less than that of the clock.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from fem.frames.frame import BeamFrame
from fem.frames.gradients import width_gradient
from fem.frames.kernels.arrays import Points
from fem.frames.kernels.planar_elements import planar_chain
from fem.frames.model import LoadedFrame
from fem.frames.network_frame import NetworkFrames
from fem.frames.newton_settings import newton_settings
from fem.frames.stability import out_of_plane, planar_ratios
from mnnfab import load_problem
from mnnfab.arrays import FloatArray
from mnnfab.network.ports import AnyPort, dofs_of
from mnnfab.problem.problem import require_trainable

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "paper" / "iris.toml"
JAX_PEER = Path(__file__).resolve().parent / "peers" / "jax_frame.py"
ITERATIONS, REPEATS, SCIPY_SAMPLES = 5, 5, 10
#: Rounds of mnnfab and JAX, one after the other; the shortest time of each counts.
ROUNDS = 3


class SciPyFrame:
    """Newton's method with a fixed number of iterations on all degrees of freedom."""

    def __init__(self, frame: BeamFrame) -> None:
        self.frame, points = frame, []
        for chain in range(frame.n_chains):
            first, last = frame.offsets[chain : chain + 2]
            inner = frame.n_nodes + np.arange(first - chain, last - chain - 1)
            line = np.array([frame.ends[chain, 0], *inner, frame.ends[chain, 1]])
            points.append(np.stack([line[:-1], line[1:]], axis=1))
        dofs = (3 * np.concatenate(points)[:, :, None] + np.arange(3)).reshape(-1, 6)
        self.rows, self.columns = np.repeat(dofs, 6, axis=1).ravel(), np.tile(dofs, 6).ravel()
        held = np.zeros((frame.n_nodes + frame.n_interior, 3), dtype=bool)
        held[: frame.n_nodes] = frame.held
        self.free = np.flatnonzero(~held)
        self.blocks = np.zeros((len(frame.vectors), 3, 3, 3))

    def solve(self, loads: FloatArray) -> FloatArray:
        """Return displacements of all points, (n_points, 3), under loads on nodes, (n_nodes, 3)."""
        frame, shape = self.frame, (3 * (self.frame.n_nodes + self.frame.n_interior),) * 2
        values = np.zeros((shape[0] // 3, 3))
        for _ in range(ITERATIONS):
            residual = Points(loads.copy(), np.zeros((frame.n_interior, 3)))
            state = Points(values[: frame.n_nodes], values[frame.n_nodes :])
            for chain in range(frame.n_chains):
                own = self.blocks[frame.offsets[chain] : frame.offsets[chain + 1]]
                planar_chain(frame.chains, frame.planar, chain, state, own, residual, 1.0)
            first, coupling, last = np.swapaxes(self.blocks, 0, 1)
            pairs = np.block([[first, coupling], [np.swapaxes(coupling, 1, 2), last]])
            entries = (pairs.ravel(), (self.rows, self.columns))
            matrix = sparse.csc_array(sparse.coo_array(entries, shape=shape))
            right = np.concatenate([residual.nodes.ravel(), residual.interior.ravel()])
            change = splu(matrix[self.free][:, self.free]).solve(right[self.free])
            values.reshape(-1)[self.free] += change
        return values


def seconds(run: Callable[[], Any]) -> float:
    """Return the shortest time of some runs, after one that compiles."""
    run()
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def node_values(model: LoadedFrame, ports: tuple[AnyPort, ...], values: FloatArray) -> FloatArray:
    """Return values at ports, (n_samples, n_ports), as values of all nodes, (…, n_nodes, 3)."""
    nodes, axes = np.divmod(dofs_of(ports), 2)
    every = np.zeros((len(values), model.frame.n_nodes, 3))
    every[:, nodes, axes] = values
    return every


def by_jax(
    python: str, model: LoadedFrame, widths: FloatArray, loads: FloatArray, slope: FloatArray
) -> dict[str, FloatArray]:
    """Return displacements, gradient and times of JAX, in a process of another Python.

    Args:
        python: a Python that has JAX.
        model: the frame.
        widths: its widths, (n_bonds,) mm.
        loads: loads on the nodes, (n_samples, n_nodes, 3) N.
        slope: derivative of a loss in the displacements of the nodes, as `loads`.
    """
    frame, settings = model.frame, newton_settings(model.frame)
    sections, shape, wide = frame.sections, (frame.n_chains, -1), widths[:, None]
    question: dict[str, Any] = {
        "widths": widths,
        "loads": loads,
        "slope": slope,
        "ends": frame.ends,
        "held": frame.held,
        "vectors": frame.vectors.reshape(*shape, 2),
        "lengths": frame.lengths.reshape(shape),
        "axial": np.reshape(sections.axial, shape) / wide,
        "shear": np.reshape(sections.shear, shape) / wide,
        "bending": np.reshape(sections.bending, shape) / wide**3,
        "law": frame.axial_law,
        "tolerance": settings.tolerance,
        "length_mm": settings.length_mm,
    }
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder) / "question.npz", Path(folder) / "answer.npz"
        np.savez(asked, allow_pickle=False, **question)
        subprocess.run([python, str(JAX_PEER), str(asked), str(answer)], check=True)
        with np.load(answer, allow_pickle=False) as found:
            return dict(found)


def compare_jax(python: str, model: LoadedFrame, widths: FloatArray, loads_N: FloatArray) -> None:
    """Print the times of all samples beside JAX, with and without the gradient in the widths."""
    slope = np.ones((len(loads_N), len(model.output_ports)))
    loads, slopes = (
        node_values(model, ports, values)
        for ports, values in ((model.input_ports, loads_N), (model.output_ports, slope))
    )
    rounds: list[list[float]] = []
    for _ in range(ROUNDS):
        theirs = by_jax(python, model, widths, loads, slopes)
        equilibria = seconds(lambda: model.solve(loads_N))
        both = seconds(lambda: width_gradient(model.solve(loads_N), widths, slope))
        peer = [float(theirs[name]) for name in ("equilibria_s", "gradient_s", "whole_s")]
        rounds.append([equilibria, both, *peer])
    equilibrium = model.solve(loads_N)
    own = width_gradient(equilibrium, widths, slope)
    np.testing.assert_allclose(theirs["nodes"], equilibrium.states.points.nodes, atol=1e-8)
    np.testing.assert_allclose(theirs["gradient"], own, rtol=1e-6, atol=1e-8 * np.abs(own).max())
    ours, gradient, jax_equilibria, jax_gradient, whole = np.min(rounds, axis=0)
    print(
        f"all {len(loads_N)} samples: {ours:.3f} s, with the gradient in the widths "
        f"{gradient:.3f} s"
        f"\nJAX {jax_equilibria:.3f} s and {jax_gradient:.3f} s, ratios to mnnfab "
        f"{jax_equilibria / ours:.1f} and {jax_gradient / gradient:.1f}"
        f"\nJAX without elimination of the chains {whole:.1f} s with the gradient, extrapolated, "
        f"ratio {whole / gradient:.0f}"
    )


def main() -> None:
    """Print the times per sample, and their ratios to SciPy."""
    problem = require_trainable(load_problem(EXAMPLE))
    task, widths = problem.task, np.full(problem.network.n_bonds, 2.0)
    frames = NetworkFrames(problem.network, problem.material, problem.design.fabrication)
    model = LoadedFrame(problem.network, frames.frame(widths), task.inputs, task.outputs)
    equilibrium = model.solve(task.loads_N)
    states = equilibrium.states.points
    peer = SciPyFrame(model.frame)
    loads = node_values(model, task.inputs, task.loads_N[:SCIPY_SAMPLES])
    found = np.array([peer.solve(own)[: model.frame.n_nodes] for own in loads])
    np.testing.assert_allclose(found, states.nodes[:SCIPY_SAMPLES], atol=1e-6)
    unit, n_samples = seconds(lambda: [peer.solve(own) for own in loads]) / SCIPY_SAMPLES, 150
    slope = np.ones((n_samples, len(task.outputs)))
    print(f"{len(model.frame.vectors)} elements, {n_samples} samples")
    print(f"{'SciPy, all points':28} {1e3 * unit:7.3f} ms per sample")
    for name, run in (
        ("equilibrium", lambda: model.solve(task.loads_N)),
        ("eigenvalue in the plane", lambda: planar_ratios(model.frame, states)),
        ("eigenvalue out of the plane", lambda: out_of_plane(model.frame, states)),
        ("gradient in the widths", lambda: width_gradient(equilibrium, widths, slope)),
    ):
        own = seconds(run) / n_samples
        print(f"{name:28} {1e3 * own:7.3f} ms per sample, {own / unit:.3f} of SciPy")
    for python in sys.argv[1:]:
        compare_jax(python, model, widths, task.loads_N)
    print(f"load average of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
