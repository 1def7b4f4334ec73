"""A laboratory for tests: the paper's fig. 1 as a design, and continua that stand for prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mnnfab.lab.analysis.prediction import continuum_fields
from mnnfab.lab.experiment.shots import Positions, Shot
from mnnfab.lab.experiment.steps import ZERO, AppliedWeight, Step
from mnnfab.network.ports import Port
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.reproduce import paper
from mnnfab.reproduce.setting import BEHAVIOUR, GRADIENT, make

#: What the paper hangs in fig. 1.
FIG1_STEPS = (
    ZERO,
    Step("rigid", "rigid"),
    Step("forward", "forward", (AppliedWeight(paper.RIGHT, -10.0),)),
    Step("adjoint", "adjoint", (AppliedWeight(paper.LEFT, -5.0),)),
)
#: The same load, with probes of the other weight added both ways.
LOADED_STEPS = (
    *FIG1_STEPS[:3],
    Step("plus", "probe", (AppliedWeight(paper.LEFT, 5.0),), FIG1_STEPS[2]),
    Step("minus", "probe", (AppliedWeight(paper.LEFT, -5.0),), FIG1_STEPS[2]),
)


def timer() -> StageTimer:
    return StageTimer(NullWatcher())


def fig1_bench() -> PortPart:
    """10 gf on node 12, node 13 shall sink; bonds of 2 mm."""
    problem = make(GRADIENT)
    return PrintedPart(problem, np.full(problem.network.n_bonds, 2.0))


def behaviour_bench() -> PortPart:
    """5 gf on node 10, node 13 shall sink more than node 12; bonds of 2 mm."""
    task = {**BEHAVIOUR, "target_class": 1, "normalisation": "share"}
    problem = make(task, {"epochs": 10, "learning_rate": 0.1})
    return PrintedPart(problem, np.full(problem.network.n_bonds, 2.0))


def softer(bench: PortPart, modulus_MPa: float) -> PortPart:
    """The same part of another rubber."""
    material = bench.problem.material.model_copy(update={"youngs_modulus_MPa": modulus_MPa})
    return PrintedPart(replace(bench.problem, material=material), bench.widths_mm)


def port_step(role: str, node: int, axis: str, load_gf: float) -> Step:
    port = Port(node, axis)  # type: ignore[arg-type]
    return Step(f"{role}-{node}{axis}", role, (AppliedWeight(port, load_gf),))  # type: ignore[arg-type]


def linear_positions(
    part: PortPart,
    steps: Sequence[Step],
    noise_mm: float,
    generator: np.random.Generator,
    repeats: int = 2,
) -> Positions:
    """Positions of a part that obeys linear theory, with noise of nodes and of whole shots."""
    moved = continuum_fields(part.continuum).displacements_mm(part.problem.task, steps)
    shots = [Shot(f"{step.name}-{n}", step.name) for step in steps for n in range(repeats)]
    places = part.problem.network.nodes + np.repeat(moved, repeats, axis=0)
    places = places + noise_mm * generator.standard_normal(places.shape)
    places = places + noise_mm * generator.standard_normal((len(shots), 1, 2))
    return Positions(tuple(shots), places)
