"""Parts that cannot be assessed, or only in part: what is reported, and that nothing is lost."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from given_widths import ran, verdicts
from small import COARSE

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.pipeline.pipeline import Outcome, check


def report(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text())
    return values


def found(outcome: Outcome, code: str) -> Finding:
    (one,) = [finding for finding in outcome.findings if finding.code == code]
    return one


def require_nothing_lost(folder: Path, outcome: Outcome) -> None:
    """Check that a part without assessment fails, is not exported, and keeps widths and report."""
    assert verdicts(outcome)["task"] == "fail"
    assert not outcome.files
    assert np.loadtxt(folder / "out" / "widths.csv", delimiter=",", skiprows=1).size
    assert report(folder)["loaded"] is None
    assert "does the task as read: fail" in (folder / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("density", "message"),
    [
        (60.0, "does not carry its own weight: it is unstable out of its plane"),
        (900.0, r"unstable in its plane beyond 0\.\d+ times its own weight"),
    ],
)
def test_a_part_that_buckles_by_its_weight(tmp_path: Path, density: float, message: str) -> None:
    material = {"preset": "agilus30", "density_g_per_cm3": density}
    outcome = ran(tmp_path, material=material, check=COARSE)
    assert re.search(message, found(outcome, "unstable-at-rest").message)
    assert verdicts(outcome)["stable"] == "fail"
    require_nothing_lost(tmp_path, outcome)


def test_too_many_samples_are_not_assessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnnfab.validation.loading.MAX_BOND_SAMPLES", 6)
    outcome = ran(tmp_path, check=COARSE)
    assert "7 bonds times 1 samples; --thorough" in found(outcome, "not-assessed").message
    require_nothing_lost(tmp_path, outcome)


def test_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("mnnfab.loaded_part.assessment.sweep_loads", none_left)
    outcome = ran(tmp_path, check=COARSE)
    assert found(outcome, "not-assessed").message.endswith("not enough memory")
    require_nothing_lost(tmp_path, outcome)


def test_a_solid_that_is_too_large_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnnfab.loaded_part.solid.MAX_TRIANGLES", 10)
    outcome = ran(tmp_path, check=COARSE, task={"loads_gf": [-2.0]})
    assert found(outcome, "solid-unknown").severity == "warning"
    assert outcome.verdict == "pass"
    (case,) = report(tmp_path)["loaded"]["cases"]
    assert case["buckling"] == {"in_plane": None, "out_of_plane": None}


def test_a_load_beyond_the_last_stable_state(tmp_path: Path) -> None:
    """The load case is lost by the rubber, and reported with the load at which it was lost."""
    outcome = ran(tmp_path, check=COARSE, task={"loads_gf": [60.0]})
    assert verdicts(outcome) == {"printable": "pass", "stable": "fail", "task": "fail"}
    assert not outcome.files
    loaded = report(tmp_path)["loaded"]
    (case,) = loaded["cases"]
    assert case["outputs_mm"] is None
    # Linear buckling of the solid in the plane is near the loss along the path.
    assert case["stable_up_to"] == pytest.approx(case["buckling"]["in_plane"], rel=0.15)
    assert loaded["samples"]["unstable"] == 1
    assert loaded["discretisation_error"] is None
    assert "unstable beyond 0.0" in (tmp_path / "out" / "report.html").read_text()


def test_no_load_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one nonzero load"):
        ran(tmp_path, task={"loads_gf": [0.0]})


@pytest.mark.ci
def test_a_run_and_its_check_find_the_same(tmp_path: Path) -> None:
    outcome = ran(tmp_path, check=COARSE)
    again = check(tmp_path / "out")
    assert again.partial_verdicts == outcome.partial_verdicts
    assert set(again.findings) == set(outcome.findings)
