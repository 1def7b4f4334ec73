"""All finding codes: the table, and the codes of the registered checks."""

from __future__ import annotations

from geometry.printability.checks import printability_checks
from mnnfab.findings import FindingCode
from mnnfab.findings.codes import CODES
from mnnfab.validation.limit_states.checks import limit_state_checks


def all_codes() -> tuple[FindingCode, ...]:
    """Return every finding code, by group and then by name."""
    brought = [code for check in printability_checks() for code in check.codes]
    brought += [code for check in limit_state_checks() for code in check.codes]
    return tuple(sorted((*CODES, *brought), key=lambda code: (code.group, code.code)))
