"""Stiffness laws: closed forms, slopes, calibration, and training on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from mnnfab import (
    BarModel,
    Clamp,
    Fabrication,
    InputError,
    Logistic,
    Network,
    Port,
    Schedule,
    StiffnessLaw,
    Trainable,
    bar_law,
    calibrated_law,
    make_problem,
    parse_design,
    series_law,
)
from mnnfab.losses.kinds.cross_entropy import SoftmaxCrossEntropy
from mnnfab.model.joints import edge_sensitivity, series_integral
from mnnfab.model.springs import SpringModel
from mnnfab.model.stiffness_law import Calibration
from mnnfab.model.surrogate import fit_correction
from mnnfab.printed_part.calibration import calibrated
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.problem import PortProblem, require_ports
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.task.task import DataSplit, Task, no_metrics
from mnnfab.training.ensemble import make_member, train_adam_compiled
from mnnfab.training.optimisation import OptimisationRun, train_adam

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
INPUTS = tuple(Port(node, "y") for node in (13, 11, 12, 9))
OUTPUTS = tuple(Port(node, "x") for node in (7, 1, 2))
CUBIC = np.array([0.08, -0.01, 0.002])


def test_series_integral_is_the_integral(fabrication: Fabrication) -> None:
    """Against quadrature of 1 / w(s), with edges that are off and a taper that ends in nothing."""
    for error in (0.0, 0.1, -0.2):

        def width(s: float, error: float = error) -> float:
            s = min(s, 16.0 - s)
            return 1.8 * float(np.interp(s, [2.0, 3.0], [0.5, 1.0])) + error

        wanted = quad(lambda s: 1 / width(s), 0, 16, points=[2, 3, 13, 14], epsabs=1e-12)[0]
        found = series_integral(np.array([1.8]), np.array([16.0]), fabrication, error)
        assert found[0] == pytest.approx(wanted, rel=1e-9)
    plain = fabrication.model_copy(update={"joint_ratio": 1.0})
    assert series_integral(np.array([1.8]), np.array([16.0]), plain)[0] == pytest.approx(16 / 1.8)


def test_edge_errors_weigh_more_in_thinned_joints(fabrication: Fabrication) -> None:
    """η = w ∫ ds / w² over ∫ ds / w; 1 for a plain bar."""
    lengths, widths = np.array([16.0]), np.array([2.0])
    second = 4 / 1.0**2 + 2 * (1 / 1.0 - 1 / 2.0) + 10 / 2.0**2
    wanted = 2.0 * second / series_integral(widths, lengths, fabrication)[0]
    assert edge_sensitivity(widths, lengths, fabrication)[0] == pytest.approx(wanted, rel=1e-6)
    plain = fabrication.model_copy(update={"joint_ratio": 1.0})
    assert edge_sensitivity(widths, lengths, plain)[0] == pytest.approx(1.0, rel=1e-6)


def test_series_law_of_the_paper(paper_network: Network, fabrication: Fabrication) -> None:
    bars, series = (
        bar_law(paper_network, 0.55, 2.0),
        series_law(paper_network, 0.55, fabrication),
    )
    widths = np.linspace(1.5, 2.5, 28)
    np.testing.assert_allclose(bars.stiffness(widths) / series.stiffness(widths), 1.298, rtol=5e-4)


def test_calibrated_law_meets_its_continua(
    paper_network: Network, fabrication: Fabrication
) -> None:
    series = series_law(paper_network, 0.55, fabrication)
    law = calibrated_law(series, Calibration((1.5, 2.0, 2.5), (0.98, 0.95, 0.97)))
    for width, softening in ((1.5, 0.98), (2.0, 0.95), (2.5, 0.97)):
        widths = np.full(28, width)
        wanted = series.stiffness(widths) / softening
        np.testing.assert_allclose(law.stiffness(widths), wanted, rtol=1e-12)


def test_slope_and_softening_of_a_cubic() -> None:
    law = StiffnessLaw("calibrated", np.tile(CUBIC, (5, 1)))
    widths = np.linspace(1.5, 2.5, 5)
    step = 1e-6
    differences = (law.stiffness(widths + step) - law.stiffness(widths - step)) / (2 * step)
    np.testing.assert_allclose(law.derivative(widths), differences, rtol=1e-8)
    np.testing.assert_allclose(
        law.stiffness(widths), widths * 0.08 - 0.01 * widths**2 + 0.002 * widths**3
    )
    np.testing.assert_allclose(law.softened(1.25).stiffness(widths) * 1.25, law.stiffness(widths))


def trainable(network: Network, width_map: Clamp | Logistic, **more: Any) -> Trainable:  # noqa: ANN401
    generator = np.random.default_rng(0)
    task = Task(
        kind="none",
        inputs=INPUTS,
        outputs=OUTPUTS,
        loads_N=-generator.uniform(0.01, 0.05, (20, 4)),
        targets=np.eye(3)[generator.integers(0, 3, 20)],
        loss=SoftmaxCrossEntropy(0.04),
        split=DataSplit(np.arange(20)),
        evaluate=no_metrics,
        primary_metric=None,
        load_cases=(),
    )
    additive = generator.normal(size=(3, 4)) * 0.3
    law = StiffnessLaw("calibrated", np.tile(CUBIC, (28, 1)))
    model = BarModel(network, INPUTS, OUTPUTS, additive)
    return Trainable(SpringModel(model, law), task, width_map, **more)


@pytest.mark.parametrize(
    "width_map", [Clamp(1.5, 2.5), Logistic(1.5, 2.5, 5.0)], ids=["clamp", "logistic"]
)
@pytest.mark.parametrize("prints", [0, 6], ids=["as drawn", "over prints"])
def test_taylor_remainder_with_law_correction_and_prints(
    paper_network: Network, width_map: Clamp | Logistic, prints: int
) -> None:
    """Of second order with a cubic law, an additive term, and the mean over several prints."""
    generator = np.random.default_rng(1)
    errors = 0.05 * generator.normal(size=(prints, 28)) if prints else None
    question = trainable(paper_network, width_map, width_errors_mm=errors)
    rows = question.task.train_indices
    latent = width_map.latent(generator.uniform(1.7, 2.3, 28))
    direction = 0.1 * generator.normal(size=28)
    start, slope = question.loss_and_gradient(latent, rows)
    np.testing.assert_allclose(slope, question.gradient(latent, rows), rtol=1e-12)
    steps = 0.5 ** np.arange(4, 10)
    remainders = [
        abs(
            question.loss_and_gradient(latent + s * direction, rows)[0]
            - start
            - s * (slope @ direction)
        )
        for s in steps
    ]
    orders = np.diff(np.log(remainders)) / np.diff(np.log(steps))
    np.testing.assert_allclose(orders[-3:], 2.0, atol=0.1)


def assert_same_models(fast: OptimisationRun, plain: OptimisationRun) -> None:
    """The same flexibility matrices after every epoch."""
    loads = np.eye(4)
    ours, theirs = ([model.outputs(loads) for model in run.models] for run in (fast, plain))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_compiled_step_knows_law_and_correction(paper_network: Network) -> None:
    for width_map in (Clamp(1.5, 2.5), Logistic(1.5, 2.5, 5.0)):
        question = trainable(paper_network, width_map)
        schedule = Schedule(epochs=20, batch_size=16, learning_rate=0.006, seed=3)
        start = width_map.latent(np.linspace(1.6, 2.4, 28))
        member, other = (make_member(question, start, 3, 0) for _ in range(2))
        plain = train_adam(question, member.latent, schedule, member.generator, lambda *_: None)
        (fast,) = train_adam_compiled(question, [other], schedule, lambda *_: None)
        np.testing.assert_allclose(fast.latent, plain.latent, rtol=0, atol=1e-10)
        assert_same_models(fast, plain)


def test_correction_makes_bars_the_continuum(iris_values: dict[str, Any]) -> None:
    """Whatever the flexibility is, after its own correction the bars have it."""
    problem = require_ports(make_problem(parse_design(iris_values), EXAMPLES))
    widths = np.linspace(1.5, 2.5, 28)
    bars = problem.response(widths).flexibility
    wanted = 1.2 * bars + 0.01
    corrected = replace(
        problem, surrogate=replace(problem.surrogate, correction=fit_correction(bars, wanted))
    )
    found = corrected.response(widths).flexibility
    # A correction has eight digits of the largest number.
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-7 * np.abs(wanted).max())
    np.testing.assert_allclose(corrected.uncorrected.response(widths).flexibility, bars, rtol=1e-12)


@pytest.mark.ci
def test_calibration_leaves_no_scale(iris_values: dict[str, Any]) -> None:
    """Uniform at the three widths: one to rounding of the mesh; trained: within two percent."""
    iris_values["training"]["stiffness_law"] = "calibrated"
    raw = make_problem(parse_design(iris_values), EXAMPLES)
    with pytest.raises(InputError, match="without a calibration"):
        _ = raw.law
    problem = require_ports(calibrated(raw, StageTimer(NullWatcher())))
    calibration = problem.surrogate.calibration
    assert calibration is not None
    assert [f"{ratio:.8g}" for ratio in calibration.softening] == [*map(str, calibration.softening)]
    for width in (1.5, 2.0, 2.5):
        assert scale_of(problem, np.full(28, width)) == pytest.approx(1.0, abs=0.015)
    assert scale_of(problem, np.linspace(1.5, 2.5, 28)) == pytest.approx(1.0, abs=0.03)


def scale_of(problem: PortProblem, widths: np.ndarray) -> float:
    part = PrintedPart(problem, widths)
    bars, real = problem.response(widths).flexibility, part.continuum.response.flexibility
    return float(np.vdot(bars, real) / np.vdot(bars, bars))
