"""The verification and validation report: its figures, and the source of every number in it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lxml.html
import numpy as np
import pytest
from click.testing import CliRunner
from small import small_design, whole_run

import mnnfab.vv.evidence
from mnnfab import load_problem
from mnnfab.cli import main
from mnnfab.errors import InputError
from mnnfab.lab.analysis.observations import Observation, load_observations, observations_text
from mnnfab.lab.experiment.experiment import PART_DIGITS
from mnnfab.loaded_part.calibrated_frame import calibrated_frame
from mnnfab.loaded_part.prints import LoadedPrints
from mnnfab.pipeline.pipeline import Outcome, check, run
from mnnfab.pipeline.reports import reported
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.problem.problem import require_ports
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.runs.load import load_run
from mnnfab.validation.verdicts import NO_REQUIREMENT
from mnnfab.verification.mesh_study import MeshStudy
from mnnfab.verification.run import Verification, verify
from mnnfab.vv.comparison import Comparison
from mnnfab.vv.decision import Criterion, _modulus, _prints, _requirements, word_of
from mnnfab.vv.evidence import PrintMetric
from mnnfab.vv.inputs import Source, input_uncertainty
from mnnfab.vv.model_form import compare_with_solid
from mnnfab.vv.own import own_comparisons
from mnnfab.vv.paper import PaperValidation, validate_on_paper
from mnnfab.vv.part_range import PartRange
from mnnfab.vv.sampled import read_prints, sample_prints
from mnnfab.vv.solution import OutputStudy, verify_solution
from mnnfab.vv.traced import Traced, traced_number, traced_text
from mnnfab.vv.writing import write_vv_report

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
#: Texts of the page with digits that are no results: standards, the paper, numbers of headings,
#: tables and figures, and the level of an interval.
NO_RESULTS = (
    r"ASME V&V 10 and V&V 20",
    r"Li and Mao \(2024\)",
    r"(Table|Figure) [0-9]+\.",
    r"^\s*[1-9][0-9]?\. ",
    r"(less than |\(?about )?95 %",
    r"[Ff]igures? [12]\b",
    r"section [1-9]\b",
    r"√3|order 1\b|factor of [23]\b|outputs is 4\b",
)


# The parts of the page


def test_the_grid_convergence_index_is_that_of_the_formula() -> None:
    """F = 1 + 0.04 h² at h = 2, 1, 0.5: p = 2, GCI = 1.25 · 0.03 / 3."""
    study = OutputStudy(MeshStudy((1.16, 1.04, 1.01)), 1.013)
    assert study.order == pytest.approx(2.0)
    assert study.index_mm == pytest.approx(0.0125)
    assert study.uncertainty_mm == pytest.approx(np.hypot(0.00625, 0.003))


def test_an_order_above_the_typical_one_is_not_used() -> None:
    """Order 2 observed, 1.5 typical: 0.03 · 1.25 / (2^1.5 - 1); with chords of 1 %."""
    study = OutputStudy(MeshStudy((1.16, 1.04, 1.01)), 1.01, 0.01, 1.5)
    assert study.used_order == 1.5
    assert study.index_mm == pytest.approx(1.25 * 0.03 / (2**1.5 - 1))
    assert study.uncertainty_mm == pytest.approx(np.hypot(study.index_mm / 2, 0.0101))


def test_without_an_observed_order_the_index_is_larger() -> None:
    """Values that oscillate: order 1 and a safety factor of 3."""
    study = OutputStudy(MeshStudy((1.0, 1.02, 1.01)), 1.01)
    assert study.order is None
    assert study.index_mm == pytest.approx(3 * 0.01)


def test_validation_uncertainty_joins_its_three_parts() -> None:
    """E = 0.02; u_val² = 0.002² + 0.006² + 0.009² = 0.011²."""
    one = Comparison("print", "u", -0.60, -0.62, 0.002, 0.006, 0.009)
    assert one.error_mm == pytest.approx(0.02)
    assert one.validation_mm == pytest.approx(0.011)
    assert one.covered
    assert not replace(one, measured_mm=-0.623).covered


def test_the_decision_follows_from_its_criteria() -> None:
    good = Criterion("a", met=True, reason="")
    weak = Criterion("b", met=False, reason="", decided="measure")
    bad = replace(weak, excludes=True)
    assert word_of((good,)) == "accepted"
    assert word_of((good, weak)) == "accepted with restrictions"
    assert word_of((good, weak, bad)) == "not accepted"


def test_skipped_checks_and_missing_requirements_are_named() -> None:
    """A pass that rests on nothing does not read as one that was checked."""
    reasons = {"printable": "all printability checks passed", "stable": "", "task": ""}
    report = {"verdicts": dict.fromkeys(reasons, "pass"), "verdict_reasons": reasons}
    reasons |= {"stable": "at 2 times", "task": NO_REQUIREMENT}
    found = _requirements(report)
    assert found.met
    assert "does the task as read: the design has no requirement" in found.reason
    reasons["stable"] = "not checked: [check] enabled = false"
    skipped = _requirements(report)
    assert (skipped.met, skipped.excludes) == (False, True)
    assert "not checked" in skipped.reason


def evidence_of_prints(**values: Any) -> Any:  # noqa: ANN401
    """Return what the criterion of the modulus reads of an evidence."""
    calibration = SimpleNamespace(modulus_MPa=0.68)
    own = {"print_factor": 0.81, "printed_mm": np.ones((1, 1)), "print_metric": None}
    inputs = SimpleNamespace(factor=0.02)
    return SimpleNamespace(
        **own | values, inputs=inputs, paper=SimpleNamespace(calibration=calibration)
    )


@pytest.mark.parametrize(
    ("window", "highest", "evidence", "expected"),
    [
        ((0.7, 1.4), 0.79, {}, (True, False, "from 0.78 to 0.84")),
        ((0.8, 1.4), 0.69, {}, (False, False, "from 0.80 to 1.40")),  # inside, but for the spread
        ((0.9, 1.4), 0.61, {}, (False, True, "from 0.90 to 1.40")),
        ((None, None), None, {}, (False, True, "no load factor meets all requirements")),
        (
            (0.7, 1.4),
            None,
            {"print_metric": PrintMetric(0.2, 0.1, met=False)},
            (False, True, "0.200"),
        ),
        (
            (0.7, 1.4),
            None,
            {"print_metric": PrintMetric(0.9, 0.8, met=True)},
            (True, False, "0.900"),
        ),
        ((0.7, 1.4), None, {}, (True, False, "no requirement")),
        ((0.7, 1.4), 0.79, {"printed_mm": np.full((1, 1), np.nan)}, (False, True, "no stable")),
        ((0.7, 1.4), 0.79, {"print_factor": None}, (False, False, "no print of rubber")),
    ],
)
def test_the_modulus_of_prints_decides(
    window: tuple[float | None, float | None],
    highest: float | None,
    evidence: dict[str, Any],
    expected: tuple[bool, bool, str],
) -> None:
    report = {
        "material": {"name": "rubber", "youngs_modulus_MPa": 0.55},
        "key_figures": {
            "usable_loads": {"lower_factor": window[0], "upper_factor": window[1]},
            "modulus": {"lowest_MPa": 0.4, "highest_MPa": highest, "relaxation_MPa": 1.79},
        },
    }
    found = _modulus(report, evidence_of_prints(**evidence))
    assert (found.met, found.excludes) == expected[:2]
    assert expected[2] in found.reason
    assert bool(found.decided) != found.met


@pytest.mark.parametrize(
    ("metrics", "lost", "expected"),
    [
        ([0.95] * 19 + [0.8], 0, (True, "95% of 20 simulated prints")),
        ([0.95] * 17 + [0.8] * 3, 0, (False, "85% of 20 simulated prints")),
        ([0.95] * 20, 3, (False, "3 of 4 prints lose a load case")),
        (None, 0, (False, "not simulated")),
    ],
)
def test_prints_decide(metrics: list[float] | None, lost: int, expected: tuple[bool, str]) -> None:
    read = None
    if metrics is not None:
        read = LoadedPrints(np.array(metrics), np.zeros(20, dtype=int), 0.9, True)
    sampled = SimpleNamespace(lost=lost, outputs_mm=np.zeros((4, 1, 1)))
    evidence: Any = SimpleNamespace(read=read, sampled=sampled, print_factor=None)
    report = {"key_figures": {"metric_as_read": {"required": 0.9}}}
    found = _prints(report, evidence)
    assert (found.met, expected[1] in found.reason) == (expected[0], True)
    assert bool(found.decided) != found.met
    free = {"key_figures": {"metric_as_read": None}}
    assert _prints(free, evidence).met


def test_few_measurements_have_a_large_factor() -> None:
    """Tabulated factors of Student for 95 %: 4.303 for two degrees of freedom, 2.306 for eight."""
    data = Comparison("e", "q", -0.5, -0.5, 0.0, 0.0, 0.01, data_dof=2)
    assert data.factor == pytest.approx(4.303, abs=5e-4)
    inputs = Comparison("e", "q", -0.5, -0.5, 0.0, 0.01, 0.0, input_dof=8)
    assert inputs.factor == pytest.approx(2.306, abs=5e-4)
    both = Comparison("e", "q", -0.5, -0.5, 0.0, 0.01, 0.01, input_dof=2, data_dof=2)
    assert both.dof == pytest.approx(4.0)
    assert both.factor == pytest.approx(2.776, abs=5e-4)
    many = Comparison("e", "q", -0.5, -0.5, 0.01, 0.0, 0.01)
    assert many.factor == pytest.approx(1.96, abs=5e-4)
    assert data.possible_error == pytest.approx(0.01 * 4.303 / 0.5, rel=1e-3)


def test_a_stiffer_print_reads_as_under_smaller_loads(bare: PortPart) -> None:
    """A modulus of the prints that is twenty times as large: little can be read any more."""
    frame = calibrated_frame(bare)
    section = bare.problem.design.tolerance.model_copy(update={"enabled": True, "samples": 20})
    design = bare.problem.design.model_copy(update={"tolerance": section})
    part = replace(bare, problem=replace(bare.problem, design=design))
    usual, stiff = (read_prints(part, frame, 0.01, factor) for factor in (1.0, 0.05))
    assert usual is not None
    assert stiff is not None
    assert usual.metrics.mean() > stiff.metrics.mean() + 0.02
    assert read_prints(bare, frame, 0.01, 1.0) is None  # without a tolerance study


def test_a_part_is_outside_of_the_ranges_of_others() -> None:
    measured = PartRange({"width": (1.5, 2.5), "load": (5.0, 5.0)})
    assert measured.outside(PartRange({"width": (1.5, 2.4), "load": (5.0, 5.0)})) == []
    assert measured.outside(PartRange({"width": (1.4, 2.4), "load": (5.0, 6.0)})) == [
        "width",
        "load",
    ]


def test_values_are_written_with_their_source() -> None:
    report = Traced({"a": {"b/c": [0.1234, None]}, "name": "<x>"})
    found = traced_number(report["a"]["b/c"][0], ".1f", 100.0)
    assert found == '<data value="0.1234" data-source="/a/b~1c/0" data-factor="100.0">12.3</data>'
    assert traced_number(report["a"]["b/c"][1]) == '<span data-source="/a/b~1c/1">–</span>'
    assert traced_text(report["name"]) == '<span data-source="/name">&lt;x&gt;</span>'
    with pytest.raises(TypeError, match="/name is written without its source"):
        str(report["name"])


# The models behind it


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> PortPart:
    """A part of seven plain bars without thinned joints, and its load."""
    folder = tmp_path_factory.mktemp("bare")
    path = small_design(folder, "bare", check=True)
    text = path.read_text().replace("width_initial_mm", "joint_ratio = 1.0\nwidth_initial_mm")
    text = text.replace("enabled = true", "enabled = true\nelements_across_joint = 4", 1)
    path.write_text(text)
    return part_of(path)


def part_of(path: Path, widths_mm: Any = 2.0) -> PortPart:  # noqa: ANN401 - one or many
    problem = require_ports(load_problem(path))
    widths = np.full(problem.network.n_bonds, 1.0) * widths_mm
    return PrintedPart(problem, widths, StageTimer(NullWatcher()))


def with_changes(part: PortPart, **changes: float) -> PortPart:
    """Return a part with another modulus or thickness."""
    problem = part.problem
    if "modulus" in changes:
        values = {"youngs_modulus_MPa": changes["modulus"]}
        return replace(
            part, problem=replace(problem, material=problem.material.model_copy(update=values))
        )
    values = {"thickness_mm": changes["thickness"]}
    shape = problem.design.fabrication.model_copy(update=values)
    design = problem.design.model_copy(update={"fabrication": shape})
    return replace(part, problem=replace(problem, design=design))


def outputs_of(part: PortPart) -> Any:  # noqa: ANN401
    return part.rubber.outputs(part.problem.task.loads_N)[0]


def test_modulus_and_weights_act_as_solutions_with_other_values(bare: PortPart) -> None:
    """Central differences of whole solutions, in modulus and load; 2 % for the own weight."""
    task, modulus = bare.problem.task, bare.problem.material.youngs_modulus_MPa
    bases = [one.basis for one in input_uncertainty(bare, task.loads_N).sources]
    assert bases[0] == "half of the accuracy of the printer, 0.1 mm"
    assert bases[2] == "assumed, default of [tolerance] modulus_sd"
    exact = input_uncertainty(bare, task.loads_N, Source("modulus", 0.0, "relative", ""))
    assert (exact.modulus, exact.factor) == (0.0, exact.sources[1].value)
    one = Source("modulus", 0.1, "relative", "")
    found = input_uncertainty(bare, task.loads_N, one)
    by = dict(zip([source.name for source in found.sources], found.contributions_mm, strict=True))
    more, less = (outputs_of(with_changes(bare, modulus=modulus * f)) for f in (1.01, 0.99))
    np.testing.assert_allclose(by["modulus"][0], np.abs(more - less) / 0.02 * 0.1, rtol=0.02)
    share = bare.problem.print_errors.thickness
    thickness = bare.problem.design.fabrication.thickness_mm
    thick, thin = (
        bare.rubber.outputs(task.loads_N / f)[0] for f in (1.01, 0.99)
    )  # stiffness is proportional to the thickness
    expected = np.abs(thick - thin) / 0.02 * share
    np.testing.assert_allclose(by["thickness"][0], expected, rtol=0.01)
    assert share == pytest.approx(0.05 / thickness)


@pytest.mark.ci
def test_width_errors_act_as_parts_with_other_widths(bare: PortPart) -> None:
    """Seven parts of other widths, meshed and solved anew; 8 % for the hubs of the frame."""
    found = input_uncertainty(bare, bare.problem.task.loads_N)
    size, step = bare.problem.print_errors.width_mm, 0.1
    slopes = []
    for bond in range(7):
        change = step * (np.arange(7) == bond)
        more, less = (
            outputs_of(replace(bare, widths_mm=bare.widths_mm + sign * change)) for sign in (1, -1)
        )
        slopes.append((more - less) / (2 * step))
    expected = size * np.linalg.norm(slopes, axis=0)
    np.testing.assert_allclose(found.contributions_mm[0][0], expected, rtol=0.08)


def test_sampled_prints_scatter_as_to_first_order(bare: PortPart) -> None:
    """Of 100 prints a standard deviation is known to 7 %."""
    loads = bare.problem.task.loads_N
    found = sample_prints(bare, calibrated_frame(bare), loads)
    first = input_uncertainty(bare, loads)
    assert found.outputs_mm.shape == (100, *first.print_mm.shape)
    assert found.lost == 0
    np.testing.assert_allclose(found.sd_mm, first.print_mm, rtol=0.2)
    errors = bare.problem.print_errors
    # Euler's load out of the plane is proportional to E t³; errors of single widths are smaller.
    expected = np.hypot(errors.modulus, 3 * errors.thickness)
    assert 0.85 * expected < found.buckling.std() < 1.25 * expected
    assert np.median(found.buckling) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(("thickness_mm", "scale"), [(0.2, (0.99, 1.001)), (20.0, (0.75, 0.95))])
def test_a_thin_solid_is_in_plane_stress_and_a_thick_one_is_not(
    bare: PortPart, thickness_mm: float, scale: tuple[float, float]
) -> None:
    """In plane strain, a bar in bending is stiffer by 1 / (1 - ν²): 1.3 for rubber."""
    part = with_changes(bare, thickness=thickness_mm)
    found = compare_with_solid(part, part.problem.task.loads_N)
    assert found is not None
    assert scale[0] < found.scale < scale[1]
    assert found.difference == pytest.approx(abs(1 - found.scale), abs=2 * found.residual + 1e-9)


def test_a_large_solid_is_not_solved(bare: PortPart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnnfab.vv.model_form.MAX_TRIANGLES", 10)
    assert compare_with_solid(bare, bare.problem.task.loads_N) is None


@pytest.mark.ci
def test_the_interval_covers_a_much_finer_mesh(bare: PortPart) -> None:
    """Another mesh with a quarter of the size of the finest of three, and finer chords."""
    loads, used = bare.problem.task.loads_N, outputs_of(bare)[None]
    study = verify_solution(bare, loads, used)
    section = bare.problem.design.check.model_copy(update={"elements_across_joint": 16})
    design = bare.problem.design.model_copy(update={"check": section})
    finer = replace(bare, problem=replace(bare.problem, design=design))
    others = verify_solution(finer, loads, used).outputs[0]
    for own, other in zip(study.outputs[0], others, strict=True):
        assert abs(own.used_mm - other.meshes.values[-1]) <= 2 * own.uncertainty_mm
        assert 0 < own.uncertainty_mm < 2e-3 * abs(own.used_mm)
        assert own.order is not None
        assert 1.0 < own.order < 4.0
        assert own.used_order <= own.order
        assert own.chords_mm == pytest.approx(study.area_error * abs(own.used_mm))
        assert own.uncertainty_mm >= own.chords_mm > 0
    assert study.n_dofs[2] > 3.5 * study.n_dofs[1] > 3.5**2 * study.n_dofs[0]
    assert study.area_error < 2e-3


@pytest.mark.ci
def test_the_measurements_of_figure_2_are_covered(paper: PaperValidation) -> None:
    """Calibrated on figure 1 alone; the modulus of the prints is about 0.69 MPa."""
    assert paper.calibration.modulus_MPa == pytest.approx(0.69, rel=0.03)
    assert [one.measured_mm for one in paper.comparisons] == pytest.approx(
        [-0.521159, -0.523021, -0.617765, -0.497122], abs=1e-6
    )
    for one in paper.comparisons:
        assert one.covered
        assert abs(one.error_mm / one.measured_mm) < 0.03
        assert 0.005 < one.validation_mm < 0.03
        assert one.possible_error < 0.20


# The page


@cache
def _code() -> Verification:
    return verify((), NullWatcher())


@cache
def _paper() -> PaperValidation:
    return validate_on_paper(StageTimer(NullWatcher()))


@pytest.fixture
def paper() -> PaperValidation:
    return _paper()


@pytest.fixture
def shared_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code verification and the paper's networks, which are the same for all runs, once."""
    monkeypatch.setattr(mnnfab.vv.evidence, "verify", lambda *_: _code())
    monkeypatch.setattr(mnnfab.vv.evidence, "validate_on_paper", lambda _: _paper())


def value_at(report: Any, pointer: str) -> Any:  # noqa: ANN401 - what JSON holds
    """Return the value at a JSON pointer (RFC 6901)."""
    for name in pointer.split("/")[1:]:
        key = name.replace("~1", "/").replace("~0", "~")
        report = report[int(key)] if isinstance(report, list) else report[key]
    return report


def sourced(page: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - an element of lxml
    for element in page.iter("data", "span"):
        if element.get("data-source"):
            yield element.get("data-source"), element


def check_sources(page_text: str, report: dict[str, Any]) -> int:
    """Check that every number of a page is that of its source; return how many there are."""
    page, count = lxml.html.fromstring(page_text), 0
    for element in page.xpath("//script | //style | //title | //svg | //*[@id='references']"):
        element.drop_tree()
    for pointer, element in list(sourced(page)):
        value, text = value_at(report, pointer), element.text or ""
        if element.tag == "span":
            assert text == ("–" if value is None else str(value)), pointer
        else:
            assert float(element.get("value")) == value, pointer
            shown = Decimal(text.replace("−", "-").replace(",", ""))
            unit = Decimal(1).scaleb(int(shown.as_tuple().exponent))
            factor = Decimal(element.get("data-factor", "1"))
            assert abs(shown - Decimal(repr(value)) * factor) <= unit * Decimal("0.5001"), pointer
            count += 1
        element.text = ""
    for element in page.find("body").iter():
        for text in (element.text, element.tail):
            left = text or ""
            for pattern in NO_RESULTS:
                left = re.sub(pattern, "", left)
            assert not re.search("[0-9]", left), f"a number without a source: {text!r}"
    return count


def check_arithmetic(vv: dict[str, Any]) -> None:
    """Check E, u_val, the grid convergence index and u_num by their formulas."""
    for row in vv["validation"]["comparisons"]:
        squares = row["u_num_mm"] ** 2 + row["u_input_mm"] ** 2 + row["u_D_mm"] ** 2
        assert row["u_val_mm"] == pytest.approx(squares**0.5)
        assert row["E_mm"] == pytest.approx(row["S_mm"] - row["D_mm"])
        assert row["covered"] == (abs(row["E_mm"]) <= 2 * squares**0.5)
    for row in vv["solution_verification"]["outputs"]:
        coarse, medium, fine = row["values_mm"]
        order = row["observed_order"]
        if order is not None:
            assert order == pytest.approx(np.log2((coarse - medium) / (medium - fine)))
        index = row["safety_factor"] * abs(medium - fine) / (2 ** row["used_order"] - 1)
        assert row["grid_convergence_index_mm"] == pytest.approx(index)
        chords = vv["solution_verification"]["area_error"] * row["used_mm"]
        parts = [index / 2, row["used_mm"] - fine, chords]
        assert row["u_num_mm"] == pytest.approx(np.linalg.norm(parts))
    sources = vv["input_uncertainty"]["sources"]
    assert [one["name"] for one in sources][:4] == [
        *("bond widths", "thickness", "modulus", "applied weights"),
    ]
    by = np.array([np.ravel(one["contributions_mm"]) for one in sources])
    rows = zip(vv["outputs"], vv["sampled_prints"]["outputs"], by.T, strict=True)
    for row, prints, own in rows:
        first = np.linalg.norm(own[:4])
        assert prints["first_order_mm"] == pytest.approx(first)
        assert prints["ratio"] == pytest.approx(prints["sampled_mm"] / first)
        squares = max(first, prints["sampled_mm"]) ** 2 + np.square(own[4:]).sum()
        assert row["u_input_mm"] == pytest.approx(squares**0.5)


@pytest.mark.ci
@pytest.mark.usefixtures("shared_evidence")
@pytest.mark.parametrize("example", ["iris", "behaviour-left", "regression"])
def test_every_number_has_its_source_in_the_report(
    example: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "out"
    if example == "iris":
        done: Outcome = request.getfixturevalue("iris_run")
        shutil.copytree(done.folder, folder)  # others use it without this report
    else:
        run(EXAMPLES / f"{example}.toml", folder)
    written = write_vv_report(folder)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert check_sources(written.page.read_text(encoding="utf-8"), report) > 400
    cases = {
        case["name"]: case["quantities"][0] for case in report["vv"]["code_verification"]["cases"]
    }
    assert cases["nafems-le1"]["value"] == pytest.approx(92.7, rel=0.01)
    assert cases["nafems-le10"]["value"] == pytest.approx(-5.38, rel=0.01)
    assert all(cases[name]["observed_order"] > 1 for name in ("nafems-le1", "nafems-le10"))
    for row in report["vv"]["solution_verification"]["outputs"]:
        assert row["u_num_mm"] < 0.02 * abs(row["used_mm"]) + 1e-4
    # With the modulus of the published prints, displacements are 0.81 times as large.
    words = {"regression": "not accepted"}
    assert report["vv"]["decision"]["word"] == words.get(example, "accepted with restrictions")
    check_arithmetic(report["vv"])
    whole_run(folder)  # the manifest lists what the folder has


@pytest.mark.ci
@pytest.mark.usefixtures("shared_evidence")
def test_a_report_of_own_measurements(tmp_path: Path) -> None:
    """The part itself was measured: it is in the domain; the page has the measured values."""
    folder = run(small_design(tmp_path, "own", check=True), tmp_path / "out").folder
    table = tmp_path / "observations.csv"
    problem, record = load_run(folder, StageTimer(NullWatcher()))
    part = PrintedPart(problem, record.widths_mm).shape_sha256[:PART_DIGITS]
    numbers = (-0.1, 0.005, -0.1, 0.01, -0.1, 0.01, -0.098)
    rows = [Observation("print 1", "step: u_y of node 4", "mm", *numbers, part=part)]
    table.write_text(observations_text(rows), encoding="utf-8")
    done = CliRunner().invoke(
        main, ["report", str(folder), "--vv", "--measured", str(table), "--json"]
    )
    assert done.exit_code in {0, 1}, done.output
    values = json.loads(done.stdout)
    own = values["validation"]["comparisons"][-1]
    assert (own["S_mm"], own["D_mm"]) == (-0.098, -0.1)
    domain = values["decision"]["criteria"][-1]
    assert domain["reason"] == "the part itself was measured"
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    check_sources((folder / "vv.html").read_text(encoding="utf-8"), report)
    check(folder)  # another report: the one of before would not belong to it
    assert not (folder / "vv.html").exists()


def test_tables_of_earlier_versions_have_no_rubber(tmp_path: Path) -> None:
    table = tmp_path / "observations.csv"
    new = [Observation("e", "q", "mm", -0.1, 0.005, -0.1, 0.01, -0.11, 0.01, None)]
    table.write_text(observations_text(new), encoding="utf-8")
    assert load_observations(table) == new
    lines = table.read_text(encoding="utf-8").splitlines()
    old = "\n".join(line.rsplit(",", 2)[0] for line in lines)
    table.write_text(old, encoding="utf-8")
    assert load_observations(table) == new
    (found,) = own_comparisons([table], "abcdef", 0.01)
    assert found.simulated_mm == -0.11  # that of the continuum model
    assert found.numerical_mm == pytest.approx(0.0011)
    assert not found.is_of_part  # the table does not say so


def test_measurements_of_another_part_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "observations.csv"
    one = Observation("e", "q", "mm", -0.1, 0.0, -0.1, 0.01, -0.1, 0.0, part="abc123")
    table.write_text(observations_text([one]), encoding="utf-8")
    (found,) = own_comparisons([table], "abc123ff", 0.01)
    assert found.is_of_part
    with pytest.raises(InputError, match="measurements of part abc123"):
        own_comparisons([table], "abc999ff", 0.01)
    with pytest.raises(InputError, match="no uncertainty"):
        own_comparisons([table], "abc123ff", 0.0)


def test_wrong_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        write_vv_report(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no valid report\.json"):
        write_vv_report(tmp_path / "empty")
    folder = run(small_design(tmp_path, "skipped"), tmp_path / "out").folder
    with pytest.raises(InputError, match=r"no observations\.csv"):
        write_vv_report(folder, [tmp_path / "empty"])
    assert not (folder / "vv.html").exists()
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    del report["key_figures"]
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "report.json").write_text(json.dumps(report), encoding="utf-8")
    with pytest.raises(InputError, match="`mnnfab check` writes its report again"):
        reported(tmp_path / "older")
    given = CliRunner().invoke(main, ["report", str(folder), "--measured", str(tmp_path)])
    assert given.exit_code == 2
    assert "--vv as well" in given.stderr


def test_the_key_figures_of_a_run(tmp_path: Path) -> None:
    folder = run(small_design(tmp_path, "plain", check=True), tmp_path / "out").folder
    found = reported(folder)
    lines = found.text.splitlines()
    assert lines[0].startswith("printable: pass")
    assert any(line.startswith("largest usable load: ") for line in lines)
    assert lines[-1].endswith(f"see {folder / 'report.html'}")
    done = CliRunner().invoke(main, ["report", str(folder), "--json"])
    values = json.loads(done.stdout)
    assert values["key_figures"]["mass_g"] == pytest.approx(found.values["key_figures"]["mass_g"])
