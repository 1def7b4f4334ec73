"""What is wrong with a measurement, or worth knowing of it: swapped shots, null tests, frames."""

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

#: A shot that differs from what its step foresees by more than this share, while another step
#: explains it at least this much better, is that other step's.
MOST_OFF, BETTER = 0.3, 0.5
#: Prints are off by some thousandths in size; more than this is a matter of the measurement.
MOST_OFF_SIZE = 0.01
#: Beyond this share of the elongations, bonds that turn are worth a word.
MOST_TURNING = 0.01
#: A part that is so many times softer or stiffer than foreseen was loaded in another unit.
MOST_UNLIKE = 6.0
#: Moves of the frame beyond so many standard deviations are none of chance.
MANY_SDS = 4.0


def refuse_swapped(
    where: str, shots: tuple[Shot, ...], measurement: Measurement, prediction: Prediction
) -> None:
    """Refuse shots that have moved as another step should.

    Raises:
        InputError: naming the shot and the step that it looks like; or the unit, if all of them
            moved far too far or too little.
    """
    expected = {
        step.name: moved
        for step, moved in zip(prediction.steps, prediction.continuum_mm, strict=True)
    }
    moved = measurement.places_mm - measurement.zero_mm
    loaded = [n for n, shot in enumerate(shots) if shot.step in expected]
    softer = _common_factor([moved[n] for n in loaded], list(expected.values()))
    if not 1 / MOST_UNLIKE < softer < MOST_UNLIKE:
        given = f"the part moves {softer:.3g} times as far as foreseen"
        allowed = "loads in gf (an mN is 0.102 gf, a kg 1000 gf), joints in the unit that is named"
        raise InputError(where, given, allowed)
    for n in loaded:
        own = softer * expected[shots[n].step]
        off, size = _norm(moved[n] - own), max(_norm(own), _norm(moved[n]))
        others = {name: _norm(moved[n] - softer * one) for name, one in expected.items()}
        others["zero"] = _norm(moved[n])
        best = min(others, key=lambda name: others[name])
        name = f"{shots[n].source} (step {shots[n].step})"
        if off > MOST_OFF * size and others[best] < BETTER * off:
            given = f"{name} moved as step {best} should: swapped?"
            raise InputError(where, given, "every shot under the step that it was taken in")
        if np.vdot(moved[n], own) < -0.5 * _norm(moved[n]) * _norm(own):
            given = f"{name} moved against what its weights pull: swapped with the zero?"
            allowed = "shots of role zero without weights; loads with their signs, y up"
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
            given = f"{shots[n].source} (no weights) differs from the other shots without weights"
            raise InputError(where, given, "shots without weights that agree: did something hang?")


def _common_factor(moved: list[FloatArray], expected: list[FloatArray]) -> float:
    """Return how many times as far as foreseen the part moves, by each shot's likeliest step."""
    factors = []
    for one in moved:
        cosines = [abs(np.vdot(one, e)) / max(_norm(e) * _norm(one), 1e-300) for e in expected]
        e = expected[int(np.argmax(cosines))]
        factors.append(abs(float(np.vdot(one, e) / np.vdot(e, e))))
    return float(np.median(factors))


def _norm(values: FloatArray) -> float:
    return float(np.linalg.norm(values))


def null_test(measurement: Measurement) -> tuple[float, float] | None:
    """Return how much a part moved as a whole seems to stretch, and what noise allows, mm.

    Both are root mean squares over the bonds; None without such shots.
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


def judge_measurement(measurement: Measurement, reciprocity: float | None) -> list[Finding]:
    """Return what a lab should know of its measurement."""
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
            "joints",
            f"one coordinate of one joint in one shot: {1000 * noise.joint_mm:.2f} µm ({known}); "
            f"common shift of a shot: {1000 * noise.shift_mm:.2f} µm",
            None,
            noise.joint_mm,
        )
    ]
    test = null_test(measurement)
    if test is not None:
        findings.append(_judge_null(measurement, *test))
    findings += _judge_frame(measurement)
    findings += _judge_size(measurement)
    findings += _judge_turning(measurement)
    if reciprocity is not None:
        severity: Severity = "warning" if reciprocity > 0.1 else "info"
        words = (
            f"outputs by inputs and inputs by outputs differ by {reciprocity:.1%}; "
            "in a linear part they are the same (Betti)"
        )
        findings.append(Finding("reciprocity", severity, "ports", words, None, reciprocity, 0.1))
    return findings


def _judge_null(measurement: Measurement, found: float, stated: float) -> Finding:
    n_free = min(measurement.network.n_bonds, 2 * measurement.network.n_nodes - 3)
    limit = stated * float(np.sqrt(stats.chi2.ppf(0.999, n_free) / n_free))
    severity: Severity = "info" if found <= limit else "warning"
    words = (
        f"moved as a whole, bonds seem to stretch by {1000 * found:.2f} µm (root mean square); "
        f"noise alone: {1000 * stated:.2f} µm, up to {1000 * limit:.2f} µm in 999 of 1000"
    )
    return Finding("null-test", severity, "part", words, None, found, limit)


def _judge_frame(measurement: Measurement) -> list[Finding]:
    fixed = measurement.network.fixed
    if not fixed.size:
        return []
    moved = np.hypot(*np.moveaxis(measurement.moved_mm[:, fixed], -1, 0))
    step, node = np.unravel_index(int(moved.argmax()), moved.shape)
    limit = float(MANY_SDS * measurement.displacement_sd_mm[step, fixed[node]])
    value = float(moved[step, node])
    severity: Severity = "info" if value <= limit else "warning"
    words = (
        f"moves by {1000 * value:.1f} µm in {measurement.steps[int(step)].name}; noise explains up "
        f"to {1000 * limit:.1f} µm"
    )
    if severity == "warning":
        words += ": the frame, the glue or the camera gives way, or the disc of the node does"
    return [Finding("frame", severity, f"fixed node {fixed[node]}", words, None, value, limit)]


def _judge_size(measurement: Measurement) -> list[Finding]:
    """Compare the part's size with its design's, where the unit is known."""
    off = abs(measurement.size - 1)
    if not off > MOST_OFF_SIZE:
        return []
    words = (
        f"{measurement.size:.3f} times as large as designed: is the board's square, the size of a "
        "pixel or the unit right? All displacements are off by as much"
    )
    return [Finding("size", "warning", "part", words, None, measurement.size, MOST_OFF_SIZE)]


def _judge_turning(measurement: Measurement) -> list[Finding]:
    """Say how much of the elongations is beyond linear theory, as bonds turn."""
    root = float(np.sqrt((measurement.elongations_mm**2).mean()))
    share = float(np.sqrt((measurement.turning_mm**2).mean())) / max(root, 1e-300)
    if not share > MOST_TURNING:
        return []
    if measurement.elongation_by == "length":
        severity: Severity = "warning"
        held = "bars of error hold that over the bonds together"
    else:  # whoever says so takes the part for a linear one
        severity = "info"
        held = 'bars of error by "projection" do not hold that, it is for parts that are linear'
    words = (
        f"bonds that turn are about {share:.1%} of the elongations, beyond linear theory: {held}; "
        "a modulus from this network is too large by up to as much. Lighter weights make it less"
    )
    return [Finding("turning", severity, "elongations", words, None, share, MOST_TURNING)]
