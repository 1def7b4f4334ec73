"""Memory: estimate of the memory of a solution before it starts."""

from __future__ import annotations

import math

import psutil

from mnnfab.errors import ToolError

#: Peak bytes divided by n log2 n for n degrees of freedom, in two and three dimensions, measured
#: on parts of 20,000 to 800,000 unknowns (`benchmarks/continuum.py`).
BYTES_PER_N_LOG_N = {2: 160.0, 3: 380.0}
#: Fraction of the free memory that may be used.
MAX_FREE_MEMORY_SHARE = 0.9


def predicted_bytes(n_dofs: int, n_dims: int) -> float:
    """Return the peak memory of assembly and factorisation, bytes.

    With nested dissection the fill-in is O(n log n) in the plane, and also for thin plates.
    """
    return BYTES_PER_N_LOG_N[n_dims] * n_dofs * math.log2(n_dofs)


def fits_in_memory(n_dofs: int, n_dims: int) -> bool:
    """Return whether a system with `n_dofs` degrees of freedom fits into the free memory."""
    free: int = psutil.virtual_memory().available
    return predicted_bytes(n_dofs, n_dims) <= MAX_FREE_MEMORY_SHARE * free


def require_memory(n_dofs: int, n_dims: int) -> None:
    """Check that a system with `n_dofs` degrees of freedom fits into the free memory.

    Raises:
        ToolError: if it does not fit; the message has the needed and the free memory.
    """
    if not fits_in_memory(n_dofs, n_dims):
        needed, free = predicted_bytes(n_dofs, n_dims), psutil.virtual_memory().available
        msg = (
            f"{n_dofs:,} degrees of freedom need about {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free: lower [check] elements_across_joint, "
            "or check a smaller network"
        )
        raise ToolError(msg)


def out_of_memory(n_dofs: int) -> ToolError:
    """Return the error of a solution that ran out of memory in spite of the estimate."""
    return ToolError(f"not enough memory for {n_dofs:,} degrees of freedom: use a coarser mesh")
