"""Time of one loss and gradient for 100 to 1,000,000 bonds, compared with SciPy and PyTorch.

python benchmarks/large_networks.py [most bonds]
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from mnnfab import BarModel, Clamp, Port, Trainable, triangular_parallelogram
from mnnfab.arrays import FloatArray
from mnnfab.losses.kinds.cross_entropy import SoftmaxCrossEntropy
from mnnfab.model.springs import SpringModel
from mnnfab.model.stiffness_law import StiffnessLaw
from mnnfab.network.ports import dofs_of
from mnnfab.task.task import DataSplit, Task, no_metrics

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
N_SAMPLES = 105
#: Largest size for PyTorch; beyond it the dense matrix and its gradient take more than 8 GB.
MOST_FOR_TORCH = 10_000


def question(n_bonds: int) -> Trainable:
    """Return a task of four loads and three classes on a lattice fixed at its top row."""
    side = max(4, round((n_bonds / 3) ** 0.5) + 1)
    network = triangular_parallelogram(side, side, 16.0, list(range(side)))
    last, middle = network.n_nodes - 1, network.n_nodes // 2
    inputs = tuple(Port(last - i * (side // 5), "y") for i in range(4))
    outputs = tuple(Port(middle + i * (side // 5), "x") for i in range(3))
    generator = np.random.default_rng(0)
    task = Task(
        kind="classification",
        inputs=inputs,
        outputs=outputs,
        loads_N=-generator.uniform(0.01, 0.05, (N_SAMPLES, 4)),
        targets=np.eye(3)[generator.integers(0, 3, N_SAMPLES)],
        loss=SoftmaxCrossEntropy(0.04),
        split=DataSplit(np.arange(N_SAMPLES)),
        evaluate=no_metrics,
        primary_metric=None,
        load_cases=(),
    )
    bars = BarModel(network, inputs, outputs)
    law = StiffnessLaw("bar", np.full((network.n_bonds, 1), 0.06875))
    return Trainable(SpringModel(bars, law), task, Clamp(1.5, 2.5))


def springs_of(trainable: Trainable) -> SpringModel:
    """Return the bar model of the question."""
    assert isinstance(trainable.model, SpringModel)
    return trainable.model


def by_splu(trainable: Trainable, latent: FloatArray) -> FloatArray:
    """Return the gradient by SciPy's LU factorisation with default options and unit loads.

    The matrix is assembled by a sparse product; for large networks this takes much less time
    than the factorisation.
    """
    springs, task = springs_of(trainable), trainable.task
    model, widths = springs.bars, trainable.width_map.widths(latent)
    matrix = springs.stiffness_matrix(widths).tocsc()
    free = model.network.free_dofs
    ports = np.searchsorted(free, dofs_of(task.inputs + task.outputs))
    loads = np.zeros((len(free), len(ports)))
    loads[ports, np.arange(len(ports))] = 1.0
    moved = splu(sparse.csc_matrix(matrix)).solve(loads)
    longer = model.compatibility @ moved
    n_in = len(task.inputs)
    rows = task.train_indices
    loads_of_samples = task.loads_N[rows]
    outputs = loads_of_samples @ moved[ports[n_in:], :n_in].T
    slope = task.output_gradient(outputs, rows).T @ loads_of_samples
    gradient = -((longer[:, :n_in] @ slope.T) * longer[:, n_in:]).sum(axis=1)
    scaled: FloatArray = gradient * (
        springs.law.derivative(widths) * trainable.width_map.derivative(latent)
    )
    return scaled


def by_torch(trainable: Trainable, latent: FloatArray) -> FloatArray:
    """Return the gradient by PyTorch's autograd through a dense Cholesky solve."""
    import torch

    torch.set_num_threads(1)
    springs, task = springs_of(trainable), trainable.task
    model = springs.bars
    free = model.network.free_dofs
    compatibility = torch.as_tensor(model.compatibility.toarray())
    loads = torch.zeros((len(free), N_SAMPLES), dtype=torch.float64)
    loads[np.searchsorted(free, dofs_of(task.inputs))] = torch.as_tensor(task.loads_N.T.copy())
    z = torch.as_tensor(latent).clone().requires_grad_()
    stiffness = torch.as_tensor(np.array(springs.law.coefficients[:, 0])) * (1.5 + z)
    matrix = compatibility.T @ (stiffness[:, None] * compatibility)
    moved = torch.cholesky_solve(loads, torch.linalg.cholesky(matrix))
    evidence = moved[np.searchsorted(free, dofs_of(task.outputs))].abs().T / 0.04
    classes = torch.as_tensor(task.targets.argmax(axis=1))
    torch.nn.functional.cross_entropy(evidence, classes).backward()
    assert z.grad is not None
    return z.grad.numpy()  # type: ignore[no-any-return]


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Return the shortest time of several calls, s."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def peer(
    name: str,
    call: Callable[[Trainable, FloatArray], FloatArray],
    trainable: Trainable,
    exact: FloatArray,
) -> str:
    """Return the time of a reference as text, after its gradient was checked."""
    latent = np.full(len(exact), 0.5)
    try:
        start = time.perf_counter()
        found = call(trainable, latent)
        took = time.perf_counter() - start
    except ImportError:
        return f"{name} not installed"
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-9 * np.abs(exact).max())
    if took < 10:  # the first call includes the import of the package
        took = seconds(lambda: call(trainable, latent), 5)
    return f"{name} {took:9.4f} s"


def measure(size: int) -> None:
    """Print the line of one size; it runs in a separate process to measure its peak memory."""
    trainable = question(size)
    n_bonds = trainable.model.network.n_bonds
    latent, rows = np.full(n_bonds, 0.5), trainable.task.train_indices
    _, exact = trainable.loss_and_gradient(latent, rows)
    repeats = 5 if size >= 100_000 else 30
    took = seconds(lambda: trainable.loss_and_gradient(latent, rows), repeats)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    peers = [peer("splu", by_splu, trainable, exact)]
    if size <= MOST_FOR_TORCH:
        peers.append(peer("PyTorch", by_torch, trainable, exact))
    print(
        f"{n_bonds} {took} {n_bonds:>9,} bonds  mnnfab ({springs_of(trainable).bars.engine.name}) "
        f"{took:9.5f} s, {memory:.2f} GB  {'  '.join(peers)}"
    )


def main(most: int) -> None:
    """Print one line per size, then the growth exponents."""
    print("one loss and gradient, 4 inputs, 3 outputs, 105 samples, one thread:", flush=True)
    sizes, times = [], []
    for size in (size for size in SIZES if size <= most):
        command = [sys.executable, __file__, "--one", str(size)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        n_bonds, took, line = done.stdout.strip().split(" ", 2)
        print(f"  {line}", flush=True)
        sizes.append(int(n_bonds))
        times.append(float(took))
    if len(sizes) > 1:
        exponent = np.polyfit(np.log(sizes), np.log(times), 1)[0]
        steps = np.diff(np.log(times)) / np.diff(np.log(sizes))
        between = ", ".join(f"{step:.2f}" for step in steps)
        print(f"growth exponent {exponent:.2f}, fitted; between successive sizes {between}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1])
