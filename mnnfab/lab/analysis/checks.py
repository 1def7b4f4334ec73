"""Checks of a measurement: swapped shots, null test, fixed nodes, size and bond rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding, Severity
from mnnfab.lab.analysis.frames import seen_at_rest
from mnnfab.lab.analysis.modulus import MAX_RATIO
from mnnfab.lab.experiment.shots import Shot, rows_by_step
from mnnfab.lab.measurement.alignment import without_rigid_motion
from mnnfab.lab.measurement.measurement import Measurement, bond_lengths

if TYPE_CHECKING:
    from mnnfab.lab.analysis.prediction import Prediction

#: A shot is assigned to a wrong load step if it differs from the prediction by more than the first
#: share and another load step reduces the difference to less than the second share.
MAX_MISMATCH, MATCH_RATIO = 0.3, 0.5
#: Ratio of cosines above which two load steps are equally similar to a shot.
SIMILAR = 0.95
#: Limit for bond lengths in an unloaded shot, in standard deviations.
ZERO_LIMIT_SDS = 6.0
#: Relative size error above which a warning is given; printed parts are off by some thousandths.
MAX_SIZE_ERROR = 0.01
#: Share of the elongations due to bond rotation above which it is reported.
MAX_ROTATION_SHARE = 0.01
#: Limit for displacements of fixed nodes, in standard deviations.
FIXED_NODE_LIMIT_SDS = 4.0


def check_swapped_shots(
    where: str, shots: tuple[Shot, ...], measurement: Measurement, prediction: Prediction
) -> None:
    """Refuse shots whose displacements match another load step.

    Raises:
        InputError: naming the shot and the load step that it matches; or the unit, if all
            displacements are far too large or too small.
    """
    expected = {
        step.name: displacements
        for step, displacements in zip(
            prediction.steps,
            without_rigid_motion(prediction.loaded_mm, measurement.zero_mm),
            strict=True,
        )
    }
    # The camera may have moved between shots.
    framed = [
        seen_at_rest(points, measurement.zero_mm + expected.get(shot.step, 0.0))
        for shot, points in zip(shots, measurement.positions_mm, strict=True)
    ]
    displacements = without_rigid_motion(
        np.array(framed) - measurement.zero_mm, measurement.zero_mm
    )
    loaded = [n for n, shot in enumerate(shots) if shot.step in expected]
    scale = _common_factor([(displacements[n], shots[n].step) for n in loaded], expected)
    if not 1 / MAX_RATIO < scale < MAX_RATIO:
        given = f"displacements are {scale:.3g} times those predicted"
        allowed = "loads in gf (1 mN = 0.102 gf, 1 kg = 1000 gf), positions in the stated unit"
        raise InputError(where, given, allowed)
    for n in loaded:
        own_step = scale * expected[shots[n].step]
        mismatch, size = (
            _norm(displacements[n] - own_step),
            max(_norm(own_step), _norm(displacements[n])),
        )
        mismatches = {
            name: _norm(displacements[n] - scale * other) for name, other in expected.items()
        }
        mismatches["zero"] = _norm(displacements[n])
        best = min(mismatches, key=lambda name: mismatches[name])
        name = f"{shots[n].source} (step {shots[n].step})"
        against = np.vdot(displacements[n], own_step) < -0.5 * _norm(displacements[n]) * _norm(
            own_step
        )
        if (
            not (against and best == "zero")
            and mismatch > MAX_MISMATCH * size
            and mismatches[best] < MATCH_RATIO * mismatch
        ):
            given = f"{name} matches load step {best}; the steps may be swapped"
            raise InputError(where, given, "each shot assigned to its own load step")
        if against:
            given = (
                f"{name} moved against its applied weights; it may be swapped with the zero step"
            )
            allowed = "shots of role zero without weights; loads with correct signs, y up"
            raise InputError(where, given, allowed)
    _check_loaded_zero(where, shots, measurement, set(expected), loaded)


def _check_loaded_zero(
    where: str,
    shots: tuple[Shot, ...],
    measurement: Measurement,
    known: set[str],
    loaded: list[int],
) -> None:
    rigid = {shot.step for shot in shots if shot.step not in known}
    zeros = [n for n, shot in enumerate(shots) if shot.step in rigid]
    displacements = measurement.positions_mm - measurement.zero_mm
    typical = float(np.median([_norm(displacements[n]) for n in loaded]))
    limit = MAX_MISMATCH * typical / np.sqrt(measurement.network.n_nodes)
    noise = ZERO_LIMIT_SDS * _least_scatter_mm(shots, measurement) * np.sqrt(2.0)
    for n in zeros:
        length_changes = bond_lengths(
            measurement.network, measurement.positions_mm[n]
        ) - bond_lengths(measurement.network, measurement.zero_mm)
        if np.abs(length_changes).max() > max(limit, noise):
            given = f"{shots[n].source} (no weights) differs from the other unloaded shots"
            raise InputError(where, given, "unloaded shots that agree, without any weight")


def _least_scatter_mm(shots: tuple[Shot, ...], measurement: Measurement) -> float:
    """Return the standard deviation of a coordinate in the load step with the least scatter.

    A shot of the wrong load step adds to the scatter of its own step, not to that of the others.
    """
    scatters = [
        float(np.sqrt(((group - group.mean(axis=0)) ** 2).sum() / (group[1:].size)))
        for group in (measurement.positions_mm[rows] for rows in rows_by_step(shots).values())
        if len(group) > 1
    ]
    return min(scatters, default=0.0)


def _common_factor(
    displacements: list[tuple[FloatArray, str]], expected: dict[str, FloatArray]
) -> float:
    """Return the median ratio of measured to predicted displacements over the loaded shots.

    Each shot is compared with the load step whose predicted displacements are most similar, or with
    its own if that is as similar.
    """
    factors = []
    for shot, step in displacements:
        cosines = {
            name: abs(np.vdot(shot, e)) / max(_norm(e) * _norm(shot), 1e-300)
            for name, e in expected.items()
        }
        best = max(cosines, key=lambda name: cosines[name])
        e = expected[step if cosines[step] > SIMILAR * cosines[best] else best]
        factors.append(abs(float(np.vdot(shot, e) / np.vdot(e, e))))
    return float(np.median(factors))


def _norm(values: FloatArray) -> float:
    return float(np.linalg.norm(values))


def null_test(measurement: Measurement) -> tuple[float, float] | None:
    """Return measured and expected apparent elongation under rigid-body motion, mm.

    Both are root mean squares over the bonds; the second follows from the noise. None without
    shots of role rigid.
    """
    if not len(measurement.rigid_mm):
        return None
    network, noise = measurement.network, measurement.noise.node_mm
    mean = measurement.rigid_mm.mean(axis=0)
    elongations = bond_lengths(network, mean) - bond_lengths(network, measurement.zero_mm)
    share = 1 / len(measurement.rigid_mm) + float((1 / measurement.n_zero).mean())
    unmodelled = measurement.unmodelled_share * np.hypot(*(mean - measurement.zero_mm).T)
    expected = 2 * share * noise**2 + 2 * float((unmodelled**2).mean())
    return float(np.sqrt((elongations**2).mean())), float(np.sqrt(expected))


def check_measurement(measurement: Measurement, reciprocity: float | None) -> list[Finding]:
    """Return the findings on a measurement."""
    noise = measurement.noise
    source = (
        "stated"
        if np.isinf(noise.n_free)
        else f"from repeats, {noise.n_free:.0f} degrees of freedom"
    )
    findings = [
        Finding(
            "noise",
            "info",
            "nodes",
            f"noise of one node coordinate in one shot: {1000 * noise.node_mm:.2f} µm ({source}); "
            f"common translation of a shot: {1000 * noise.shift_mm:.2f} µm",
            None,
            noise.node_mm,
        )
    ]
    test = null_test(measurement)
    if test is not None:
        findings.append(_check_null(measurement, *test))
    findings += _check_frame(measurement)
    findings += _check_size(measurement)
    findings += _check_rotation(measurement)
    if reciprocity is not None:
        severity: Severity = "warning" if reciprocity > 0.1 else "info"
        message = (
            f"flexibility matrices by forward and adjoint load steps differ by {reciprocity:.1%}; "
            "in a linear part they are equal (Betti)"
        )
        findings.append(Finding("reciprocity", severity, "ports", message, None, reciprocity, 0.1))
    return findings


def _check_null(measurement: Measurement, measured: float, expected: float) -> Finding:
    n_free = min(measurement.network.n_bonds, 2 * measurement.network.n_nodes - 3)
    limit = expected * float(np.sqrt(stats.chi2.ppf(0.999, n_free) / n_free))
    severity: Severity = "info" if measured <= limit else "warning"
    message = (
        f"apparent elongation under rigid-body motion {1000 * measured:.2f} µm (root mean square); "
        f"expected from noise {1000 * expected:.2f} µm, 99.9 % limit {1000 * limit:.2f} µm"
    )
    return Finding("null-test", severity, "part", message, None, measured, limit)


def _check_frame(measurement: Measurement) -> list[Finding]:
    fixed = measurement.network.fixed
    if not fixed.size:
        return []
    displacements = np.hypot(*np.moveaxis(measurement.displacements_mm[:, fixed], -1, 0))
    step, node = np.unravel_index(int(displacements.argmax()), displacements.shape)
    limit = float(FIXED_NODE_LIMIT_SDS * measurement.displacement_sd_mm[step, fixed[node]])
    value = float(displacements[step, node])
    severity: Severity = "info" if value <= limit else "warning"
    message = (
        f"moves by {1000 * value:.1f} µm in {measurement.steps[int(step)].name}; limit from noise "
        f"{1000 * limit:.1f} µm"
    )
    if severity == "warning":
        message += "; the mounting frame, glue, camera or disc of the node is not rigid enough"
    return [Finding("frame", severity, f"fixed node {fixed[node]}", message, None, value, limit)]


def _check_size(measurement: Measurement) -> list[Finding]:
    """Return a finding if the size of the part differs from the design; the unit must be known."""
    size_error = abs(measurement.size - 1)
    if not size_error > MAX_SIZE_ERROR:
        return []
    message = (
        f"{measurement.size:.3f} times the designed size: check square_mm of the board, mm_per_px "
        "or the unit; all displacements are off by the same factor"
    )
    return [Finding("size", "warning", "part", message, None, measurement.size, MAX_SIZE_ERROR)]


def _check_rotation(measurement: Measurement) -> list[Finding]:
    """Return a finding on the share of the elongations that bond rotation adds to linear theory."""
    rms = float(np.sqrt((measurement.elongations_mm**2).mean()))
    share = float(np.sqrt((measurement.rotation_elongation_mm**2).mean())) / max(rms, 1e-300)
    if not share > MAX_ROTATION_SHARE:
        return []
    severity: Severity = "info"
    if measurement.has_probes:
        error_bars = "the gradient is that of the loaded part and includes this"
    elif measurement.elongation_by == "length":
        severity = "warning"
        error_bars = "error bars include this as an average over the bonds"
    else:  # by definition, "projection" assumes a linear part
        error_bars = 'error bars by "projection" do not include this; it assumes a linear part'
    message = (
        f"bond rotation contributes about {share:.1%} of the elongations, beyond linear theory: "
        f"{error_bars}; "
        "a modulus identified from this network is too large by up to this share. Lighter "
        "weights reduce it"
    )
    return [Finding("turning", severity, "elongations", message, None, share, MAX_ROTATION_SHARE)]
