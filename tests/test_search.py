"""The search: candidates as they hang, their rank, the chart, and what is refused."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from small import COARSE

from mnnfab import InputError, make_problem, parse_design
from mnnfab.compensation.candidates import EvaluatedCandidate, candidate_of
from mnnfab.compensation.record import Candidate, load_compensation
from mnnfab.compensation.search import search
from mnnfab.design.task_section import Classification
from mnnfab.problem.problem import Problem, require_trainable
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.report.candidates import draw_candidates
from mnnfab.task.metrics import Baseline, PrimaryMetric

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
ACCURACY = PrimaryMetric("accuracy_all", "higher", Baseline(0.3), "accuracy_train", Baseline(0.3))


def values_of(name: str) -> dict[str, Any]:
    return tomllib.loads((EXAMPLES / name).read_text(encoding="utf-8"))


def problem_of(values: dict[str, Any]) -> Problem:
    return make_problem(parse_design(values), EXAMPLES)


@pytest.fixture(scope="module")
def scaled() -> tuple[Candidate, ...]:
    """Iris with 5 and 10 mm of thickness, under its loads and under twice these."""
    values = values_of("iris-search.toml")
    values["compensate"]["search"] = {"thickness_mm": [10.0], "load_factor": [2.0]}
    values["training"]["epochs"] = 20
    values["check"] = COARSE
    return search(problem_of(values), StageTimer(NullWatcher())).candidates


def test_a_part_twice_as_thick_moves_as_before_under_twice_the_loads(
    scaled: tuple[Candidate, ...],
) -> None:
    """In the plane F / (E t) counts, weight included: only buckling out of it changes.

    The training of rounded numbers leaves a few millionths.
    """
    thin, _, _, thick = scaled
    assert (thick.thickness_mm, thick.load_factor) == (10.0, 2.0)
    assert thick.metric == pytest.approx(thin.metric, rel=1e-4)
    assert thick.strain == pytest.approx(thin.strain, rel=1e-4)
    assert thick.stability is not None
    assert thin.stability is not None
    assert thick.stability > 2 * thin.stability


def test_load_and_mass_follow_their_factors(scaled: tuple[Candidate, ...]) -> None:
    """The loads are exactly in proportion; the widths differ a little between the candidates."""
    thin, loaded, heavy, _ = scaled
    assert loaded.load_gf == pytest.approx(2 * (thin.load_gf or 0.0), rel=1e-9)
    assert loaded.mass_g == pytest.approx(thin.mass_g, rel=0.02)
    assert heavy.mass_g == pytest.approx(2 * (thin.mass_g or 0.0), rel=0.02)


def test_buckling_out_of_the_plane_by_linear_theory(scaled: tuple[Candidate, ...]) -> None:
    """At the same loads, bending and torsion out of the plane grow with t³, or nearly."""
    thin, _, heavy, _ = scaled
    ratio = (heavy.stability or 0.0) / (thin.stability or 1.0)
    assert 4 < ratio < 8


def test_the_chosen_candidate_has_the_best_metric_of_those_that_suffice(
    scaled: tuple[Candidate, ...],
) -> None:
    (chosen,) = (one for one in scaled if one.chosen)
    assert chosen.sufficient
    best = max(one.metric_training or 0.0 for one in scaled if one.sufficient)
    assert chosen.metric_training == best
    assert any(not one.sufficient for one in scaled), "5 mm do not carry twice the loads"


def candidate(**values: Any) -> Candidate:  # noqa: ANN401 - values of any field
    entry = candidate_of(parse_design(values_of("iris.toml")), load_factor=1.0)
    return entry.model_copy(update=values)


def test_candidates_within_the_limits_come_first_then_the_most_stable_then_refused_ones() -> None:
    problem = require_trainable(problem_of(values_of("iris.toml")))
    fields: list[dict[str, Any]] = [
        {"sufficient": True, "metric_training": 0.95, "stability": 1.5},
        {"sufficient": True, "metric_training": 0.90, "stability": 9.0},
        {"sufficient": False, "metric_training": 0.99, "stability": None},  # too large a strain
        {"sufficient": False, "metric_training": 0.97, "stability": 1.2},
        {"sufficient": False, "metric_training": 0.98, "stability": 0.7},
    ]
    ranks = [EvaluatedCandidate(candidate(**one), problem).rank for one in fields]
    ranks.append(EvaluatedCandidate(candidate(refused="no space"), None).rank)
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == len(ranks)


def test_the_chart_joins_the_candidates_that_none_surpasses() -> None:
    found = [
        candidate(metric=m, load_gf=load, mass_g=5.0, stability=s, sufficient=ok)
        for m, load, s, ok in [
            (0.90, 80.0, 3.0, True),
            (0.95, 120.0, 2.0, True),
            (0.93, 120.0, 1.5, True),
            (0.97, 120.0, 1.1, False),
            (0.94, 120.0, 2.5, True),
        ]
    ]
    found[1] = found[1].model_copy(update={"chosen": True})
    found.insert(2, candidate(refused="overlap"))
    figure = Figure()
    draw_candidates(figure, found, ACCURACY)
    fronts = []
    for axes in figure.axes:
        (line,) = (line for line in axes.lines if line.get_linestyle() == "-")
        fronts.append(np.array(line.get_xydata()).tolist())
    assert fronts[0] == [[80.0, 0.90], [120.0, 0.95]]
    assert fronts[1] == [[5.0, 0.95]]
    assert fronts[2] == [[2.0, 0.95], [2.5, 0.94], [3.0, 0.90]]
    assert {text.get_text() for text in figure.axes[2].texts} == {"1", "2", "6"}


def test_a_poor_candidate_does_not_set_the_axis() -> None:
    metrics = [0.95, 0.94, 0.945, 0.2]
    found = [candidate(metric=m, load_gf=80.0, mass_g=5.0, stability=2.0) for m in metrics]
    figure = Figure()
    draw_candidates(figure, found, ACCURACY)
    low, high = figure.axes[0].get_ylim()
    assert low > 0.9
    assert high < 1.0
    marked = [line.get_xydata() for line in figure.axes[0].lines if line.get_marker() == "v"]
    assert sum(np.shape(points)[0] for points in marked) == 1


def test_candidates_of_earlier_records_are_read_and_shown(tmp_path: Path) -> None:
    """They have no thickness, loads or values as they hang."""
    earlier = {
        "joint_ratio": 0.5,
        "joint_length_mm": 2.0,
        "inputs": [3],
        "outputs": [4],
        "width_min_mm": 1.5,
        "width_max_mm": 2.5,
        "metric": 0.9,
        "metric_training": 0.9,
    }
    path = tmp_path / "surrogate.json"
    path.write_text(json.dumps({"candidates": [earlier | {"chosen": True}, earlier]}))
    found = load_compensation(path, None).candidates
    assert [one.thickness_mm for one in found] == [None, None]
    figure = Figure()
    draw_candidates(figure, found, ACCURACY)
    assert all(np.size(line.get_xdata()) == 0 for axes in figure.axes for line in axes.lines)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("iris.toml", "load_at_max_gf"),
        ("behaviour-left.toml", "loads_gf"),
        ("regression.toml", "max_load_gf"),
    ],
)
def test_the_factor_changes_all_loads(name: str, key: str) -> None:
    task = parse_design(values_of(name)).task
    changed = task.with_load_factor(1.4)
    own, found = np.array(getattr(task, key)), np.array(getattr(changed, key))
    np.testing.assert_allclose(found, 1.4 * own, rtol=1e-9)
    before, after = (
        problem_of(values_of(name) | {"task": one.model_dump(exclude_none=True)})
        for one in (task, changed)
    )
    loads = require_trainable(before).task.loads_N
    np.testing.assert_allclose(require_trainable(after).task.loads_N, 1.4 * loads, rtol=1e-9)


def test_a_load_has_no_rounding_error_of_the_product() -> None:
    task = parse_design(values_of("iris.toml")).task
    assert isinstance(task, Classification)
    assert task.with_load_factor(1.4).load_at_max_gf == -33.6


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"load_factor": [0.0]}, "load_factor"),
        ({"load_factor": [1.4, 1.4]}, "each value once"),
        ({"thickness_mm": [-1.0]}, "thickness_mm"),
        ({"thickness_mm": [3.0] * 2}, "each value once"),
        ({}, "at least one of joint_ratio, joint_length_mm, width_limits_mm, thickness_mm"),
        ({"thickness_mm": list(range(1, 11)), "load_factor": list(range(2, 13))}, "at most 100"),
    ],
)
def test_bad_values_are_refused(section: dict[str, Any], words: str) -> None:
    values = values_of("iris-search.toml")
    values["compensate"]["search"] = section
    with pytest.raises(InputError, match=words):
        parse_design(values)


def test_loads_of_a_table_have_no_factor() -> None:
    values = values_of("regression.toml")
    task = values["task"]
    for key in ("slopes_mm_per_N", "max_load_gf", "samples", "noise_mm"):
        task.pop(key, None)
    task["dataset"] = "loads.csv"
    values["compensate"] = {"search": {"load_factor": [2.0]}}
    with pytest.raises(InputError, match="with the loads of a table"):
        parse_design(values)
