"""Relaxation data: conversion to creep, time and temperature, designs that use them."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from small import small_design

from mnnfab import InputError, load_problem
from mnnfab.printed_part.tiling import part_sha256
from mnnfab.problem.request_hash import request_of
from mnnfab.profiles import material
from mnnfab.profiles.relaxation import (
    Relaxation,
    fitted_times_s,
    held_modulus,
    relaxation_modulus,
    retardation,
    shift_factor,
)

#: Closed forms and the exact conversion; double precision.
EXACT = 1e-12
#: The convolution by quadrature.
CONVOLUTION = 1e-10
#: The differential equations of the Maxwell elements, integrated with a tolerance of 1e-12.
INTEGRATED = 1e-9
#: Published values of the fit have three digits.
THREE_DIGITS = 0.005
#: Two stresses of a data sheet and one modulus.
DATA_SHEET = 0.02
#: Gent's relation and moduli.
HARDNESS = 0.12


def relaxation_of(name: str) -> Relaxation:
    found = material(name).relaxation
    assert found is not None
    return found


AGILUS = relaxation_of("agilus30")


def series(times: list[float], moduli: list[float], long_term: float) -> Relaxation:
    return Relaxation(
        reference_temperature_C=20.0,
        long_term_modulus_MPa=long_term,
        times_s=tuple(times),
        moduli_MPa=tuple(moduli),
        shift_temperatures_C=(20.0,),
        shift_factors=(1.0,),
    )


#: From one term to twelve decades, close pairs and weak terms.
SERIES = {
    "agilus30": AGILUS,
    "one term": series([50.0], [2.0], 0.5),
    "twelve decades": series([1e-6, 1e-3, 1.0, 1e3, 1e6], [9e2, 70.0, 3.0, 1.0, 0.4], 0.2),
    "close pair and weak terms": series([1.0, 1.001, 30.0, 900.0], [1.0, 1e-7, 2.0, 1e-7], 1.0),
}


@pytest.mark.parametrize("name", SERIES)
def test_relaxation_and_creep_are_inverse(name: str) -> None:
    """∫ E(t - s) J(s) ds = t, which is the convolution ∫ E(t - s) dJ(s) = 1 without derivative."""
    relaxation = SERIES[name]
    creep = retardation(relaxation)
    points, weights = np.polynomial.legendre.leggauss(40)
    times = np.array(relaxation.times_s)
    for end in np.geomspace(times[0] / 3, 30 * times[-1], 7):
        # Intervals that are fine towards both ends, where J and E(t - s) change fast.
        edges = end * np.geomspace(1e-15, 0.5, 90)
        edges = np.concatenate([[0.0], edges, end - edges[-2::-1], [end]])
        half = np.diff(edges)[:, None] / 2
        from_start = edges[:-1, None] + half * (1 + points)
        # Measured from the end, so that no digits are lost; the intervals are symmetric.
        to_end = from_start[::-1, ::-1]
        values = relaxation_modulus(relaxation, to_end) * creep.compliance(from_start)
        integral = float((half * weights * values).sum())
        assert integral == pytest.approx(end, rel=CONVOLUTION)


@pytest.mark.parametrize("name", SERIES)
def test_limits_of_the_compliance(name: str) -> None:
    relaxation = SERIES[name]
    creep = retardation(relaxation)
    assert creep.compliance(0.0) == pytest.approx(
        1 / relaxation_modulus(relaxation, 0.0), rel=EXACT
    )
    long_term = 1 / relaxation.long_term_modulus_MPa
    assert creep.compliance(1e15) == pytest.approx(long_term, rel=1e-10)
    assert (creep.compliances_per_MPa > 0).all()
    # Each retardation time is after its relaxation time and before the next one.
    bounds = np.stack([relaxation.times_s, creep.times_s], axis=1).ravel()
    assert (np.diff(bounds) >= 0).all()


def test_standard_linear_solid() -> None:
    """One term: λ = τ (E∞ + E) / E∞ (Ferry 1980, chapter 3)."""
    creep = retardation(SERIES["one term"])
    assert creep.times_s == pytest.approx([50.0 * 2.5 / 0.5], rel=EXACT)
    assert creep.compliances_per_MPa == pytest.approx([1 / 0.5 - 1 / 2.5], rel=EXACT)
    times = np.array([0.0, 1.0, 50.0, 1000.0])
    expected = 2.0 - 1.6 * np.exp(-times / 250.0)
    assert creep.compliance(times) == pytest.approx(expected, rel=EXACT)


def test_maxwell_elements_under_constant_stress() -> None:
    """Strain of the parallel spring and Maxwell elements under 1 MPa, by their rate equations."""
    times, moduli = np.array(AGILUS.times_s), np.array(AGILUS.moduli_MPa)
    instantaneous = AGILUS.long_term_modulus_MPa + moduli.sum()

    def strain(dashpots: Any) -> Any:  # noqa: ANN401 - arrays
        return (1 + moduli @ dashpots) / instantaneous

    found = solve_ivp(
        lambda _, dashpots: (strain(dashpots) - dashpots) / times,
        (0.0, 500.0),
        np.zeros(len(times)),
        method="DOP853",
        t_eval=(10.0, 60.0, 500.0),
        rtol=1e-12,
        atol=1e-14,
    )
    expected = retardation(AGILUS).compliance(found.t)
    assert strain(found.y) == pytest.approx(expected, rel=INTEGRATED)


@settings(max_examples=50)
@given(
    gaps=st.lists(st.floats(1.05, 30.0), min_size=1, max_size=6),
    moduli=st.lists(st.floats(1e-3, 1e3), min_size=6, max_size=6),
    long_term=st.floats(1e-2, 10.0),
)
def test_the_compliance_is_between_its_bounds(
    gaps: list[float], moduli: list[float], long_term: float
) -> None:
    """1 / E(0) <= J(t) <= 1 / E(t) for every relaxation (Ferry 1980): E(t) J(t) <= 1."""
    times = np.cumprod([1.0, *gaps])[1:].tolist()
    relaxation = series(times, moduli[: len(times)], long_term)
    at = np.geomspace(1e-2, 1e3 * times[-1], 50)
    product = relaxation_modulus(relaxation, at) * retardation(relaxation).compliance(at)
    assert (product <= 1 + 1e-9).all()
    assert (np.diff(retardation(relaxation).compliance(at)) >= -1e-12).all()


def test_agilus_at_the_temperature_of_a_laboratory() -> None:
    """The values of the fit at 23 °C; its series and shift factors are those at 20 °C."""
    reduced = np.array([10.0, 60.0, 300.0, 3600.0]) / shift_factor(AGILUS, 23.0)
    found = relaxation_modulus(AGILUS, reduced)
    assert found == pytest.approx([1.97, 1.47, 1.28, 1.17], rel=THREE_DIGITS)
    assert found[0] / found[1] == pytest.approx(1.34, rel=THREE_DIGITS)
    at_60_s = [relaxation_modulus(AGILUS, 60 / shift_factor(AGILUS, t)) for t in (20.0, 25.0)]
    assert 1 - at_60_s[1] / at_60_s[0] == pytest.approx(0.16, abs=THREE_DIGITS)


def test_a_hung_part_creeps_more_than_its_material_relaxes() -> None:
    """The table of docs/explanation/material.md, by 1 / J(t)."""
    early, late = held_modulus(AGILUS, [10.0, 60.0], 23.0)
    assert early / late == pytest.approx(1.43, rel=THREE_DIGITS)
    cool, warm = (held_modulus(AGILUS, 60.0, temperature) for temperature in (20.0, 25.0))
    assert cool / warm == pytest.approx(1.25, rel=THREE_DIGITS)


def test_shift_factors_are_interpolated_and_limited() -> None:
    assert [shift_factor(AGILUS, t) for t in AGILUS.shift_temperatures_C] == pytest.approx(
        AGILUS.shift_factors, rel=EXACT
    )
    assert shift_factor(AGILUS, 22.5) == pytest.approx(0.23**0.5, rel=EXACT)
    assert fitted_times_s(AGILUS, 25.0) == pytest.approx((0.23, 230.0))
    # Warmth is time: 60 s at 25 °C is 60 / 0.23 s at 20 °C.
    assert held_modulus(AGILUS, 60.0, 25.0) == pytest.approx(
        held_modulus(AGILUS, 60 / 0.23, 20.0), rel=EXACT
    )
    with pytest.raises(ValueError, match="15 to 30 °C"):
        shift_factor(AGILUS, 30.1)


def test_stresses_of_the_data_sheet_of_elastic_50a() -> None:
    """Nominal stress of an incompressible neo-Hookean bar, μ (l - 1 / l²), at 50 and 100 %."""
    shear = material("formlabs-elastic-50a").youngs_modulus_MPa / 3
    stretches = np.array([1.5, 2.0])
    assert shear * (stretches - stretches**-2.0) == pytest.approx([0.94, 1.59], rel=DATA_SHEET)


def test_moduli_agree_with_the_hardness() -> None:
    """Gent, Rubber Chem. Technol. 31:896 (1958): Shore A hardness to Young's modulus, MPa."""
    hardness = np.array([30.0, 50.0, 85.0])
    expected = 0.0981 * (56 + 7.62336 * hardness) / (0.137505 * (254 - 2.54 * hardness))
    others = [
        material(f"{name}").youngs_modulus_MPa for name in ("formlabs-elastic-50a", "ninjaflex-85a")
    ]
    assert [AGILUS.long_term_modulus_MPa, *others] == pytest.approx(expected, rel=HARDNESS)


HELD = "[material]\nhold_time_s = 60.0\ntemperature_C = 23.0\n"


def test_a_design_selects_the_modulus_and_older_hashes_remain(tmp_path: Path) -> None:
    plain = load_problem(small_design(tmp_path, "a"))
    held = load_problem(small_design(tmp_path, "a", more=HELD))
    modulus = float(held_modulus(AGILUS, 60.0, 23.0))
    assert (plain.material.youngs_modulus_MPa, held.material.youngs_modulus_MPa) == (0.55, modulus)
    overridden = load_problem(
        small_design(tmp_path, "a", more=f"[material]\nyoungs_modulus_MPa = {modulus!r}\n")
    )
    hashes = [part_sha256(one, one.start_widths_mm) for one in (plain, held, overridden)]
    # Relaxation data that a design does not use are no part of its hash.
    rubber = plain.material.model_copy(update={"relaxation": None})
    without = replace(plain, material=rubber)
    assert hashes[0] == part_sha256(without, plain.start_widths_mm)
    assert hashes[1] == hashes[2] != hashes[0]
    requests = {request_of(one, force=False, pdf=False) for one in (plain, held, overridden)}
    assert len(requests) == 3
    default = load_problem(small_design(tmp_path, "a", more="[material]\nhold_time_s = 60.0\n"))
    assert default.material.youngs_modulus_MPa == held_modulus(AGILUS, 60.0, 20.0)


@pytest.mark.parametrize(
    ("section", "where", "message"),
    [
        ("temperature_C = 25.0", "temperature_C", "25, without hold_time_s"),
        ("hold_time_s = 60.0\nyoungs_modulus_MPa = 1.0", "hold_time_s", "one of the two"),
        ('preset = "ninjaflex-85a"\nhold_time_s = 60.0', "hold_time_s", "no relaxation data"),
        ("hold_time_s = 60.0\ntemperature_C = 35.0", "temperature_C", "15 to 30 °C"),
        ("hold_time_s = 0.0", "hold_time_s", "0.01"),
    ],
)
def test_states_without_a_modulus_are_refused(
    tmp_path: Path, section: str, where: str, message: str
) -> None:
    path = small_design(tmp_path, "a", more=f"[material]\n{section}\n")
    with pytest.raises(InputError, match=where) as caught:
        load_problem(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"moduli_MPa": [1.0]}, r"relaxation.*moduli_MPa: 1 values, and 7 times_s"),
        ({"times_s": [1.0, 3.0, 2.0, 4.0, 5.0, 6.0, 7.0]}, "times_s: not in order"),
        ({"shift_factors": [0.1, 1.0, 2.0, 3.0]}, "decreasing factors"),
        ({"reference_temperature_C": 23.0}, "no factor 1 at the reference temperature, 23 °C"),
        ({"long_term_modulus_MPa": 0.0}, "a number above 0"),
        ({"other": 1.0}, "unknown key"),
    ],
)
def test_faults_of_relaxation_data_are_told(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    text = resources.files("mnnfab.profiles").joinpath("materials.toml").read_text(encoding="utf-8")
    rubber = tomllib.loads(text)["agilus30"]
    rubber["relaxation"] |= change
    (tmp_path / "mine.toml").write_text(tomli_w.dumps(rubber), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        material("mine.toml", tmp_path)


def test_relaxation_data_need_a_source(tmp_path: Path) -> None:
    text = resources.files("mnnfab.profiles").joinpath("materials.toml").read_text(encoding="utf-8")
    rubber = tomllib.loads(text)["agilus30"]
    del rubber["sources"]["relaxation"]
    (tmp_path / "mine.toml").write_text(tomli_w.dumps(rubber), encoding="utf-8")
    with pytest.raises(InputError, match=r"sources\.relaxation"):
        material("mine.toml", tmp_path)


def test_hold_times_outside_of_the_data_are_a_warning(tmp_path: Path) -> None:
    problem = load_problem(small_design(tmp_path, "a", more="[material]\nhold_time_s = 7200.0\n"))
    (finding,) = problem.input_findings
    assert (finding.code, finding.severity) == ("hold-time", "warning")
    assert "1 to 1000 s" in finding.message
