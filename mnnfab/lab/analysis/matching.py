"""Match of every shot with the shape at rest, the prediction and the other shots of its load step.

`mnnfab.lab.analysis.node_faults` has the criteria.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.lab.analysis.frames import best_frame, common_scale, distances_mm
from mnnfab.lab.analysis.node_faults import Fault, lost_points, make_matcher, named
from mnnfab.lab.experiment.shots import Positions, rows_by_step
from mnnfab.lab.experiment.tracks import listed
from mnnfab.lab.measurement.alignment import robust_fit

if TYPE_CHECKING:
    from mnnfab.lab.analysis.prediction import Prediction
    from mnnfab.lab.measurement.measurement import Measurement

#: Distance of a node in two shots of a load step above which it is reported: relative to the
#: median of all nodes and shots, and as a share of the shortest bond.
REPEAT_RATIO, REPEAT_SHARE = 10.0, 0.03


def check_nodes(
    where: str,
    positions: Positions,
    measurement: Measurement,
    prediction: Prediction,
    stiffness: FloatArray,
) -> list[Finding]:
    """Match the nodes of every shot under load, or moved as a whole, with their expected places.

    Args:
        where: location named in error messages.
        positions: positions as they were read.
        measurement: the same, aligned with the design.
        prediction: predictions for its load steps.
        stiffness: stiffness of the bonds by the design, (n_bonds,) N/mm.

    Returns:
        Warnings about nodes that are far from their expected places, but not impossible.

    Raises:
        InputError: naming shots and nodes that cannot be right.
    """
    predicted = {
        step.name: displacements
        for step, displacements in zip(prediction.steps, prediction.loaded_mm, strict=True)
    }
    at_rest = np.zeros_like(measurement.zero_mm)
    fields = [predicted.get(shot.step, at_rest) for shot in positions.shots]
    scale = common_scale(measurement, fields)
    matcher = make_matcher(measurement, prediction, stiffness, scale)
    faults: list[tuple[str, Fault]] = []
    findings = []
    for shot, raw, points, field in zip(
        positions.shots,
        positions.coordinates[:, measurement.order],
        measurement.positions_mm,
        fields,
        strict=True,
    ):
        expected = [measurement.zero_mm + factor * field for factor in (scale, 1.0)]
        fault = lost_points(matcher, raw, points, expected) or matcher.fault(points, expected)
        if fault is not None:
            faults.append((shot.source, fault))
            continue
        framed, places = best_frame(points, expected)
        distances = distances_mm(framed, places)
        far = np.flatnonzero(distances > matcher.half_bond_mm)
        if far.size:
            findings.append(_suspicious(shot.source, far, distances, matcher.half_bond_mm))
    if faults:
        raise _error(where, faults, sum(field.any() for field in fields))
    return [*findings, *_check_repeats(positions, measurement)]


def _check_repeats(positions: Positions, measurement: Measurement) -> list[Finding]:
    """Return warnings about nodes whose place differs between the shots of a load step."""
    ranges = {}
    for step, rows in rows_by_step(positions.shots).items():
        first, *others = measurement.positions_mm[rows]
        for row, points in zip(rows[1:], others, strict=True):
            framed = robust_fit(points, first, scale=1.0).apply(points)
            ranges[step, row] = distances_mm(framed, first)
    if not ranges:
        return []
    typical = float(np.median(np.array(list(ranges.values()))))
    limit = max(REPEAT_RATIO * typical, REPEAT_SHARE * float(measurement.network.lengths.min()))
    findings = []
    for (step, row), distances in ranges.items():
        nodes = np.flatnonzero(distances > limit)
        if nodes.size:
            first = positions.shots[rows_by_step(positions.shots)[step][0]].source
            value = float(distances[nodes].max())
            message = (
                f"{named(nodes)}: up to {value:.3g} mm from the place in shot {first} of the same "
                f"load step, other nodes {typical:.2g} mm: check the points in both"
            )
            where = f"shot {positions.shots[row].source}"
            findings.append(Finding("suspect-node", "warning", where, message, None, value, limit))
    return findings


def _error(where: str, faults: list[tuple[str, Fault]], n_shots: int) -> InputError:
    """Return the error of the first fault, with all shots that have it."""
    first = faults[0][1]
    same = [shot for shot, fault in faults if fault.kind == first.kind]
    others = [shot for shot, fault in faults if fault.kind != first.kind]
    given = f"shot {listed(same)}: {first.given}"
    given += f"; other faults in shot {listed(others)}" if others else ""
    most = (
        " Most shots are affected: see also the shots at rest." if 2 * len(same) > n_shots else ""
    )
    return InputError(where, given, f"{first.allowed}.{most}" if most else first.allowed)


def _suspicious(
    shot: str, nodes: IntArray, distances: FloatArray, half_bond_mm: FloatArray
) -> Finding:
    worst = int(nodes[distances[nodes].argmax()])
    message = (
        f"{named(nodes)}: up to {distances[worst]:.3g} mm from the expected place, more than half "
        "a bond: check the points, and whether a bond is broken"
    )
    value, limit = float(distances[worst]), float(half_bond_mm[worst])
    return Finding("suspect-node", "warning", f"shot {shot}", message, None, value, limit)
