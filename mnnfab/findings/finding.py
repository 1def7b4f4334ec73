"""Findings: results of the checks of a design, each with its location."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
Verdict = Literal["pass", "fail"]


Group = Literal[
    "input",
    "printability",
    "acceptance",
    "solution",
    "limit-state",
    "tolerance",
    "training",
    "attainability",
    "compensation",
    "run",
    "lab",
]


@dataclass(frozen=True)
class FindingCode:
    """A code of findings, as the reference lists it.

    Args:
        code: short name, the same in every report.
        group: what the check is about.
        severities: that its findings can have.
        meaning: what was checked or found.
        remedy: what a user can do about it; empty if there is nothing to do.
    """

    code: str
    group: Group
    severities: tuple[Severity, ...]
    meaning: str
    remedy: str


@dataclass(frozen=True)
class Finding:
    """One result of one check.

    Args:
        code: short name of the check, the same in all reports.
        severity: "error": the design fails; "warning": to be assessed by the user.
        where: bond, node, port or key.
        message: result and limit.
        position_mm: position in the plane, x and y, if the location has one.
        value: result, if it is one number; its unit is in the message.
        limit: limit that the result is compared with.
    """

    code: str
    severity: Severity
    where: str
    message: str
    position_mm: tuple[float, float] | None = None
    value: float | None = None
    limit: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the finding for `report.json`."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def verdict(findings: Iterable[Finding]) -> Verdict:
    """Return "fail" if any finding is an error."""
    return "fail" if any(finding.severity == "error" for finding in findings) else "pass"


def as_warnings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with every error turned into a warning, without acceptance criteria."""
    return tuple(
        replace(finding, severity="warning") if finding.severity == "error" else finding
        for finding in findings
    )


def not_computed(where: str, message: str) -> Finding:
    """Return the finding on a check that was left out; it does not count as passed.

    Args:
        where: what would have been checked.
        message: name of the result that was not computed, and the reason.
    """
    return Finding("not-computed", "info", where, message)


def check_limit(
    code: str, where: str, what: str, value: float, limit: float, form: str = ".1%"
) -> Finding:
    """Return a finding: an error if `value` exceeds `limit`, otherwise an info.

    >>> check_limit("strain", "bond 3", "strain", 0.02, 0.05).message
    'strain 2.0%, limit 5.0%'
    """
    severity: Severity = "info" if value <= limit else "error"  # NaN gives an error
    return Finding(code, severity, where, f"{what} {value:{form}}, limit {limit:{form}}")
