"""The largest nominal strain at a joint."""

from __future__ import annotations

from mnnfab.findings import Finding, FindingCode
from mnnfab.validation.limit_states.checks import AssessedPart, Limit, LimitStateCheck

#: Advised limit of the strain, used where the design sets none.
ADVISED = 0.10


def check(part: AssessedPart) -> list[Finding]:
    """Check the largest nominal strain at a joint over all samples."""
    strains = part.states.joint_strains
    worst = int(strains.argmax())
    value = float(strains[worst])
    limit = Limit(part.problem.design.check.max_joint_strain, ADVISED, at_least=False, form=".0%")
    where = part.problem.network.bond_name(worst)
    message = f"largest nominal strain at a joint over all samples: {value:.1%}"
    return [limit.finding("joint-strain", where, message, value)]


CHECK = LimitStateCheck(
    rank=10,
    run=check,
    codes=(
        FindingCode(
            "joint-strain",
            "limit-state",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "Largest nominal strain at a joint (axial and bending stress over the "
                "modulus), over all samples."
            ),
            (
                "Reduce the loads in `[task]` or use wider or longer joints; the limit is "
                "`[check] max_joint_strain` (advised 10 %)."
            ),
        ),
    ),
)
