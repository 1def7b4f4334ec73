"""A laboratory for tests: the paper's fig. 1 as a design, and continua that stand for prints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.lab.experiment.steps import ZERO, AppliedWeight, Step
from mnnfab.network.ports import Port
from mnnfab.printed_part.continuum import solve_part
from mnnfab.printed_part.tiling import tile_part
from mnnfab.problem.problem import Problem
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.reproduce import paper
from mnnfab.reproduce.setting import BEHAVIOUR, GRADIENT, make
from mnnfab.task.task import Task

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from geometry.tiling import Tiling

#: What the paper hangs in fig. 1.
FIG1_STEPS = (
    ZERO,
    Step("rigid", "rigid"),
    Step("forward", "forward", (AppliedWeight(paper.RIGHT, -10.0),)),
    Step("adjoint", "adjoint", (AppliedWeight(paper.LEFT, -5.0),)),
)


def timer() -> StageTimer:
    return StageTimer(NullWatcher())


@dataclass(frozen=True, eq=False)
class Bench:
    """A design, and its continuum."""

    problem: Problem
    widths_mm: FloatArray

    @property
    def task(self) -> Task:
        """The task of the design."""
        assert self.problem.task is not None
        return self.problem.task

    @cached_property
    def tiling(self) -> Tiling:
        """The part."""
        return tile_part(self.problem, self.widths_mm)

    @cached_property
    def continuum(self) -> Continuum:
        """The part, solved."""
        return solve_part(self.problem, self.task, self.tiling, timer())[0]


def fig1_bench() -> Bench:
    """10 gf on node 12, node 13 shall sink; bonds of 2 mm."""
    problem = make(GRADIENT)
    return Bench(problem, np.full(problem.network.n_bonds, 2.0))


def behaviour_bench() -> Bench:
    """5 gf on node 10, node 13 shall sink more than node 12; bonds of 2 mm."""
    task = {**BEHAVIOUR, "target_class": 1, "normalisation": "share"}
    problem = make(task, {"epochs": 10, "learning_rate": 0.1})
    return Bench(problem, np.full(problem.network.n_bonds, 2.0))


def softer(bench: Bench, modulus_MPa: float) -> Bench:
    """The same part of another rubber."""
    material = bench.problem.material.model_copy(update={"youngs_modulus_MPa": modulus_MPa})
    return Bench(replace(bench.problem, material=material), bench.widths_mm)


def port_step(role: str, node: int, axis: str, load_gf: float) -> Step:
    port = Port(node, axis)  # type: ignore[arg-type]
    return Step(f"{role}-{node}{axis}", role, (AppliedWeight(port, load_gf),))  # type: ignore[arg-type]
