"""Findings: what the checks have to say about a design, each with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
Verdict = Literal["pass", "fail"]


@dataclass(frozen=True)
class Finding:
    """One result of one check.

    Args:
        code: short name of the check, the same in every report.
        severity: an error fails the design; a warning is for the user to weigh.
        where: bond, node, port or key.
        message: what was measured, against which limit.
        position_mm: of the place in the plane, x and y, where it has one.
        value: what was measured, where it is one number; its unit is in the message.
        limit: that it was measured against.
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


def as_advice(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with every error turned into a warning: no gate, only advice."""
    return tuple(
        replace(finding, severity="warning") if finding.severity == "error" else finding
        for finding in findings
    )


def judge(
    code: str, where: str, what: str, value: float, limit: float, form: str = ".1%"
) -> Finding:
    """Return an error unless `value` is within `limit`.

    >>> judge("strain", "bond 3", "strain", 0.02, 0.05).message
    'strain 2.0%, limit 5.0%'
    """
    severity: Severity = "info" if value <= limit else "error"  # NaN is an error
    return Finding(code, severity, where, f"{what} {value:{form}}, limit {limit:{form}}")
