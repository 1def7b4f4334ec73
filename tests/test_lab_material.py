"""Identification: hidden moduli, joints, bonds and creep, found from noisy measurements.

A continuum model with other parameters takes the place of the printed part.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from laboratory import behaviour_bench, linear_positions, softer, timer
from small import small_design

from mnnfab.design.fabrication import MaterialSection
from mnnfab.errors import InputError
from mnnfab.io.tables import table_text
from mnnfab.lab.analysis.prediction import predict
from mnnfab.lab.experiment.plan import single_weights, with_zero
from mnnfab.lab.experiment.reading import Reading
from mnnfab.lab.experiment.shots import Positions
from mnnfab.lab.experiment.steps import Step, steps_text
from mnnfab.lab.material.bonds import identify_bonds
from mnnfab.lab.material.coupons import (
    COUPONS,
    KINDS,
    CouponReadings,
    coupon_flexibility,
    load_coupon_readings,
)
from mnnfab.lab.material.creep import fit_creep
from mnnfab.lab.material.identification import (
    Readings,
    coupon_readings,
    identify,
    network_readings,
    with_joints,
)
from mnnfab.lab.material.identifying import identify_from
from mnnfab.lab.material.profile import profile_text
from mnnfab.lab.measurement.measurement import Measurement, measure
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.printed_part.tiling import tile_part
from mnnfab.problem.loading import load_problem, make_problem
from mnnfab.problem.problem import Problem, require_ports
from mnnfab.profiles import material
from mnnfab.units import NEWTON_PER_GF

pytestmark = pytest.mark.ci

#: Parameters of the part, not known to the identification.
MODULUS_MPA, JOINT_MM = 0.71, 2.23
LOADS_N = NEWTON_PER_GF * np.array([10.0, 20.0, 30.0, 40.0, 50.0])
NOISE_MM, COUPON_NOISE_MM = 0.002, 0.005
READING = Reading(elongation_by="projection", unmodelled_share=0.0)


@pytest.fixture(scope="module")
def bench() -> PortPart:
    """The behaviour's network with coupons from the same tray."""
    from mnnfab.design.features_section import CouponSection, FeaturesSection

    bench = behaviour_bench()
    features = FeaturesSection(coupon=CouponSection())
    design = bench.problem.design.model_copy(update={"features": features})
    return PrintedPart(replace(bench.problem, design=design), bench.widths_mm)


@pytest.fixture(scope="module")
def hidden(bench: PortPart) -> PortPart:
    other = softer(bench, MODULUS_MPA)
    return PrintedPart(with_joints(other.problem, JOINT_MM), bench.widths_mm)


@pytest.fixture(scope="module")
def steps(bench: PortPart) -> tuple[Step, ...]:
    return with_zero(single_weights(bench.problem.task))


def measured(hidden: PortPart, steps: tuple[Step, ...], seed: int) -> Measurement:
    generator = np.random.default_rng(seed)
    positions = linear_positions(hidden, steps, NOISE_MM, generator)
    return measure("t", positions, steps, hidden.problem.network, READING)


@pytest.fixture(scope="module")
def models(bench: PortPart, hidden: PortPart, steps: tuple[Step, ...]) -> dict[str, Readings]:
    """What models foresee, and measurements without noise."""
    first = measured(hidden, steps, 0)
    found = {"network": network_readings(bench, first)}
    for kind in KINDS:
        true = LOADS_N * coupon_flexibility(hidden.problem, kind)
        nothing = np.full(5, np.nan)
        pulls = CouponReadings(kind, LOADS_N, true, np.full(5, COUPON_NOISE_MM), nothing)
        found[kind] = coupon_readings("t", bench.problem, pulls, timer())
    return found


def drawn(
    models: dict[str, Readings], hidden: PortPart, steps: tuple[Step, ...], seed: int
) -> dict[str, Readings]:
    """The same with noise of their own."""
    generator = np.random.default_rng([seed, 1])
    found = measured(hidden, steps, seed)
    moved = found.displacements_mm.reshape(len(found.steps), -1)[
        :, hidden.problem.network.free_dofs
    ]
    noisy = {"network": replace(models["network"], values_mm=moved.ravel())}
    for kind in KINDS:
        values = models[kind].values_mm + COUPON_NOISE_MM * generator.standard_normal(5)
        noisy[kind] = replace(models[kind], values_mm=values)
    return noisy


def test_modulus_and_joints_are_found_with_honest_intervals(
    bench: PortPart, models: dict[str, Readings], hidden: PortPart, steps: tuple[Step, ...]
) -> None:
    """1 % and 5 %, from bar, bond and network; 95 % intervals hold the truth in 90 % and more."""
    found = [
        identify(bench.problem, list(drawn(models, hidden, steps, seed).values()))
        for seed in range(60)
    ]
    moduli = np.array([one.modulus_MPa.value for one in found])
    joint_lengths = np.array([one.joint_length_mm.value for one in found])
    assert np.abs(moduli / MODULUS_MPA - 1).max() < 0.01
    assert np.abs(joint_lengths / JOINT_MM - 1).max() < 0.05
    assert all(one.joint_length_mm.identifiable and not one.joint_fixed for one in found)
    held = [
        np.mean([e.low <= true <= e.high for e in estimates])
        for estimates, true in (
            ([one.modulus_MPa for one in found], MODULUS_MPA),
            ([one.joint_length_mm for one in found], JOINT_MM),
        )
    ]
    assert min(held) >= 0.9
    widths = [one.joint_length_mm.high - one.joint_length_mm.low for one in found]
    assert np.mean(widths) < 8 * joint_lengths.std()  # nor are they wide for the sake of it


def test_a_bar_and_a_bond_tell_both(
    bench: PortPart, models: dict[str, Readings], hidden: PortPart, steps: tuple[Step, ...]
) -> None:
    noisy = drawn(models, hidden, steps, 7)
    found = identify(bench.problem, [noisy["bar"], noisy["bond"]])
    assert found.modulus_MPa.value == pytest.approx(MODULUS_MPA, rel=0.01)
    assert found.joint_length_mm.value == pytest.approx(JOINT_MM, rel=0.05)


def test_a_network_alone_tells_one_number_and_says_so(
    bench: PortPart, models: dict[str, Readings], hidden: PortPart, steps: tuple[Step, ...]
) -> None:
    found = identify(bench.problem, [drawn(models, hidden, steps, 3)["network"]])
    assert found.joint_fixed
    assert abs(found.correlation) > 0.98
    # Longer joints are softer; as drawn they make the rubber softer by as much.
    softer_by = models["network"].predicted_mm
    longer, drawn_ones = softer_by[3], softer_by[2]
    share = np.log(JOINT_MM / 2.0) / np.log(1.2)
    ratio = (drawn_ones @ longer / (drawn_ones @ drawn_ones)) ** share
    assert found.modulus_MPa.value == pytest.approx(MODULUS_MPA / ratio, rel=0.01)
    assert found.modulus_MPa == found.with_drawn_joints_MPa


def test_a_bar_alone_tells_no_joints(
    bench: PortPart, models: dict[str, Readings], hidden: PortPart, steps: tuple[Step, ...]
) -> None:
    found = identify(bench.problem, [drawn(models, hidden, steps, 5)["bar"]])
    assert found.joint_fixed
    assert found.joint_length_mm.low < 1e-6
    assert found.modulus_MPa.value == pytest.approx(MODULUS_MPA, rel=0.01)


def test_bonds_are_told_where_steps_stretch_them(bench: PortPart, steps: tuple[Step, ...]) -> None:
    """Widths that differ by 5 %: found within their stated errors where the data tell them."""
    network, plan = (
        bench.problem.network,
        single_weights(bench.problem.task),
    )
    generator = np.random.default_rng(1)
    widths = bench.widths_mm * (1 + 0.05 * generator.standard_normal(network.n_bonds))
    other = PrintedPart(bench.problem, widths)
    positions = linear_positions(other, steps, 0.0005, generator)
    found = measure("t", positions, steps, network, READING)
    foreseen = predict(bench, plan)
    bonds = identify_bonds(bench, found, foreseen)
    assert bonds.identifiable.sum() > 20
    keep = [n for n, shot in enumerate(positions.shots) if shot.step in {"zero", steps[1].name}]
    alone = Positions(tuple(positions.shots[n] for n in keep), positions.coordinates[keep])
    one = measure("t", alone, steps, network, READING)  # one weight tells less
    fewer = predict(bench, plan[:1])
    less = identify_bonds(bench, one, fewer)
    assert less.identifiable.sum() < bonds.identifiable.sum()
    off = np.log(bonds.ratio * bonds.common) - np.log(widths / bench.widths_mm)
    assert np.sqrt(np.mean(off[bonds.identifiable] ** 2)) < 0.04
    score = off[bonds.identifiable] / (bonds.sd / bonds.ratio)[bonds.identifiable]
    assert np.sqrt(np.mean(score**2)) < 2
    # An error of the print is seen, not only the design.
    assert np.corrcoef(bonds.ratio[bonds.identifiable], widths[bonds.identifiable])[0, 1] > 0.8


def test_creep_is_found_with_an_interval() -> None:
    """Three series that grow by 2.5 % a decade, with 0.5 % of noise."""
    generator, slope, held = np.random.default_rng(0), 0.025, 0
    times = np.tile([5.0, 30.0, 60.0, 300.0, 1800.0], 3)
    series = np.repeat([0, 1, 2], 5)
    for _ in range(200):
        sizes = np.array([0.5, 1.2, 3.0])[series] * (1 + slope * np.log10(times / 60))
        noisy = sizes * (1 + 0.005 * generator.standard_normal(15))
        found = fit_creep(noisy, series, times)
        assert found is not None
        held += abs(found.slope - slope) <= found.half_width
    assert held / 200 >= 0.9
    assert fit_creep(np.ones(4), np.zeros(4), np.full(4, 60.0)) is None
    assert fit_creep(np.ones(4), np.zeros(4), np.full(4, np.nan)) is None


def test_a_profile_is_what_training_takes(
    bench: PortPart,
    models: dict[str, Readings],
    hidden: PortPart,
    steps: tuple[Step, ...],
    tmp_path: Path,
) -> None:
    """A design that names it has bars and a continuum as the hidden part has."""
    found = identify(bench.problem, list(drawn(models, hidden, steps, 1).values()))
    text = profile_text(bench.problem.material, found, None, "bar, bond and network")
    (tmp_path / "measured.toml").write_text(text)
    named = material("measured.toml", tmp_path)
    assert named.youngs_modulus_MPa == pytest.approx(MODULUS_MPA, rel=0.01)
    assert named.joint_length_excess_mm == pytest.approx(JOINT_MM - 2.0, abs=0.1)
    section = MaterialSection(preset="measured.toml")
    design = bench.problem.design.model_copy(update={"material": section})
    problem: Problem = make_problem(design, tmp_path)
    analysed = tile_part(problem.with_effective_joints, bench.widths_mm)
    assert analysed.area_mm2 == pytest.approx(hidden.tiling.area_mm2, rel=5e-3)
    assert tile_part(problem, bench.widths_mm).area_mm2 == bench.tiling.area_mm2  # as drawn
    law = problem.law_named("series").stiffness(bench.widths_mm)
    wanted = hidden.problem.law_named("series").stiffness(bench.widths_mm)
    np.testing.assert_allclose(law, wanted, rtol=0.02)


def test_the_whole_way_from_folders(tmp_path: Path) -> None:
    """A table of positions with times, and one of coupons: modulus, joints, bonds and creep."""
    problem = require_ports(
        load_problem(small_design(tmp_path, "small", more="[features.coupon]\n"))
    )
    bench = PrintedPart(problem, np.full(problem.network.n_bonds, 2.0))
    hidden = PrintedPart(with_joints(softer(bench, MODULUS_MPA).problem, JOINT_MM), bench.widths_mm)
    steps = with_zero(single_weights(bench.problem.task))
    generator = np.random.default_rng(0)
    positions = linear_positions(hidden, steps, NOISE_MM, generator, 3)
    zero = positions.coordinates[:3].mean(axis=0)
    rows, growth = [], 0.02
    for number, (shot, places) in enumerate(
        zip(positions.shots, positions.coordinates, strict=True)
    ):
        time = (60.0, 600.0, 6.0)[number % 3]
        grown = zero + (places - zero) * (1 + growth * np.log10(time / 60))
        for node, place in enumerate(grown.tolist()):
            rows.append((shot.step, number, node, *place, time))
    header = ("step", "repeat", "node", "x", "y", "time_s")
    (tmp_path / "positions.csv").write_text(table_text(header, rows))
    (tmp_path / "steps.csv").write_text(steps_text(steps))
    experiment = (
        'schema = 1\nname = "t"\nkind = "positions"\nelongation = "length"\nunseen_share = 0.0'
    )
    (tmp_path / "experiment.toml").write_text(experiment)
    pulls = [
        (kind, load, load * NEWTON_PER_GF * coupon_flexibility(hidden.problem, kind), 0.005)
        for kind in KINDS
        for load in (10.0, 30.0, 50.0)
    ]
    names = ("coupon", "load_gf", "elongation_mm", "sd_mm")
    (tmp_path / COUPONS).write_text(table_text(names, pulls))
    found = identify_from(bench, [tmp_path])
    assert found.material.modulus_MPa.value == pytest.approx(MODULUS_MPA, rel=0.01)
    assert found.material.joint_length_mm.value == pytest.approx(JOINT_MM, rel=0.05)
    assert found.creep is not None
    assert found.creep.slope == pytest.approx(growth, abs=0.003)
    assert found.bonds is not None
    # What the measurement is warned of is said of what was made of it, with its name.
    told = [one.where for one in found.findings if one.code == "turning"]
    assert told == [f"elongations, {tmp_path}"]
    text = profile_text(bench.problem.material, found.material, found.creep, found.sources)
    assert "per decade of time" in tomllib.loads(text)["sources"]["youngs_modulus_MPa"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("bar,10,-1", "times those predicted"),
        ("bar,10,1000", "times those predicted"),
        ("bar,10,0.0557", "times those predicted"),
        ("bar,0,1", "more than 0"),
        ("rod,10,1", 'coupon "rod"'),
        ("bar,10,0.8", "three readings or more"),
    ],
)
def test_bad_coupons_are_told(bench: PortPart, tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / COUPONS).write_text(f"coupon,load_gf,elongation_mm\n{rows}\n")

    def read() -> None:
        for one in load_coupon_readings(tmp_path / COUPONS):
            known = one if "readings" in message else replace(one, sd_mm=np.full(1, 0.01))
            coupon_readings("t", bench.problem, known, timer())

    with pytest.raises(InputError, match=message):
        read()
    with pytest.raises(InputError, match="neither experiment"):
        identify_from(bench, [tmp_path / "nothing"])
