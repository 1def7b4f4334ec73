"""Checks of a measurement: swapped shots, null test, fixed nodes, size and bond rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding, Severity
from mnnfab.lab.experiment.shots import Shot
from mnnfab.lab.measurement.measurement import Measurement, bond_lengths

if TYPE_CHECKING:
    from mnnfab.lab.analysis.prediction import Prediction

#: A shot is assigned to a wrong load step if it differs from the prediction by more than the first
#: share and another load step reduces the difference to less than the second share.
MOST_OFF, BETTER = 0.3, 0.5
#: Relative size error above which a warning is given; printed parts are off by some thousandths.
MOST_OFF_SIZE = 0.01
#: Share of the elongations due to bond rotation above which it is reported.
MOST_TURNING = 0.01
#: Ratio of measured to predicted displacements above which the unit of the loads is wrong.
MOST_UNLIKE = 6.0
#: Limit for displacements of fixed nodes, in standard deviations.
MANY_SDS = 4.0


def refuse_swapped(
    where: str, shots: tuple[Shot, ...], measurement: Measurement, prediction: Prediction
) -> None:
    """Refuse shots whose displacements match another load step.

    Raises:
        InputError: naming the shot and the load step that it matches; or the unit, if all
            displacements are far too large or too small.
    """
    expected = {
        step.name: moved
        for step, moved in zip(prediction.steps, prediction.continuum_mm, strict=True)
    }
    moved = measurement.places_mm - measurement.zero_mm
    loaded = [n for n, shot in enumerate(shots) if shot.step in expected]
    softer = _common_factor([moved[n] for n in loaded], list(expected.values()))
    if not 1 / MOST_UNLIKE < softer < MOST_UNLIKE:
        given = f"displacements are {softer:.3g} times those predicted"
        allowed = "loads in gf (1 mN = 0.102 gf, 1 kg = 1000 gf), positions in the stated unit"
        raise InputError(where, given, allowed)
    for n in loaded:
        own = softer * expected[shots[n].step]
        off, size = _norm(moved[n] - own), max(_norm(own), _norm(moved[n]))
        others = {name: _norm(moved[n] - softer * one) for name, one in expected.items()}
        others["zero"] = _norm(moved[n])
        best = min(others, key=lambda name: others[name])
        name = f"{shots[n].source} (step {shots[n].step})"
        if off > MOST_OFF * size and others[best] < BETTER * off:
            given = f"{name} matches load step {best}; the steps may be swapped"
            raise InputError(where, given, "each shot assigned to its own load step")
        if np.vdot(moved[n], own) < -0.5 * _norm(moved[n]) * _norm(own):
            given = (
                f"{name} moved against its applied weights; it may be swapped with the zero step"
            )
            allowed = "shots of role zero without weights; loads with correct signs, y up"
            raise InputError(where, given, allowed)
    _refuse_loaded_zero(where, shots, measurement, set(expected), loaded)


def _refuse_loaded_zero(
    where: str,
    shots: tuple[Shot, ...],
    measurement: Measurement,
    known: set[str],
    loaded: list[int],
) -> None:
    rigid = {shot.step for shot in shots if shot.step not in known}
    zeros = [n for n, shot in enumerate(shots) if shot.step in rigid]
    moved = measurement.places_mm - measurement.zero_mm
    usual = float(np.median([_norm(moved[n]) for n in loaded]))
    for n in zeros:
        alike = bond_lengths(measurement.network, measurement.places_mm[n]) - bond_lengths(
            measurement.network, measurement.zero_mm
        )
        if np.abs(alike).max() > MOST_OFF * usual / np.sqrt(measurement.network.n_nodes):
            given = f"{shots[n].source} (no weights) differs from the other unloaded shots"
            raise InputError(where, given, "unloaded shots that agree, without any weight")


def _common_factor(moved: list[FloatArray], expected: list[FloatArray]) -> float:
    """Return the median ratio of measured to predicted displacements over the loaded shots.

    Each shot is compared with the load step whose predicted displacements are most similar.
    """
    factors = []
    for one in moved:
        cosines = [abs(np.vdot(one, e)) / max(_norm(e) * _norm(one), 1e-300) for e in expected]
        e = expected[int(np.argmax(cosines))]
        factors.append(abs(float(np.vdot(one, e) / np.vdot(e, e))))
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
    network, noise = measurement.network, measurement.noise.joint_mm
    mean = measurement.rigid_mm.mean(axis=0)
    stretched = bond_lengths(network, mean) - bond_lengths(network, measurement.zero_mm)
    share = 1 / len(measurement.rigid_mm) + 1 / measurement.n_zero
    moved = measurement.unseen * np.hypot(*(mean - measurement.zero_mm).T)
    stated = 2 * share * noise**2 + 2 * float((moved**2).mean())
    return float(np.sqrt((stretched**2).mean())), float(np.sqrt(stated))


def check_measurement(measurement: Measurement, reciprocity: float | None) -> list[Finding]:
    """Return the findings on a measurement."""
    noise = measurement.noise
    known = (
        "stated"
        if np.isinf(noise.n_free)
        else f"from repeats, {noise.n_free:.0f} degrees of freedom"
    )
    findings = [
        Finding(
            "noise",
            "info",
            "nodes",
            f"noise of one node coordinate in one shot: {1000 * noise.joint_mm:.2f} µm ({known}); "
            f"common translation of a shot: {1000 * noise.shift_mm:.2f} µm",
            None,
            noise.joint_mm,
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
        words = (
            f"flexibility matrices by forward and adjoint load steps differ by {reciprocity:.1%}; "
            "in a linear part they are equal (Betti)"
        )
        findings.append(Finding("reciprocity", severity, "ports", words, None, reciprocity, 0.1))
    return findings


def _check_null(measurement: Measurement, found: float, stated: float) -> Finding:
    n_free = min(measurement.network.n_bonds, 2 * measurement.network.n_nodes - 3)
    limit = stated * float(np.sqrt(stats.chi2.ppf(0.999, n_free) / n_free))
    severity: Severity = "info" if found <= limit else "warning"
    words = (
        f"apparent elongation under rigid-body motion {1000 * found:.2f} µm (root mean square); "
        f"expected from noise {1000 * stated:.2f} µm, 99.9 % limit {1000 * limit:.2f} µm"
    )
    return Finding("null-test", severity, "part", words, None, found, limit)


def _check_frame(measurement: Measurement) -> list[Finding]:
    fixed = measurement.network.fixed
    if not fixed.size:
        return []
    moved = np.hypot(*np.moveaxis(measurement.moved_mm[:, fixed], -1, 0))
    step, node = np.unravel_index(int(moved.argmax()), moved.shape)
    limit = float(MANY_SDS * measurement.displacement_sd_mm[step, fixed[node]])
    value = float(moved[step, node])
    severity: Severity = "info" if value <= limit else "warning"
    words = (
        f"moves by {1000 * value:.1f} µm in {measurement.steps[int(step)].name}; limit from noise "
        f"{1000 * limit:.1f} µm"
    )
    if severity == "warning":
        words += "; the mounting frame, glue, camera or disc of the node is not rigid enough"
    return [Finding("frame", severity, f"fixed node {fixed[node]}", words, None, value, limit)]


def _check_size(measurement: Measurement) -> list[Finding]:
    """Return a finding if the size of the part differs from the design; the unit must be known."""
    off = abs(measurement.size - 1)
    if not off > MOST_OFF_SIZE:
        return []
    words = (
        f"{measurement.size:.3f} times the designed size: check square_mm of the board, mm_per_px "
        "or the unit; all displacements are off by the same factor"
    )
    return [Finding("size", "warning", "part", words, None, measurement.size, MOST_OFF_SIZE)]


def _check_rotation(measurement: Measurement) -> list[Finding]:
    """Return a finding on the share of the elongations that bond rotation adds to linear theory."""
    root = float(np.sqrt((measurement.elongations_mm**2).mean()))
    share = float(np.sqrt((measurement.turning_mm**2).mean())) / max(root, 1e-300)
    if not share > MOST_TURNING:
        return []
    if measurement.elongation_by == "length":
        severity: Severity = "warning"
        held = "error bars include this as an average over the bonds"
    else:  # by definition, "projection" assumes a linear part
        severity = "info"
        held = 'error bars by "projection" do not include this; it assumes a linear part'
    words = (
        f"bond rotation contributes about {share:.1%} of the elongations, beyond linear theory: "
        f"{held}; a modulus identified from this network is too large by up to this share. Lighter "
        "weights reduce it"
    )
    return [Finding("turning", severity, "elongations", words, None, share, MOST_TURNING)]
