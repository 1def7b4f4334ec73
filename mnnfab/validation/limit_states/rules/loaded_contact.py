"""Self-contact of the loaded part."""

from __future__ import annotations

from mnnfab.findings import Finding, FindingCode
from mnnfab.validation.limit_states.checks import AssessedPart, LimitStateCheck


def check(part: AssessedPart) -> list[Finding]:
    """Check that no free sides cross in the deformed part under a load case."""
    if part.loaded is None:
        return []
    touching = [case for case in part.loaded.cases if case.contact_mm is not None]
    if not touching:
        message = "no free sides of the loaded part meet under any load case"
        return [Finding("loaded-contact", "info", "part", message)]
    place = touching[0].contact_mm
    assert place is not None, "only cases with contact"
    message = f"free sides of the loaded part meet under “{touching[0].case.name}”"
    position = (float(place[0]), float(place[1]))
    return [Finding("loaded-contact", "error", "part", message, position)]


CHECK = LimitStateCheck(
    rank=7,
    run=check,
    codes=(
        FindingCode(
            "loaded-contact",
            "limit-state",
            ("error", "info"),
            "Free sides of the deformed part that cross under a load case; no model has contact.",
            "Reduce the loads, or place the ports so that bonds do not fold onto each other.",
        ),
    ),
)
