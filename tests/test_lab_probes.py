"""Gradients of the loaded part by probes: the rule, the size of probes, error bars, and errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from laboratory import LOADED_STEPS, behaviour_bench, fig1_bench

from fem.nonlinear_bars import NonlinearBars
from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError, UnstableError
from mnnfab.lab.analysis.load_checks import check_probes
from mnnfab.lab.analysis.prediction import Prediction, predict
from mnnfab.lab.experiment import probes
from mnnfab.lab.experiment.plan import make_plan, plan_model, unique_names, with_zero
from mnnfab.lab.experiment.probes import READING_SD_MM, ProbeSize, best_probe_size, probes_on
from mnnfab.lab.experiment.reading import Reading
from mnnfab.lab.experiment.rubber_steps import step_fields, step_paths
from mnnfab.lab.experiment.samples import hung_samples
from mnnfab.lab.experiment.shots import Positions, Shot
from mnnfab.lab.experiment.steps import (
    ZERO,
    AppliedWeight,
    Step,
    load_steps,
    port_loads,
    weights_on,
)
from mnnfab.lab.measurement.loaded_gradient import loaded_gradient, probe_gradient
from mnnfab.lab.measurement.measurement import Measurement, measure
from mnnfab.lab.session.round_steps import MAX_LOADS, round_steps
from mnnfab.lab.synthetic.laboratory import fields_of
from mnnfab.network.ports import dofs_of
from mnnfab.printed_part.part import PortPart
from mnnfab.task.task import Task
from mnnfab.units import NEWTON_PER_GF

#: Of the gradient by probes of a hundredth of the load: the square of that, with a margin.
CURVATURE = 1e-3
#: Of a standard deviation from 300 samples.
SCATTER = 0.15
#: Of the loads: rounding of the forces of elements, which cancel.
EQUILIBRIUM = 1e-8
STEPS = (ZERO, *LOADED_STEPS[2:])
LENGTHS = Reading(unmodelled_share=0.0)


@pytest.fixture(scope="module")
def fig1() -> PortPart:
    return fig1_bench()


@pytest.fixture(scope="module")
def prediction(fig1: PortPart) -> Prediction:
    return predict(fig1, STEPS[1:])


def measured(
    part: PortPart,
    moved_mm: FloatArray,
    noise_mm: float,
    seed: int,
    steps: tuple[Step, ...] = STEPS,
) -> Measurement:
    """Two shots of each step of the hanging part, with noise of nodes and of whole shots."""
    generator = np.random.default_rng(seed)
    zero = part.rubber.hanging_nodes
    places = zero + np.repeat(np.concatenate([np.zeros((1, *zero.shape)), moved_mm]), 2, axis=0)
    places = places + noise_mm * generator.standard_normal(places.shape)
    places = places + noise_mm * generator.standard_normal((len(places), 1, 2))
    shots = tuple(Shot(f"{step.name}-{n}", step.name) for step in steps for n in range(2))
    return measure("t", Positions(shots, places), steps, part.problem.network, LENGTHS)


def test_probes_give_the_derivative_of_springs_with_large_displacements(fig1: PortPart) -> None:
    """dL/dk by central differences of the loss, with bars of true lengths at 10 gf."""
    problem, task = fig1.problem, fig1.problem.task
    network, stiffness = problem.network, problem.law.stiffness(fig1.widths_mm)
    pair = probes_on(task.outputs, STEPS[1], ProbeSize(0.1, 0.0, 0.0))
    steps = (STEPS[1], *pair)

    def moved(step: Step, stiffness: FloatArray) -> FloatArray:
        loads = np.zeros(2 * network.n_nodes)
        (on_inputs,), (on_outputs,) = port_loads(task, [step])
        loads[dofs_of(task.inputs)] += on_inputs
        loads[dofs_of(task.outputs)] += on_outputs
        found = NonlinearBars(network, stiffness).displacements(loads)
        assert found is not None
        return found

    fields = np.array([moved(step, stiffness).reshape(-1, 2) for step in steps])
    found = probe_gradient(task, network, steps, network.nodes, fields)
    samples = hung_samples(task, steps)
    expected = []
    for bond in range(network.n_bonds):
        losses = []
        for sign in (1.0, -1.0):
            changed = stiffness.copy()
            changed[bond] *= 1 + sign * 1e-4
            outputs = moved(STEPS[1], changed)[dofs_of(task.outputs)]
            losses.append(samples.loss(task, outputs[None]))
        expected.append((losses[0] - losses[1]) / (2e-4 * stiffness[bond]))
    np.testing.assert_allclose(found, expected, atol=CURVATURE * np.abs(expected).max())
    linear = task.stiffness_gradient(problem.bar_model().response(stiffness))
    assert np.abs(linear - expected).max() > 0.02 * np.abs(expected).max()


def test_probes_give_the_gradient_of_the_rubber_model(
    fig1: PortPart, prediction: Prediction
) -> None:
    """Probes of half the load, both ways: what is even in them cancels, the cubic term is small."""
    task, network = fig1.problem.task, fig1.problem.network
    own = task.stiffness_gradient(fig1.rubber)
    zero, moved = fig1.rubber.hanging_nodes, prediction.loaded_mm
    both = probe_gradient(task, network, STEPS[1:], zero, moved)
    one_way = probe_gradient(task, network, STEPS[1:3], zero, moved[:2])
    errors = [np.linalg.norm(found - own) / np.linalg.norm(own) for found in (both, one_way)]
    assert errors[0] < CURVATURE
    assert errors[1] > 5 * errors[0]


def test_the_expected_error_of_reading_is_that_of_measurements(
    fig1: PortPart, prediction: Prediction
) -> None:
    """The scatter of gradients from photographs with the noise that the plan expects."""
    task = fig1.problem.task
    model = plan_model(fig1.problem, fig1.widths_mm)
    size = best_probe_size(task, model, STEPS[1].loads_on(task.inputs), task.targets[0])
    assert size.size_gf == 5.0
    assert size.curvature < size.reading
    own = task.stiffness_gradient(fig1.rubber)
    found = [
        loaded_gradient(
            "t", measured(fig1, prediction.loaded_mm, READING_SD_MM, seed), task, n_draws=2
        ).gradient
        for seed in range(300)
    ]
    scatter = np.linalg.norm(np.std(found, axis=0)) / np.linalg.norm(own)
    assert scatter == pytest.approx(size.reading, rel=SCATTER)


def test_errors_of_probes_scale_with_their_size(
    fig1: PortPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading error by 1 / size, curvature by its square; the noise decides which is taken."""
    model = plan_model(fig1.problem, fig1.widths_mm)
    task = fig1.problem.task
    loads, target = STEPS[1].loads_on(task.inputs), task.targets[0]
    noisy, quiet = (best_probe_size(task, model, loads, target, sd) for sd in (1e-3, 1e-6))
    assert noisy.size_gf == 5.0
    assert quiet.size_gf < noisy.size_gf
    assert quiet.error < noisy.error
    found = []
    for share in (0.05, 0.1):
        monkeypatch.setattr(probes, "SHARES", (share,))
        found.append(best_probe_size(task, model, loads, target, 0.01))
    assert found[1].curvature / found[0].curvature == pytest.approx(4, rel=0.05)
    assert found[0].reading / found[1].reading == pytest.approx(2, rel=0.05)


def test_the_plan_and_the_rubber_model_see_the_same_errors(fig1: PortPart) -> None:
    task = fig1.problem.task
    loads = STEPS[1].loads_on(task.inputs)
    everywhere = replace(fig1.rubber, inputs=(*task.inputs, *task.outputs))
    plan, rubber = (
        best_probe_size(task, model, loads, task.targets[0])
        for model in (plan_model(fig1.problem, fig1.widths_mm), everywhere)
    )
    assert plan.size_gf == rubber.size_gf
    assert plan.reading == pytest.approx(rubber.reading, rel=0.1)
    assert 1 / 3 < plan.curvature / rubber.curvature < 3


def test_error_bars_cover_the_gradient_of_the_loaded_part(
    fig1: PortPart, prediction: Prediction
) -> None:
    """Nine to ten of ten intervals of 95 %, over 100 draws."""
    task = fig1.problem.task
    own = task.stiffness_gradient(fig1.rubber)
    covered = []
    for seed in range(100):
        found = measured(fig1, prediction.loaded_mm, 0.002, seed)
        covered.append(loaded_gradient("t", found, task, n_draws=300).contains(own))
    assert 0.90 <= np.mean(covered) <= 0.99


def test_exchanged_probes_are_told(fig1: PortPart, prediction: Prediction) -> None:
    check_probes("t", measured(fig1, prediction.loaded_mm, 0.002, 0), prediction)
    swapped = measured(fig1, prediction.loaded_mm[[0, 2, 1]], 0.002, 0)
    with pytest.raises(InputError, match="displacements of probe plus are against its weights"):
        check_probes("t", swapped, prediction)


def test_probes_need_their_load_and_lengths(fig1: PortPart, prediction: Prediction) -> None:
    with pytest.raises(InputError, match="no shot of forward, to which the probe plus is added"):
        measured(fig1, prediction.loaded_mm[1:], 0.002, 0, (ZERO, *STEPS[2:]))
    shots = tuple(Shot(step.name, step.name) for step in STEPS)
    places = np.tile(fig1.problem.network.nodes, (len(STEPS), 1, 1))
    projection = Reading(elongation_by="projection", stated_sd_mm=0.01)
    with pytest.raises(InputError, match='elongation = "length": probes act on the deformed part'):
        measure("t", Positions(shots, places), STEPS, fig1.problem.network, projection)


def test_steps_of_the_rubber_are_in_equilibrium_under_all_their_weights(fig1: PortPart) -> None:
    """Zero is the hanging part; a probe has the load, its weights and the weight of the part."""
    rubber, task = fig1.rubber, fig1.problem.task
    steps = (*STEPS, Step("rigid", "rigid"))
    fields = fields_of(fig1, steps)
    np.testing.assert_array_equal(fields[0], rubber.unloaded.field)
    assert np.abs(fields[-1] - fields[0]).max() > 0.2
    free, vectors = rubber.body.system.free, rubber.body.system.load_vectors
    for step, field in zip(steps[:-1], fields[:-1], strict=True):
        loads = rubber.body.weight.copy()
        for weight in step.all_weights:
            loads += (
                vectors[:, dofs_of((weight.port,))].toarray()[:, 0] * weight.load_gf * NEWTON_PER_GF
            )
        residual = (rubber.body.forces(field)[1] - loads)[free]
        assert np.abs(residual).max() < EQUILIBRIUM * np.abs(loads).max()
    assert len(step_paths(rubber, task, STEPS[:1])) == 1


def test_a_lost_path_names_its_step_and_share(fig1: PortPart) -> None:
    heavy = Step("heavy", "forward", (AppliedWeight(LOADED_STEPS[2].weights[0].port, 60.0),))
    with pytest.raises(UnstableError, match=r"load step heavy .*60 g up.* beyond 0\.\d+ times its"):
        step_fields(fig1.rubber, fig1.problem.task, (ZERO, heavy))


def test_old_tables_of_steps_are_read(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text(
        "step,role,node,axis,load_gf\nzero,zero,,,0\na,forward,3,y,-5\nb,adjoint,4,y,1\n"
    )
    assert [step.role for step in load_steps(path)] == ["zero", "forward", "adjoint"]


def test_repeated_names_keep_probes_with_their_load() -> None:
    port = LOADED_STEPS[2].weights[0].port
    load = Step("a", "forward", (AppliedWeight(port, -1.0),))
    other = replace(load, weights=(AppliedWeight(port, -2.0),))
    size = ProbeSize(1.0, 0.0, 0.0)
    steps = [s for own in (load, other) for s in (own, *probes_on([port], own, size))]
    renamed = unique_names(tuple(steps))
    names = ["a", f"a-{port.node}y-plus", f"a-{port.node}y-minus"]
    assert [step.name for step in renamed] == [*names, *(f"{name}-2" for name in names)]
    assert [step.added_to and step.added_to.name for step in renamed[4:]] == ["a-2", "a-2"]


def with_samples(task: Task, loads_gf: list[float]) -> Task:
    """A task with one sample per load, each with a target of its own."""
    loads = NEWTON_PER_GF * np.array(loads_gf)[:, None]
    split = replace(task.split, train=np.arange(len(loads)))
    targets = np.linspace(0.0, 1.0, 2 * len(loads)).reshape(-1, 2)
    return replace(task, loads_N=loads, targets=targets, split=split)


def test_samples_of_one_load_share_its_step() -> None:
    task = with_samples(behaviour_bench().problem.task, [-5.0, -5.02, -3.0, -4.0])
    port = task.inputs[0]
    loads = [Step(f"l{n}", "forward", weights_on(port, -n)) for n in (5.0, 3.4)]
    added = weights_on(task.outputs[0], 1.0)
    hung = [Step(f"p{n}", "probe", added, load) for n, load in enumerate(loads)]
    samples = hung_samples(task, (*loads, *hung))
    assert samples.step.tolist() == [0, 0, 1]  # 3.4 gf stands for the nearest sample
    np.testing.assert_array_equal(samples.targets, task.targets[:3])
    outputs = np.array([[-0.3, -0.4], [-0.1, -0.2]])
    gradient = task.loss.gradient(outputs[samples.step], samples.targets)
    expected = [gradient[:2].sum(axis=0), gradient[2]]
    np.testing.assert_allclose(samples.output_gradient(task, outputs), expected)


def test_rounds_of_many_samples_have_batches_of_loads() -> None:
    bench = behaviour_bench()
    task = with_samples(bench.problem.task, np.linspace(-6.0, -3.0, 20).round(1).tolist())
    model = plan_model(bench.problem, bench.widths_mm)
    batches = [round_steps(task, model, 0, number) for number in (0, 0, 1)]
    assert batches[0] == batches[1] != batches[2]
    for steps in batches:
        forward = [step for step in steps if step.role == "forward"]
        assert len(forward) == MAX_LOADS
        n_probes = sum(step.role == "probe" for step in steps)
        assert n_probes == 2 * len(task.outputs) * MAX_LOADS
    heavy = with_samples(bench.problem.task, [500.0])
    with pytest.raises(InputError, match=r"load 0 of the task: .*no stable state"):
        round_steps(heavy, model, 0, 0)


def test_cases_that_the_part_does_not_carry_are_left_out() -> None:
    bench = behaviour_bench()
    task = bench.problem.task
    (case,) = task.load_cases
    heavy = replace(case, name="heavy", loads_N=(500.0 * NEWTON_PER_GF,))
    plan = make_plan(
        replace(task, load_cases=(case, heavy)), plan_model(bench.problem, bench.widths_mm), 600.0
    )
    assert [one.case.name for one in plan.cases] == [case.name]
    assert "load case heavy is left out" in plan.left_out[0]
    assert with_zero(plan.case_steps)[0] == ZERO
