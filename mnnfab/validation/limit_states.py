"""Findings on the limit states of a part.

Each state warns at a limit of its own; where the design gives a limit, it is one of the
acceptance criteria.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.findings import Finding, Severity

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from fem.limit_states import LimitStates, LoadCaseLimits
    from mnnfab.problem.problem import Problem

#: Where a design gives no limit.
ADVISED_FACTOR, ADVISED_SAG, ADVISED_STRAIN = 1.0, 1.0, 0.10


def check_limit_states(
    problem: Problem, continuum: Continuum, states: LimitStates
) -> list[Finding]:
    """Return a finding for each limit state, of the load case that comes first."""
    limits, network = problem.design.check, problem.network
    worst = int(states.joint_strains.argmax())
    findings = [
        _check(
            "joint-strain",
            network.bond_name(worst),
            "largest nominal strain at a joint {value:.1%} over all samples",
            float(states.joint_strains[worst]),
            (limits.max_joint_strain, ADVISED_STRAIN),
            at_least=False,
        ),
        *_check_sag(states, limits.max_sag_share),
        *_check_buckling(problem, continuum, states),
        *_check_linear_range(states, limits.min_linear_factor),
    ]
    contact = min(states.cases, key=lambda found: found.contact, default=None)
    if contact is not None and np.isfinite(contact.contact):
        findings.append(_check_contact(contact))
    return findings


def _check_sag(states: LimitStates, limit: float | None) -> list[Finding]:
    sag = float(np.abs(states.sag_mm).max())
    moved = {found.case.name: float(np.abs(found.outputs_mm).max()) for found in states.cases}
    moved = {name: size for name, size in moved.items() if size > 0}
    if not moved:
        return []
    least = min(moved, key=lambda name: moved[name])
    words = (
        f"hanging, the outputs sag by up to {sag:.3f} mm under the part's own weight, "
        f"{{value:.2f}} times what “{least}” moves them by; take the zero as it hangs"
    )
    share = sag / moved[least]
    return [_check("sag", "outputs", words, share, (limit, ADVISED_SAG), at_least=False)]


def _check_buckling(problem: Problem, continuum: Continuum, states: LimitStates) -> list[Finding]:
    from fem.limit_states import MOST_DOFS, bowed_bond

    limit = problem.design.check.min_buckling_factor
    unknown = [one for one in states.cases if one.buckling is None or one.buckling.factor is None]
    if unknown:
        severity: Severity = "warning" if limit is None else "error"  # a limit must be judged
        large = continuum.n_dofs > MOST_DOFS
        why = f"more than {MOST_DOFS:,} degrees of freedom" if large else "no mode came apart"
        words = f"buckling of “{unknown[0].case.name}” is not known: {why}"
        return [Finding("buckling", severity, "continuum", words)]
    found = [(one.buckling, one.case) for one in states.cases if one.buckling is not None]
    if not found:
        return []
    buckling, case = min(found, key=lambda pair: pair[0].factor or np.inf)
    factor = buckling.factor or np.inf
    if not np.isfinite(factor):
        return [Finding("buckling", "info", "continuum", "no load case buckles it in its plane")]
    bond = bowed_bond(problem.network, continuum, buckling)
    words = f"buckles in its plane at {{value:.2f}} times “{case.name}”; this bond bows most"
    where = problem.network.bond_name(bond)
    return [_check("buckling", where, words, factor, (limit, ADVISED_FACTOR), at_least=True)]


def _check_linear_range(states: LimitStates, limit: float | None) -> list[Finding]:
    if not states.cases:
        return []
    first = min(states.cases, key=lambda found: found.linear.factor)
    how = {
        "change": "large displacements change the outputs by 5 % at {value:.2f} times",
        "unstable": "no stable state of pinned bars is found from {value:.2f} times",
        "beyond": "large displacements do not change the outputs up to {value:.0f} times",
    }[first.linear.ends]
    words = f"{how} “{first.case.name}”"
    where = "outputs"
    return [
        _check(
            "linear-range",
            where,
            words,
            first.linear.factor,
            (limit, ADVISED_FACTOR),
            at_least=True,
        )
    ]


def _check_contact(found: LoadCaseLimits) -> Finding:
    severity: Severity = "warning" if found.contact <= ADVISED_FACTOR else "info"
    words = f"free sides meet at {found.contact:.2f} times “{found.case.name}”"
    place = None if found.contact_place is None else found.contact_place.tolist()
    position = None if place is None else (round(place[0], 3), round(place[1], 3))
    return Finding("contact", severity, "part", words, position, found.contact, ADVISED_FACTOR)


def _check(
    code: str,
    where: str,
    words: str,
    value: float,
    limits: tuple[float | None, float],
    *,
    at_least: bool,
) -> Finding:
    """Return an error beyond the design's own limit, a warning beyond the advised one."""
    own, advised = limits
    limit = advised if own is None else own
    within = value >= limit if at_least else value <= limit
    beyond: Severity = "warning" if own is None else "error"
    kind = "at least" if at_least else "at most"
    shown = f"{limit:.0%}" if ":.1%" in words else f"{limit:g}"
    name = "advised" if own is None else "limit"
    message = f"{words.format(value=value)}; {name} {kind} {shown}"
    return Finding(code, "info" if within else beyond, where, message, None, value, limit)
