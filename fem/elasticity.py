"""Linear elasticity in two and three dimensions: constants, stress law and stiffness matrix."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from scipy import sparse
from skfem import Basis, BilinearForm
from skfem.helpers import eye, trace

from mnnfab.arrays import FloatArray


def plane_stress_constants(youngs_modulus_MPa: float, poisson_ratio: float) -> tuple[float, float]:
    """Return (λ, μ) in MPa of the law σ = λ tr(ε) I + 2 μ ε for a thin sheet.

    λ = E ν / (1 - ν²), μ = E / (2 (1 + ν)).

    >>> plane_stress_constants(1.0, 0.0)
    (0.0, 0.5)
    """
    lame = youngs_modulus_MPa * poisson_ratio / (1 - poisson_ratio**2)
    return lame, youngs_modulus_MPa / (2 * (1 + poisson_ratio))


def solid_constants(youngs_modulus_MPa: float, poisson_ratio: float) -> tuple[float, float]:
    """Return (λ, μ) in MPa of the same law for a solid: λ = E ν / ((1 + ν) (1 - 2 ν)).

    >>> solid_constants(2.5, 0.25)
    (1.0, 1.0)
    """
    lame = youngs_modulus_MPa * poisson_ratio / ((1 + poisson_ratio) * (1 - 2 * poisson_ratio))
    return lame, youngs_modulus_MPa / (2 * (1 + poisson_ratio))


def stress_law(lame: float, shear: float, strain: Any) -> Any:  # noqa: ANN401 - scikit-fem's fields
    """Return the stress of a strain field, both with leading axes (n_dims, n_dims)."""
    return lame * eye(trace(strain), strain.shape[0]) + 2 * shear * strain


def stiffness_matrix(
    basis: Basis, lame: float, shear: float, thickness: FloatArray
) -> sparse.csc_array:
    """Assemble ∫ t σ(u) : ε(v), N/mm.

    A vector form would compute a tensor for every pair of basis functions. It consists of
    products of two derivatives of scalar basis functions, ∫ t ∂p φj ∂q φi, so only those are
    assembled and combined in blocks, which takes less than half the time.

    Args:
        basis: scalar basis; component a of its degree of freedom i has number n_dims i + a.
        lame: λ, MPa.
        shear: μ, MPa.
        thickness: thickness of each element, (n_elements,) mm; dimensionless in a solid.
    """
    axes = range(basis.mesh.dim())
    weight = np.broadcast_to(thickness[:, None], basis.dx.shape)
    products = {
        (p, q): sum_duplicates(_derivatives(p, q).elemental(basis, thickness=weight))
        for p, q in product(axes, axes)
    }
    laplacian = sum(products[a, a].data for a in axes)
    pattern = products[0, 0]
    blocks = np.empty((pattern.nnz, len(axes), len(axes)))
    for a, b in product(axes, axes):
        blocks[:, a, b] = lame * products[b, a].data + shear * products[a, b].data
        if a == b:
            blocks[:, a, a] += shear * laplacian
    # The matrix is symmetric, so its CSR arrays are also its CSC arrays.
    rows = sparse.bsr_array((blocks, pattern.indices, pattern.indptr)).tocsr()
    return sparse.csc_array((rows.data, rows.indices, rows.indptr), shape=rows.shape)


def _derivatives(p: int, q: int) -> BilinearForm:
    def form(u: Any, v: Any, w: Any) -> Any:  # noqa: ANN401 - scikit-fem's fields
        return w["thickness"] * u.grad[p] * v.grad[q]

    return BilinearForm(form)


def sum_duplicates(entries: Any) -> sparse.csr_array:  # noqa: ANN401 - scikit-fem's COO data
    """Return a CSR matrix with explicit zeros, so that all products have the same pattern."""
    coordinates = (entries.indices[0], entries.indices[1])
    matrix = sparse.coo_array((entries.data, coordinates), shape=entries.shape).tocsr()
    matrix.sort_indices()
    return matrix


def von_mises(stress: FloatArray) -> FloatArray:
    """Return the von Mises stress of plane stress tensors with leading axes (2, 2)."""
    xx, yy, xy = stress[0, 0], stress[1, 1], stress[0, 1]
    equivalent: FloatArray = (xx**2 - xx * yy + yy**2 + 3 * xy**2) ** 0.5
    return equivalent
