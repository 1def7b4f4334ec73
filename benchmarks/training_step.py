"""Time of one training step of iris beside a plain loop over samples, in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mnnfab import Clamp, Problem, load_problem
from mnnfab.adam import Adam
from mnnfab.arrays import FloatArray
from mnnfab.bars import compatibility_matrix
from mnnfab.ports import dofs_of
from mnnfab.rules import adjoint_gradient

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "iris.toml"
BATCH = 16


def our_step(problem: Problem) -> Callable[[], FloatArray]:
    """Return a step as the trainer makes it: gradient, Adam, widths."""
    assert problem.task is not None
    task, model, per_width = problem.task, problem.bar_model(problem.task), problem.per_width
    width_map, adam = Clamp(*problem.width_limits_mm), Adam(problem.network.n_bonds, 0.006)
    latent = np.full(problem.network.n_bonds, 0.5)
    rows = task.train_rows[:BATCH]

    def step() -> FloatArray:
        nonlocal latent
        widths = width_map.widths(latent)
        slope = adjoint_gradient(model, task, per_width * widths, rows) * per_width
        latent = width_map.project(latent + adam.step(slope * width_map.slope(latent)))
        return slope

    return step


def plain_step(problem: Problem) -> Callable[[], FloatArray]:
    """Return the gradient by a forward and an adjoint solve for every sample."""
    assert problem.task is not None
    task, network = problem.task, problem.network
    free = network.free_dofs
    compatibility = compatibility_matrix(network).toarray()[:, free]
    stiffness = 2.0 * problem.per_width
    places = [np.searchsorted(free, dofs_of(ports)) for ports in (task.inputs, task.outputs)]

    def step() -> FloatArray:
        total = np.zeros(network.n_bonds)
        for row in task.train_rows[:BATCH]:
            matrix = compatibility.T @ np.diag(stiffness) @ compatibility
            load = np.zeros(len(free))
            load[places[0]] = task.loads_N[row]
            forward = np.linalg.solve(matrix, load)
            slope = task.loss.slope(forward[places[1]][None], task.targets[row][None])
            adjoint_load = np.zeros(len(free))
            adjoint_load[places[1]] = -slope[0]
            adjoint = np.linalg.solve(matrix, adjoint_load)
            total += (compatibility @ forward) * (compatibility @ adjoint)
        return total * problem.per_width / BATCH

    return step


def microseconds(step: Callable[[], object], repeats: int) -> float:
    """Return the best mean of five rounds, µs."""
    rounds = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        rounds.append((time.perf_counter() - start) / repeats * 1e6)
    return min(rounds)


def main() -> None:
    """Check that both give the same gradient, then time them."""
    problem = load_problem(EXAMPLE)
    np.testing.assert_allclose(our_step(problem)(), plain_step(problem)(), rtol=1e-9, atol=1e-12)
    ours = microseconds(our_step(problem), 2000)
    plain = microseconds(plain_step(problem), 100)
    print(f"one training step of iris, batch of {BATCH}, 28 bonds:")
    print(f"  mnnfab               {ours:8.1f} µs  (gradient, Adam and widths)")
    print(f"  loop over samples    {plain:8.1f} µs  (gradient alone), {plain / ours:.0f} times")


if __name__ == "__main__":
    main()
