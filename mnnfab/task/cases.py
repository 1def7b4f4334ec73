"""Behaviours with load cases: targets with tolerances, ratios and stiffnesses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.design.behaviour_section import Behaviour
from mnnfab.design.case_section import CaseSection, TargetBand, target_band
from mnnfab.design.design import Design
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.losses.bands import Bands
from mnnfab.losses.loss import LossOptions, loss_kinds
from mnnfab.model.prescribed import PrescribedDisplacements
from mnnfab.network.ports import AnyPort, noise_factor, same_port
from mnnfab.task.case_table import read_case_table
from mnnfab.task.intervals import RATIO_TOLERANCE, TOLERANCE_SHARE, interval
from mnnfab.task.metrics import Baseline, PrimaryMetric
from mnnfab.task.modulus_targets import modulus_targets
from mnnfab.task.task import DataSplit, LoadCase, Ratio, Task, band_metrics
from mnnfab.units import NEWTON_PER_GF

#: Smallest default tolerance of a reaction, gf.
SMALLEST_REACTION_GF = 0.1
#: Smallest default tolerance of a displacement, in errors of a reading.
READINGS = 2.0
#: Tolerance over the error of a reading up to which a warning is given.
COARSE = 1.0


def make_cases(
    section: Behaviour,
    design: Design,
    inputs: tuple[AnyPort, ...],
    outputs: tuple[AnyPort, ...],
    folder: Path,
) -> Task:
    """Return the task of a behaviour with load cases.

    Raises:
        InputError: if the data do not fit the ports.
    """
    cases = section.cases or ()
    findings: tuple[Finding, ...] = ()
    if section.dataset is not None:
        table = read_case_table(folder / section.dataset, section)
        cases, findings = table.cases, table.findings
    ratios = tuple(Ratio(one.name, *one.outputs) for one in section.ratios or ())
    where = "[task] cases" if section.dataset is None else section.dataset
    reading_mm = design.check.resolution_mm * np.array([noise_factor(one) for one in outputs])
    bands = _bands(where, cases, (inputs, outputs), len(ratios), READINGS * reading_mm)
    findings += _coarse_readings(cases, outputs, bands, reading_mm)
    loads = np.array([case.loads_gf for case in cases]) * NEWTON_PER_GF
    prescribed = _moves(where, cases, inputs, outputs)
    pairs = tuple((ratio.above, ratio.below) for ratio in ratios)
    options = LossOptions(None, None, 1.0, design.check.resolution_mm, ratios=pairs)
    baseline = Baseline(_at_rest(bands, len(outputs)))
    return Task(
        kind=section.kind,
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(bands.as_targets),
        loss=loss_kinds()["bands"].make(options),
        split=DataSplit(np.arange(len(cases))),
        evaluate=band_metrics,
        primary_metric=PrimaryMetric(
            "target_deviation", "lower", baseline, "target_deviation", baseline
        ),
        load_cases=tuple(
            LoadCase(case.name, tuple(row)) for case, row in zip(cases, loads.tolist(), strict=True)
        ),
        input_findings=findings,
        ratios=ratios,
        moduli=modulus_targets(section.moduli) if section.moduli else None,
        prescribed=prescribed,
        reactions=None if prescribed is None else _reactions(cases, len(inputs)),
    )


def _bands(
    where: str,
    cases: Sequence[CaseSection],
    ports: tuple[tuple[AnyPort, ...], tuple[AnyPort, ...]],
    n_ratios: int,
    least_mm: FloatArray,
) -> Bands:
    """Return the bands of all load cases, with their default tolerances."""
    rows = []
    for number, case in enumerate(cases):
        displacements = [target_band(one) for one in case.targets_mm]
        for output, wanted in _of_stiffness(f"{where}[{number}]", case, ports):
            if not displacements[output].is_free:
                given = f"two targets of {ports[1][output]}"
                allowed = "a displacement or a stiffness; the other one is free"
                raise InputError(f"{where}[{number}].stiffness_N_per_mm", given, allowed)
            displacements[output] = wanted
        ratios = [target_band(one) for one in case.ratios or ["free"] * n_ratios]
        weight = 1.0 if case.weight is None else case.weight
        least = [*least_mm.tolist(), *[RATIO_TOLERANCE] * n_ratios]
        rows.append(
            [
                interval(band, smallest, weight)
                for band, smallest in zip((*displacements, *ratios), least, strict=True)
            ]
        )
    return Bands(*np.moveaxis(np.array(rows), 2, 0))


def _coarse_readings(
    cases: Sequence[CaseSection],
    outputs: Sequence[AnyPort],
    bands: Bands,
    reading_mm: FloatArray,
) -> tuple[Finding, ...]:
    """Return a warning on the tolerance that is smallest relative to the error of its output."""
    own = slice(0, len(outputs))
    shares = np.where(bands.given[:, own], bands.tolerance[:, own] / reading_mm, np.inf)
    case, output = (int(place) for place in np.unravel_index(shares.argmin(), shares.shape))
    if shares[case, output] > COARSE:
        return ()
    message = (
        f"{outputs[output]} in load case {cases[case].name} has a tolerance of "
        f"{bands.tolerance[case, output]:.3g} mm, and is read to {reading_mm[output]:.3g} mm: a "
        "single reading cannot tell whether the target is met"
    )
    return (Finding("coarse-reading", "warning", "task", message),)


def _moves(
    where: str,
    cases: Sequence[CaseSection],
    inputs: tuple[AnyPort, ...],
    outputs: tuple[AnyPort, ...],
) -> PrescribedDisplacements | None:
    """Return the prescribed displacements of all load cases; None without any."""
    rows = np.full((len(cases), len(inputs)), np.nan)
    for number, case in enumerate(cases):
        for place, size in enumerate(case.prescribed_mm or ()):
            rows[number, place] = np.nan if size == "free" else float(size)
    moved = np.flatnonzero(~np.isnan(rows).all(axis=0))
    if not moved.size:
        return None
    at = []
    for place in moved.tolist():
        found = [i for i, output in enumerate(outputs) if same_port(output, inputs[place])]
        if not found:
            given = f"{inputs[place]} has a prescribed displacement, and no output is there"
            allowed = "an output at the same port: the entry of inputs once more in outputs"
            raise InputError(f"{where}, prescribed_mm", given, allowed)
        at.append(found[0])
    return PrescribedDisplacements(moved, np.array(at), rows[:, moved])


def _reactions(cases: Sequence[CaseSection], n_inputs: int) -> Bands:
    """Return the bands of the loads of moved inputs, N."""
    rows = []
    for case in cases:
        weight = 1.0 if case.weight is None else case.weight
        wanted = [target_band(one) for one in case.reactions_gf or ["free"] * n_inputs]
        rows.append([interval(band, SMALLEST_REACTION_GF, weight) for band in wanted])
    low, high, tolerance, weights = np.moveaxis(np.array(rows), 2, 0)
    sizes = (low * NEWTON_PER_GF, high * NEWTON_PER_GF, tolerance * NEWTON_PER_GF)
    return Bands(*sizes, weights)


def _of_stiffness(
    where: str, case: CaseSection, ports: tuple[tuple[AnyPort, ...], tuple[AnyPort, ...]]
) -> Iterator[tuple[int, TargetBand]]:
    """Yield the output at the port of each input with a target stiffness, and its displacement."""
    inputs, outputs = ports
    wanted = [target_band(one) for one in case.stiffness_N_per_mm or ()]
    for number, band in enumerate(wanted):
        if band.is_free:
            continue
        place, load = f"{where}.stiffness_N_per_mm[{number}]", case.loads_gf[number]
        others = any(other for i, other in enumerate(case.loads_gf) if i != number)
        moved = any(one != "free" for one in case.prescribed_mm or ())
        if not load or others or moved:
            given = f"loads {list(case.loads_gf)} gf"
            raise InputError(place, given, "a load at this input alone, and no prescribed_mm")
        at = [i for i, output in enumerate(outputs) if same_port(output, inputs[number])]
        if not at:
            raise InputError(place, f"no output at {inputs[number]}", "an output at this input")
        yield at[0], _displacement(place, band, load * NEWTON_PER_GF)


def _displacement(where: str, band: TargetBand, load_N: float) -> TargetBand:
    """Return the displacements by a load for a band of stiffnesses, load / stiffness.

    Raises:
        InputError: if the band has stiffnesses that are not positive.
    """
    if band.low == band.high:
        tolerance = band.tolerance or TOLERANCE_SHARE * abs(band.low)
        band = TargetBand(band.low - tolerance, band.high + tolerance)
    if (band.low <= 0 < math.inf and not math.isinf(band.low)) or band.high <= 0:
        raise InputError(where, band.text, "positive stiffnesses")
    # A node moves with its own load, so the stiffness needs no end beyond which it is infinite.
    soft = math.copysign(math.inf, load_N) if math.isinf(band.low) else load_N / band.low
    stiff = -math.copysign(math.inf, load_N) if math.isinf(band.high) else load_N / band.high
    return TargetBand(min(soft, stiff), max(soft, stiff))


def _at_rest(bands: Bands, n_outputs: int) -> float:
    """Return the largest deviation of outputs that do not move; ratios are not defined then.

    It is infinite if all targets are met at rest: then there is nothing to beat.
    """
    measures = np.zeros(bands.low.shape)
    measures[:, n_outputs:] = np.nan
    deviation = float(np.nan_to_num(bands.deviations(measures), nan=np.inf).max())
    return deviation if deviation > 1.0 else np.inf
