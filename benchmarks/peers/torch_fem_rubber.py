"""A program of its own: rubber by torch-fem, with nothing of mnnfab.

`python torch_fem_rubber.py QUESTION.npz ANSWER.npz`. Asked with nodes and elements, it solves a
plane sheet under dead loads; otherwise the benchmark that torch-fem publishes, a box of 18,375
degrees of freedom stretched to ten times its length. Times are of the processor, for each of its
linear solvers.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torchfem import Planar, Solid
from torchfem.materials import Hyperelastic3D, HyperelasticPlaneStress
from torchfem.mesh import cube_hexa

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
#: Linear solvers: its default, conjugate gradients with algebraic multigrid, and a direct one.
METHODS = (None, "direct")
#: Increments of the plane sheet: the fewest that converge without being cut back.
INCREMENTS = 2
#: The published box: nodes along its sides, stretch, increments, Young's modulus, Poisson's ratio.
SIDE, STRETCH, N_STRETCHES, MODULUS, POISSON = 35, 10.0, 11, 1000.0, 0.3


def log_volume(gradient: Any) -> Any:
    """Return log det F; the second derivatives of `torch.linalg.det` are not finite at rest."""
    return 0.5 * torch.logdet(gradient.T @ gradient)


def blatz_ko(gradient: Any, parameters: Any) -> Any:
    """Return the energy of Blatz and Ko with f = 1, that of `fem.rubber.law`."""
    shear, power = parameters[0], parameters[1]
    strained = torch.expm1(-2 * power * log_volume(gradient)) / power
    return shear / 2 * ((gradient**2).sum() - 3.0 + strained)


def neo_hooke(gradient: Any, parameters: Any) -> Any:
    """Return the energy of the published benchmark."""
    shear, lame = parameters[0], parameters[1]
    volume = log_volume(gradient)
    return shear / 2 * ((gradient**2).sum() - 3.0) - shear * volume + lame / 2 * volume**2


def sheet(question: dict[str, Any]) -> tuple[Any, Any]:
    """Return the plane sheet and its increments."""
    modulus, poisson = question["elasticity"].tolist()
    parameters = torch.tensor([modulus / (2 * (1 + poisson)), poisson / (1 - 2 * poisson)])
    material = HyperelasticPlaneStress(blatz_ko, parameters)
    model = Planar(torch.tensor(question["nodes"]), torch.tensor(question["elements"]), material)
    model.forces = torch.tensor(question["forces"])
    model.constraints = torch.tensor(question["held"])
    return model, torch.linspace(0.0, 1.0, INCREMENTS + 1)


def box() -> tuple[Any, Any]:
    """Return the published box of four layers of cubes, and its increments."""
    length = 4.0 / (SIDE - 1)
    nodes, elements = cube_hexa(5, SIDE, SIDE, length, 1.0, 1.0)
    lame = MODULUS * POISSON / ((1 + POISSON) * (1 - 2 * POISSON))
    parameters = torch.tensor([MODULUS / (2 * (1 + POISSON)), lame])
    model = Solid(nodes, elements, Hyperelastic3D(neo_hooke, parameters))
    left, right = nodes[:, 0] == 0.0, nodes[:, 0] == length
    model.constraints[left | right, 0] = True
    model.constraints[nodes[:, 1] == 0.5, 1] = True
    model.constraints[nodes[:, 2] == 0.5, 2] = True
    model.displacements[right, 0] = (STRETCH - 1.0) * length
    stretches = STRETCH ** torch.linspace(0.0, 1.0, N_STRETCHES)
    return model, (stretches - 1.0) / (STRETCH - 1.0)


def main(asked: str, answer: str) -> None:
    """Answer a question, and measure the time of each linear solver."""
    with np.load(asked, allow_pickle=False) as given:
        question = dict(given)
    make: Callable[[], tuple[Any, Any]] = (lambda: sheet(question)) if question else box
    times, moved = [], None
    for method in METHODS:
        model, increments = make()
        start = time.process_time()
        with torch.no_grad():
            moved = model.solve(increments=increments, method=method)[0]
        times.append(time.process_time() - start)
    assert moved is not None
    np.savez(answer, allow_pickle=False, seconds=times, moved=moved.numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
