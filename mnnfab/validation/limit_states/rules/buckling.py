"""In-plane buckling."""

from __future__ import annotations

import numpy as np

from mnnfab.findings import Finding, FindingCode, Severity
from mnnfab.validation.limit_states.checks import (
    ADVISED_FACTOR,
    AssessedPart,
    Limit,
    LimitStateCheck,
)


def check(part: AssessedPart) -> list[Finding]:
    """Check the smallest buckling load factor of all load cases."""
    from fem.limit_states import bond_of_largest_deflection

    cases, network = part.states.cases, part.problem.network
    if any(one.buckling is None or one.buckling.factor is None for one in cases):
        return [_unknown(part)]
    found = [(one.buckling, one.case) for one in cases if one.buckling is not None]
    if not found:
        return []
    buckling, case = min(found, key=lambda pair: pair[0].factor or np.inf)
    factor = buckling.factor or np.inf
    if not np.isfinite(factor):
        return [Finding("buckling", "info", "continuum", "no in-plane buckling in any load case")]
    message = (
        f"in-plane buckling at load factor {factor:.2f} of “{case.name}”; largest lateral "
        "deflection of the mode in this bond"
    )
    where = network.bond_name(bond_of_largest_deflection(network, part.continuum, buckling))
    limit = Limit(part.problem.design.check.min_buckling_factor, ADVISED_FACTOR, at_least=True)
    return [limit.finding("buckling", where, message, factor)]


def _unknown(part: AssessedPart) -> Finding:
    """Return a finding on a load case without a computed factor; an error if there is a limit."""
    from fem.limit_states import MAX_BUCKLING_DOFS

    unknown = next(
        one for one in part.states.cases if one.buckling is None or one.buckling.factor is None
    )
    large = part.continuum.n_dofs > MAX_BUCKLING_DOFS
    why = (
        f"more than {MAX_BUCKLING_DOFS:,} degrees of freedom"
        if large
        else "the eigenvalue solver did not converge"
    )
    severity: Severity = "error"
    if part.problem.design.check.min_buckling_factor is None:
        severity = "warning"
    message = f"buckling load factor of “{unknown.case.name}” not computed: {why}"
    return Finding("buckling", severity, "continuum", message)


CHECK = LimitStateCheck(
    rank=30,
    run=check,
    codes=(
        FindingCode(
            "buckling",
            "limit-state",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "Lowest in-plane linear buckling load factor over the load cases, or a "
                "statement that it could not be computed."
            ),
            (
                "Reduce the loads in `[task]` or raise `[fabrication] width_min_mm`; the "
                "limit is `[check] min_buckling_factor` (advised 1)."
            ),
        ),
    ),
)
