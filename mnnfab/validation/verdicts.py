"""The verdict in three parts: printable, stable and strong, does the task as read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from mnnfab.findings import Finding, Verdict
from mnnfab.validation.finding_codes import all_codes

VerdictName = Literal["printable", "stable", "task"]

#: Title of each part of the verdict, in the order of reports.
TITLES: dict[VerdictName, str] = {
    "printable": "printable",
    "stable": "stable and strong",
    "task": "does the task as read",
}
#: Groups of finding codes that decide on a part of the verdict; all others decide on the task.
_DECIDED_BY: dict[str, VerdictName] = {"printability": "printable", "limit-state": "stable"}
#: Findings that give the reasons of a pass.
_REASONS: dict[VerdictName, tuple[str, ...]] = {
    "printable": (),
    "stable": ("stability",),
    "task": ("as-read", "effective-modulus", "reaction"),
}


#: Reason of a pass of a design that requires nothing of its task.
NO_REQUIREMENT = "the design has no requirement"


@dataclass(frozen=True)
class PartialVerdict:
    """One of the three parts of the verdict.

    Args:
        name: key in `report.json`.
        verdict: pass or fail.
        reason: reason in one line.
    """

    name: VerdictName
    verdict: Verdict
    reason: str

    @property
    def title(self) -> str:
        """Name for people."""
        return TITLES[self.name]


def partial_verdicts(findings: Sequence[Finding]) -> tuple[PartialVerdict, ...]:
    """Return the three parts of the verdict; the design passes if all of them pass."""
    return tuple(_partial_verdict(name, findings) for name in TITLES)


def _partial_verdict(name: VerdictName, findings: Sequence[Finding]) -> PartialVerdict:
    errors = [
        finding
        for finding in findings
        if finding.severity == "error" and _deciding(finding.code) == name
    ]
    if errors:
        return PartialVerdict(name, "fail", f"{errors[0].where}: {_reason(errors)}")
    reasons = [_reason([one for one in findings if one.code == code]) for code in _REASONS[name]]
    if any(reasons):
        return PartialVerdict(name, "pass", "; ".join(filter(None, reasons)))
    return PartialVerdict(name, "pass", _unchecked(name, findings))


def _reason(findings: Sequence[Finding]) -> str:
    """Return the message of the first finding, and how many more there are; empty without any."""
    if not findings:
        return ""
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{findings[0].message}{more}"


def _unchecked(name: VerdictName, findings: Sequence[Finding]) -> str:
    """Return the reason of a pass without a deciding finding."""
    if name == "printable":
        warned = [
            one for one in findings if one.severity == "warning" and _deciding(one.code) == name
        ]
        return _warned(warned) if warned else "all printability checks passed"
    skipped = [finding.message for finding in findings if finding.code == "check-skipped"]
    return f"not checked: {skipped[0]}" if skipped else NO_REQUIREMENT


def _warned(warnings: Sequence[Finding]) -> str:
    """Return the first warning with its location, and how many more there are."""
    more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
    return f"with a warning at {warnings[0].where}: {warnings[0].message}{more}"


def _deciding(code: str) -> VerdictName:
    return _DECIDED_BY.get(_groups().get(code, ""), "task")


@cache
def _groups() -> dict[str, str]:
    return {code.code: code.group for code in all_codes()}
