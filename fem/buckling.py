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

#: The factor is found to this share.
TOLERANCE = 1e-4
#: Lanczos vectors and restarts: enough for any mode of interest.
VECTORS, RESTARTS = 30, 20
#: Loads so many times as great are not of interest.
LARGEST = 1e4


@dataclass(frozen=True, eq=False)
class Buckling:
    """How a body buckles under a load.

    Args:
        factor: times the load at which it buckles; infinite if it does not, or only at a hundred
            times the load at which it would if it pulled the other way.
        mode: displacement of its shape, the largest 1, (n_dofs,); zero if it does not buckle.
    """

    factor: float
    mode: FloatArray


def buckle(system: System, stress: FloatArray, thickness_mm: FloatArray) -> Buckling:
    """Return the least positive load factor and its mode.

    Args:
        system: of triangles.
        stress: under the load, (2, 2, n_triangles, n_quadrature) MPa.
        thickness_mm: of each triangle, (n_triangles,).

    """
    free = system.free
    stressed = _stress_stiffness(system, stress, thickness_mm)[free][:, free]
    shape = stressed.shape
    inverse = LinearOperator(shape, matvec=system.solve_free, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(shape[0])
    try:
        # -K_σ φ = μ K φ: the largest μ is one over the least positive λ.
        values, modes = eigsh(
            -stressed,
            k=1,
            M=system.stiffness[free][:, free],
            Minv=inverse,
            which="LA",
            v0=system.solve_free(start),
            tol=TOLERANCE,
            ncv=VECTORS,
            maxiter=RESTARTS,
        )
    except ArpackNoConvergence:
        # The eigenvalues crowd at μ = 0; only those apart from it converge.
        return Buckling(np.inf, np.zeros(system.n_dofs))
    mode = np.zeros(system.n_dofs)
    if values[0] <= 1 / LARGEST:
        return Buckling(np.inf, mode)
    mode[free] = modes[:, 0] / np.abs(modes[:, 0]).max()
    return Buckling(float(1 / values[0]), mode)


def _stress_stiffness(
    system: System, stress: FloatArray, thickness_mm: FloatArray
) -> sparse.csc_array:
    def form(u: Any, v: Any, w: Any) -> Any:  # noqa: ANN401 - scikit-fem's fields
        pairs = ((a, b) for a in (0, 1) for b in (0, 1))
        return sum(w["stress"][a, b] * u.grad[a] * v.grad[b] for a, b in pairs)

    scalar = BilinearForm(form).assemble(system.basis, stress=stress * thickness_mm[:, None])
    return sparse.csc_array(sparse.kron(scalar, np.eye(2)))
