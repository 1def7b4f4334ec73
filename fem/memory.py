"""Memory: how much a solution will take, said before it starts."""

from __future__ import annotations

import math

import psutil

from mnnfab.errors import ToolError

#: Peak bytes a degree of freedom and binary digit of their number, measured on parts of 20,000
#: to 800,000 unknowns in the plane and in space (`benchmarks/continuum.py`).
BYTES = {2: 160.0, 3: 380.0}
#: Share of what is free that may be used.
SHARE = 0.9


def predicted_bytes(n_dofs: int, n_dims: int) -> float:
    """Return the peak memory of assembly and factorisation, bytes.

    By nested regions of a plane a factor fills in as n log n, and so it does for thin plates.
    """
    return BYTES[n_dims] * n_dofs * math.log2(n_dofs)


def fits(n_dofs: int, n_dims: int) -> bool:
    """Tell whether so many degrees of freedom fit into what is free of the memory."""
    free: int = psutil.virtual_memory().available
    return predicted_bytes(n_dofs, n_dims) <= SHARE * free


def require_memory(n_dofs: int, n_dims: int) -> None:
    """Refuse what would not fit.

    Raises:
        ToolError: saying how much would be needed, and how much there is.
    """
    if not fits(n_dofs, n_dims):
        needed, free = predicted_bytes(n_dofs, n_dims), psutil.virtual_memory().available
        msg = (
            f"{n_dofs:,} degrees of freedom need about {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free: lower [check] elements_across_joint, "
            "or check a smaller network"
        )
        raise ToolError(msg)
