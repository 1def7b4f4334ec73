"""The search: values of loaded candidates, their rank, what is reported and what is refused."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from small import COARSE, SMALL

from mnnfab import InputError, make_problem, parse_design, pipeline
from mnnfab.compensation.candidates import candidate_of
from mnnfab.compensation.ranking import CandidateLimits, candidate_limits
from mnnfab.compensation.record import Candidate, load_compensation
from mnnfab.compensation.search import search
from mnnfab.design.task_section import Classification, NoTask
from mnnfab.pipeline.fitting import TrainedDesign, train_design
from mnnfab.problem.problem import Problem, require_trainable
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.report.candidates import Better, draw_candidates
from mnnfab.report.template import render
from mnnfab.task.reading import metric_as_read, read_label

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


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


@pytest.mark.ci
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


@pytest.mark.ci
def test_load_and_mass_follow_their_factors(scaled: tuple[Candidate, ...]) -> None:
    """The loads are exactly in proportion; the widths differ a little between the candidates."""
    thin, loaded, heavy, _ = scaled
    assert loaded.load_gf == pytest.approx(2 * (thin.load_gf or 0.0), rel=1e-9)
    assert loaded.mass_g == pytest.approx(thin.mass_g, rel=0.02)
    assert heavy.mass_g == pytest.approx(2 * (thin.mass_g or 0.0), rel=0.02)


@pytest.mark.ci
def test_buckling_out_of_the_plane_by_linear_theory(scaled: tuple[Candidate, ...]) -> None:
    """At the same loads, bending and torsion out of the plane grow with t³, or nearly."""
    thin, _, heavy, _ = scaled
    ratio = (heavy.stability or 0.0) / (thin.stability or 1.0)
    assert 4 < ratio < 8


@pytest.mark.ci
def test_the_chosen_candidate_has_the_best_metric_of_those_within_the_limits(
    scaled: tuple[Candidate, ...],
) -> None:
    (chosen,) = (one for one in scaled if one.chosen)
    assert chosen.limits == "met with margin"
    best = max(one.metric_training or 0.0 for one in scaled if one.limits == chosen.limits)
    assert f"{chosen.metric_training:.4g}" == f"{best:.4g}"
    assert any(one.limits == "not met" for one in scaled), "5 mm do not carry twice the loads"


def candidate(**values: Any) -> Candidate:  # noqa: ANN401 - values of any field
    entry = candidate_of(parse_design(values_of("iris.toml")), load_factor=1.0)
    return entry.model_copy(update=values)


LIMITS = CandidateLimits(stability=1.25, strain=0.3, metric=0.9, better="higher")
ERROR_LIMITS = CandidateLimits(stability=1.25, strain=0.3, metric=0.05, better="lower")


def loaded(
    metric: float | None,
    stability: float | None = 2.0,
    limits: CandidateLimits = LIMITS,
    **values: Any,  # noqa: ANN401
) -> Candidate:
    """Return an evaluated candidate whose metric is that of the training samples too."""
    own = {"strain": 0.1, "load_gf": 80.0, "mass_g": 5.0, "metric_training": metric}
    found = candidate(metric=metric, stability=stability, **(own | values))
    return found.model_copy(update={"limits": limits.met(found)})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"stability": 1.24}, "not met"),
        ({"stability": 1.26}, "met"),
        ({"stability": 1.43}, "met"),
        ({"stability": 1.44}, "met with margin"),
        ({"stability": None}, "met with margin"),
        ({"strain": 0.31}, "not met"),
        ({"strain": 0.29}, "met"),
        ({"strain": 0.26}, "met with margin"),
        ({"strain": None}, "not met"),  # a sample is lost
        ({"metric_training": 0.899}, "not met"),
        ({"metric_training": 0.901}, "met with margin"),
        ({"metric_training": 0.901, "metric": 0.5}, "met with margin"),  # training samples alone
    ],
)
def test_limits_with_and_without_the_margin(values: dict[str, Any], expected: str) -> None:
    assert loaded(**({"metric": 0.95} | values)).limits == expected


def test_the_limits_are_those_of_the_design() -> None:
    values = values_of("iris.toml")
    checks = {"min_stability_factor": 1.7, "max_loaded_strain": 0.2}
    values["check"] = checks | {"min_accuracy": 0.93}
    found = candidate_limits(require_trainable(problem_of(values)))
    assert found == CandidateLimits(1.7, 0.2, 0.93, "higher")
    values["check"] = checks | {"min_accuracy": 0.2}  # that of a constant prediction is larger
    assert 0.34 < candidate_limits(require_trainable(problem_of(values))).metric < 0.45
    values = values_of("regression.toml")
    values["check"] = checks | {"max_relative_error": 0.07}
    found = candidate_limits(require_trainable(problem_of(values)))
    assert found == CandidateLimits(1.7, 0.2, 0.07, "lower")


def test_order_of_candidates() -> None:
    """From the best: margin, limits, the nearest to the limits, refused."""
    found = [
        loaded(0.95, 1.5),
        loaded(0.91, 9.0),
        loaded(0.97, 1.3),
        loaded(0.92, 1.3),
        loaded(0.88, 9.0),  # 2 % below the limit of the metric
        loaded(0.97, 1.2),  # 4 % below the limit of stability
        loaded(0.62, 3.14),
        loaded(0.98, 0.7),
        loaded(0.95, 0.99, strain=None, mass_g=6.0),  # the other samples are not lost
        loaded(0.3, 0.4, strain=None, mass_g=3.0),
        loaded(None, 0.1, strain=None),
        candidate(refused="no space"),
    ]
    ranks = [LIMITS.rank(one) for one in found]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == len(ranks)


def test_small_loads_that_cannot_be_read_are_not_chosen() -> None:
    """Loads of a thousandth are stable, and their displacements are lost in the reading."""
    values = [(84.0, 900.0), (0.03, 1.3), (0.06, 3.0)]
    found = [loaded(metric, stability, ERROR_LIMITS) for metric, stability in values]
    assert [one.limits for one in found] == ["not met", "met", "not met"]
    ranks = [ERROR_LIMITS.rank(one) for one in found]
    assert sorted(range(3), key=lambda place: ranks[place]) == [0, 2, 1]


def test_of_equal_metrics_the_smaller_loads_and_then_the_lighter_part() -> None:
    """Metrics are equal to four digits: the training reproduces a few millionths."""
    first, second = loaded(0.950001, load_gf=90.0), loaded(0.950000, load_gf=80.0)
    assert LIMITS.rank(second) > LIMITS.rank(first)
    light = loaded(0.950002, mass_g=4.0)
    assert LIMITS.rank(light) > LIMITS.rank(loaded(0.950003, mass_g=5.0))
    assert LIMITS.rank(loaded(0.9511)) > LIMITS.rank(second)


@pytest.fixture(scope="module")
def unstable() -> TrainedDesign:
    """A part of 2 mm whose required stability no candidate has, on the frame model."""
    values = tomllib.loads(SMALL.format(name="small", epochs=5, check="true", form="svg"))
    values["training"]["model"] = "frame"
    values["check"] = COARSE | {"min_stability_factor": 50.0, "max_loaded_strain": 1.0}
    values["compensate"] = {"search": {"thickness_mm": [3.0, 0.4]}}
    return train_design(problem_of(values), (), StageTimer(NullWatcher()))


def test_frame_candidates_are_evaluated(unstable: TrainedDesign) -> None:
    """In the plane a thicker part moves less, and its buckling is farther away."""
    thin, thick, foil = unstable.compensation.candidates
    assert thick.stability is not None
    assert thin.stability is not None
    assert thick.stability > 1.5 * thin.stability
    assert (thick.strain or 1.0) < (thin.strain or 0.0)
    assert foil.refused.startswith("thickness 0.4 mm, minimum of")


def test_a_search_without_a_candidate_within_the_limits_takes_the_nearest_and_warns(
    unstable: TrainedDesign,
) -> None:
    found = unstable.compensation.candidates
    assert [one.limits for one in found] == ["not met", "not met", None]
    assert [one.chosen for one in found] == [False, True, False]
    (finding,) = (one for one in unstable.reported if one.code == "search-limits")
    assert finding.severity == "warning"
    values = f"first instability {found[1].stability:.4g} (at least 50)"
    assert f"candidate 2 is the nearest: {values}" in finding.message
    assert "probability of the right answer as read of the training samples" in finding.message


@pytest.mark.parametrize(
    ("example", "label"),
    [
        ("iris", "accuracy"),
        ("behaviour-left", "probability of the right answer"),
        ("behaviour-loaded", "relative error"),
        ("regression", "relative error"),
    ],
)
def test_names_of_the_metric_as_read(example: str, label: str) -> None:
    problem = require_trainable(problem_of(values_of(f"{example}.toml")))
    assert read_label(problem.task) == label
    outputs = np.zeros((len(problem.task.loads_N), len(problem.task.outputs)))
    assert metric_as_read(problem.task, outputs, 0.02).label == label


def drawn(found: list[Candidate], better: Better = "higher") -> list[Axes]:
    figure = Figure()
    draw_candidates(figure, found, "accuracy", better)
    return list(figure.axes)


def front_of(axes: Axes) -> list[list[float]]:
    (line,) = (line for line in axes.lines if line.get_linestyle() == "-")
    points: list[list[float]] = np.array(line.get_xydata()).tolist()
    return points


def marked(axes: Axes, marker: str) -> list[list[float]]:
    lines = [line for line in axes.lines if line.get_marker() == marker]
    return [point for line in lines for point in np.array(line.get_xydata()).tolist()]


def test_the_chart_joins_the_candidates_that_none_surpasses() -> None:
    found = [
        loaded(0.90, 3.0, load_gf=80.0),
        loaded(0.95, 2.0, load_gf=120.0, chosen=True),
        candidate(refused="overlap"),
        loaded(0.93, 1.5, load_gf=120.0),
        loaded(0.97, 1.1, load_gf=120.0),
        loaded(0.94, 2.5, load_gf=120.0),
    ]
    panels = drawn(found)
    assert front_of(panels[0]) == [[80.0, 0.90], [120.0, 0.95]]
    assert front_of(panels[1]) == [[5.0, 0.95]]
    assert front_of(panels[2]) == [[2.0, 0.95], [2.5, 0.94], [3.0, 0.90]]
    assert {text.get_text() for text in panels[2].texts} == {"1", "2", "6"}


def test_a_candidate_without_an_instability_is_the_most_stable() -> None:
    panels = drawn([loaded(0.95, 2.0, chosen=True), loaded(0.93, None)])
    right = 1.15 * 2.0
    assert front_of(panels[2]) == [[2.0, 0.95], [right, 0.93]]
    assert marked(panels[2], ">") == [[right, 0.93]]


def test_a_poor_candidate_does_not_set_the_axis() -> None:
    panels = drawn([loaded(0.95, chosen=True), loaded(0.94), loaded(0.945), loaded(0.2)])
    low, high = panels[0].get_ylim()
    assert low > 0.9
    assert high < 1.0
    ((_, up),) = marked(panels[0], "v")
    assert low < up < 0.94


def test_the_chosen_candidate_is_on_the_axis_whatever_the_others_are() -> None:
    """Candidates beyond the limits may be much better, and all but one may be lost."""
    much_better = [loaded(0.999, 0.5), loaded(0.998, 0.6), loaded(0.91, chosen=True)]
    low, high = drawn(much_better)[0].get_ylim()
    assert low < 0.91 < high
    low, high = drawn([loaded(0.5, 0.5, chosen=True), loaded(None, 0.3, strain=None)])[0].get_ylim()
    assert low < 0.5 < high
    low, high = drawn([loaded(None, 0.3, strain=None, chosen=True)])[0].get_ylim()
    assert low < high


@pytest.mark.parametrize("usable", [0, 1])
def test_without_candidates_to_compare_within_the_limits_the_axis_has_all(usable: int) -> None:
    metrics = (0.70, 0.80, 0.83, 0.85)
    found = [loaded(m, 0.9, chosen=m == 0.85) for m in metrics]
    if usable:
        found[-1] = found[-1].model_copy(update={"limits": "met"})
    low, high = drawn(found)[0].get_ylim()
    assert low < min(metrics)
    assert high > max(metrics)


def test_errors_are_better_below() -> None:
    found = [loaded(m, limits=ERROR_LIMITS, chosen=m == 0.02) for m in (0.02, 0.021, 0.9)]
    panels = drawn([*found, loaded(0.022, limits=ERROR_LIMITS)], "lower")
    assert front_of(panels[0]) == [[80.0, 0.02]]
    assert len(marked(panels[0], "^")) == 1


def earlier_record(tmp_path: Path) -> tuple[Candidate, ...]:
    """Return candidates of a version that evaluated them by the linear model."""
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
    return load_compensation(path, None).candidates


def page_of(candidates: Sequence[Candidate], *, frame: bool = False) -> str:
    """Return the section of the report."""
    report = {
        "compensation": {"rounds": [], "candidates": [one.model_dump() for one in candidates]}
    }
    return render(
        "compensation.html",
        report=report,
        trained_on_frame=frame,
        read_name="probability of the right answer",
        metric_name="target share",
        metric_training="target share (training samples)",
        model_margin=1.15,
        picture=lambda name: f"[{name}]",
    )


def unstyled(html: str) -> str:
    return re.sub(r"<td [^>]*>", "<td>", " ".join(html.split()))


def test_the_page_names_the_limits_that_are_met_and_the_metric_as_read() -> None:
    page = page_of([loaded(0.95, None, chosen=True), loaded(0.92, 1.3), loaded(0.99, 0.7)])
    rows = [unstyled(row) for row in page.split("<tr>")[-3:]]
    assert "<td>chosen</td><td>met with margin</td>" in rows[0]
    assert "none found" in rows[0]
    assert "<td></td><td>met</td>" in rows[1]
    assert "<td></td><td>not met</td>" in rows[2]
    assert "margin of 15 %" in page
    assert "probability of the right answer, as read" in page
    assert "target share, as read" not in page
    assert "target share" not in page_of([], frame=True)


def test_candidates_of_earlier_records_are_shown_without_the_loaded_part(tmp_path: Path) -> None:
    found = earlier_record(tmp_path)
    assert [(one.thickness_mm, one.limits) for one in found] == [(None, None)] * 2
    page = page_of(found)
    assert "earlier version" in page
    assert "probability of the right answer" in page_of(found, frame=True)
    assert "not met" not in page
    assert "as read" not in page
    assert "<td>chosen</td><td>–</td>" in unstyled(page)


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


def test_the_factor_changes_the_load_of_every_feature_and_of_the_bias() -> None:
    values = values_of("iris-bias.toml")
    values["task"]["load_at_max_gf"] = [-10.0, -20.0, 3.0, -5.5]
    task = parse_design(values).task
    assert isinstance(task, Classification)
    assert task.bias_gf is not None
    changed = task.with_load_factor(1.4)
    assert changed.load_at_max_gf == (-14.0, -28.0, 4.2, -7.7)
    assert changed.bias_gf == pytest.approx(1.4 * task.bias_gf, rel=1e-9)
    assert changed.threshold_mm == task.threshold_mm


def test_a_task_without_loads_has_no_factor() -> None:
    with pytest.raises(InputError, match="a task with loads"):
        NoTask(kind="none").with_load_factor(1.4)


@pytest.mark.slow
def test_the_search_of_the_example(tmp_path: Path) -> None:
    """The chosen part passes, and its accuracy as read on the rubber is that of the candidate."""
    outcome = pipeline.run(EXAMPLES / "iris-search.toml", tmp_path / "out")
    assert outcome.verdict == "pass"
    report = json.loads((outcome.folder / "report.json").read_text(encoding="utf-8"))
    candidates = report["compensation"]["candidates"]
    (chosen,) = (one for one in candidates if one["chosen"])
    assert chosen["limits"] == "met with margin"
    assert (chosen["thickness_mm"], chosen["load_factor"]) == (6.0, 1.4)
    read = report["loaded"]["metrics_as_read"]["accuracy"]
    assert read == pytest.approx(0.948, abs=0.003)
    assert read == pytest.approx(chosen["metric"], abs=0.005)
    assert read > candidates[0]["metric"] + 0.01  # the values of the design


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
