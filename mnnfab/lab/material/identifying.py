"""Identification stage: from folders of experiments to a material profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.lab.analysis.analysis import Analysis, analyse
from mnnfab.lab.experiment.experiment import EXPERIMENT
from mnnfab.lab.material.bonds import MOST_BONDS, BondStiffness, identify_bonds
from mnnfab.lab.material.coupons import COUPONS, CouponReadings, load_coupon_readings
from mnnfab.lab.material.creep import Creep, fit_creep
from mnnfab.lab.material.identification import (
    SHARES,
    Identified,
    coupon_readings,
    identify,
    network_readings,
)

if TYPE_CHECKING:
    from mnnfab.lab.measurement.measurement import Measurement
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import Problem

#: Findings on measurements that affect the identified stiffness.
ON_STIFFNESS = ("frame", "size", "turning")


@dataclass(frozen=True, eq=False)
class Identification:
    """Results of an identification.

    Args:
        problem: the design.
        material: modulus and joint length.
        bonds: stiffness of each bond, if a network was measured.
        creep: creep law, if readings have times.
        sources: description of the measured objects.
        findings: findings on data and fit.
    """

    problem: Problem
    material: Identified
    bonds: BondStiffness | None
    creep: Creep | None
    sources: str
    findings: tuple[Finding, ...]


def identify_from(part: PortPart, folders: Sequence[Path]) -> Identification:
    """Identify material and bonds from experiments on a part and its coupons.

    Args:
        part: the part.
        folders: each with experiment.toml, coupons.csv, or both.

    Raises:
        InputError: if a folder has neither, or a file in it is invalid.
    """
    problem, timer = part.problem.uncorrected, part.timer
    part = replace(part, problem=problem)
    analyses: list[Analysis] = []
    pulls: list[tuple[str, CouponReadings]] = []
    for folder in folders:
        table = folder / COUPONS
        known = [name for name in (EXPERIMENT, COUPONS) if (folder / name).is_file()]
        if not known:
            given = "neither experiment.toml nor coupons.csv"
            raise InputError(str(folder), given, "a folder with one of them, or both")
        if EXPERIMENT in known:
            analyses.append(analyse(part, folder))
        if COUPONS in known:
            pulls += [(str(table), one) for one in load_coupon_readings(table)]
    creep = _creep(analyses, pulls)
    measurements = [_at_a_minute(one, creep) for one in analyses]
    readings = [network_readings(part, one) for one in measurements]
    for where, pull in pulls:
        grown = 1.0 if creep is None else creep.growth(pull.times_s)
        settled = replace(pull, elongations_mm=pull.elongations_mm / grown)
        readings.append(coupon_readings(where, problem, settled, timer))
    found = identify(problem, readings)
    names = list(dict.fromkeys(one.name for one in readings))
    bonds = None
    if analyses and problem.network.n_bonds <= MOST_BONDS:
        one = analyses[-1]  # its predictions use the modulus of its own experiment.toml
        bonds = identify_bonds(one.part, measurements[-1], one.prediction)
    findings = _check(problem, found, bonds, names)
    findings += _passed_on(analyses)
    return Identification(problem, found, bonds, creep, " and ".join(names), tuple(findings))


def _passed_on(analyses: list[Analysis]) -> list[Finding]:
    """Return the findings on measurements that affect the identified stiffness."""
    return [
        replace(finding, where=f"{finding.where}, {one.experiment.where}")
        for one in analyses
        for finding in one.findings
        if finding.code in ON_STIFFNESS
    ]


def _at_a_minute(found: Analysis, creep: Creep | None) -> Measurement:
    """Return a measurement corrected for creep to one minute after the weights were applied."""
    measurement = found.measurement
    if creep is None:
        return measurement
    shots = found.positions.shots
    grown = []
    for step in measurement.steps:
        times = [shot.time_s for shot in shots if shot.step == step.name]
        grown.append(creep.growth(np.array(times, dtype=np.float64)).mean())
    return replace(measurement, moved_mm=measurement.moved_mm / np.array(grown)[:, None, None])


def _creep(analyses: list[Analysis], pulls: list[tuple[str, CouponReadings]]) -> Creep | None:
    """Return the creep law of all readings with times.

    Amplitudes are displacements relative to the mean of their load step, and elongations per load.
    """
    amplitudes, series, times = [], [], []
    for one in analyses:
        rows = {step.name: n for n, step in enumerate(one.measurement.steps)}
        for shot, places in zip(one.positions.shots, one.measurement.places_mm, strict=True):
            if shot.step not in rows or shot.time_s is None:
                continue
            moved = places - one.measurement.zero_mm
            mean = one.measurement.moved_mm[rows[shot.step]]
            amplitudes.append(float(np.vdot(moved, mean) / np.vdot(mean, mean)))
            series.append(f"{one.experiment.where} {shot.step}")
            times.append(shot.time_s)
    for where, pull in pulls:
        for load, stretched, time in zip(
            pull.loads_N.tolist(), pull.elongations_mm.tolist(), pull.times_s.tolist(), strict=True
        ):
            amplitudes.append(stretched / load)
            series.append(f"{where} {pull.kind}")
            times.append(time)
    if not amplitudes:
        return None
    return fit_creep(np.array(amplitudes), np.array(series), np.array(times, dtype=np.float64))


def _check(
    problem: Problem, found: Identified, bonds: BondStiffness | None, names: list[str]
) -> list[Finding]:
    findings = []
    if found.joint_fixed and not found.at_a_limit:
        words = (
            f"not identifiable from {' and '.join(names)} data: its error is correlated with that "
            f"of the modulus ({found.correlation:.3f}); fixed at {found.drawn_joint_mm:g} mm as "
            "drawn, so the modulus is an effective value. Tests of a bar and a bond coupon "
            "determine both"
        )
        findings.append(Finding("joint-length", "warning", "joints", words))
    if found.at_a_limit:
        low, high = (share * found.drawn_joint_mm for share in (SHARES[0], SHARES[-1]))
        words = (
            f"the best-fit length is at a limit of the searched range, {low:.3g} to {high:.3g} mm: "
            "modulus and joint length do not explain the readings, or readings are wrong"
        )
        findings.append(Finding("joint-length", "warning", "joints", words))
    if not found.modulus_MPa.told:
        low, high = found.modulus_MPa.low, found.modulus_MPa.high
        words = f"poorly determined: {low:.3g} to {high:.3g} MPa; use more readings or weight"
        findings.append(Finding("modulus", "warning", "material", words))
    if found.misfit > 2:
        words = (
            f"root mean square residual {found.misfit:.1f} standard deviations: the part differs "
            "from its design by more than modulus and joint length; intervals were widened by this "
            "factor"
        )
        findings.append(Finding("misfit", "warning", "readings", words, None, found.misfit, 2.0))
    error = problem.print_errors
    share = error.width_mm / problem.design.fabrication.width_initial_mm
    words = (
        "a common error of the printed widths and thickness biases the modulus: edges off by "
        f"{error.width_mm:g} mm change it by {share:.1%}, and more at the joints; measure width "
        "and thickness on a coupon"
    )
    findings.append(Finding("printed-size", "info", "material", words))
    if bonds is not None:
        told, count = int(bonds.told.sum()), len(bonds.told)
        words = f"the stiffness of {told} of {count} bonds is identifiable from these load steps"
        lost = [problem.network.bond_name(b) for b in np.flatnonzero(~bonds.told)[:6].tolist()]
        words += f"; not identifiable: {', '.join(lost)}" if lost else ""
        findings.append(Finding("bonds", "info", "network", words, None, float(told)))
    return findings
