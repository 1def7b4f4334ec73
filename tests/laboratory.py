"""A laboratory for tests: the paper's fig. 1 as a design, and continua that stand for prints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

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
