"""Self-contact of free sides."""

from __future__ import annotations

import numpy as np

from mnnfab.findings import Finding, FindingCode, Severity
from mnnfab.validation.limit_states.checks import ADVISED_FACTOR, AssessedPart, LimitStateCheck


def check(part: AssessedPart) -> list[Finding]:
    """Report the smallest load factor of self-contact; an empty list if there is none."""
    first = min(part.states.cases, key=lambda found: found.contact, default=None)
    if first is None or not np.isfinite(first.contact):
        return []
    severity: Severity = "warning" if first.contact <= ADVISED_FACTOR else "info"
    message = f"self-contact at load factor {first.contact:.2f} of “{first.case.name}”"
    place = None if first.contact_position is None else first.contact_position.tolist()
    position = None if place is None else (round(place[0], 3), round(place[1], 3))
    return [Finding("contact", severity, "part", message, position, first.contact, ADVISED_FACTOR)]


CHECK = LimitStateCheck(
    rank=50,
    run=check,
    codes=(
        FindingCode(
            "contact",
            "limit-state",
            (
                "warning",
                "info",
            ),
            (
                "Load factor at which free sides of the part come into self-contact (warning "
                "at 1 or below; no finding if there is no contact)."
            ),
            (
                "Reduce the loads in `[task]`, or reduce `[fabrication] width_max_mm` to "
                "widen the gaps; there is no limit key."
            ),
        ),
    ),
)
