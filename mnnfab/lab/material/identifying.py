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
from mnnfab.lab.material.bonds import MAX_BONDS, BondStiffness, identify_bonds
from mnnfab.lab.material.coupons import COUPONS, CouponReadings, load_coupon_readings
from mnnfab.lab.material.creep import Creep, fit_creep
from mnnfab.lab.material.identification import (
    LENGTH_RATIOS,
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
STIFFNESS_FINDINGS = ("frame", "size", "turning", "weak-points", "suspect-node")


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
    coupon_tests: list[tuple[str, CouponReadings]] = []
    for folder in folders:
        table = folder / COUPONS
        present = [name for name in (EXPERIMENT, COUPONS) if (folder / name).is_file()]
        if not present:
            given = "neither experiment.toml nor coupons.csv"
            raise InputError(str(folder), given, "a folder with one of them, or both")
        if EXPERIMENT in present:
            analyses.append(_with_modulus(analyse(part, folder)))
        if COUPONS in present:
            coupon_tests += [(str(table), test) for test in load_coupon_readings(table)]
    creep = _creep(analyses, coupon_tests)
    _check_creep(analyses, coupon_tests, creep)
    measurements = [_corrected_for_creep(analysis, creep) for analysis in analyses]
    readings = [network_readings(part, measurement) for measurement in measurements]
    for where, test in coupon_tests:
        growth = 1.0 if creep is None else creep.growth(test.times_s)
        corrected = replace(test, elongations_mm=test.elongations_mm / growth)
        readings.append(coupon_readings(where, problem, corrected, timer))
    identified = identify(problem, readings)
    names = list(dict.fromkeys(reading.name for reading in readings))
    bonds = None
    if analyses and problem.network.n_bonds <= MAX_BONDS:
        analysis = analyses[-1]  # its predictions use the modulus of its own experiment.toml
        bonds = identify_bonds(analysis.part, measurements[-1], analysis.prediction)
    findings = _check(problem, identified, bonds, names)
    findings += _stiffness_findings(analyses)
    return Identification(problem, identified, bonds, creep, " and ".join(names), tuple(findings))


def _with_modulus(analysis: Analysis) -> Analysis:
    """Return an analysis whose displacements give a modulus.

    Raises:
        InputError: with the reason if they do not.
    """
    analysis.fit.require(analysis.experiment.where)
    return analysis


def _stiffness_findings(analyses: list[Analysis]) -> list[Finding]:
    """Return the findings on measurements that affect the identified stiffness."""
    return [
        replace(finding, where=f"{finding.where}, {analysis.experiment.where}")
        for analysis in analyses
        for finding in analysis.findings
        if finding.code in STIFFNESS_FINDINGS
    ]


def _check_creep(
    analyses: list[Analysis], coupon_tests: list[tuple[str, CouponReadings]], creep: Creep | None
) -> None:
    """Refuse a creep law by which a reading would have the opposite sign at one minute.

    Raises:
        InputError: naming the slope and the time.
    """
    if creep is None:
        return
    times = [shot.time_s for analysis in analyses for shot in analysis.positions.shots]
    times += [time for _, test in coupon_tests for time in test.times_s.tolist()]
    known = np.array(times, dtype=np.float64)
    growth = creep.growth(known)
    if (growth <= 0).any():
        given = (
            f"creep of {creep.slope:.0%} per decade, with a reading after {np.nanmin(known):g} s"
        )
        allowed = "times in s since the weights were applied, and readings of one part"
        raise InputError("time_s", given, allowed)


def _corrected_for_creep(analysis: Analysis, creep: Creep | None) -> Measurement:
    """Return a measurement corrected for creep to one minute after the weights were applied."""
    measurement = analysis.measurement
    if creep is None:
        return measurement
    shots = analysis.positions.shots
    growth = []
    for step in measurement.steps:
        times = [shot.time_s for shot in shots if shot.step == step.name]
        growth.append(creep.growth(np.array(times, dtype=np.float64)).mean())
    return replace(
        measurement, displacements_mm=measurement.displacements_mm / np.array(growth)[:, None, None]
    )


def _creep(
    analyses: list[Analysis], coupon_tests: list[tuple[str, CouponReadings]]
) -> Creep | None:
    """Return the creep law of all readings with times.

    Amplitudes are displacements relative to the mean of their load step, and elongations per load.
    """
    amplitudes, series, times = [], [], []
    for analysis in analyses:
        rows = {step.name: n for n, step in enumerate(analysis.measurement.steps)}
        for shot, positions in zip(
            analysis.positions.shots, analysis.measurement.positions_mm, strict=True
        ):
            if shot.step not in rows or shot.time_s is None:
                continue
            displacements = positions - analysis.measurement.zero_mm
            mean = analysis.measurement.displacements_mm[rows[shot.step]]
            amplitudes.append(float(np.vdot(displacements, mean) / np.vdot(mean, mean)))
            series.append(f"{analysis.experiment.where} {shot.step}")
            times.append(shot.time_s)
    for where, test in coupon_tests:
        for load, elongation, time in zip(
            test.loads_N.tolist(), test.elongations_mm.tolist(), test.times_s.tolist(), strict=True
        ):
            amplitudes.append(elongation / load)
            series.append(f"{where} {test.kind}")
            times.append(time)
    if not amplitudes:
        return None
    return fit_creep(np.array(amplitudes), np.array(series), np.array(times, dtype=np.float64))


def _check(
    problem: Problem, identified: Identified, bonds: BondStiffness | None, names: list[str]
) -> list[Finding]:
    findings = []
    if identified.joint_fixed and not identified.at_a_limit:
        message = (
            f"not identifiable from {' and '.join(names)} data: its error is correlated with that "
            f"of the modulus ({identified.correlation:.3f}); "
            f"fixed at {identified.drawn_joint_mm:g} mm as drawn, so the modulus is an effective "
            "value. Tests of a bar and a bond coupon determine both"
        )
        findings.append(Finding("joint-length", "warning", "joints", message))
    if identified.at_a_limit:
        low, high = (
            share * identified.drawn_joint_mm for share in (LENGTH_RATIOS[0], LENGTH_RATIOS[-1])
        )
        message = (
            f"the best-fit length is at a limit of the searched range, {low:.3g} to {high:.3g} mm: "
            "modulus and joint length do not explain the readings, or readings are wrong"
        )
        findings.append(Finding("joint-length", "warning", "joints", message))
    if not identified.modulus_MPa.identifiable:
        low, high = identified.modulus_MPa.low, identified.modulus_MPa.high
        message = f"poorly determined: {low:.3g} to {high:.3g} MPa; use more readings or weight"
        findings.append(Finding("modulus", "warning", "material", message))
    if identified.misfit > 2:
        message = (
            f"root mean square residual {identified.misfit:.1f} standard deviations: the part "
            "differs from its design by more than modulus and joint length; intervals were widened "
            "by this factor"
        )
        findings.append(
            Finding("misfit", "warning", "readings", message, None, identified.misfit, 2.0)
        )
    error = problem.print_errors
    share = error.width_mm / problem.design.fabrication.width_initial_mm
    message = (
        "a common error of the printed widths and thickness biases the modulus: edges off by "
        f"{error.width_mm:g} mm change it by {share:.1%}, and more at the joints; measure width "
        "and thickness on a coupon"
    )
    findings.append(Finding("printed-size", "info", "material", message))
    if bonds is not None:
        n_identifiable, count = int(bonds.identifiable.sum()), len(bonds.identifiable)
        message = f"the stiffness of {n_identifiable} of {count} bonds is identifiable "
        message += "from these load steps"
        unidentified = [
            problem.network.bond_name(b) for b in np.flatnonzero(~bonds.identifiable)[:6].tolist()
        ]
        message += f"; not identifiable: {', '.join(unidentified)}" if unidentified else ""
        findings.append(Finding("bonds", "info", "network", message, None, float(n_identifiable)))
    return findings
