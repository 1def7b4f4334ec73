"""Conditioning: condition number of the stiffness matrix and the resulting loss of digits."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from mnnfab.findings import Finding, not_computed
from mnnfab.linalg.condition_number import condition_number

#: Above this condition number, displacements keep fewer than eight of their sixteen digits.
POOR = 1e8
#: Above this many unknowns, computing a condition number takes minutes.
MAX_DOFS = 50_000


def check_conditioning(matrix: sparse.csr_array) -> list[Finding]:
    """Return a warning if displacements lose half of their digits or more.

    Above `MAX_DOFS` unknowns the condition number is not computed, since that would take longer
    than all other steps; the finding says so.
    """
    if matrix.shape[0] > MAX_DOFS:
        message = f"condition number not computed: more than {MAX_DOFS:,} unknowns"
        return [not_computed("network", message)]
    condition = condition_number(matrix)
    if condition <= POOR:
        return []
    lost = round(np.log10(condition))
    message = f"condition number {condition:.1e}: displacements lose {lost} of their 16 digits"
    return [Finding("conditioning", "warning", "network", message)]
