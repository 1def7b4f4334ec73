"""A nonlinear model behind the model interface: springs with large displacements.

The exact kinematics are those of `fem.nonlinear_bars`. Adjoint elongations are taken as in an
experiment: by small additional loads at the outputs of the loaded network.
"""
# ruff: noqa: D102 - the protocols document the methods

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from fem.nonlinear_bars import NonlinearBars
from mnnfab import InputError, Schedule, compare, load_problem
from mnnfab.arrays import FloatArray
from mnnfab.design.check_section import CheckSection
from mnnfab.errors import ToolError
from mnnfab.lab.experiment.plan import make_plan
from mnnfab.model.bars import BarModel
from mnnfab.model.model import Equilibrium
from mnnfab.model.springs import SpringModel
from mnnfab.network.network import Network
from mnnfab.network.ports import dofs_of
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.problem.problem import TrainableProblem, require_trainable
from mnnfab.training.optimisation import Trainable, train_adam
from mnnfab.validation import model_hierarchy
from mnnfab.validation.acceptance import check_continuum
from mnnfab.validation.model_hierarchy import (
    HierarchyModel,
    PartModel,
    evaluate_models,
    hierarchy_values,
)

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
#: Largest additional load, relative to the largest load: small against it, large against rounding.
STEP = 1e-4


@dataclass(frozen=True, eq=False)
class LargeDisplacements:
    """Springs with large displacements, a `WidthModel`."""

    springs: SpringModel

    @property
    def network(self) -> Network:
        return self.springs.network

    def port_model(self, widths_mm: FloatArray) -> Loaded:
        return Loaded(self, widths_mm)

    def solve(self, widths_mm: FloatArray, loads_N: FloatArray) -> Equilibria:
        return Equilibria(self, widths_mm, loads_N)

    def stiffness_matrix(self, widths_mm: FloatArray) -> sparse.csr_array:
        return self.springs.stiffness_matrix(widths_mm)


@dataclass(frozen=True, eq=False)
class Loaded:
    """The same for given widths, a `Model`."""

    model: LargeDisplacements
    widths_mm: FloatArray

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        return self.solve(loads_N).outputs_mm

    def solve(self, loads_N: FloatArray) -> Equilibria:
        return self.model.solve(self.widths_mm, loads_N)


@dataclass(frozen=True, eq=False)
class Equilibria(Equilibrium):
    """Equilibria of some samples; the gradient in the stiffnesses is inherited."""

    model: LargeDisplacements
    widths_mm: FloatArray
    loads_N: FloatArray

    def _displacements(self, output_loads_N: FloatArray | None = None) -> FloatArray:
        """Return the displacement of every node of every sample, (n_samples, 2 n_nodes) mm."""
        law, network = self.model.springs.law, self.model.network
        bars = NonlinearBars(network, law.stiffness(self.widths_mm))
        found = []
        for row, loads in enumerate(self.loads_N):
            whole = np.zeros(2 * network.n_nodes)
            np.add.at(whole, dofs_of(self.model.springs.inputs), loads)
            if output_loads_N is not None:
                np.add.at(whole, dofs_of(self.model.springs.outputs), output_loads_N[row])
            displacements = bars.displacements(whole)
            if displacements is None:
                raise ToolError("no equilibrium found")
            found.append(displacements)
        return np.array(found)

    def _elongations(self, displacements: FloatArray) -> FloatArray:
        network = self.model.network
        places = network.nodes + displacements.reshape(len(displacements), -1, 2)
        first, second = network.bonds.T
        elongations: FloatArray = (
            np.linalg.norm(places[:, second] - places[:, first], axis=2) - network.lengths
        )
        return elongations

    @cached_property
    def _solution(self) -> FloatArray:
        return self._displacements()

    @property
    def outputs_mm(self) -> FloatArray:
        return self._solution[:, dofs_of(self.model.springs.outputs)]

    @property
    def elongations_mm(self) -> FloatArray:
        return self._elongations(self._solution)

    def adjoint_elongations(self, output_loads_N: FloatArray) -> FloatArray:
        return self._differences(output_loads_N, self._elongations)

    def load_gradient(self, output_gradient: FloatArray) -> FloatArray:
        inputs = dofs_of(self.model.springs.inputs)
        return self._differences(output_gradient, lambda found: found[:, inputs])

    def _differences(
        self, output_loads_N: FloatArray, measure: Callable[[FloatArray], FloatArray]
    ) -> FloatArray:
        step_N = STEP * float(np.abs(self.loads_N).max())
        size = step_N / max(float(np.abs(output_loads_N).max()), 1e-300)
        more, less = (
            measure(self._displacements(sign * size * output_loads_N)) for sign in (1.0, -1.0)
        )
        differences: FloatArray = (more - less) / (2.0 * size)
        return differences

    def width_gradient(
        self, output_gradient: FloatArray, chain: FloatArray | float = 1.0
    ) -> FloatArray:
        per_width = self.model.springs.law.derivative(self.widths_mm)
        return self.stiffness_gradient(output_gradient) * (per_width * chain)


@dataclass(frozen=True, eq=False)
class NoEquilibrium(Loaded):
    """A model whose loads are too large: there is no equilibrium."""

    def solve(self, loads_N: FloatArray) -> Equilibria:
        del loads_N
        raise ToolError("no equilibrium found")


@pytest.fixture(scope="module")
def problem() -> TrainableProblem:
    """The example under 20 gf instead of 5 gf."""
    problem = require_trainable(load_problem(EXAMPLES / "behaviour-left.toml"))
    (case,) = problem.task.load_cases
    loads = 4 * problem.task.loads_N
    cases = (replace(case, loads_N=tuple(loads[0].tolist())),)
    return replace(problem, task=replace(problem.task, loads_N=loads, load_cases=cases))


@pytest.fixture(scope="module")
def model(problem: TrainableProblem) -> LargeDisplacements:
    return LargeDisplacements(problem.spring_model())


@pytest.fixture(scope="module")
def widths(problem: TrainableProblem) -> FloatArray:
    return np.linspace(*problem.width_limits_mm, problem.network.n_bonds)


def test_displacements_are_large(
    problem: TrainableProblem, model: LargeDisplacements, widths: FloatArray
) -> None:
    """The load is beyond the linear range, by the scale; a hundredth of it is within."""
    bars, nonlinear = problem.response(widths), model.port_model(widths)
    loads = problem.task.single_loads
    assert abs(compare(bars, nonlinear, loads).scale - 1.0) > 0.05
    small = compare(bars, nonlinear, loads / 100)
    assert small.scale == pytest.approx(1.0, abs=2e-3)
    assert small.displacement_residual < 1e-3
    with pytest.raises(InputError, match="loads, for nonlinear models"):
        compare(nonlinear, bars)  # type: ignore[call-overload]


def test_in_situ_rule_at_the_loaded_equilibrium(
    problem: TrainableProblem, model: LargeDisplacements, widths: FloatArray
) -> None:
    """Elongation times adjoint elongation is dL/dk, by central differences of the loss."""
    task, law = problem.task, problem.law
    gradient = task.stiffness_gradient(model.port_model(widths))
    by_widths = task.width_gradient(
        model.solve(widths, task.loads_N[task.train_indices]), task.train_indices
    )
    np.testing.assert_allclose(by_widths, gradient * law.derivative(widths), rtol=1e-12)
    step = 1e-4
    expected = []
    for bond in range(0, problem.network.n_bonds, 5):
        losses = []
        for sign in (1.0, -1.0):
            changed = widths.copy()
            changed[bond] += sign * step
            losses.append(task.loss_value(model.port_model(changed), task.train_indices))
        expected.append((losses[0] - losses[1]) / (2 * step))
    found = by_widths[::5]
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    # It is not the gradient of the linear model at the same widths.
    linear = task.stiffness_gradient(problem.response(widths)) * law.derivative(widths)
    assert np.abs(linear[::5] - expected).max() > 0.03 * np.abs(expected).max()


def test_training_lowers_the_loss(problem: TrainableProblem, model: LargeDisplacements) -> None:
    task = problem.task
    trainable = replace(problem.trainable(), model=model)
    assert isinstance(trainable, Trainable)
    schedule = Schedule(epochs=5, batch_size=1, learning_rate=0.1, seed=0)
    start = trainable.width_map.latent(problem.start_widths_mm)
    run = train_adam(trainable, start, schedule, np.random.default_rng(0), lambda *_: None)
    losses = [task.loss_value(one, task.train_indices) for one in run.models]
    assert np.all(np.diff(losses) < 0)
    assert losses[-1] < 0.97 * losses[0]


def test_checks_and_plan_take_it(
    problem: TrainableProblem, model: LargeDisplacements, widths: FloatArray
) -> None:
    task, nonlinear, bars = problem.task, model.port_model(widths), problem.response(widths)
    agreement = compare(bars, nonlinear, task.single_loads)
    findings = check_continuum(task, problem.network, bars, nonlinear, agreement, CheckSection())
    assert {"displacement-residual", "scale", "bond-strain", "metric-drop", "use"} <= {
        finding.code for finding in findings
    }
    inputs = (*task.inputs, *task.outputs)
    bar_model = BarModel(problem.network, inputs, task.outputs)
    everywhere = LargeDisplacements(SpringModel(bar_model, problem.law)).port_model(widths)
    (case,) = make_plan(task, everywhere).cases
    np.testing.assert_allclose(case.outputs_mm[0], nonlinear.outputs(task.loads_N)[0])
    assert case.gradient is not None
    assert case.gradient.cosine > 1 - 1e-9  # the load is whole tenths of a gram
    assert len(case.probes) == 4
    assert case.probe_size.curvature < 0.05


def test_hierarchy_takes_it(
    problem: TrainableProblem, widths: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(part: PortPart) -> PartModel:
        nonlinear = LargeDisplacements(part.problem.spring_model())
        return PartModel(nonlinear.port_model(part.widths_mm), 2)

    def bars(part: PortPart) -> PartModel:
        return PartModel(part.bars, 1)

    def overloaded(part: PortPart) -> PartModel:
        return PartModel(NoEquilibrium(LargeDisplacements(part.problem.spring_model()), widths), 2)

    models = (
        HierarchyModel(10, "bars", bars),
        HierarchyModel(15, "large displacements", make),
        HierarchyModel(20, "overloaded", overloaded),
    )
    monkeypatch.setattr(model_hierarchy, "hierarchy_models", lambda: models)
    hierarchy = evaluate_models(PrintedPart(problem, widths))
    first, last = hierarchy.results
    assert hierarchy.failures == {"overloaded": "no equilibrium found"}
    values = json.loads(json.dumps(hierarchy_values(hierarchy)))
    assert set(values["rungs"][0]["answer"]) == {"response", "n_dofs"}
    np.testing.assert_allclose(
        values["rungs"][1]["answer"]["single_loads"]["outputs_mm"],
        last.model.outputs(problem.task.single_loads),
    )
    # At rest they agree; under the loads they do not.
    assert first.agreement.scale == pytest.approx(1.0, abs=1e-3)
    assert first.loaded_difference is not None
    assert first.loaded_difference > 0.05
    assert last.loaded_difference == 0.0
    assert last.gradient is not None
    assert 0.9 < last.gradient.cosine < 0.9999
    assert last.metrics != first.metrics
