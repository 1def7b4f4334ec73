"""The stability of all samples of the loaded part, in its plane and out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.findings import Finding, FindingCode, Severity
from mnnfab.validation.limit_states.checks import AssessedPart, LimitStateCheck

if TYPE_CHECKING:
    from mnnfab.loaded_part.assessment import LoadedPart


def check(part: AssessedPart) -> list[Finding]:
    """Check the smallest factor on the loads at which a sample or load case is unstable."""
    loaded = part.loaded
    if loaded is None:
        return []
    limit = loaded.requirements.stability
    first = min(loaded.instabilities, key=lambda one: one.factor)
    factor = first.factor
    if np.isinf(factor):
        last = loaded.sweep.factors[-1]
        message = f"all samples are stable up to {last:.3g} times their loads"
        found = Finding("stability", "info", "part", message, None, float(last), limit)
        return [found, *_unknown(loaded)]
    message = (
        f"first instability {first.plane}, at {factor:.3g} times the loads of {first.source}; at "
        f"least {limit:g} times required"
    )
    severity: Severity = "info" if factor >= limit else "error"
    found = Finding("stability", severity, "part", message, first.position_mm, factor, limit)
    return [found, *_unknown(loaded)]


def _unknown(loaded: LoadedPart) -> list[Finding]:
    """Return a warning on load cases whose solid was not solved."""
    names = [case.case.name for case in loaded.cases]
    if loaded.buckling:
        found = loaded.buckling.items()
        names = [name for name, one in found if one.out_of_plane.factor is None]
    if not names:
        return []
    message = (
        f"buckling of the solid not computed for “{names[0]}” ({len(names)} load cases): the "
        "part is too large, or the eigenvalues did not converge; only the frame's "
        "result out of the plane is known"
    )
    return [Finding("solid-unknown", "warning", "part", message)]


CHECK = LimitStateCheck(
    rank=5,
    run=check,
    codes=(
        FindingCode(
            "stability",
            "limit-state",
            ("error", "info"),
            (
                "Smallest factor on the loads at which a sample becomes unstable: in the plane "
                "along the path of the loaded part (frame, rubber), out of the plane about the "
                "loaded state (frame) or by linear buckling (solid)."
            ),
            (
                "Make the part thicker with loads in proportion, or reduce the loads; the finding "
                "`window` has the numbers. The limit is `[check] min_stability_factor`."
            ),
        ),
        FindingCode(
            "solid-unknown",
            "limit-state",
            ("warning",),
            "The buckling of the solid, the reference out of the plane, was not computed.",
            "Use a coarser mesh (`[check] elements_across_joint`), or keep a larger margin.",
        ),
    ),
)
