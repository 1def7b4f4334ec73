"""Designs of the nonlinear tasks: strips of a triangular lattice, with ports and loads."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mnnfab import load_problem, make_problem, parse_design
from mnnfab.arrays import IntArray
from mnnfab.network.formats.json_network import network_json
from mnnfab.network.network import Network
from mnnfab.network.node_ids import NodeIds
from mnnfab.problem.problem import TrainableProblem, require_trainable

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
BOND_MM, THICKNESS_MM = 14.0, 24.0


@dataclass(frozen=True)
class Setup:
    """A strip with ports and loads for a data set.

    Args:
        dataset: built-in data set.
        bonds_long: length of the strip in bonds.
        inputs: node and axis of each feature.
        outputs: node and axis of each output.
        loads_gf: load of each scaled feature of 1.
        readout: readout of the classes.
        start_mm: start width of all bonds.
        scaling: scaling of the features.
    """

    dataset: str
    bonds_long: int
    inputs: tuple[tuple[int, str], ...]
    outputs: tuple[tuple[int, str], ...]
    loads_gf: tuple[float, ...]
    readout: str
    start_mm: float
    scaling: str = "standard"


def strip(bonds_long: int) -> Network:
    """Return three rows of n, n + 1 and n nodes, held at both ends of the middle row.

    The nodes are numbered from left to right and from the lowest row; both axes are mirrors.
    """
    height = BOND_MM * np.sqrt(3) / 2
    rows = ((-1, bonds_long), (0, bonds_long + 1), (1, bonds_long))
    nodes = np.array(
        [((i - (k - 1) / 2) * BOND_MM, row * height) for row, k in rows for i in range(k)]
    )
    first, second = np.triu_indices(len(nodes), 1)
    near = np.abs(np.hypot(*(nodes[first] - nodes[second]).T) - BOND_MM) < 1e-6
    bonds = np.column_stack([first, second])[near]
    return Network(nodes, bonds, np.array([bonds_long, 2 * bonds_long]))


#: The middle of the strip of 16 bonds is node 24; nodes 20 and 28 are at its quarters. The ports of
#: XOR follow from its symmetry, the others were the best of random searches of a few minutes.
SETUPS = {
    "xor": Setup(
        "xor",
        16,
        ((24, "x"), (24, "y")),
        ((20, "y"), (28, "y")),
        (2100.0, 840.0),
        "largest",
        3.2,
    ),
    "circles": Setup(
        "circles",
        8,
        ((17, "y"), (10, "y")),
        ((11, "x"),),
        (668.0, 1602.0),
        "threshold",
        3.2,
    ),
    "two-moons": Setup(
        "two-moons",
        12,
        ((35, "x"), (22, "y")),
        ((7, "x"),),
        (1029.0, 1552.0),
        "threshold",
        2.6,
    ),
}


def strip_problem(setup: Setup, strain: float = 0.3, load: float = 1.0) -> TrainableProblem:
    """Return the problem of a setup with an allowed strain and a factor on its loads."""
    values: dict[str, Any] = {
        "schema": 1,
        "name": setup.dataset,
        "network": {"file": "network.json", "numbering": "position"},
        "material": {"preset": "formlabs-elastic-50a"},
        "fabrication": {
            "thickness_mm": THICKNESS_MM,
            "width_min_mm": 2.2,
            "width_max_mm": 3.4,
            "width_initial_mm": setup.start_mm,
            "joint_ratio": 0.8,
            "joint_length_mm": 2.8,
            "taper_length_mm": 1.0,
        },
        "task": {
            "kind": "classification",
            "dataset": setup.dataset,
            "inputs": [{"node": node, "axis": axis} for node, axis in setup.inputs],
            "outputs": [{"node": node, "axis": axis} for node, axis in setup.outputs],
            "readout": setup.readout,
            "scaling": setup.scaling,
            "load_at_max_gf": [load * one for one in setup.loads_gf],
            "loss": "as-read",
        },
        "training": {"model": "frame", "optimizer": "l-bfgs-b", "epochs": 60},
        "check": {"max_loaded_strain": strain},
    }
    with tempfile.TemporaryDirectory() as folder:
        network = strip(setup.bonds_long)
        text = network_json(network, NodeIds(tuple(range(network.n_nodes))))
        (Path(folder) / "network.json").write_bytes(text)
        return require_trainable(make_problem(parse_design(values), Path(folder)))


def problem_of(name: str, strain: float = 0.3, load: float = 1.0) -> TrainableProblem:
    """Return the problem of a task: a strip, or the example of iris."""
    if name == "iris":
        return require_trainable(load_problem(EXAMPLES / "iris-loaded.toml"))
    return strip_problem(SETUPS[name], strain, load)


def on_samples(problem: TrainableProblem, rows: IntArray) -> TrainableProblem:
    """Return the problem with some of its samples, all of them for training."""
    task = problem.task
    split = type(task.split)(np.arange(len(rows)))
    chosen = replace(task, loads_N=task.loads_N[rows], targets=task.targets[rows], split=split)
    return replace(problem, task=chosen)
