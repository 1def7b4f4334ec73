"""Fig. 2: behaviours under one weight with a larger displacement of one of two outputs.

The learning rules are compared as well.
"""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.reproduce import paper
from mnnfab.reproduce.compared_rules import (
    PRECISE_MM,
    compare_rules,
    comparison_lines,
    comparison_table,
    draw_comparison,
)
from mnnfab.reproduce.experiment import Experiment, Line, bond_columns
from mnnfab.reproduce.fig2_pictures import draw_behaviours, draw_precise
from mnnfab.reproduce.film import Scene
from mnnfab.reproduce.outputs import draw_pair
from mnnfab.reproduce.setting import (
    BEHAVIOUR,
    Run,
    make,
    train_as_the_authors,
    train_by_projection,
)

RATE, SHARPNESS, EPOCHS = 0.005, 10.0, 3000
UNATTAINABLE_MM = (-0.5, -0.8)


def fig2() -> Experiment:
    """Train both behaviours as the code of the paper does, and prescribed displacements by MSE."""
    right, left = behaviour(0), behaviour(1)
    precise, unattainable = displacements(PRECISE_MM), displacements(UNATTAINABLE_MM)
    comparison = compare_rules()
    return Experiment(
        title="Behaviours",
        about="A weight of 5 gf acts on node 10; node 12 or node 13 is trained to sink more. Then "
        "displacements are trained by MSE with projected steps, and the learning rules are "
        "compared: a loaded state is one loaded network that an experiment would have to measure.",
        lines=(
            *_behaviour_lines(right, left),
            Line(
                "(-0.5, -0.55) mm by MSE",
                _pair(output_displacements(precise, -1)),
                "–",
                "attainable",
            ),
            Line(
                "(-0.5, -0.8) mm by MSE",
                _pair(output_displacements(unattainable, -1)),
                "the authors' example",
                "not attainable with widths of 1.5 to 2.5 mm: these values are the bounded optimum",
            ),
            *comparison_lines(comparison),
        ),
        figures={
            "fig2_behaviours": draw_behaviours(right, left),
            "fig2_precise": draw_precise({PRECISE_MM: precise, UNATTAINABLE_MM: unattainable}),
            "fig2_rules": draw_comparison(comparison),
        },
        tables={
            "fig2_history": {
                "iteration": np.arange(EPOCHS + 1.0),
                **_curves("first", right),
                **_curves("second", left),
                **_curves("precise", precise),
                **_curves("out_of_reach", unattainable),
            },
            "fig2_widths": {
                **bond_columns(paper.network()),
                "first_mm": right.widths_mm,
                "second_mm": left.widths_mm,
                "precise_mm": precise.widths_mm,
            },
            **{
                f"fig2_rules_{title}": comparison_table(trainings)
                for title, trainings in comparison.items()
            },
        },
        films={
            "fig2_behaviours": (
                Scene(right, "target: node 12 sinks more", draw_pair),
                Scene(left, "target: node 13 sinks more", draw_pair),
            )
        },
    )


def behaviour(target: int) -> Run:
    """Train output 0 or 1 to have the larger share of the displacement."""
    task = {**BEHAVIOUR, "target_class": target, "normalisation": "share"}
    problem = make(task, {"epochs": EPOCHS, "learning_rate": RATE})
    return train_as_the_authors(problem, SHARPNESS)


def displacements(targets_mm: tuple[float, float]) -> Run:
    """Train u_y of nodes 12 and 13 to the targets by MSE, with projected steps."""
    task = {**BEHAVIOUR, "targets_mm": list(targets_mm), "loss_scale_mm": 0.5}
    return train_by_projection(make(task, {"epochs": EPOCHS, "learning_rate": RATE}))


def output_displacements(run: Run, epoch: int) -> FloatArray:
    """Return the displacements of the outputs after an epoch, (2,) mm."""
    displacements_mm: FloatArray = run.metric("displacements_mm")[epoch]
    return displacements_mm


def _behaviour_lines(right: Run, left: Run) -> list[Line]:
    trained = np.array(paper.BEHAVIOUR_TRAINED_MM)
    return [
        Line(
            "untrained u_y of nodes 12 and 13, mm",
            _pair(output_displacements(right, 0)),
            _pair(np.array(paper.BEHAVIOUR_UNTRAINED_MM)),
        ),
        Line("first behaviour, mm", _pair(output_displacements(right, -1)), _pair(trained)),
        Line(
            "second behaviour, mm",
            _pair(output_displacements(left, -1)),
            "–",
            "mirror image of the first; its source data are not published",
        ),
    ]


def _pair(values: FloatArray) -> str:
    return ", ".join(f"{value:.5f}" for value in values)


def _curves(name: str, run: Run) -> dict[str, FloatArray]:
    displacements_mm = run.metric("displacements_mm")
    difference = np.abs(displacements_mm[:, 0] - displacements_mm[:, 1])
    return {f"{name}_loss": run.losses, f"{name}_difference_mm": difference}
