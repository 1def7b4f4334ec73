"""Accuracy of a continuum solution: discretisation error, force residual and energy balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnnfab.findings import Finding, Severity

if TYPE_CHECKING:
    from fem.convergence import ConvergenceStudy
    from fem.system import Residuals

#: Largest relative residual of forces and energy that is attributed to rounding.
BALANCED = 1e-9


def check_solution(discretisation: ConvergenceStudy, balance: Residuals) -> list[Finding]:
    """Return a finding on the discretisation error, the force residual and the energy balance."""
    dofs = " → ".join(f"{level.n_dofs:,}" for level in discretisation.levels)
    severity: Severity = "info" if discretisation.converged else "warning"
    message = (
        f"estimated discretisation error of the flexibility matrix {discretisation.error:.2%}, "
        f"tolerance {discretisation.tolerance:.2%}; degrees of freedom {dofs}"
    )
    if not discretisation.converged:
        message += "; not converged, or not enough memory for a finer mesh"
    return [
        Finding("discretisation", severity, "continuum", message),
        _balanced("equilibrium", "force residual", balance.forces),
        _balanced("energy", "difference of strain energy and external work", balance.energy),
    ]


def _balanced(code: str, words: str, value: float) -> Finding:
    """Return a warning if rounding is noticeable (very flexible parts); the solver refuses more."""
    severity: Severity = "info" if value <= BALANCED else "warning"
    message = f"{words} {value:.1e}; expected below {BALANCED:.0e}"
    return Finding(code, severity, "continuum", message, None, value, BALANCED)
