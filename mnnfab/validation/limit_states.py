"""Guards as a stage: where linear theory and the print cannot be trusted, a load case at a time.

Strain at the joints, buckling, sag, large displacements and contact. Each warns at a limit of
its own; where the design gives one it is a limit of the gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fem.nonlinear_bars import ExactBars, LinearRange, linear_range
from mnnfab.findings import Finding, Severity
from mnnfab.network.ports import dofs_of, unit_loads

if TYPE_CHECKING:
    from fem.buckling import Buckling
    from fem.continuum import Continuum
    from mnnfab.arrays import FloatArray
    from mnnfab.problem.problem import Problem
    from mnnfab.task.task import LoadCase, Task

#: Where a design gives no limit.
ADVISED_FACTOR, ADVISED_SAG, ADVISED_STRAIN = 1.0, 1.0, 0.10
#: Beyond this many unknowns buckling takes longer than all the rest.
MOST_DOFS = 300_000


@dataclass(frozen=True, eq=False)
class GuardedCase:
    """What was found of one load case.

    Args:
        case: the loads.
        buckling: of the continuum in its plane; none if it is too large for that.
        linear: how far linear theory holds.
        contact: times the load at which free sides would meet; infinite if none do.
        contact_place: where they do, mm.
        outputs_mm: displacement of the outputs, (n_out,).
    """

    case: LoadCase
    buckling: Buckling | None
    linear: LinearRange
    contact: float
    contact_place: FloatArray | None
    outputs_mm: FloatArray


@dataclass(frozen=True, eq=False)
class Guards:
    """What was found of a design.

    Args:
        cases: one a load case.
        sag_mm: displacement of the outputs by the part's own weight, (n_out,).
        joint_strains: nominal strain at the worse joint of each bond, the largest of all
            samples, (n_bonds,).
    """

    cases: tuple[GuardedCase, ...]
    sag_mm: FloatArray
    joint_strains: FloatArray


def guard(problem: Problem, task: Task, widths_mm: FloatArray, continuum: Continuum) -> Guards:
    """Find out what to beware of.

    Args:
        problem: the design.
        task: its load cases and samples.
        widths_mm: of each bond, (n_bonds,).
        continuum: solved.
    """
    from fem.resultants import bond_resultants, joint_stresses
    from fem.weight import sag

    fabrication, material = problem.as_measured.design.fabrication, problem.material
    resultants = bond_resultants(continuum, problem.network, fabrication)
    stresses = joint_stresses(resultants, task.loads_N, widths_mm, problem.network, fabrication)
    return Guards(
        cases=tuple(
            _guard_case(problem, task, widths_mm, continuum, case)
            for case in task.load_cases
            if any(case.loads_N)  # the mean of a class may hang nothing
        ),
        sag_mm=sag(
            continuum.system,
            material.density_g_per_cm3,
            continuum.mesh.thickness_mm,
            task.outputs,
        ),
        joint_strains=stresses.max(axis=0) / material.youngs_modulus_MPa,
    )


def _guard_case(
    problem: Problem, task: Task, widths_mm: FloatArray, continuum: Continuum, case: LoadCase
) -> GuardedCase:
    from fem.buckling import buckle
    from fem.contact import contact_factor

    loads = np.array(case.loads_N)
    buckling = None
    if continuum.n_dofs <= MOST_DOFS:
        stress = continuum.stress(continuum.fields @ loads)
        buckling = buckle(continuum.system, stress, continuum.mesh.thickness_mm)
    contact, place = contact_factor(continuum, loads)
    return GuardedCase(
        case=case,
        buckling=buckling,
        linear=linear_range(
            ExactBars(problem.network, problem.law.stiffness(widths_mm)),
            unit_loads(problem.network, task.inputs) @ loads,
            dofs_of(task.outputs),
        ),
        contact=contact,
        contact_place=place,
        outputs_mm=continuum.response.outputs(loads),
    )


def judge_guards(problem: Problem, continuum: Continuum, guards: Guards) -> list[Finding]:
    """Return a finding for each guard, of the load case that comes first."""
    limits, network = problem.design.check, problem.network
    worst = int(guards.joint_strains.argmax())
    findings = [
        _judge(
            "joint-strain",
            network.bond_name(worst),
            "largest nominal strain at a joint {value:.1%} over all samples",
            float(guards.joint_strains[worst]),
            (limits.max_joint_strain, ADVISED_STRAIN),
            at_least=False,
        ),
        *_judge_sag(guards, limits.max_sag_share),
        *_judge_buckling(problem, continuum, guards),
        *_judge_linear(guards, limits.min_linear_factor),
    ]
    contact = min(guards.cases, key=lambda found: found.contact, default=None)
    if contact is not None and np.isfinite(contact.contact):
        findings.append(_judge_contact(contact))
    return findings


def _judge_sag(guards: Guards, limit: float | None) -> list[Finding]:
    sag = float(np.abs(guards.sag_mm).max())
    moved = {found.case.name: float(np.abs(found.outputs_mm).max()) for found in guards.cases}
    moved = {name: size for name, size in moved.items() if size > 0}
    if not moved:
        return []
    least = min(moved, key=lambda name: moved[name])
    words = (
        f"hanging, the outputs sag by up to {sag:.3f} mm under the part's own weight, "
        f"{{value:.2f}} times what “{least}” moves them by; take the zero as it hangs"
    )
    share = sag / moved[least]
    return [_judge("sag", "outputs", words, share, (limit, ADVISED_SAG), at_least=False)]


def _judge_buckling(problem: Problem, continuum: Continuum, guards: Guards) -> list[Finding]:
    limit = problem.design.check.min_buckling_factor
    unknown = [one for one in guards.cases if one.buckling is None or one.buckling.factor is None]
    if unknown:
        severity: Severity = "warning" if limit is None else "error"  # a limit must be judged
        large = continuum.n_dofs > MOST_DOFS
        why = f"more than {MOST_DOFS:,} degrees of freedom" if large else "no mode came apart"
        words = f"buckling of “{unknown[0].case.name}” is not known: {why}"
        return [Finding("buckling", severity, "continuum", words)]
    found = [(one.buckling, one.case) for one in guards.cases if one.buckling is not None]
    if not found:
        return []
    buckling, case = min(found, key=lambda pair: pair[0].factor or np.inf)
    factor = buckling.factor or np.inf
    if not np.isfinite(factor):
        return [Finding("buckling", "info", "continuum", "no load case buckles it in its plane")]
    bond = bowed_bond(problem, continuum, buckling)
    words = f"buckles in its plane at {{value:.2f}} times “{case.name}”; this bond bows most"
    where = problem.network.bond_name(bond)
    return [_judge("buckling", where, words, factor, (limit, ADVISED_FACTOR), at_least=True)]


def bowed_bond(problem: Problem, continuum: Continuum, buckling: Buckling) -> int:
    """Return the bond whose middle leaves the line between its ends most in a mode."""
    network = problem.network
    ends = (continuum.system.readings.T @ buckling.mode).reshape(-1, 2)[network.bonds]
    points, moved = continuum.quadratic_points, continuum.at_points(buckling.mode)
    middles = network.nodes[network.bonds].mean(axis=1)
    nearest = np.array([((points - middle) ** 2).sum(axis=1).argmin() for middle in middles])
    bow = moved[nearest] - ends.mean(axis=1)
    return int(np.hypot(*bow.T).argmax())


def _judge_linear(guards: Guards, limit: float | None) -> list[Finding]:
    if not guards.cases:
        return []
    first = min(guards.cases, key=lambda found: found.linear.factor)
    how = {
        "change": "large displacements change the outputs by 5 % at {value:.2f} times",
        "unstable": "no stable state of pinned bars is found from {value:.2f} times",
        "beyond": "large displacements do not change the outputs up to {value:.0f} times",
    }[first.linear.ends]
    words = f"{how} “{first.case.name}”"
    where = "outputs"
    return [
        _judge(
            "linear-range",
            where,
            words,
            first.linear.factor,
            (limit, ADVISED_FACTOR),
            at_least=True,
        )
    ]


def _judge_contact(found: GuardedCase) -> Finding:
    severity: Severity = "warning" if found.contact <= ADVISED_FACTOR else "info"
    words = f"free sides meet at {found.contact:.2f} times “{found.case.name}”"
    place = None if found.contact_place is None else found.contact_place.tolist()
    position = None if place is None else (round(place[0], 3), round(place[1], 3))
    return Finding("contact", severity, "part", words, position, found.contact, ADVISED_FACTOR)


def _judge(
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
