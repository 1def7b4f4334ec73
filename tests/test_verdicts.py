"""The three parts of the verdict: designs that just pass and just fail, exports, and remedies."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from given_widths import DESIGN, design, ran, verdicts

from mnnfab import make_problem, parse_design
from mnnfab.design.design_file import dump_design
from mnnfab.loaded_part.assessment import LoadedPart, assess_loaded_part
from mnnfab.pipeline.pipeline import run
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.problem import require_ports

#: A reading error with which small loads of this part cannot be read, mm.
COARSE = 0.1
#: Loads within this share of a limit decide.
NEAR = 0.03


def pushed() -> LoadedPart:
    """The part pushed up by 5 gf."""
    return assessed(5.0, 0.02)


@cache
def assessed(load_gf: float, resolution_mm: float) -> LoadedPart:
    changed = design(task={"loads_gf": [load_gf]}, check={"resolution_mm": resolution_mm})
    problem = require_ports(make_problem(changed, Path()))
    assert problem.given_widths_mm is not None
    return assess_loaded_part(PrintedPart(problem, problem.given_widths_mm))


@pytest.mark.parametrize(("sign", "verdict"), [(-1, "pass"), (1, "fail")])
@pytest.mark.ci
def test_stability_decides(tmp_path: Path, sign: int, verdict: str) -> None:
    """Loads just below and just above those that leave a margin of 1.25."""
    critical = pushed().envelope.out_of_plane / 1.25
    outcome = ran(tmp_path, task={"loads_gf": [5.0 * critical * (1 + sign * NEAR)]})
    assert verdicts(outcome) == {"printable": "pass", "stable": verdict, "task": "pass"}
    assert bool(outcome.files) == (verdict == "pass")


@pytest.mark.parametrize(("sign", "verdict"), [(1, "pass"), (-1, "fail")])
def test_reading_decides(tmp_path: Path, sign: int, verdict: str) -> None:
    """Loads just above and just below those whose displacements can be read; they pull down."""
    envelope = assessed(-5.0, COARSE).envelope
    assert envelope.lower is not None
    assert envelope.lower > envelope.factors[0]  # it is where the metric crosses its limit
    load = -5.0 * envelope.lower * (1 + sign * NEAR)
    outcome = ran(tmp_path, task={"loads_gf": [load]}, check={"resolution_mm": COARSE})
    assert verdicts(outcome) == {"printable": "pass", "stable": "pass", "task": verdict}
    assert bool(outcome.files) == (verdict == "pass")


@pytest.mark.parametrize(("ratio", "verdict"), [(0.41, "pass"), (0.39, "fail")])
def test_printability_decides(tmp_path: Path, ratio: float, verdict: str) -> None:
    """Joints just above and just below 0.6 mm, the thinnest printable wall, of bonds of 1.5 mm."""
    outcome = ran(
        tmp_path,
        fabrication={"joint_ratio": ratio},
        widths={"uniform_mm": 1.5},
        task={"loads_gf": [-2.0]},
    )
    assert verdicts(outcome)["printable"] == verdict


@pytest.mark.ci
def test_targets_missed_by_a_fifth_fail(tmp_path: Path) -> None:
    """The loaded part reaches its own displacements, and not those that are a fifth larger."""
    (case,) = pushed().cases
    reached = [float(value) for value in case.outputs_mm]
    for share, verdict in ((1.0, "pass"), (1.2, "fail")):
        targets = [share * value for value in reached]
        folder = tmp_path / f"{share}"
        folder.mkdir()
        task = {
            **{key: value for key, value in DESIGN["task"].items() if key != "target_class"},
            "targets_mm": targets,
        }
        path = folder / "small.toml"
        path.write_text(dump_design(parse_design({**DESIGN, "task": task})), encoding="utf-8")
        outcome = run(path, folder / "out", force=True)
        assert verdicts(outcome)["task"] == verdict


@pytest.mark.ci
def test_a_failed_design_is_exported_by_force_alone_and_names_its_remedy(tmp_path: Path) -> None:
    heavy = 5.0 * pushed().envelope.out_of_plane
    outcome = ran(tmp_path, force=True, task={"loads_gf": [heavy]})
    assert outcome.verdict == "fail"
    assert outcome.files == ("small.svg",)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["verdicts"]["stable"] == "fail"
    assert "out of the plane" in report["verdict_reasons"]["stable"]
    assert report["loaded"]["remedies"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "stable and strong: fail" in page
    assert report["loaded"]["remedies"][0] in page
