"""The decision on a part: its criteria, and what restricts its use where one is not met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mnnfab.vv.comparison import COVERAGE

if TYPE_CHECKING:
    from mnnfab.vv.comparison import Comparison
    from mnnfab.vv.evidence import Evidence

Word = Literal["accepted", "accepted with restrictions", "not accepted"]
#: Largest u_num relative to the largest output of a load case.
MAX_NUMERICAL = 0.02
#: Restriction where a criterion is not met that does not exclude the use.
_MEASURE = "print the part, measure it (`mnnfab kit`, `mnnfab lab measure`) and repeat this report"


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
        _domain(evidence),
    )


def word_of(criteria: tuple[Criterion, ...]) -> Word:
    """Return the decision."""
    failed = [one for one in criteria if not one.met]
    if any(one.excludes for one in failed):
        return "not accepted"
    return "accepted with restrictions" if failed else "accepted"


def _requirements(report: Mapping[str, Any]) -> Criterion:
    failed = [name for name, verdict in report["verdicts"].items() if verdict != "pass"]
    reason = "the part is printable, stable and strong, and does its task as read"
    if not failed:
        return Criterion("requirements of the design", True, reason)
    reasons = "; ".join(report["verdict_reasons"][name] for name in failed)
    return Criterion(
        "requirements of the design",
        False,
        reasons,
        "do not print for use; change the design",
        True,
    )


def _code(evidence: Evidence) -> Criterion:
    results = evidence.code.results
    failed = [one.case.name for one in results if not one.passed]
    if not failed:
        reason = f"all {len(results)} cases are within their tolerances"
        return Criterion("code verification", True, reason)
    decided = "do not use the models of these cases on this machine"
    return Criterion("code verification", False, f"failed: {', '.join(failed)}", decided, True)


def _solution(evidence: Evidence) -> Criterion:
    shares = []
    for row, outputs in zip(evidence.solution.outputs, evidence.outputs_mm, strict=True):
        size = float(np.abs(outputs).max())
        shares += [one.uncertainty_mm / size for one in row]
    worst = max(shares)
    reason = (
        f"largest u_num {worst:.2%} of the largest output of its load case; at most "
        f"{MAX_NUMERICAL:.0%} required"
    )
    decided = "refine the mesh: a smaller [check] discretisation_tolerance"
    met = worst <= MAX_NUMERICAL
    return Criterion("solution verification", met, reason, "" if met else decided)


def _validation(evidence: Evidence) -> Criterion:
    comparisons = (*evidence.paper.comparisons, *evidence.own)
    missed = [one for one in comparisons if not one.covered]
    if not missed:
        reason = f"|E| is at most {COVERAGE:g} u_val in all {len(comparisons)} comparisons"
        return Criterion("validation", True, reason)
    names = "; ".join(_missed_text(one) for one in missed)
    decided = (
        "the model error is larger than its uncertainties: allow for it in the requirement, or "
        "identify material and joints (`mnnfab lab identify`)"
    )
    return Criterion("validation", False, names, decided)


def _missed_text(one: Comparison) -> str:
    ratio = abs(one.error_mm) / one.validation_mm
    return f"{one.experiment}, {one.quantity}: |E| is {ratio:.1f} u_val"


def _modulus(report: Mapping[str, Any], evidence: Evidence) -> Criterion:
    """Return whether the part does its task with the modulus of the validated prints.

    A modulus that is larger by a factor acts as loads that are smaller by it.
    """
    name, calibration = "modulus of the printed shape", evidence.paper.calibration
    material, own = report["material"]["name"], report["material"]["youngs_modulus_MPa"]
    if material != PAPER_MATERIAL:
        decided = f"identify the modulus of {material} from a print (`mnnfab lab identify`)"
        return Criterion(name, False, f"no print of {material} was measured", decided)
    ratio = own / calibration.modulus_MPa
    reason = (
        f"design {own:.3g} MPa, prints {calibration.modulus_MPa:.3g} MPa: a print moves as under "
        f"{ratio:.2f} times its loads"
    )
    if abs(ratio - 1) <= COVERAGE * calibration.uncertainty:
        return Criterion(name, True, reason)
    window = report["key_figures"]["usable_loads"]
    if evidence.reads_no_lengths and window and window["lower_factor"] is not None:
        low, high = window["lower_factor"], window["upper_factor"]
        reason += f"; the part does its task from {low:.2g} to {high:.2g} times its loads"
        if low <= ratio <= high:
            return Criterion(name, True, reason)
    decided = "set the modulus of the prints in [material], or allow for the factor in the readings"
    return Criterion(name, False, reason, decided)


#: Material of the published prints.
PAPER_MATERIAL = "agilus30"


def _domain(evidence: Evidence) -> Criterion:
    name = "domain of validation"
    if evidence.own:
        return Criterion(name, True, "the part itself was measured")
    outside = evidence.paper.range.outside(evidence.range)
    if not outside:
        return Criterion(name, True, "the part is inside the ranges of the measured prints")
    reason = f"outside of the measured prints: {', '.join(outside)}"
    return Criterion(name, False, reason, f"the validation is extrapolated: {_MEASURE}")
