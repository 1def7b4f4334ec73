"""Whether a continuum was solved well: its discretisation, and its balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnnfab.findings import Finding, Severity, judge

if TYPE_CHECKING:
    from fem.convergence import Discretisation
    from fem.system import Balance

#: Forces, and energy and work, balance to this share: anything more is no rounding.
BALANCED = 1e-9


def judge_solution(discretisation: Discretisation, balance: Balance) -> list[Finding]:
    """Return a finding for the discretisation error and one for each balance."""
    dofs = " → ".join(f"{level.n_dofs:,}" for level in discretisation.levels)
    severity: Severity = "info" if discretisation.settled else "warning"
    words = (
        f"estimated error of the flexibility {discretisation.error:.2%}, asked for "
        f"{discretisation.tolerance:.2%}; degrees of freedom {dofs}"
    )
    if not discretisation.settled:
        words += "; it did not settle, or memory would not suffice for a finer mesh"
    return [
        Finding("discretisation", severity, "continuum", words),
        judge(
            "equilibrium",
            "continuum",
            "reactions balance the loads but for",
            balance.forces,
            BALANCED,
            ".1e",
        ),
        judge(
            "energy",
            "continuum",
            "strain energy and work of the loads differ by",
            balance.energy,
            BALANCED,
            ".1e",
        ),
    ]
