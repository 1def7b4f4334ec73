"""The decision on a part: its criteria, and what restricts its use where one is not met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mnnfab.validation.print_samples import MIN_YIELD
from mnnfab.validation.verdicts import TITLES
from mnnfab.vv.comparison import COVERAGE

if TYPE_CHECKING:
    from mnnfab.vv.comparison import Comparison
    from mnnfab.vv.evidence import Evidence

Word = Literal["accepted", "accepted with restrictions", "not accepted"]
#: Largest u_num relative to the largest output of a load case.
MAX_NUMERICAL = 0.02
#: Largest error of the model, with 95 % confidence, relative to the measurement.
MAX_MODEL_ERROR = 0.2
#: Restriction where a criterion is not met that does not exclude the use.
_MEASURE = (
    "until it is measured, the part is for tests only: print it, measure it (mnnfab kit, mnnfab "
    "lab measure) and repeat this report with the measurement"
)


@dataclass(frozen=True)
class Criterion:
    """A criterion of the decision.

    Args:
        name: what is required.
        met: whether it is met.
        reason: the finding in one sentence.
        decided: what is decided because it is not met; empty if it is met.
        excludes: whether the part is not accepted without it.
    """

    name: str
    met: bool
    reason: str
    decided: str = ""
    excludes: bool = False


def criteria_of(report: Mapping[str, Any], evidence: Evidence) -> tuple[Criterion, ...]:
    """Return the criteria of the decision on a run.

    Args:
        report: values of its `report.json`.
        evidence: evidence of the run.
    """
    return (
        _requirements(report),
        _code(evidence),
        _solution(evidence),
        _validation(evidence),
        _modulus(report, evidence),
        _prints(report, evidence),
        _domain(evidence),
    )


def word_of(criteria: tuple[Criterion, ...]) -> Word:
    """Return the decision."""
    failed = [one for one in criteria if not one.met]
    if any(one.excludes for one in failed):
        return "not accepted"
    return "accepted with restrictions" if failed else "accepted"


def _requirements(report: Mapping[str, Any]) -> Criterion:
    name = "requirements of the design"
    verdicts, reasons = report["verdicts"], report["verdict_reasons"]
    failed = [one for one, verdict in verdicts.items() if verdict != "pass"]
    unchecked = [one for one in verdicts if reasons[one].startswith("not checked")]
    text = "; ".join(f"{TITLES[one]}: {reasons[one]}" for one in failed or unchecked or verdicts)
    if failed:
        return Criterion(name, False, text, "do not print for use; change the design", True)
    if unchecked:
        return Criterion(name, False, text, "run the checks that were skipped", True)
    return Criterion(name, True, text)


def _code(evidence: Evidence) -> Criterion:
    results = evidence.code.results
    failed = [one.case.name for one in results if not one.passed]
    if not failed:
        reason = f"all {len(results)} cases are within their tolerances"
        return Criterion("code verification", True, reason)
    decided = "do not use the models of these cases on this machine"
    return Criterion("code verification", False, f"failed: {', '.join(failed)}", decided, True)


def _solution(evidence: Evidence) -> Criterion:
    worst = max(
        one.uncertainty_mm / size
        for row, size in zip(evidence.solution.outputs, evidence.sizes_mm.tolist(), strict=True)
        for one in row
    )
    reason = (
        f"largest u_num {worst:.2%} of the largest output of its load case; at most "
        f"{MAX_NUMERICAL:.0%} required"
    )
    decided = "refine the mesh: a smaller [check] discretisation_tolerance"
    met = worst <= MAX_NUMERICAL
    if evidence.omitted:
        met, decided = False, "the decision does not hold for these load cases"
        reason += f"; not verified: {', '.join(evidence.omitted)}"
    return Criterion("solution verification", met, reason, "" if met else decided)


def _validation(evidence: Evidence) -> Criterion:
    """Return whether the error of the model is neither seen nor possibly large."""
    comparisons = (*evidence.paper.comparisons, *evidence.own)
    name = "validation" if evidence.own else "validation on published prints"
    missed = [one for one in comparisons if not one.covered]
    possible = max(one.possible_error for one in comparisons)
    decided = (
        "allow for the error of the model in the requirement, or identify material and joints "
        "(mnnfab lab identify)"
    )
    if missed:
        names = "; ".join(_missed_text(one) for one in missed)
        return Criterion(name, False, names, decided)
    reason = (
        f"|E| is at most {COVERAGE:g} u_val in all {len(comparisons)} comparisons; with 95 % "
        f"confidence the error of the model is at most {possible:.0%} of the measurement, "
        f"{MAX_MODEL_ERROR:.0%} allowed"
    )
    met = possible <= MAX_MODEL_ERROR
    return Criterion(name, met, reason, "" if met else decided)


def _missed_text(one: Comparison) -> str:
    ratio = abs(one.error_mm) / one.validation_mm
    return f"{one.experiment}, {one.quantity}: |E| is {ratio:.1f} u_val"


def _modulus(report: Mapping[str, Any], evidence: Evidence) -> Criterion:
    """Return whether the part does its task with the modulus of the published prints.

    A modulus that is larger by a factor acts as loads that are smaller by it. Modulus, thickness,
    hold time and temperature spread the factor.
    """
    name, calibration = "modulus of prints", evidence.paper.calibration
    own, factor = report["material"]["youngs_modulus_MPa"], evidence.print_factor
    if factor is None:
        decided = "identify the modulus from a print (mnnfab lab identify)"
        reason = f"no print of {report['material']['name']} was measured"
        return Criterion(name, False, reason, decided)
    reason = (
        f"design {own:.3g} MPa, published prints {calibration.modulus_MPa:.3g} MPa: a print moves "
        f"as under {factor:.2f} times its loads"
    )
    decided = _measured_modulus(report["key_figures"]["modulus"])
    if not np.isfinite(evidence.printed_mm).all():
        reason += ", where a load case has no stable equilibrium"
        return Criterion(name, False, reason, decided, True)
    window = report["key_figures"]["usable_loads"]
    if window and window["upper_factor"] is None:
        reason += "; no load factor meets all requirements"
        return Criterion(name, False, reason, "change the design", True)
    if report["key_figures"]["modulus"]["highest_MPa"] is None:
        return _modulus_without_window(name, reason, decided, evidence)
    lower, upper = window["lower_factor"], window["upper_factor"]
    spread = COVERAGE * evidence.inputs.factor
    low, high = factor * (1 - spread), factor * (1 + spread)
    reason += (
        f", from {low:.2f} to {high:.2f} within two standard deviations of modulus, thickness, "
        f"time and temperature; with its nominal widths the part does its task from {lower:.2f} to "
        f"{upper:.2f} times its loads"
    )
    held = report["key_figures"]["modulus"]["relaxation_MPa"]
    if held is not None and not lower <= own / held <= upper:
        reason += f"; the relaxation data of the material, {held:.3g} MPa, are outside"
    met, excludes = bool(lower <= low and high <= upper), not lower <= factor <= upper
    return Criterion(name, met, reason, "" if met else decided, excludes)


def _measured_modulus(modulus: Mapping[str, Any]) -> str:
    """Return the restriction on the modulus of a print, with its allowed range if that is known."""
    text = "measure the modulus of the print at the time and temperature of its use (mnnfab lab "
    if modulus["highest_MPa"] is None:
        return f"{text}identify) and check the widths again with it"
    low, high = modulus["lowest_MPa"], modulus["highest_MPa"]
    return (
        f"{text}identify): {low:.2f} to {high:.2f} MPa are required, which does not suffice for "
        "each print; check the widths again with it"
    )


def _modulus_without_window(name: str, reason: str, decided: str, evidence: Evidence) -> Criterion:
    """Return the criterion of a task for which no range of moduli is known."""
    found = evidence.print_metric
    if found is None:
        return Criterion(name, True, f"{reason}; no requirement depends on it alone")
    reason += (
        f"; the metric by linear theory, read exactly, is then {found.value:.3f}, limit "
        f"{found.required:g}"
    )
    return Criterion(name, found.met, reason, "" if found.met else decided, not found.met)


def _prints(report: Mapping[str, Any], evidence: Evidence) -> Criterion:
    """Return whether enough simulated prints, with all uncertain inputs, meet the requirement."""
    name, prints = "print yield", evidence.read
    metric = report["key_figures"]["metric_as_read"]
    if metric is None or metric["required"] is None:
        return Criterion(name, True, "the task has no requirement on a metric")
    test = "test each print under the loads of its samples before it is used"
    if prints is None:
        reason = "prints under the loads were not simulated"
        decided = (
            f"{test}, or simulate them ([tolerance] enabled = true; --thorough if it is large)"
        )
        return Criterion(name, False, reason, decided)
    modulus = "the modulus of the design"
    if evidence.print_factor is not None:
        modulus = (
            f"the modulus of the published prints, {evidence.paper.calibration.modulus_MPa:.3g} MPa"
        )
    reason = (
        f"{prints.print_yield:.0%} of {len(prints.metrics)} simulated prints with {modulus}, and "
        "the uncertainties of section 5, meet the requirement as read and carry all samples in the "
        f"plane; at least {MIN_YIELD:.0%} required"
    )
    met = prints.print_yield >= MIN_YIELD
    if lost := evidence.sampled.lost:
        met = False
        reason += f"; {lost} of {len(evidence.sampled.outputs_mm)} prints lose a load case"
    sense = "at least" if prints.higher_is_better else "at most"
    decided = (
        f"{test}: its metric as read must be {sense} {prints.limit:g}; or train another part over "
        "print errors ([tolerance] train_over)"
    )
    return Criterion(name, met, reason, "" if met else decided)


def _domain(evidence: Evidence) -> Criterion:
    name = "domain of validation"
    if any(one.is_of_part for one in evidence.own):
        return Criterion(name, True, "the part itself was measured")
    outside = evidence.paper.range.outside(evidence.range)
    if not outside:
        return Criterion(name, True, "the part is inside the ranges of the published prints")
    quantities = ", ".join(one.split(", ")[0] for one in outside)
    reason = f"not validated outside of the published prints, in {quantities}"
    return Criterion(name, False, reason, _MEASURE)
