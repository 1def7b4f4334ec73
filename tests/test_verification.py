"""Verification cases: each passes; what is printed, written and answered of them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.integrate import solve_bvp

import mnnfab.verification.run
from mnnfab.arrays import FloatArray
from mnnfab.cli import main
from mnnfab.errors import InputError, ToolError
from mnnfab.progress.watcher import NullWatcher
from mnnfab.verification.case import MODELS, Case, Quantity
from mnnfab.verification.cases import elliptic_membrane, thick_plate, toggle
from mnnfab.verification.mesh_study import MeshStudy
from mnnfab.verification.run import run_case, verification_cases, verify
from mnnfab.verification.text import verification_text
from mnnfab.verification.writing import PAGE, VALUES, write_verification

#: Cases that take more than two seconds; a coarser form of each is tested as well.
SLOW = ("nafems-le1", "nafems-le10")
#: Tolerance that needs a reason.
PLAIN = 1e-3


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.slow if case.name in SLOW else ())
        for case in verification_cases()
    ],
    ids=lambda case: case.name,
)
@pytest.mark.ci
def test_case_passes(case: Case) -> None:
    result = run_case(case)
    assert not result.failure
    for quantity in result.quantities:
        assert quantity.passed, (quantity.name, quantity.value, quantity.error)
    assert result.passed
    wide = [one for one in result.quantities if one.tolerance > PLAIN and "order" not in one.name]
    assert case.note or not wide, "a wide tolerance needs a reason"


def test_nafems_on_coarse_meshes() -> None:
    """Within the errors of these meshes, of the second order of those of the cases."""
    assert elliptic_membrane.stress_on(32) == pytest.approx(92.7, rel=1e-3)
    assert thick_plate.stress_on(4) == pytest.approx(-5.38, rel=0.016)


def test_every_model_is_verified() -> None:
    cases = verification_cases()
    assert {case.model for case in cases} == set(MODELS)
    assert len(cases) >= 31
    assert all(case.title and case.source for case in cases)


def toggle_load(sunk: float) -> float:
    """Return the load of Williams's toggle by collocation of the extensible elastica."""
    half, rise, axial, bending = 12.943, 0.386, 1.885e6, 9.274e3
    slope = np.arctan2(rise, half)

    def equations(s: FloatArray, y: FloatArray, forces: FloatArray) -> FloatArray:  # noqa: ARG001
        cosine, sine = np.cos(y[2]), np.sin(y[2])
        normal, shear = forces @ [cosine, sine], forces @ [-sine, cosine]
        stretch = 1 + normal / axial
        return np.array([stretch * cosine, stretch * sine, y[3] / bending, -stretch * shear])

    def ends(first: FloatArray, last: FloatArray, forces: FloatArray) -> FloatArray:  # noqa: ARG001
        crown = last[:3] - [half, rise - sunk, slope]
        return np.concatenate([first[:3] - [0, 0, slope], crown])

    s = np.linspace(0, np.hypot(half, rise), 40)
    guess = np.array([s, s * (rise - sunk) / half, 0 * s + slope, 0 * s])
    found = solve_bvp(equations, ends, s, guess, p=[0.0, -10.0], tol=1e-8)
    assert found.status == 0
    assert found.p is not None
    return float(-2 * found.p[1])


def test_references_of_the_toggle() -> None:
    """The loads of the case, and its extremes: maxima of the load to the second order."""
    for place, load in toggle.LOADS.items():
        assert toggle_load(place) == pytest.approx(load, rel=1e-5)
    assert toggle_load(0.2332) == pytest.approx(33.875, rel=2e-4)
    assert toggle_load(0.3906) == pytest.approx(31.28, rel=2e-4)


def test_order_and_grid_convergence_index() -> None:
    """Of f = 1 + h² on h = 0.4, 0.2, 0.1; the error of the finest is 0.01."""
    meshes = MeshStudy((1.16, 1.04, 1.01))
    assert meshes.order == pytest.approx(2.0)
    assert meshes.grid_convergence_index == pytest.approx(1.25 * 0.01 / 1.01)
    for values in ((1.0, 1.1, 1.0), (1.0, 1.0, 1.0), (1.0, 1.1, 1.3)):
        assert MeshStudy(values).order is None
        assert MeshStudy(values).grid_convergence_index is None


def test_errors_are_relative() -> None:
    assert Quantity("a", 1.02, -2.0, 1.51).error == pytest.approx(1.51)
    assert Quantity("a", 0.5, 0.0, 0.1, scale=10.0).passed
    assert not Quantity("a", math.nan, 1.0, 0.1).passed


def fails() -> list[Quantity]:
    return [Quantity("x <b>", 1.5, 1.0, 0.1), Quantity("y", math.nan, 1.0, 0.1)]


def breaks() -> list[Quantity]:
    raise ToolError("no equilibrium")


GOOD = Case(
    "good",
    "A case",
    "rubber",
    "exact",
    lambda: [Quantity("z", 1.01, 1.0, 0.1, meshes=MeshStudy((1.16, 1.04, 1.01)))],
)
FAILS = Case("fails", "A case", "bars", "exact", fails, "a note")
BREAKS = replace(FAILS, name="breaks", compute=breaks)


def inject(monkeypatch: pytest.MonkeyPatch, *cases: Case) -> None:
    monkeypatch.setattr(mnnfab.verification.run, "verification_cases", lambda: cases)


def test_page_and_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, FAILS, BREAKS, GOOD)
    found = verify((), NullWatcher())
    page = write_verification(found, tmp_path / "out").read_text(encoding="utf-8")
    assert "2 failed (fails, breaks): 3 cases, 3 quantities" in page
    assert "Not computed: ToolError: no equilibrium" in page
    assert "x &lt;b&gt;" in page
    values = json.loads((tmp_path / "out" / VALUES).read_text(encoding="utf-8"))
    assert not values["passed"]
    first, second, third = values["cases"]
    assert first["quantities"][0]["relative_error"] == pytest.approx(0.5)
    assert first["quantities"][1]["value"] is None
    assert second["failure"] == "ToolError: no equilibrium"
    assert third["passed"]
    assert third["quantities"][0]["observed_order"] == pytest.approx(2.0)
    text = verification_text(found)
    assert "not computed: ToolError: no equilibrium" in text
    assert text.count("FAIL") == 2


def test_command_passes_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, FAILS, GOOD)
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["verify", "--out", str(out), "--only", "good"])
    assert done.exit_code == 0
    assert "all passed: 1 cases, 1 quantities" in done.stdout
    assert (out / PAGE).exists()
    done = CliRunner().invoke(main, ["verify", "--out", str(out), "--json", "--quiet"])
    assert done.exit_code == 1
    values = json.loads(done.stdout)
    assert [case["name"] for case in values["cases"]] == ["fails", "good"]
    assert values["page"] == str(out / PAGE)


def test_unknown_case(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nafems-le1"):
        verify(("nafems-le11",), NullWatcher())
    done = CliRunner().invoke(main, ["verify", "--out", str(tmp_path), "--only", "le1"])
    assert done.exit_code == 2
    assert 'verification case: "le1"' in done.stderr
    assert not any(tmp_path.iterdir())
