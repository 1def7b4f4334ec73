"""Fig. 1: the gradient as the product of two elongations, and finite differences beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from mnnfab.arrays import FloatArray
from mnnfab.losses import SquaredError
from mnnfab.report.palette import BLUE, GREY, ORANGE
from mnnfab.report.sketch import draw_bonds
from mnnfab.reproduce import paper
from mnnfab.reproduce.experiment import Experiment, Line
from mnnfab.rules import adjoint_gradient, finite_difference_gradient
from mnnfab.tasks import Parts, Task, judge_nothing
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOAD_GF, TARGET_MM = -10.0, -25.0
STEPS_N_PER_M = np.logspace(-12, 0, 121)


def fig1() -> Experiment:
    """Do the experiment: 10 gf on node 12, loss (u_y(13) + 25 mm)²."""
    forward, adjoint, moved = elongations()
    exact_gf = 2 * (moved[1] - TARGET_MM) * 1e-3 / NEWTON_PER_GF
    gradient = forward * adjoint * 1e-6  # m², as published
    ranked = np.argsort(gradient, kind="stable")
    published = np.argsort(paper.GRADIENT_SIMULATED, kind="stable")
    measured = paper.GRADIENT_MEASURED[published]
    ours = gradient[ranked] * 1e9
    largest = np.abs(ours - paper.GRADIENT_SIMULATED[published]).max()
    cosine = ours @ measured / np.linalg.norm(ours) / np.linalg.norm(measured)
    errors = finite_difference_errors()
    best = STEPS_N_PER_M[errors.argmin()]
    lines = (
        Line("u_y of node 13 under 10 gf, mm", f"{moved[1]:.4f}", "-0.82 (measured)"),
        Line("adjoint weight, gf", f"{exact_gf:.6f}", "5 (rounded to a weight)"),
        Line(
            "gradient, 28 bonds: largest difference, 1e-9 m²",
            f"{largest:.2f}",
            "0 to its 3 digits",
            "compared by rank: the paper numbers the bonds in another order",
        ),
        Line("cosine of the measured gradient to ours", f"{cosine:.4f}", "over 90 % accurate"),
        Line(
            "best step of finite differences, N/m",
            f"{best:.1e}",
            "1e-6",
            "ours is the norm of the error over the gradient's; the paper does not define its own",
        ),
        Line("solves for 28 bonds, finite differences", "29", "one a bond and one more"),
        Line("solves for 28 bonds, adjoint", "2", "2"),
        _same_node_line(),
    )
    table = {
        "gradient_1e9_m2": ours,
        "published_simulated": paper.GRADIENT_SIMULATED[published],
        "published_measured": measured,
        "published_error": paper.GRADIENT_ERROR[published],
    }
    return Experiment(
        name="fig1",
        title="In situ backpropagation",
        lines=lines,
        figures={
            "fig1_elongations": _draw_elongations(forward, adjoint, gradient),
            "fig1_gradient": _draw_gradient(table, errors),
        },
        tables={
            "fig1_gradient": table,
            "fig1_elongations": {"forward_mm": forward, "adjoint_mm": adjoint},
            "fig1_finite_differences": {"step_N_per_m": STEPS_N_PER_M, "relative_error": errors},
        },
    )


def elongations() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return forward and adjoint elongations, (28,) mm, and u_y of nodes 12 and 13, mm.

    The adjoint weight is the 5 gf that the paper hangs.
    """
    response = paper.model((paper.RIGHT,), (paper.RIGHT, paper.LEFT)).response(_uniform())
    load = LOAD_GF * NEWTON_PER_GF
    adjoint_load = -paper.ADJOINT_WEIGHT_GF * NEWTON_PER_GF
    forward = response.elongations[:, 0] * load
    adjoint = response.adjoint_elongations[:, 1] * adjoint_load
    return forward, adjoint, response.flexibility[:, 0] * load


def finite_difference_errors() -> FloatArray:
    """Return the error of the gradient over its size for each of `STEPS_N_PER_M`."""
    model, task = paper.model((paper.RIGHT,), (paper.LEFT,)), _task()
    exact = adjoint_gradient(model, task, _uniform(), task.train_rows)
    size = np.linalg.norm(exact)
    found = [
        finite_difference_gradient(model, task, _uniform(), task.train_rows, step * 1e-3)
        for step in STEPS_N_PER_M
    ]
    return np.array([np.linalg.norm(gradient - exact) / size for gradient in found])


def _task() -> Task:
    return Task(
        kind="behaviour",
        inputs=(paper.RIGHT,),
        outputs=(paper.LEFT,),
        loads_N=np.array([[LOAD_GF * NEWTON_PER_GF]]),
        targets=np.array([[TARGET_MM]]),
        loss=SquaredError(1.0),
        parts=Parts(np.array([0])),
        judge=judge_nothing,
        headline=None,
        load_cases=(),
    )


def _uniform() -> FloatArray:
    return paper.WIDTH_START_MM * paper.per_width()


def _same_node_line() -> Line:
    """With one node as input and output the adjoint field is the forward one, scaled."""
    response = paper.model((paper.RIGHT,), (paper.RIGHT,)).response(_uniform())
    product = response.elongations[:, 0] * response.adjoint_elongations[:, 0]
    difference = np.abs(response.elongations - response.adjoint_elongations).max()
    return Line(
        "same node in and out: adjoint less forward elongation, mm/N",
        f"{difference:.1e}",
        "0",
        f"every entry of the product has one sign (least {product.min():.3f})",
    )


def _draw_elongations(forward: FloatArray, adjoint: FloatArray, gradient: FloatArray) -> Figure:
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    panels = (
        ("forward elongation, mm", forward),
        ("adjoint elongation, mm", adjoint),
        ("their product, 1e-9 m²", gradient * 1e9),
    )
    for place, (label, values) in enumerate(panels):
        draw_bonds(figure.add_subplot(1, 3, place + 1), paper.network(), values, label)
    return figure


def _draw_gradient(table: dict[str, FloatArray], errors: FloatArray) -> Figure:
    figure = Figure(figsize=(12, 4), layout="constrained")
    bars, steps, solves = figure.subplots(1, 3)
    _draw_ranks(bars, table)
    steps.loglog(STEPS_N_PER_M, np.maximum(errors, 1e-17), color=BLUE)
    steps.axvline(paper.BEST_STEP_N_PER_M, color=GREY, ls="--", label="best step, published")
    steps.set_xlabel("step, N/m")
    steps.set_ylabel("error of finite differences / size")
    steps.legend(frameon=False)
    bonds = np.arange(1, 101)
    solves.plot(bonds, bonds + 1, color=ORANGE, label="finite differences")
    solves.plot(bonds, np.full_like(bonds, 2), color=BLUE, label="adjoint")
    solves.set_xlabel("bonds")
    solves.set_ylabel("solves for the gradient of one sample")
    solves.legend(frameon=False)
    return figure


def _draw_ranks(axes: Axes, table: dict[str, FloatArray]) -> None:
    ranks = np.arange(1, 29)
    axes.bar(ranks, table["gradient_1e9_m2"], color=GREY, label="ours")
    axes.plot(ranks, table["published_simulated"], ".", color=BLUE, label="published, simulated")
    axes.errorbar(
        ranks,
        table["published_measured"],
        table["published_error"],
        fmt="x",
        ms=4,
        lw=1,
        color=ORANGE,
        label="published, measured",
    )
    axes.set_xlabel("bond, by rank")
    axes.set_ylabel("gradient, 1e-9 m²")
    axes.legend(frameon=False)
