"""Readings at other times and temperatures in the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small import small_design

from mnnfab import load_problem
from mnnfab.pipeline.pipeline import run
from mnnfab.problem.problem import require_ports
from mnnfab.profiles import material
from mnnfab.profiles.relaxation import retardation, shift_factor
from mnnfab.report.readings import material_summary

#: The same formulas, in double precision.
EXACT = 1e-12
#: Two solutions of the bar model.
SOLVED = 1e-9

HELD = "[material]\nhold_time_s = 60.0\ntemperature_C = 23.0\n"


def test_the_report_of_a_held_part(tmp_path: Path) -> None:
    outcome = run(small_design(tmp_path, "a", more=HELD), tmp_path / "out")
    report = json.loads((outcome.folder / "report.json").read_text(encoding="utf-8"))["material"]
    assert (report["hold_time_s"], report["temperature_C"]) == (60.0, 23.0)
    relaxation = material("agilus30").relaxation
    assert relaxation is not None
    creep = retardation(relaxation)
    factors = {
        temperature: shift_factor(relaxation, temperature) for temperature in (18.0, 23.0, 28.0)
    }
    own = creep.compliance(60.0 / factors[23.0])
    states = [(10.0, 23.0), (60.0, 23.0), (300.0, 23.0), (3600.0, 23.0), (60.0, 18.0), (60.0, 28.0)]
    found = report["readings"]
    assert [(one["time_s"], one["temperature_C"]) for one in found] == states
    for one, (time, temperature) in zip(found, states, strict=True):
        compliance = creep.compliance(time / factors[temperature])
        assert one["displacement_ratio"] == pytest.approx(compliance / own, rel=EXACT)
        assert one["modulus_MPa"] == pytest.approx(1 / compliance, rel=EXACT)
    assert [one["fitted"] for one in found] == [True, True, True, False, True, True]
    assert [f.severity for f in outcome.findings if f.code == "hold-time"] == ["info"]
    page = (outcome.folder / "report.html").read_text(encoding="utf-8")
    assert 'id="material"' in page
    assert "Modulus over time" in page


def test_displacements_grow_by_the_stated_ratio(tmp_path: Path) -> None:
    """The ratio of the report is that of the outputs of two designs."""
    early, late = (
        require_ports(
            load_problem(small_design(tmp_path, "a", more=f"[material]\nhold_time_s = {time}\n"))
        )
        for time in (60.0, 300.0)
    )
    outputs = [one.response(one.start_widths_mm).flexibility for one in (early, late)]
    stated = {
        one["time_s"]: one["displacement_ratio"] for one in material_summary(early)["readings"]
    }
    assert outputs[1] == pytest.approx(stated[300.0] * outputs[0], rel=SOLVED)


def test_readings_of_a_design_without_a_hold_time(tmp_path: Path) -> None:
    plain = material_summary(load_problem(small_design(tmp_path, "a")))
    assert (plain["youngs_modulus_MPa"], plain["hold_time_s"]) == (0.55, None)
    assert plain["readings_relative_to"] == {"time_s": 60.0, "temperature_C": 20.0}
    # No shift factors beyond 30 °C.
    warm = HELD.replace("23.0", "28.0")
    readings = material_summary(load_problem(small_design(tmp_path, "a", more=warm)))["readings"]
    assert {one["temperature_C"] for one in readings} == {23.0, 28.0}
    other = '[material]\npreset = "ninjaflex-85a"\n'
    without = material_summary(load_problem(small_design(tmp_path, "a", more=other)))
    assert (without["readings_relative_to"], without["readings"]) == (None, [])
