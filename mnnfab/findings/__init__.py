"""Findings: the results of checks, and the table of their codes."""

from mnnfab.findings.finding import (
    Finding,
    FindingCode,
    Severity,
    Verdict,
    as_warnings,
    check_limit,
    not_computed,
    verdict,
)

__all__ = [
    "Finding",
    "FindingCode",
    "Severity",
    "Verdict",
    "as_warnings",
    "check_limit",
    "not_computed",
    "verdict",
]
