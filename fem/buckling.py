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

#: Number of Lanczos vectors and relative tolerance of the load factor; the second pair is used
#: if modes are too close together for the first to separate them.
LANCZOS_SETTINGS = ((30, 1e-4), (80, 1e-2))
MAX_RESTARTS = 25
#: Largest load factor of interest.
MAX_FACTOR = 1e4


@dataclass(frozen=True, eq=False)
class Buckling:
    """Buckling of a body under a load.

    Args:
        factor: load factor of buckling; infinite if it is above 10,000; None if the eigenvalue
            solver did not converge.
        mode: displacements of the mode, the largest 1, (n_dofs,); zero if there is none.
    """

    factor: float | None
    mode: FloatArray


def buckle(system: System, stress: FloatArray, thickness_mm: FloatArray) -> Buckling:
    """Return the lowest positive load factor and its mode.

    Args:
        system: a system of triangles.
        stress: stress under the load, (2, 2, n_triangles, n_quadrature) MPa.
        thickness_mm: thickness of each triangle, (n_triangles,).

    """
    free, zero_mode = system.free, np.zeros(system.n_dofs)
    # Normalised, so that very small or large loads do not under- or overflow.
    size = float(np.abs(stress).max())
    if size < np.finfo(np.float64).tiny:
        return Buckling(np.inf, zero_mode)
    stress_stiffness = _stress_stiffness(system, stress / size, thickness_mm)[free][:, free]
    start = system.solve_free(np.random.default_rng(0).standard_normal(len(free)))
    for vectors, tolerance in LANCZOS_SETTINGS:
        try:
            # -K_σ φ = μ K φ: the largest μ is one over the least positive λ.
            values, modes = eigsh(
                -stress_stiffness,
                k=1,
                M=system.stiffness[free][:, free],
                Minv=LinearOperator(
                    stress_stiffness.shape, matvec=system.solve_free, dtype=np.float64
                ),
                which="LA",
                v0=start,
                tol=tolerance,
                ncv=min(vectors, len(free) - 1),
                maxiter=MAX_RESTARTS,
            )
        except ArpackNoConvergence:  # the eigenvalues cluster at μ = 0
            continue
        if values[0] * size <= 1 / MAX_FACTOR:
            return Buckling(np.inf, zero_mode)
        mode = zero_mode.copy()
        mode[free] = modes[:, 0] / np.abs(modes[:, 0]).max()
        return Buckling(float(1 / (values[0] * size)), mode)
    return Buckling(None, zero_mode)


def _stress_stiffness(
    system: System, stress: FloatArray, thickness_mm: FloatArray
) -> sparse.csc_array:
    def form(u: Any, v: Any, w: Any) -> Any:  # noqa: ANN401 - scikit-fem's fields
        pairs = ((a, b) for a in (0, 1) for b in (0, 1))
        return sum(w["stress"][a, b] * u.grad[a] * v.grad[b] for a, b in pairs)

    scalar = BilinearForm(form).assemble(system.basis, stress=stress * thickness_mm[:, None])
    return sparse.csc_array(sparse.kron(scalar, np.eye(2)))
