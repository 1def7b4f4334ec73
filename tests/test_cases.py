"""Load cases with tolerances: what a target may say, its loss, metrics, table and findings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from small import COARSE, small_design
from taylor import ORDER, ORDER_ERROR, taylor_orders

from mnnfab import InputError, load_problem, pipeline, train_problem
from mnnfab.design.case_section import target_band
from mnnfab.losses.bands import Bands, band_text, bands_of, measure_sd, measures_of
from mnnfab.losses.kinds.bands import BandLoss
from mnnfab.problem.problem import TrainableProblem, require_trainable
from mnnfab.task.reading import metric_as_read
from mnnfab.units import NEWTON_PER_GF
from mnnfab.validation.attainable_targets import assess_problem, reachability_text
from mnnfab.validation.print_samples import study_print_samples

CASES = """
inputs = [{ node = 3, axis = "y" }, { node = 1, axis = "x" }]
outputs = [{ node = 3, axis = "x" }, { node = 4, axis = "y" }, { node = 1, axis = "x" }]
ratios = [{ name = "gain", outputs = [1, 2] }]
[[task.cases]]
name = "down"
loads_gf = [-5.0, 0.0]
targets_mm = ["-0.05 +- 0.04", "at least -0.9", "free"]
[[task.cases]]
name = "side"
loads_gf = [0.0, 3.0]
targets_mm = ["free", "free", "free"]
ratios = ["0.1 to 0.5"]
stiffness_N_per_mm = ["free", "at least 0.02"]
weight = 4.0
"""


def with_cases(folder: Path, text: str = CASES, **more: object) -> Path:
    path = small_design(folder, "cases", **more)  # type: ignore[arg-type]
    design = path.read_text(encoding="utf-8")
    pattern = r"inputs = .*\noutputs = .*\nloads_gf.*\ntarget_class.*\n"
    design = re.sub(pattern, lambda _: text, design)
    path.write_text(design, encoding="utf-8")
    return path


def loaded(folder: Path, text: str = CASES) -> TrainableProblem:
    return require_trainable(load_problem(with_cases(folder, text)))


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        (0.5, (0.5, 0.5, None)),
        ("-0.6 ± 0.03", (-0.6, -0.6, 0.03)),
        ("-0.6 +/- 3e-2", (-0.6, -0.6, 0.03)),
        ("at least 0.3", (0.3, math.inf, None)),
        (">= -.3", (-0.3, math.inf, None)),
        ("At most  0.3", (-math.inf, 0.3, None)),
        ("≤ 0.3", (-math.inf, 0.3, None)),
        ("−0.2 to 0.4", (-0.2, 0.4, None)),
        ("0.2..0.4", (0.2, 0.4, None)),
        ("free", (-math.inf, math.inf, None)),
    ],
)
def test_a_target_is_a_number_or_text(
    given: object, ends: tuple[float, float, float | None]
) -> None:
    band = target_band(given)
    assert (band.low, band.high, band.tolerance) == ends
    assert target_band(band.text) == band


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        *((given, r"at least 0\.3") for given in ("", "about 3", "nan", True, None)),
        *((given, "the smaller number first") for given in ("0.4 to 0.2", "1 to 1")),
        *((given, "a tolerance above 0") for given in ("1 +- 0", "1 ± -1")),
        ("1e99", r"numbers from -1e\+09 to 1e\+09"),
    ],
)
def test_other_targets_are_refused(given: object, allowed: str) -> None:
    with pytest.raises(ValueError, match=allowed):
        target_band(given)


def test_bands_are_met_up_to_a_tolerance_from_their_intervals(tmp_path: Path) -> None:
    """One-sided targets and ranges are met at their ends, which are a tolerance from them."""
    task = loaded(tmp_path).task
    bands = task.bands
    assert bands is not None
    assert task.measure_names == ("node 3 x", "node 4 y", "node 1 x", "gain")
    # -0.05 ± 0.04; at least -0.9, 10 % of it; a stiffness of at least 0.02 N/mm under 3 gf.
    softest = 3 * NEWTON_PER_GF / 0.02
    ends = {(0, 0): -0.09, (0, 1): -0.9, (1, 3): 0.5, (1, 2): softest}
    for place, end in ends.items():
        measures = np.zeros((2, 4))
        measures[place] = end
        assert bands.deviations(measures)[place] == pytest.approx(1.0)
    assert band_text(bands, 0, 1) == "at least -0.9"
    assert band_text(bands, 1, 3) == "0.1 to 0.5"
    assert band_text(bands, 0, 2) is None
    assert bands.weight[1].tolist() == [0.0, 0.0, 4.0, 4.0]
    assert bands_of(task.targets).tolerance.tolist() == bands.tolerance.tolist()


def test_loss_and_metrics_by_hand(tmp_path: Path) -> None:
    """(m - interval)² / tolerance² times the weight; the metric is the largest deviation."""
    task = loaded(tmp_path).task
    outputs = np.array([[0.01, -1.0, 5.0], [0.0, -0.4, -0.5]])
    # -0.05 ± 0.04: 1.5; at least -0.9, from -0.81: (1.0 - 0.81) / 0.09; gain 0.8, from 0.45: 7;
    # the displacement of -0.5 mm is less than the largest one with the stiffness.
    off = [1.5, 0.19 / 0.09, 0.35 / 0.05]
    wanted = (off[0] ** 2 + off[1] ** 2 + 4 * off[2] ** 2) / 2
    assert task.loss.value(outputs, task.targets) == pytest.approx(wanted)
    metrics = task.evaluate(task, outputs)
    assert metrics == pytest.approx({"target_deviation": max(off), "targets_met": 0.25})


def test_a_reading_error_adds_to_the_deviation(tmp_path: Path) -> None:
    task = loaded(tmp_path).task
    outputs = np.array([[-0.05, 0.0, 0.0], [0.0, 0.3, 1.0]])
    found = metric_as_read(task, outputs, 0.02)
    assert found.exact == 0.0
    assert found.value == pytest.approx(0.5)  # 0.02 over a tolerance of 0.04
    assert found.meets(1.0)
    # Spread of |n| about its RMS, by its moments.
    assert found.sd == pytest.approx(0.25 * np.sqrt(2) / (2 * 0.5))
    twice = metric_as_read(task, 2 * outputs, 0.02, load_factor=2.0)
    assert twice.value == pytest.approx(0.25)


def test_deviations_as_read_are_those_of_drawn_readings() -> None:
    """Inside, near and outside of one-sided targets, ranges and values."""
    low = np.array([[0.0, 0.0, 0.0, -np.inf, 0.0, 0.3, 0.0]])
    high = np.array([[np.inf, np.inf, np.inf, 0.1, 0.2, 0.3, 0.0]])
    measures = np.array([[0.2, 0.01, -0.05, 0.11, 0.19, 0.28, 5.0]])
    weight = np.array([[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]])
    bands = Bands(low, high, np.full((1, 7), 0.04), weight)
    sd = np.full((1, 7), 0.02)
    second, fourth = bands.read_moments(measures, sd)
    readings = measures + 0.02 * np.random.default_rng(1).standard_normal((400_000, 7))
    drawn = bands.excess(readings) / 0.04
    assert np.sqrt(second[0]) == pytest.approx(np.sqrt((drawn**2).mean(axis=0)), abs=3e-3)
    assert fourth[0] == pytest.approx((drawn**4).mean(axis=0), rel=0.05, abs=3e-3)
    inside = measures.copy()
    inside[0, 0] = 1.0
    far = bands.read_moments(inside, sd)
    assert far[0][0, 0] == 0.0


def test_targets_that_are_met_at_rest_have_no_baseline(tmp_path: Path) -> None:
    """A part that must be stiff meets its target without a load: nothing is to be beaten."""
    text = re.sub(r"\[\[task.cases\]\]\nname = \"down\"(?:\n.*){2}\n", "", CASES)
    text = text.replace('ratios = ["0.1 to 0.5"]\n', "")
    task = loaded(tmp_path, text).task
    assert task.primary_metric.baseline.value == np.inf
    assert task.primary_metric.beats_baseline(task.evaluate(task, np.zeros((1, 3))))


def test_default_tolerances_are_twice_the_error_of_their_output(tmp_path: Path) -> None:
    outputs = '{ name = "gap", terms = [{ node = 4, axis = "x" }, { node = 1, axis = "x" }] }'
    text = CASES.replace('{ node = 4, axis = "y" }', outputs).replace("at least -0.9", "at least 0")
    task = loaded(tmp_path, text).task
    assert task.bands is not None
    assert task.bands.tolerance[0, 1] == pytest.approx(2 * 0.02 * np.sqrt(2))
    assert not task.input_findings
    coarse = text.replace("-0.05 +- 0.04", "-0.05 +- 0.01")
    (finding,) = loaded(tmp_path, coarse).task.input_findings
    assert (finding.code, finding.severity) == ("coarse-reading", "warning")
    assert "node 3 x in load case down" in finding.message


def test_stiffnesses_are_displacements_exactly(tmp_path: Path) -> None:
    """0.5 ± 0.25 N/mm is a displacement from F / 0.75 to F / 0.25, at the port however written."""
    text = CASES.replace('"at least 0.02"', '"0.5 +- 0.25"')
    text = text.replace('axis = "x" }]\nratios', "direction_deg = 0 }]\nratios")
    bands = loaded(tmp_path, text).task.bands
    assert bands is not None
    load = 3 * NEWTON_PER_GF
    tolerance = float(bands.tolerance[1, 2])
    assert bands.low[1, 2] - tolerance == pytest.approx(load / 0.75)
    assert bands.high[1, 2] + tolerance == pytest.approx(load / 0.25)


def test_the_error_of_a_ratio_is_that_of_samples() -> None:
    outputs, sd = np.array([[0.3, -0.8]]), np.array([0.004, 0.01])
    found = measure_sd(outputs, sd, ((0, 1),))[0, 2]
    drawn = outputs + np.random.default_rng(0).normal(size=(200_000, 2)) * sd
    assert found == pytest.approx((drawn[:, 0] / drawn[:, 1]).std(), rel=0.01)


def test_taylor_remainders_of_every_kind_of_target() -> None:
    """Values, one-sided targets, ranges, ratios: second order along random directions."""
    generator = np.random.default_rng(3)
    outputs = generator.uniform(0.2, 1.0, (5, 3))
    measures = measures_of(outputs, ((0, 1), (2, 0)))
    shape = measures.shape
    kinds = np.arange(measures.size).reshape(shape) % 5
    low = np.where(np.isin(kinds, [0, 1, 3]), measures + 0.3, -np.inf)
    high = np.where(np.isin(kinds, [1, 3]), low + 0.1, np.inf)
    high = np.where(kinds == 2, measures - 0.2, high)
    tolerance = generator.uniform(0.05, 0.2, shape)
    bands = Bands(low, high, tolerance, np.where(kinds == 4, 0.0, 2.0))
    loss, targets = BandLoss(((0, 1), (2, 0))), bands.as_targets
    direction = generator.standard_normal(outputs.shape)
    gradient = float(np.vdot(loss.gradient(outputs, targets), direction))
    orders = taylor_orders(
        lambda step: loss.value(outputs + step * direction, targets), gradient, [4e-3, 2e-3, 1e-3]
    )
    assert np.abs(np.array(orders) - ORDER).max() < ORDER_ERROR


def test_an_undefined_ratio_is_an_infinite_loss() -> None:
    bands = Bands(*(np.full((1, 3), value) for value in (0.5, 0.5, 0.1, 1.0)))
    assert BandLoss(((0, 1),)).value(np.zeros((1, 2)), bands.as_targets) == np.inf


def test_training_meets_the_targets_of_all_cases(tmp_path: Path) -> None:
    path = with_cases(tmp_path)
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "[training]", '[training]\noptimizer = "l-bfgs-b"'
        ),
        encoding="utf-8",
    )
    problem = require_trainable(load_problem(path))
    training = train_problem(problem)
    found = problem.task.metrics(problem.response(training.widths_mm))
    assert problem.task.primary_metric.of(found) <= 1.0
    assert found["targets_met"] == 1.0
    reach = assess_problem(problem)
    assert not reach.missed
    text = reachability_text(problem, reach)
    assert "all targets together: attainable" in text
    assert 'stiffness_law = "bar"' in text


def test_missed_targets_are_named_before_training(tmp_path: Path) -> None:
    text = CASES.replace('"at least -0.9"', '"0.4 +- 0.01"')
    problem = loaded(tmp_path, text)
    found = assess_problem(problem)
    missed = max(found.missed, key=lambda one: one.deviation)
    assert (missed.case, missed.measure, missed.wanted) == ("down", "node 4 y", "0.4 ± 0.01")
    assert missed.deviation > 10
    assert "node 4 y" in reachability_text(problem, found)


def test_a_print_counts_if_it_meets_all_targets(tmp_path: Path) -> None:
    """The estimated yield is the share of print samples with deviations of at most 1."""
    problem = loaded(tmp_path)
    text = with_cases(tmp_path).read_text(encoding="utf-8")
    text = text.replace("[tolerance]\nenabled = false", "[tolerance]\nmodulus_sd = 0.3")
    with_cases(tmp_path).write_text(text, encoding="utf-8")
    problem = require_trainable(load_problem(tmp_path / "cases.toml"))
    widths = train_problem(problem).widths_mm
    study = study_print_samples(problem, widths)
    assert study is not None
    assert study.print_yield == pytest.approx((study.metrics <= 1.0).mean())


TABLE = """case,a_gf,b_gf,1_mm,2_mm,3_mm,gain,a_N_per_mm,b_N_per_mm,weight
down,-5,0,-0.05 +- 0.04,at least -0.9,,,free,,1
side,0,3,,,,0.1 to 0.5,,at least 0.02,4
"""


def table_design(folder: Path, table: str = TABLE) -> Path:
    head = CASES.split("[[task.cases]]", maxsplit=1)[0]
    for node, axis, name in ((3, "y", "a"), (1, "x", "b")):
        place = f'{{ node = {node}, axis = "{axis}"'
        head = head.replace(place, f'{place}, name = "{name}"', 1)
    folder.mkdir(exist_ok=True)
    (folder / "cases.csv").write_text(table, encoding="utf-8")
    return with_cases(folder, head + 'dataset = "cases.csv"\n')


def test_a_table_gives_the_same_cases(tmp_path: Path) -> None:
    ours, theirs = (
        require_trainable(load_problem(path)).task
        for path in (with_cases(tmp_path / "a"), table_design(tmp_path))
    )
    assert [case.name for case in ours.load_cases] == [case.name for case in theirs.load_cases]
    assert (ours.loads_N == theirs.loads_N).all()
    assert (ours.targets == theirs.targets).all()


def test_columns_are_taken_by_the_names_of_the_ports(tmp_path: Path) -> None:
    """Loads and stiffnesses in another order, and without the stiffness that is free."""
    swapped = """b_gf,a_gf,case,b_N_per_mm,1_mm,2_mm,3_mm,gain,weight
0,-5,down,,-0.05 +- 0.04,at least -0.9,,,1
3,0,side,at least 0.02,,,,0.1 to 0.5,4
"""
    ours, theirs = (
        require_trainable(load_problem(table_design(tmp_path / name, table))).task
        for name, table in (("a", TABLE), ("b", swapped))
    )
    assert (ours.loads_N == theirs.loads_N).all()
    assert (ours.targets == theirs.targets).all()


def test_numbers_in_texts_may_have_decimal_commas(tmp_path: Path) -> None:
    table = TABLE.replace(",", ";").replace(".", ",")
    ours, theirs = (
        require_trainable(load_problem(table_design(tmp_path / name, text))).task
        for name, text in (("a", TABLE), ("b", table))
    )
    assert (ours.targets == theirs.targets).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("case,", "name,"), r'line 1: column "name"'),
        (("3_mm", "3"), r'line 1: column "3"'),
        (("-0.05 +- 0.04", "small"), r'line 2, column "1_mm": "small"\n.*a number, or text'),
        (("down,", "side,"), r'name: "side", the name of another'),
        ((",1\n", ",-1\n"), r'line 2, column "weight"'),
        (("-5,0", "0,0"), r"loads_gf \[0.0, 0.0\]\n.*at least one nonzero"),
        ((",gain,", ","), r"cases.csv"),
        (("1_mm,2_mm,3_mm", "1_mm,2_mm,stiff_N_per_mm"), r'column "stiff_N_per_mm"'),
        (("a_gf,b_gf", "a_gf,c_gf"), r'column "c_gf"\n.*columns "a_gf", "b_gf"'),
        (("down,-5,0", "down,-5,"), r'column "b_gf": empty\n.*0 for none'),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_problem(table_design(tmp_path, TABLE.replace(*change)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"free", "free", "free"', '"free", "free"'), r"cases\[1\].targets_mm: 2 numbers"),
        (("loads_gf = [0.0, 3.0]", "loads_gf = [3.0]"), r"cases\[1\].loads_gf: 1 numbers"),
        (('name = "side"', 'name = "down"'), r'cases\[1\].name: "down", the name of another'),
        (('"at least -0.9"', '"0.4 to 0.2"'), "the smaller number first"),
        (('"at least -0.9"', '"0.4 +- 0"'), "a tolerance above 0"),
        (('"at least -0.9"', "1e12"), "numbers from -1e"),
        (('"at least -0.9"', '"high"'), r'cases\[0\].targets_mm\[1\].*: "high"\n.*a number, or'),
        (("outputs = [1, 2] }]", "outputs = [1, 1] }]"), r"ratios\[0\].outputs: \[1, 1\]"),
        (("outputs = [1, 2] }]", "outputs = [1, 7] }]"), r"ratios\[0\].outputs: \[1, 7\]"),
        (('["free", "at least', '["0.1", "at least'), "a load at this input alone"),
        (
            ('{ node = 1, axis = "x" }]\nratios', '{ node = 1, axis = "y" }]\nratios'),
            "no output at",
        ),
        (("at least 0.02", "at least -2"), "positive stiffnesses"),
        (("at least 0.02", "0.5 +- 0.6"), "positive stiffnesses"),
        (('name = "gain"', 'name = "gain_mm"'), r"ratios\[0\].name"),
        (('"free", "free", "free"', '"free", "free", 0.1'), "two targets of node 1 x"),
        (("weight = 4.0", "wait = 4.0"), r"cases\[1\].wait: unknown key; did you mean weight"),
        (
            ("[[task.cases]]\nname", "loads_gf = [1.0, 2.0]\n[[task.cases]]\nname"),
            "given with cases",
        ),
        (("weight = 4.0", "weight = 0"), r"cases\[1\].weight: 0"),
    ],
)
def test_wrong_cases_are_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        loaded(tmp_path, CASES.replace(*change, 1))


def test_the_search_scales_the_loads_of_all_cases(tmp_path: Path) -> None:
    section = loaded(tmp_path).design.task.with_load_factor(2.0)
    assert [case.loads_gf for case in section.cases] == [(-10.0, 0.0), (0.0, 6.0)]  # type: ignore[union-attr]
    table = load_problem(table_design(tmp_path)).design.task
    with pytest.raises(InputError, match="loads of a table"):
        table.with_load_factor(2.0)


def test_every_case_has_its_rows_in_the_report(tmp_path: Path) -> None:
    path = with_cases(tmp_path, check=True, epochs=400)
    text = path.read_text(encoding="utf-8")
    coarse = "".join(f"{key} = {value}\n" for key, value in COARSE.items())
    path.write_text(text.replace("[check]\n", "[check]\n" + coarse), encoding="utf-8")
    outcome = pipeline.run(path, tmp_path / "out", force=True)
    page = (outcome.folder / "report.html").read_text(encoding="utf-8")
    assert "Targets of all load cases" in page
    rows = re.findall(r"<tr><td>(down|side)</td><td>([^<]*)</td><td[^>]*>([^<]*)<", page)
    assert {(case, name): target for case, name, target in rows} == {
        ("down", "node 3 x"): "-0.05 ± 0.04",
        ("down", "node 4 y"): "at least -0.9",
        ("down", "node 1 x"): "free",
        ("down", "gain"): "free",
        ("side", "node 3 x"): "free",
        ("side", "node 4 y"): "free",
        ("side", "node 1 x"): "at most 1.47",
        ("side", "gain"): "0.1 to 0.5",
    }
    rows = re.findall(r"<tr><td>(down|side)</td><td>([^<]*)</td>(.*?)</tr>", page, re.DOTALL)
    met = [(case, name, re.findall(r"<td>(met|missed)</td>", rest)) for case, name, rest in rows]
    assert {(case, name) for case, name, word in met if word} == {
        ("down", "node 3 x"),
        ("down", "node 4 y"),
        ("side", "node 1 x"),
        ("side", "gain"),
    }


def test_designs_of_today_have_no_new_keys(tmp_path: Path) -> None:
    """A design without load cases has the values, and with them the hash, that it had before."""
    values: Mapping[str, object] = load_problem(
        small_design(tmp_path, "old")
    ).design.task.model_dump()
    assert list(values) == [
        *("kind", "inputs", "outputs", "loads_gf", "target_class", "targets_mm", "loss"),
        *("normalisation", "loss_scale_mm"),
    ]
