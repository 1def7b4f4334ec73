"""Linear buckling: the load factor at which a stressed body has another state of balance.

(K + λ K_σ) φ = 0, with the stiffness of the stress under the load,
∫ t σ_ab ∂_a u_c ∂_b v_c. In the plane only.
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

#: Lanczos vectors and the share to which the factor is found; the second is tried where modes lie
#: so close together that the first does not tell them apart.
EFFORTS = ((30, 1e-4), (80, 1e-2))
RESTARTS = 25
#: Loads so many times as great are not of interest.
LARGEST = 1e4


@dataclass(frozen=True, eq=False)
class Buckling:
    """How a body buckles under a load.

    Args:
        factor: times the load at which it buckles; infinite if it does not up to 10,000 times;
            none if no mode was found for certain.
        mode: displacement of its shape, the largest 1, (n_dofs,); zero if there is none.
    """

    factor: float | None
    mode: FloatArray


def buckle(system: System, stress: FloatArray, thickness_mm: FloatArray) -> Buckling:
    """Return the least positive load factor and its mode.

    Args:
        system: of triangles.
        stress: under the load, (2, 2, n_triangles, n_quadrature) MPa.
        thickness_mm: of each triangle, (n_triangles,).

    """
    free, nothing = system.free, np.zeros(system.n_dofs)
    # By its size, so that no load is too small or too large for the arithmetic.
    size = float(np.abs(stress).max())
    if size < np.finfo(np.float64).tiny:
        return Buckling(np.inf, nothing)
    stressed = _stress_stiffness(system, stress / size, thickness_mm)[free][:, free]
    start = system.solve_free(np.random.default_rng(0).standard_normal(len(free)))
    for vectors, tolerance in EFFORTS:
        try:
            # -K_σ φ = μ K φ: the largest μ is one over the least positive λ.
            values, modes = eigsh(
                -stressed,
                k=1,
                M=system.stiffness[free][:, free],
                Minv=LinearOperator(stressed.shape, matvec=system.solve_free, dtype=np.float64),
                which="LA",
                v0=start,
                tol=tolerance,
                ncv=min(vectors, len(free) - 1),
                maxiter=RESTARTS,
            )
        except ArpackNoConvergence:  # the eigenvalues crowd at μ = 0
            continue
        if values[0] * size <= 1 / LARGEST:
            return Buckling(np.inf, nothing)
        mode = nothing.copy()
        mode[free] = modes[:, 0] / np.abs(modes[:, 0]).max()
        return Buckling(float(1 / (values[0] * size)), mode)
    return Buckling(None, nothing)


def _stress_stiffness(
    system: System, stress: FloatArray, thickness_mm: FloatArray
) -> sparse.csc_array:
    def form(u: Any, v: Any, w: Any) -> Any:  # noqa: ANN401 - scikit-fem's fields
        pairs = ((a, b) for a in (0, 1) for b in (0, 1))
        return sum(w["stress"][a, b] * u.grad[a] * v.grad[b] for a, b in pairs)

    scalar = BilinearForm(form).assemble(system.basis, stress=stress * thickness_mm[:, None])
    return sparse.csc_array(sparse.kron(scalar, np.eye(2)))
