"""Exact gradients of losses of a rubber model in the points of its mesh, and in the widths.

The points of the mesh move with the velocity V while the displacements of its points stay. With
the adjoint displacements λ, the displacements u, the stress P of F = 1 + ∇u and its change P' by
∇λ, the work of the internal forces on λ changes by

    ∫ (P : ∇λ) div V - P : (∇λ ∇V) - P' : (∇u ∇V)  dX,

and that of the own weight by -∫ ρ g λ_y div V dX. V is zero on the load discs, so that loads and
readings do not change. The derivative of a loss in the points of the mesh follows for all of them
at once, and that in a width by the velocities of `fem.design_velocity`.
"""

from __future__ import annotations

import numpy as np

from fem.design_velocity import linear_slopes
from fem.rubber.body import RubberBody
from fem.rubber.law import nominal_stress
from fem.rubber.model import RubberEquilibrium
from fem.rubber.newton import Tangent
from mnnfab.arrays import FloatArray


def point_gradient(equilibrium: RubberEquilibrium, output_gradient: FloatArray) -> FloatArray:
    """Return the derivative of a loss in the coordinates of the mesh, (2 n_points,) per mm.

    Points of the load discs, which do not move, have values without a meaning.

    Args:
        equilibrium: equilibria of some samples.
        output_gradient: derivative of the loss in the outputs, (n_samples, n_out) per mm.

    Raises:
        ToolError: if a state is unstable.
    """
    model, body = equilibrium.model, equilibrium.model.body
    total = np.zeros(2 * int(body.system.basis.mesh.p.shape[1]))
    adjoints = equilibrium.adjoint_fields(output_gradient)
    for field, adjoint in zip(equilibrium.fields, adjoints, strict=True):
        total += _by_points(body, field, adjoint)
    # Outputs are relative to the hanging part, which has the same mesh.
    hanging = model.unloaded.field
    loads = body.system.readings_at(model.outputs_at) @ output_gradient.sum(axis=0)
    return total - _by_points(body, hanging, Tangent(body).small_displacements(hanging, loads))


def _by_points(body: RubberBody, field: FloatArray, adjoint: FloatArray) -> FloatArray:
    """Return the work of the adjoint on the change of all forces, by each coordinate."""
    elements, mesh = body.elements, body.system.basis.mesh
    deformation = body.deformation_gradients(field)
    own = adjoint[elements.dofs].reshape(len(elements.dofs), 6, 2)
    slopes = np.einsum("eia,eqib->eqab", own, elements.gradients)
    stress = nominal_stress(deformation, elements.shear, elements.ratio)
    change = _stress_change(deformation, slopes, elements.shear, elements.ratio)
    work = np.einsum("eqab,eqab->eq", stress, slopes)
    gradient = deformation - np.eye(2)
    tensor = np.einsum("eqik,eqij->eqkj", slopes, stress)
    tensor += np.einsum("eqik,eqij->eqkj", gradient, change)
    tensor = work[..., None, None] * np.eye(2) - tensor
    tensor = np.einsum("eqkj,eq->ekj", tensor, elements.volumes)
    weight = _weight_work(body, own)
    tensor[:, [0, 1], [0, 1]] -= weight[:, None]
    linear, _ = linear_slopes(mesh.p.T, mesh.t.T)
    by_corner = -np.einsum("ekj,enj->enk", tensor, linear)
    total = np.zeros((mesh.p.shape[1], 2))
    np.add.at(total, mesh.t.T, by_corner)
    return total.ravel()


def _stress_change(
    deformation: FloatArray, slopes: FloatArray, shear: float, ratio: float
) -> FloatArray:
    """Return the change of P = μ (F - J^(-2g) F⁻ᵀ) by a change H of F."""
    inverse = np.linalg.inv(deformation)
    power = np.linalg.det(deformation)[..., None, None] ** (-2 * ratio)
    transposed = np.swapaxes(inverse, -1, -2)
    trace = np.einsum("eqab,eqba->eq", inverse, slopes)[..., None, None]
    turned = transposed @ np.swapaxes(slopes, -1, -2) @ transposed
    change: FloatArray = shear * (slopes + power * (2 * ratio * trace * transposed + turned))
    return change


def _weight_work(body: RubberBody, adjoint: FloatArray) -> FloatArray:
    """Return the work of the own weight of each element on the adjoint, (n_elements,) N mm."""
    elements, values = body.elements, [function[0].value for function in body.system.basis.basis]
    functions = np.array([np.broadcast_to(one, elements.volumes.shape) for one in values])
    upward = np.einsum("ieq,ei->eq", functions, adjoint[:, :, 1])
    work: FloatArray = -body.weight_N_per_mm3 * (upward * elements.volumes).sum(axis=1)
    return work
