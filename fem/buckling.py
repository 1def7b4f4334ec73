"""Linear buckling: the load factor at which a stressed body has a second equilibrium.

(K + λ K_σ) φ = 0, with the geometric stiffness K_σ of the stress under the load,
∫ t σ_ab ∂_a u_c ∂_b v_c. In-plane modes only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from skfem import BilinearForm

from fem.system import System
from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError
from mnnfab.linalg.cholesky import Solve, factorise

#: Number of Lanczos vectors and relative tolerance of the load factor; the second pair is used
#: if modes are too close together for the first to separate them.
LANCZOS_SETTINGS = ((20, 1e-4), (80, 1e-2))
#: The first pair if the mode of a similar load is known, and the random part of the start then: the
#: lowest mode may have a symmetry that the known one lacks.
CONTINUED_SETTINGS, RANDOM_SHARE = (12, 1e-4), 0.1
MAX_RESTARTS = 25
#: Largest load factor of interest.
MAX_FACTOR = 1e4


@dataclass(frozen=True, eq=False)
class Buckling:
    """Buckling of a body under a load.

    Args:
        factor: load factor of buckling; infinite if it is above 10,000; None if the eigenvalue
            solver did not converge.
        mode: displacements of the mode, the largest 1, (n_dofs,) in plane stress; zero if there
            is none.
    """

    factor: float | None
    mode: FloatArray


def buckle(
    system: System,
    stress: FloatArray,
    thickness_mm: FloatArray,
    similar: FloatArray | None = None,
) -> Buckling:
    """Return the lowest positive load factor and its mode.

    Args:
        system: a system of triangles.
        stress: stress under the load, (2, 2, n_triangles, n_quadrature) MPa.
        thickness_mm: thickness of each triangle, (n_triangles,).
        similar: mode of a similar load, (n_dofs,), if it is known; it saves half of the time.
    """
    free, zero_mode = system.free, np.zeros(system.n_dofs)
    # Normalised, so that very small or large loads do not under- or overflow.
    size = float(np.abs(stress).max())
    if size < np.finfo(np.float64).tiny:
        return Buckling(np.inf, zero_mode)
    found = lowest_buckling(
        system.supports.with_springs(system.stiffness)[free][:, free],
        _stress_stiffness(system, stress / size, thickness_mm)[free][:, free],
        system.solve_free,
        size,
        None if similar is None else similar[free],
    )
    mode = zero_mode.copy()
    mode[free] = found.mode
    return Buckling(found.factor, mode)


def lowest_buckling(
    stiffness: sparse.csc_array,
    stress_stiffness: sparse.csc_array,
    solve: Solve,
    size: float,
    similar: FloatArray | None = None,
) -> Buckling:
    """Return the lowest positive load factor of (K + λ size K_σ) φ = 0, by Lanczos.

    Args:
        stiffness: K of the free degrees of freedom, (n_free, n_free) N/mm.
        stress_stiffness: K_σ of the stress divided by `size`, (n_free, n_free).
        solve: solution with K.
        size: size of the stress, MPa; above 0.
        similar: mode of a similar load, (n_free,), if it is known.
    """
    n_free = stiffness.shape[0]
    settings: tuple[tuple[int, float], ...] = LANCZOS_SETTINGS
    start = solve(np.random.default_rng(0).standard_normal(n_free))
    if similar is not None and similar.any():
        settings = (CONTINUED_SETTINGS, *settings)
        start = similar / np.abs(similar).max() + RANDOM_SHARE * start / np.abs(start).max()
    for vectors, tolerance in settings:
        try:
            # -K_σ φ = μ K φ: the largest μ is one over the least positive λ.
            values, modes = eigsh(
                -stress_stiffness,
                k=1,
                M=stiffness,
                Minv=LinearOperator(stress_stiffness.shape, matvec=solve, dtype=np.float64),
                which="LA",
                v0=start,
                tol=tolerance,
                ncv=min(vectors, n_free - 1),
                maxiter=MAX_RESTARTS,
            )
        except ArpackNoConvergence:  # the eigenvalues cluster at μ = 0, or elsewhere
            if _is_stable(stiffness + MAX_FACTOR * size * stress_stiffness):
                return Buckling(np.inf, np.zeros(n_free))
            continue
        if values[0] * size <= 1 / MAX_FACTOR:
            return Buckling(np.inf, np.zeros(n_free))
        mode = modes[:, 0] / np.abs(modes[:, 0]).max()
        return Buckling(float(1 / (values[0] * size)), mode)
    return Buckling(None, np.zeros(n_free))


def _is_stable(stiffness: sparse.csc_array) -> bool:
    """Return whether a stiffness matrix is positive definite."""
    try:
        factorise(stiffness)
    except ToolError:
        return False
    return True


def _stress_stiffness(
    system: System, stress: FloatArray, thickness_mm: FloatArray
) -> sparse.csc_array:
    def form(u: Any, v: Any, w: Any) -> Any:  # noqa: ANN401 - scikit-fem's fields
        pairs = ((a, b) for a in (0, 1) for b in (0, 1))
        return sum(w["stress"][a, b] * u.grad[a] * v.grad[b] for a, b in pairs)

    scalar = BilinearForm(form).assemble(system.basis, stress=stress * thickness_mm[:, None])
    return sparse.csc_array(sparse.kron(scalar, np.eye(2)))
