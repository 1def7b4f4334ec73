"""Whether a continuum was solved well: its discretisation, and its balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnnfab.findings import Finding, Severity

if TYPE_CHECKING:
    from fem.convergence import Discretisation
    from fem.system import Balance

#: Forces, and energy and work, balance to this share: anything more is no rounding.
BALANCED = 1e-9


def check_solution(discretisation: Discretisation, balance: Balance) -> list[Finding]:
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
        _balanced("equilibrium", "reactions balance the loads but for", balance.forces),
        _balanced("energy", "strain energy and work of the loads differ by", balance.energy),
    ]


def _balanced(code: str, words: str, value: float) -> Finding:
    """Return a warning where rounding shows: the part is that flexible. More is refused before."""
    severity: Severity = "info" if value <= BALANCED else "warning"
    message = f"{words} {value:.1e}; a stiff part has {BALANCED:.0e} or less"
    return Finding(code, severity, "continuum", message, None, value, BALANCED)
