"""Fig. 2: behaviours: one weight, one of two outputs shall sink more; and the rules compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure

from mnnfab.arrays import FloatArray
from mnnfab.courses import RuleName, Schedule, Trainable
from mnnfab.losses import Loss, ShareCrossEntropy, SquaredError
from mnnfab.report.palette import BLUE, GREEN, GREY, ORANGE
from mnnfab.report.sketch import draw_bonds
from mnnfab.reproduce import paper
from mnnfab.reproduce.experiment import Experiment, Line
from mnnfab.rules import RULES
from mnnfab.tasks import Parts, Task, judge_behaviour_targets
from mnnfab.training import Training, train
from mnnfab.units import NEWTON_PER_GF
from mnnfab.width_maps import Clamp, Logistic, WidthMap

LOAD_GF, RATE, SHARPNESS, EPOCHS = -5.0, 0.005, 10.0, 3000
PRECISE_MM = (-0.5, -0.55)
OUT_OF_REACH_MM = (-0.5, -0.8)


@dataclass(frozen=True)
class PaperLogistic(Logistic):
    """The logistic map as the paper's code uses it: without its derivative in the gradient."""

    def slope(self, latent: FloatArray) -> FloatArray:
        """Return the same number everywhere."""
        return np.ones_like(latent)


def fig2() -> Experiment:
    """Train both behaviours as the paper's code does, and precise displacements by MSE."""
    limits = paper.WIDTHS_MM
    right, left = (behaviour(place, PaperLogistic(*limits, SHARPNESS)) for place in (0, 1))
    precise = displacements(PRECISE_MM)
    far = displacements(OUT_OF_REACH_MM)
    rules = {rule: displacements(PRECISE_MM, rule, 300) for rule in RULES}
    expected = paper.BEHAVIOUR_TRAINED_MM
    lines = (
        Line(
            "untrained u_y of nodes 12 and 13, mm",
            _pair(moved(right, 0)),
            _pair(np.array(paper.BEHAVIOUR_UNTRAINED_MM)),
        ),
        Line("first behaviour, mm", _pair(moved(right, -1)), _pair(np.array(expected))),
        Line("second behaviour, mm", _pair(moved(left, -1)), _pair(np.array(expected[::-1]))),
        Line("(-0.5, -0.55) mm by MSE", _pair(moved(precise, -1)), "–", "in reach"),
        Line(
            "(-0.5, -0.8) mm by MSE",
            _pair(moved(far, -1)),
            "the authors' example",
            "out of reach within 1.5 to 2.5 mm: this is the bounded optimum",
        ),
        *(
            Line(f"loss after 300 steps, {rule}", f"{found.history[-1].loss_train:.2e}")
            for rule, found in rules.items()
        ),
    )
    return Experiment(
        name="fig2",
        title="Behaviours",
        lines=lines,
        figures={
            "fig2_behaviours": _draw_behaviours(right, left),
            "fig2_rules": _draw_rules(rules),
        },
        tables={
            "fig2_history": {
                "iteration": np.arange(EPOCHS + 1.0),
                **{
                    f"{name}_{key}": values
                    for name, found in (("first", right), ("second", left))
                    for key, values in _curves(found).items()
                },
            },
            "fig2_widths": {"first_mm": right.widths_mm, "second_mm": left.widths_mm},
            "fig2_rules": {
                rule: np.array([epoch.loss_train for epoch in found.history])
                for rule, found in rules.items()
            },
        },
    )


def behaviour(target: int, width_map: WidthMap) -> Training:
    """Train one output to have the larger share of the displacement."""
    targets = np.eye(2)[[target]]
    return _train(targets, ShareCrossEntropy(), width_map, Schedule(EPOCHS, 1, RATE, 0))


def displacements(
    targets_mm: tuple[float, float], rule: RuleName | str = "adjoint", epochs: int = EPOCHS
) -> Training:
    """Train the displacements themselves by MSE, with projected steps."""
    schedule = replace(Schedule(epochs, 1, RATE, 0), rule=rule)  # type: ignore[arg-type]
    targets = np.array([targets_mm])
    return _train(targets, SquaredError(0.5), Clamp(*paper.WIDTHS_MM), schedule)


def _train(targets: FloatArray, loss: Loss, width_map: WidthMap, schedule: Schedule) -> Training:
    inputs, outputs = (paper.MIDDLE,), (paper.RIGHT, paper.LEFT)
    task = Task(
        kind="behaviour",
        inputs=inputs,
        outputs=outputs,
        loads_N=np.array([[LOAD_GF * NEWTON_PER_GF]]),
        targets=targets,
        loss=loss,
        parts=Parts(np.array([0])),
        judge=judge_behaviour_targets,
        headline=None,
        load_cases=(),
    )
    trainable = Trainable(paper.model(inputs, outputs), task, paper.per_width(), width_map)
    return train(trainable, np.full(28, paper.WIDTH_START_MM), schedule)


def moved(training: Training, epoch: int) -> FloatArray:
    """Return the displacements of the outputs after an epoch, (2,) mm."""
    return np.array(training.history[epoch].metrics["displacements_mm"])


def _pair(values: FloatArray) -> str:
    return ", ".join(f"{value:.5f}" for value in values)


def _curves(training: Training) -> dict[str, FloatArray]:
    both = np.array([epoch.metrics["displacements_mm"] for epoch in training.history])
    return {
        "loss": np.array([epoch.loss_train for epoch in training.history]),
        "difference_mm": np.abs(both[:, 0] - both[:, 1]),
    }


def _draw_behaviours(right: Training, left: Training) -> Figure:
    figure = Figure(figsize=(12, 7), layout="constrained")
    for place, (title, found) in enumerate((("first behaviour", right), ("second", left))):
        axes = figure.add_subplot(2, 3, place + 2)
        draw_bonds(axes, paper.network(), found.widths_mm, "width, mm", paper.WIDTHS_MM)
        axes.set_title(title)
    uniform = np.full(28, paper.WIDTH_START_MM)
    axes = figure.add_subplot(2, 3, 1)
    draw_bonds(axes, paper.network(), uniform, "width, mm", paper.WIDTHS_MM)
    axes.set_title("untrained")
    curves = figure.add_subplot(2, 3, (4, 5))
    _draw_curves(curves, _curves(right))
    bars = figure.add_subplot(2, 3, 6)
    cases = (moved(right, 0), moved(right, -1), moved(left, -1))
    measured = (
        paper.BEHAVIOUR_UNTRAINED_MEASURED_MM,
        paper.BEHAVIOUR_TRAINED_MEASURED_MM,
        paper.BEHAVIOUR_TRAINED_MEASURED_MM[::-1],
    )
    for node, colour in ((0, BLUE), (1, ORANGE)):
        x = np.arange(3) + 0.35 * node
        bars.bar(x, [case[node] for case in cases], 0.3, color=colour, label=f"node {12 + node}")
        middle, error = zip(*(pair[node] for pair in measured), strict=True)
        bars.errorbar(x, middle, error, fmt="k.", capsize=3)
    bars.plot([], [], "k.", label="published, measured")
    bars.set_xticks([0.17, 1.17, 2.17], ["untrained", "first", "second"])
    bars.set_ylabel("u_y, mm")
    bars.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return figure


def _draw_curves(axes: object, curves: dict[str, FloatArray]) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    axes.plot(curves["loss"], color=BLUE, label="loss")
    axes.set_xlabel("iteration")
    axes.set_xscale("symlog", linthresh=10)
    axes.set_ylabel("loss (no unit)")
    other = axes.twinx()
    other.plot(curves["difference_mm"], color=ORANGE, label="|Δu_y|")
    other.set_ylabel("|Δu_y|, mm")
    drawn = [*axes.get_lines(), *other.get_lines()]
    axes.legend(drawn, [str(line.get_label()) for line in drawn], frameon=False, loc="right")


def _draw_rules(rules: dict[str, Training]) -> Figure:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for (rule, found), colour, width in zip(
        rules.items(), (BLUE, ORANGE, GREY), (3, 1.5, 1.5), strict=True
    ):
        losses = [epoch.loss_train for epoch in found.history]
        axes.semilogy(losses, color=GREEN if colour == GREY else colour, lw=width, label=rule)
    axes.set_xlabel("step")
    axes.set_ylabel("loss (no unit)")
    axes.set_title(f"displacements {PRECISE_MM} mm by three rules, the same steps of Adam")
    axes.legend(frameon=False)
    return figure
