"""All finding codes: the table, and the codes of the registered checks."""

from __future__ import annotations

from collections.abc import Iterable

from geometry.printability.checks import printability_checks
from mnnfab.findings import Finding, FindingCode
from mnnfab.findings.codes import CODES
from mnnfab.validation.limit_states.checks import limit_state_checks


def all_codes() -> tuple[FindingCode, ...]:
    """Return every finding code, by group and then by name."""
    brought = [code for check in printability_checks() for code in check.codes]
    brought += [code for check in limit_state_checks() for code in check.codes]
    return tuple(sorted((*CODES, *brought), key=lambda code: (code.group, code.code)))


def grouped_findings(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return findings as the variables of the report template `findings.html`.

    `warnings_and_errors` has the errors first. Other findings are in `passed` if their check can
    give a warning or an error, in `not_computed` if it was left out, otherwise in `further_data`.
    """
    left_out = "not-computed"
    checks = {code.code for code in all_codes() if code.severities != ("info",)}
    found, order = list(findings), {"error": 0, "warning": 1}
    information = [finding for finding in found if finding.severity == "info"]
    problems = [finding for finding in found if finding.severity != "info"]
    return {
        "warnings_and_errors": sorted(problems, key=lambda finding: order[finding.severity]),
        "passed": [finding for finding in information if finding.code in checks],
        "not_computed": [finding for finding in information if finding.code == left_out],
        "further_data": [
            finding for finding in information if finding.code not in {*checks, left_out}
        ],
    }
