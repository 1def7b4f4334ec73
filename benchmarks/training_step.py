"""Time of one training step of iris, compared with NumPy, PyTorch and JAX on the same data.

PyTorch and JAX are measured if they are installed: pip install -e '.[bench]'.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mnnfab import Problem, Schedule, Trainable, load_problem
from mnnfab.arrays import FloatArray
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.ports import dofs_of
from mnnfab.problem.problem import require_trainable
from mnnfab.training.compiled import train_epoch
from mnnfab.training.compiled_arrays import State
from mnnfab.training.ensemble import COMPILED_STEPS, compiled_values, make_member
from mnnfab.training.optimisation import train_adam

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "iris.toml"
BATCH, RATE, SCALE_MM = 16, 0.006, 0.04
Step = Callable[[], Any]


def iris() -> tuple[Problem, Trainable]:
    """Return the problem of the example and its trainable."""
    problem = require_trainable(load_problem(EXAMPLE))
    return problem, problem.trainable()


def compiled_steps(trainable: Trainable, n_restarts: int, n_samples: int) -> Step:
    """Return compiled training steps of every restart: gradient, Adam, widths.

    Each call includes the solution at the end of an epoch, which evaluates the network.
    """
    bars, samples, limits = compiled_values(trainable)
    latent = np.full((n_restarts, len(bars.law)), 0.5)
    state = State(latent, np.zeros_like(latent), np.zeros_like(latent))
    order = np.tile(trainable.task.train_indices[:n_samples], (n_restarts, 1))
    return lambda: train_epoch(bars, samples, limits, state, order, (BATCH, RATE, 0))


def plain_step(problem: Problem, trainable: Trainable) -> Callable[[], FloatArray]:
    """Return the gradient by one forward and one adjoint solution per sample."""
    task, network = trainable.task, problem.network
    free = network.free_dofs
    compatibility = compatibility_matrix(network).toarray()[:, free]
    per_width = problem.law.coefficients[:, 0]
    stiffness = 2.0 * per_width
    places = [np.searchsorted(free, dofs_of(ports)) for ports in (task.inputs, task.outputs)]

    def step() -> FloatArray:
        total = np.zeros(network.n_bonds)
        for row in task.train_indices[:BATCH]:
            matrix = compatibility.T @ np.diag(stiffness) @ compatibility
            load = np.zeros(len(free))
            load[places[0]] = task.loads_N[row]
            forward = np.linalg.solve(matrix, load)
            slope = task.loss.gradient(forward[places[1]][None], task.targets[row][None])
            adjoint_load = np.zeros(len(free))
            adjoint_load[places[1]] = -slope[0]
            adjoint = np.linalg.solve(matrix, adjoint_load)
            total += (compatibility @ forward) * (compatibility @ adjoint)
        gradient: FloatArray = total * per_width / BATCH
        return gradient

    return step


def arrays_for_peers(problem: Problem, trainable: Trainable) -> dict[str, FloatArray]:
    """Return the data for the references: C and loads on the free dofs, classes, output dofs."""
    task, free = trainable.task, problem.network.free_dofs
    rows = task.train_indices[:BATCH]
    loads = np.zeros((len(free), BATCH))
    loads[np.searchsorted(free, dofs_of(task.inputs))] = task.loads_N[rows].T
    return {
        "compatibility": compatibility_matrix(problem.network).toarray()[:, free],
        "loads": loads,
        "classes": task.targets[rows].argmax(axis=1),
        "outputs": np.searchsorted(free, dofs_of(task.outputs)),
        "per_width": np.array(problem.law.coefficients[:, 0]),
    }


def torch_step(values: dict[str, FloatArray]) -> Callable[[], FloatArray]:
    """Return a step of PyTorch: autograd through a Cholesky solve, torch's Adam, clamp."""
    import torch

    torch.set_num_threads(1)
    given = {name: torch.as_tensor(array) for name, array in values.items()}
    latent = torch.full((len(values["per_width"]),), 0.5, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([latent], lr=RATE)
    gradient = latent.detach().clone()

    def step() -> FloatArray:
        nonlocal gradient
        adam.zero_grad(set_to_none=True)
        stiffness = given["per_width"] * (1.5 + latent)
        matrix = given["compatibility"].T @ (stiffness[:, None] * given["compatibility"])
        moved = torch.cholesky_solve(given["loads"], torch.linalg.cholesky(matrix))
        evidence = moved[given["outputs"]].abs().T / SCALE_MM
        torch.nn.functional.cross_entropy(evidence, given["classes"]).backward()
        assert latent.grad is not None
        gradient = latent.grad
        adam.step()
        with torch.no_grad():
            latent.clamp_(0.0, 1.0)
        return gradient.numpy()  # type: ignore[no-any-return]

    return step


def jax_step(values: dict[str, FloatArray]) -> Callable[[], FloatArray]:
    """Return a step of JAX: gradient, Adam and clamp in one jitted function."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    given = {name: jnp.asarray(array) for name, array in values.items()}

    def loss(latent: Any) -> Any:
        stiffness = given["per_width"] * (1.5 + latent)
        matrix = given["compatibility"].T @ (stiffness[:, None] * given["compatibility"])
        factor = jax.scipy.linalg.cho_factor(matrix, lower=True)
        moved = jax.scipy.linalg.cho_solve(factor, given["loads"])
        evidence = jnp.abs(moved[given["outputs"]]).T / SCALE_MM
        right = jnp.take_along_axis(evidence, given["classes"][:, None], axis=1)[:, 0]
        return (jax.nn.logsumexp(evidence, axis=1) - right).mean()

    def advance(latent: Any, mean: Any, square: Any, steps: Any) -> Any:
        gradient = jax.grad(loss)(latent)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        change = mean / (1 - 0.9**steps) / (jnp.sqrt(square / (1 - 0.999**steps)) + 1e-8)
        return jnp.clip(latent - RATE * change, 0.0, 1.0), mean, square, steps + 1, gradient

    jitted = jax.jit(advance)
    zeros = jnp.zeros(len(values["per_width"]))
    state: Any = (zeros + 0.5, zeros, zeros, jnp.asarray(1.0))

    def step() -> FloatArray:
        nonlocal state
        *state, gradient = jitted(*state)
        return gradient.block_until_ready()  # type: ignore[no-any-return]

    return step


def microseconds(step: Step, repeats: int) -> float:
    """Return the smallest mean time of five rounds, µs."""
    rounds = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        rounds.append((time.perf_counter() - start) / repeats * 1e6)
    return min(rounds)


def whole_training(trainable: Trainable) -> Step:
    """Return a training of ten epochs without the compiled step."""
    schedule = Schedule(epochs=10, batch_size=BATCH, learning_rate=RATE, seed=0)
    member = make_member(trainable, np.full(28, 0.5), 0, 0)
    return lambda: train_adam(trainable, member.latent, schedule, member.generator, lambda *_: None)


def main() -> None:
    """Check that all implementations give the same gradient, then measure their times."""
    problem, trainable = iris()
    exact = trainable.gradient(np.full(28, 0.5), trainable.task.train_indices[:BATCH])
    peers: list[tuple[str, Callable[[], FloatArray]]] = [
        ("NumPy, loop over samples", plain_step(problem, trainable))
    ]
    values = arrays_for_peers(problem, trainable)
    for name, make in (("PyTorch", torch_step), ("JAX", jax_step)):
        try:
            peers.append((name, make(values)))
        except ImportError:
            print(f"({name} is not installed and not measured)")
    for _, step in peers:
        np.testing.assert_allclose(step(), exact, rtol=1e-7, atol=1e-12)
    ours = microseconds(compiled_steps(trainable, 1, BATCH), 3000)
    epoch = len(trainable.task.train_indices)
    n_steps = -(-epoch // BATCH)
    in_epoch = microseconds(compiled_steps(trainable, 1, epoch), 400) / n_steps
    many = microseconds(compiled_steps(trainable, 32, epoch), 30) / n_steps / 32
    print(f"one training step of iris, batch of {BATCH}, 28 bonds, one thread:")
    print(f"  mnnfab, one step per call         {ours:8.1f} µs")
    print(
        f"  mnnfab, {n_steps} steps per call         {in_epoch:8.1f} µs  {in_epoch / ours:6.1f} ×"
    )
    print(f"  mnnfab, 32 restarts, per restart  {many:8.1f} µs  {many / ours:6.1f} ×")
    plain_us = microseconds(whole_training(trainable), 20) / 70
    print(f"  mnnfab, not compiled*             {plain_us:8.1f} µs  {plain_us / ours:6.1f} ×")
    for name, step in peers:
        took = microseconds(step, 300)
        print(f"  {name:<33} {took:8.1f} µs  {took / ours:6.1f} ×")
    print(f"  * used for training runs below {COMPILED_STEPS:,} steps: loading takes longer")


if __name__ == "__main__":
    main()
