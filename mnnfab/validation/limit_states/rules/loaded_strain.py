"""The strain at the joints of the loaded part."""

from __future__ import annotations

import numpy as np

from mnnfab.findings import Finding, FindingCode, Severity
from mnnfab.validation.limit_states.checks import AssessedPart, LimitStateCheck


def check(part: AssessedPart) -> list[Finding]:
    """Check the largest strain at a joint of all samples and load cases."""
    loaded = part.loaded
    if loaded is None:
        return []
    found = list[tuple[float, int, str]]()
    states = loaded.at_loads
    if np.isfinite(states.strains).any():
        sample = int(np.nanargmax(states.strains))
        bond = int(states.worst_bonds[sample])
        found.append((float(states.strains[sample]), bond, f"sample {sample}, frame"))
    for sample, strains in zip(
        loaded.checked.samples, loaded.checked.states.joint_strains, strict=True
    ):
        if np.isfinite(strains).all():
            found.append((float(strains.max()), int(strains.argmax()), f"sample {sample}, rubber"))
    for case in loaded.cases:
        strains = case.joint_strains
        found.append((float(strains.max()), int(strains.argmax()), f"“{case.case.name}”, rubber"))
    if not found:
        return []
    strain, bond, source = max(found)
    limit = loaded.requirements.strain
    message = f"strain at a joint up to {strain:.1%} ({source}), limit {limit:.0%}"
    severity: Severity = "info" if strain <= limit else "error"
    network = part.problem.network
    where, (x, y) = (
        network.bond_name(bond),
        network.nodes[network.bonds[bond]].mean(axis=0).tolist(),
    )
    return [Finding("loaded-strain", severity, where, message, (x, y), strain, limit)]


CHECK = LimitStateCheck(
    rank=6,
    run=check,
    codes=(
        FindingCode(
            "loaded-strain",
            "limit-state",
            ("error", "info"),
            (
                "Largest strain at the faces of a joint in the loaded part, of all samples: "
                "stretch by tension and bending, minus 1."
            ),
            (
                "Reduce the loads, or make the joints longer (`[fabrication] joint_length_mm`). "
                "The limit is `[check] max_loaded_strain`, by default `max_strain` of the material."
            ),
        ),
    ),
)
