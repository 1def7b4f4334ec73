"""Identification as a stage: from folders of experiments to a material profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.lab.analysis.analysis import Analysis, analyse, task_of
from mnnfab.lab.experiment.experiment import EXPERIMENT
from mnnfab.lab.material.bonds import MOST_BONDS, BondStiffness, identify_bonds
from mnnfab.lab.material.coupons import COUPONS, Pulls, load_pulls
from mnnfab.lab.material.creep import Creep, fit_creep
from mnnfab.lab.material.identification import (
    SHARES,
    Identified,
    coupon_readings,
    identify,
    network_readings,
)

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.lab.measurement.measurement import Measurement
    from mnnfab.problem.problem import Problem
    from mnnfab.progress.watcher import Clock

#: Findings on measurements that say something of the stiffness that is found by them.
ON_STIFFNESS = ("frame", "size", "turning")


@dataclass(frozen=True, eq=False)
class Identification:
    """All that was found.

    Args:
        problem: the design.
        material: modulus and joints.
        bonds: stiffness of each, if a network was measured.
        creep: if readings carry times.
        sources: what was measured, in words.
        findings: what a lab should know.
    """

    problem: Problem
    material: Identified
    bonds: BondStiffness | None
    creep: Creep | None
    sources: str
    findings: tuple[Finding, ...]


def identify_from(
    problem: Problem, widths_mm: FloatArray, folders: Sequence[Path], clock: Clock
) -> Identification:
    """Find material and bonds from experiments on a part and its coupons.

    Args:
        problem: the design.
        widths_mm: of the part, (n_bonds,).
        folders: each with experiment.toml, coupons.csv, or both.
        clock: told of the progress.

    Raises:
        InputError: if a folder has neither, or something in it cannot be used.
    """
    problem = problem.uncorrected
    analyses: list[Analysis] = []
    pulls: list[tuple[str, Pulls]] = []
    for folder in folders:
        table = folder / COUPONS
        known = [name for name in (EXPERIMENT, COUPONS) if (folder / name).is_file()]
        if not known:
            given = "neither experiment.toml nor coupons.csv"
            raise InputError(str(folder), given, "a folder with one of them, or both")
        if EXPERIMENT in known:
            analyses.append(analyse(problem, widths_mm, folder, clock))
        if COUPONS in known:
            pulls += [(str(table), one) for one in load_pulls(table)]
    task = task_of(problem)
    creep = _creep(analyses, pulls)
    measurements = [_at_a_minute(one, creep) for one in analyses]
    readings = [network_readings(problem, task, widths_mm, one, clock) for one in measurements]
    for where, pull in pulls:
        grown = 1.0 if creep is None else creep.growth(pull.times_s)
        settled = replace(pull, elongations_mm=pull.elongations_mm / grown)
        readings.append(coupon_readings(where, problem, settled, clock))
    found = identify(problem, readings)
    names = list(dict.fromkeys(one.name for one in readings))
    bonds = None
    if analyses and problem.network.n_bonds <= MOST_BONDS:
        one = analyses[-1]  # the last one's, with the modulus that it was foreseen with
        bonds = identify_bonds(one.problem, task, widths_mm, measurements[-1], one.prediction)
    findings = _judge(problem, found, bonds, names)
    findings += _passed_on(analyses)
    return Identification(problem, found, bonds, creep, " and ".join(names), tuple(findings))


def _passed_on(analyses: list[Analysis]) -> list[Finding]:
    """Return what was found on measurements that a stiffness has a share of."""
    return [
        replace(finding, where=f"{finding.where}, {one.experiment.where}")
        for one in analyses
        for finding in one.findings
        if finding.code in ON_STIFFNESS
    ]


def _at_a_minute(found: Analysis, creep: Creep | None) -> Measurement:
    """Return a measurement as it would have been a minute after the weights were hung."""
    measurement = found.measurement
    if creep is None:
        return measurement
    shots = found.positions.shots
    grown = []
    for step in measurement.steps:
        times = [shot.time_s for shot in shots if shot.step == step.name]
        grown.append(creep.growth(np.array(times, dtype=np.float64)).mean())
    return replace(measurement, moved_mm=measurement.moved_mm / np.array(grown)[:, None, None])


def _creep(analyses: list[Analysis], pulls: list[tuple[str, Pulls]]) -> Creep | None:
    """Return the creep of all readings that carry times: amplitudes over those of their models."""
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


def _judge(
    problem: Problem, found: Identified, bonds: BondStiffness | None, names: list[str]
) -> list[Finding]:
    findings = []
    if found.joint_fixed and not found.at_a_limit:
        words = (
            f"not told by {' and '.join(names)}: its error goes with that of the modulus "
            f"(correlation {found.correlation:.3f}); left at {found.drawn_joint_mm:g} mm as drawn, "
            "so the modulus is an effective one. A pulled bar and a pulled bond tell both"
        )
        findings.append(Finding("joint-length", "warning", "joints", words))
    if found.at_a_limit:
        low, high = (share * found.drawn_joint_mm for share in (SHARES[0], SHARES[-1]))
        words = (
            f"the best length is at the end of what is looked at, {low:.3g} to {high:.3g} mm: "
            "something else than joints and modulus is at work, or readings are wrong"
        )
        findings.append(Finding("joint-length", "warning", "joints", words))
    if not found.modulus_MPa.told:
        low, high = found.modulus_MPa.low, found.modulus_MPa.high
        words = f"hardly told: {low:.3g} to {high:.3g} MPa; more readings, or heavier weights"
        findings.append(Finding("modulus", "warning", "material", words))
    if found.misfit > 2:
        words = (
            f"models leave {found.misfit:.1f} standard deviations: the part differs from its "
            "design by more than modulus and joints; intervals were widened by as much"
        )
        findings.append(Finding("misfit", "warning", "readings", words, None, found.misfit, 2.0))
    error = problem.print_errors
    share = error.width_mm / problem.design.fabrication.width_initial_mm
    words = (
        "a common error of the printed widths and thickness is taken for the modulus: edges off "
        f"by {error.width_mm:g} mm change it by {share:.1%}, and more at the joints; measure both "
        "on a coupon"
    )
    findings.append(Finding("printed-size", "info", "material", words))
    if bonds is not None:
        told, count = int(bonds.told.sum()), len(bonds.told)
        words = f"the stiffness of {told} of {count} bonds is told by these steps"
        lost = [problem.network.bond_name(b) for b in np.flatnonzero(~bonds.told)[:6].tolist()]
        words += f"; not told: {', '.join(lost)}" if lost else ""
        findings.append(Finding("bonds", "info", "network", words, None, float(told)))
    return findings
