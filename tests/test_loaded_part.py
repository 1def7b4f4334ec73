"""The part as it hangs: numbers of an independent code, window of the loads, remedies, verdicts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fem.frames.frame import Member, Sections, make_frame
from fem.frames.model import LoadedFrame
from mnnfab import Network, Port, load_problem, make_problem, parse_design, train_problem
from mnnfab.arrays import FloatArray
from mnnfab.findings import Finding
from mnnfab.io.files import read_toml
from mnnfab.loaded_part.assessment import LoadedPart, assess_loaded_part
from mnnfab.loaded_part.calibrated_frame import CalibratedFrame
from mnnfab.loaded_part.cases import loaded_cases
from mnnfab.loaded_part.discretisation import loaded_error
from mnnfab.loaded_part.envelope import Envelope, make_envelope
from mnnfab.loaded_part.instabilities import Instability
from mnnfab.loaded_part.remedies import find_remedies
from mnnfab.loaded_part.requirements import Requirements
from mnnfab.loaded_part.rubber_samples import critical_samples
from mnnfab.loaded_part.solid import make_solid
from mnnfab.loaded_part.sweep import Sweep, SweptStates, sweep_loads
from mnnfab.model.response import FlexibilityMatrix
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.problem.problem import require_ports, require_trainable
from mnnfab.validation.verdicts import partial_verdicts

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
#: Outputs and stability of the paper's behaviour under 5 gf, by an independent code: incompressible
#: neo-Hookean plane stress without weight, and linear buckling of a solid.
LEFT_MM, LEFT_OUT_OF_PLANE, LEFT_IN_PLANE = (-0.606, -0.772), 1.01, 2.00
#: Poisson's ratio 0.48 instead of 0.5, own weight, meshes: outputs and factors.
SAME_OUTPUTS, SAME_FACTORS = 0.01, 0.03


def behaviour(**changes: Any) -> PortPart:  # noqa: ANN401 - values of keys
    """Return the part of the paper's behaviour, trained, on a coarse mesh."""
    values = read_toml(EXAMPLES / "paper" / "behaviour-left.toml", "a design")
    values["check"] = {"discretisation_tolerance": 0.01}
    for name, value in changes.items():
        section, key = name.split("__")
        values[section][key] = value
    problem = require_trainable(make_problem(parse_design(values), EXAMPLES))
    return PrintedPart(require_ports(problem), train_problem(problem).widths_mm)


@cache
def left() -> tuple[PortPart, LoadedPart]:
    part = behaviour()
    return part, assess_loaded_part(part)


@pytest.mark.ci
def test_behaviour_as_by_an_independent_code() -> None:
    _, loaded = left()
    (case,) = loaded.cases
    assert case.share == 1.0
    np.testing.assert_allclose(case.outputs_mm, LEFT_MM, rtol=SAME_OUTPUTS)
    assert case.buckling is not None
    assert case.buckling.out_of_plane.factor == pytest.approx(LEFT_OUT_OF_PLANE, rel=SAME_FACTORS)
    assert case.buckling.in_plane.factor == pytest.approx(LEFT_IN_PLANE, rel=SAME_FACTORS)
    assert case.contact_mm is None


@pytest.mark.ci
def test_a_loss_by_the_rubber_has_a_remedy_that_changes_something() -> None:
    """The frame is stable up to twice the loads; the rubber shall have lost its path at 1.1."""
    part = behaviour(fabrication__thickness_mm=3.0, task__loads_gf=[-7.5])
    loaded = assess_loaded_part(part)
    assert not loaded.remedies
    lost = [*loaded.instabilities, Instability(1.1, "in the plane", "“load” (rubber)")]
    model = FlexibilityMatrix(np.zeros((2, 1)))
    envelope = make_envelope(part.problem.task, loaded.sweep, model, loaded.requirements, lost)
    assert not envelope.includes(1.0)
    solid = make_solid(part, loaded.frame.buckling_out_of_plane(part.problem.task.loads_N))
    found = find_remedies(part, loaded.frame, loaded.requirements, envelope, solid)
    assert found
    assert all(one.change.movement / one.change.size <= 1.1 / 1.25 for one in found)


@pytest.mark.parametrize("elements", [1, 2])
@pytest.mark.ci
def test_error_by_the_mesh_is_that_against_a_fine_mesh(elements: int) -> None:
    """The estimate is of the size of the true error, or above."""
    part = behaviour(check__elements_across_joint=elements, check__discretisation_tolerance=0.05)
    (found,) = loaded_cases(part, {}, 1.0)
    estimate = loaded_error(part, (found,))
    fine = fine_outputs()
    error = np.linalg.norm(found.outputs_mm - fine) / np.linalg.norm(fine)
    assert estimate is not None
    assert 0.8 * error < estimate < 6 * error


@cache
def fine_outputs() -> FloatArray:
    part = behaviour(check__discretisation_tolerance=5e-4)
    (found,) = loaded_cases(part, {}, 1.0)
    return found.outputs_mm


@pytest.mark.ci
def test_the_window_ends_where_the_rubber_loses_a_path() -> None:
    _, loaded = left()
    lost = Instability(0.5, "in the plane", "“load” (rubber)")
    task = left()[0].problem.task
    given = (task, loaded.sweep, FlexibilityMatrix(np.zeros((2, 1))), loaded.requirements)
    assert make_envelope(*given, [lost]).load_limit == pytest.approx(0.5 / 1.25)
    assert make_envelope(*given, [*loaded.instabilities, lost]).upper_limit == "in the plane"


@pytest.mark.ci
def test_frame_and_rubber_agree() -> None:
    _, loaded = left()
    assert loaded.frame.agreement.scale == pytest.approx(1.0, abs=1e-6)
    assert loaded.frame.agreement.displacement_residual < 0.03
    assert loaded.checked.difference is not None
    assert loaded.checked.difference < 0.005


def test_window_ends_at_the_first_instability_with_its_margin() -> None:
    _, loaded = left()
    envelope = loaded.envelope
    assert envelope.upper_limit == "out of the plane"
    assert envelope.upper == pytest.approx(envelope.out_of_plane / 1.25)
    assert not envelope.includes(1.0)


@pytest.mark.ci
def test_the_remedy_passes() -> None:
    """The first remedy is a thicker part under larger loads; the changed design is stable."""
    part, loaded = left()
    change = loaded.remedies[0].change
    assert change.size == change.modulus == 1.0
    design = part.problem.design
    assert f"thickness {change.thickness * design.fabrication.thickness_mm:.2f} mm" in (
        loaded.remedies[0].message
    )
    changed = behaviour(
        fabrication__thickness_mm=change.thickness * design.fabrication.thickness_mm,
        task__loads_gf=[-5.0 * change.loads],
    )
    found = assess_loaded_part(changed)
    assert found.envelope.includes(1.0)
    assert found.read is not None
    assert found.read.meets(0.9)


@pytest.mark.ci
def test_thickness_squared_for_out_of_plane_stability() -> None:
    """At the same displacements, F/(E t) kept, the factor grows by nearly t² (torsion is less)."""
    _, thin = left()
    thick = assess_loaded_part(behaviour(fabrication__thickness_mm=3.0, task__loads_gf=[-7.5]))
    factors = [case.buckling for loaded in (thin, thick) for case in loaded.cases]
    ratio = factors[1].out_of_plane.factor / factors[0].out_of_plane.factor  # type: ignore[union-attr,operator]
    assert 1.9 < ratio < 2.25
    np.testing.assert_allclose(thick.cases[0].outputs_mm, thin.cases[0].outputs_mm, rtol=0.005)


# The window, on swept states that are given


def swept(outputs: FloatArray, factors: FloatArray, strain: float) -> Sweep:
    """Return states whose outputs and strains grow in proportion to the loads."""
    n_samples = len(outputs)
    stable, bonds = np.ones(n_samples, dtype=bool), np.zeros(n_samples, dtype=np.int64)
    states = tuple(
        SweptStates(
            factor,
            factor * outputs,
            stable,
            stable,
            np.full(n_samples, factor * strain),
            bonds,
            np.zeros(n_samples),
        )
        for factor in factors.tolist()
    )
    never = np.full(n_samples, np.inf)
    return Sweep(states, never, never)


def envelope_of(signal_mm: float, strain: float) -> Envelope:
    task = require_trainable(load_problem(EXAMPLES / "iris.toml")).task
    outputs = signal_mm * task.targets
    sweep = swept(outputs, np.logspace(-3, 3, 7, base=2.0, dtype=np.float64), strain)
    requirements = Requirements(0.02, 0.9, 1.25, 0.3)
    return make_envelope(task, sweep, FlexibilityMatrix(np.zeros((3, 4))), requirements, [])


def test_window_from_signal_to_strain() -> None:
    """The right output moves and the others do not: accuracy 0.9 is read from 2 sd upwards."""
    found = envelope_of(0.05, 0.1)
    assert found.lower is not None
    assert 0.5 < found.lower < 1.5
    assert found.upper == pytest.approx(3.0)
    assert found.upper_limit == "strain"
    assert found.best == pytest.approx(3.0)


def test_no_window_if_the_strain_ends_before_the_signal() -> None:
    found = envelope_of(0.05, 1.0)
    assert (found.lower, found.upper) == (None, None)
    assert found.load_limit == pytest.approx(0.3)
    assert found.best == pytest.approx(0.3)


def test_critical_samples_are_those_near_a_limit() -> None:
    task = require_trainable(load_problem(EXAMPLES / "iris.toml")).task
    outputs = 0.2 * task.targets
    outputs[17] = 0.001
    sweep = swept(outputs, np.array([0.5, 1.0, 2.0]), 0.1)
    stability = np.full(150, 9.0)
    stability[[3, 99, 120]] = 1.5
    strained = sweep.states[1].strains.copy()
    strained[44] = 0.4
    states = (sweep.states[0], replace(sweep.states[1], strains=strained), sweep.states[2])
    factors = np.full(150, 4.0)
    found = critical_samples(task, Sweep(states, stability, stability + 1), factors, 0.02)
    assert {3, 99, 120, 44, 17} <= set(found.tolist())
    # Without an instability up to the last load factor, those of linear buckling decide.
    never, factors[[8, 60, 101]] = np.full(150, np.inf), 3.0
    found = critical_samples(task, Sweep(states, never, never), factors, 0.02)
    assert {8, 60, 101} <= set(found.tolist())


# Verdicts


def finding(code: str, severity: str) -> Finding:
    return Finding(code, severity, "somewhere", f"about {code}")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        ("wall", "printable"),
        ("stability", "stable"),
        ("loaded-strain", "stable"),
        ("as-read", "task"),
    ],
)
def test_an_error_fails_the_part_of_the_verdict_that_it_decides(code: str, failed: str) -> None:
    parts = partial_verdicts([finding(code, "error"), finding("sag", "warning")])
    assert [part.name for part in parts if part.verdict == "fail"] == [failed]
    (reason,) = [part.reason for part in parts if part.verdict == "fail"]
    assert reason == f"somewhere: about {code}"


def test_a_pass_gives_its_reason() -> None:
    parts = partial_verdicts([finding("stability", "info"), finding("as-read", "info")])
    assert [part.reason for part in parts[1:]] == ["about stability", "about as-read"]


# Samples that snap through


def toggle() -> CalibratedFrame:
    """Williams' toggle: two clamped members, loaded at their shallow apex."""
    places = np.array([[-12.943, 0.0], [12.943, 0.0], [0.0, 0.386]])
    network = Network(places, np.array([[0, 2], [1, 2]]), np.array([0, 1]))
    sections = Sections(axial=1.885e6, shear=1e12, bending=9.274e3, bending_out=1e9, torsion=1e9)
    members = [
        Member(first, 2, np.linspace(places[first], places[2], 9), sections) for first in (0, 1)
    ]
    held = np.array([[True] * 3, [True] * 3, [False] * 3])
    frame = LoadedFrame(
        network, make_frame(places, members, held), (Port(2, "y"),), (Port(2, "y"),)
    )
    return CalibratedFrame(None, frame, np.zeros((1, 1)), None)  # type: ignore[arg-type]


@pytest.mark.parametrize("load", [20.0, 26.0, 30.0, 33.0])
def test_a_sample_that_snaps_through_is_unstable_at_its_limit_load(load: float) -> None:
    """The limit load is 33.875 (Williams 1964), whatever load factors the sweep has."""
    sweep = sweep_loads(toggle(), np.array([[-load]]))
    assert sweep.in_plane[0] == pytest.approx(33.875 / load, rel=0.02)
    assert not sweep.states[-1].stable_in_plane[0]
