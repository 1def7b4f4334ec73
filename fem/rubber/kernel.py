"""Compiled assembly of forces, energy and tangent over quadratic triangles."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.compiling.decorator import compiled

#: Displacements of one triangle: two at each of its six points.
LOCAL_DOFS = 12


class Elements(NamedTuple):
    """Triangles in the form that the compiled functions read.

    Args:
        dofs: degree of freedom of component a of local function i at 2 i + a, (n_elements, 12).
        gradients: derivatives of the scalar functions, (n_elements, n_points, 6, 2) 1/mm.
        volumes: weight of each quadrature point times the thickness, (n_elements, n_points) mm³.
        shear: shear modulus μ, MPa.
        ratio: g = ν / (1 - ν) of `fem.rubber.law`.
    """

    dofs: IntArray
    gradients: FloatArray
    volumes: FloatArray
    shear: float
    ratio: float


@compiled
def internal_forces(elements: Elements, field: FloatArray, forces: FloatArray) -> float:
    """Write the internal forces of a displacement field into `forces`, both (n_dofs,).

    Returns:
        The strain energy, N mm; infinite if an element is turned inside out.
    """
    forces[:] = 0.0
    energy = 0.0
    stress = np.empty((2, 2))
    deformation = np.empty((2, 2))
    for element in range(len(elements.dofs)):
        dofs = elements.dofs[element]
        for point in range(elements.volumes.shape[1]):
            slopes = elements.gradients[element, point]
            jacobian = _deformation(field, dofs, slopes, deformation)
            if jacobian <= 0.0:
                return np.inf
            volume = elements.shear * elements.volumes[element, point]
            power = jacobian ** (-2.0 * elements.ratio)
            energy += volume * _energy(deformation, jacobian, elements.ratio)
            _stress(deformation, jacobian, power, stress)
            for i in range(6):
                for a in range(2):
                    pull = stress[a, 0] * slopes[i, 0] + stress[a, 1] * slopes[i, 1]
                    forces[dofs[2 * i + a]] += volume * pull
    return energy


@compiled
def tangent(elements: Elements, field: FloatArray, places: IntArray, data: FloatArray) -> None:
    """Write the tangent stiffness of a displacement field into `data`.

    With g_i = F⁻ᵀ ∇N_i and s = J^(-2g), the entry of components a, b of functions i, j is
    μ [δ_ab ∇N_i·∇N_j + s (2 g g_ia g_jb + g_ja g_ib)].

    Args:
        elements: the triangles.
        field: displacements, (n_dofs,).
        places: position in `data` of each entry of the lower triangle of each element matrix, row
            by row, (n_elements, 78); -1 for entries of held degrees of freedom.
        data: values of the sparse lower triangle.
    """
    data[:] = 0.0
    deformation = np.empty((2, 2))
    local = np.empty((LOCAL_DOFS, LOCAL_DOFS))
    moved = np.empty((6, 2))
    for element in range(len(elements.dofs)):
        dofs = elements.dofs[element]
        local[:] = 0.0
        for point in range(elements.volumes.shape[1]):
            slopes = elements.gradients[element, point]
            jacobian = _deformation(field, dofs, slopes, deformation)
            volume = elements.shear * elements.volumes[element, point]
            power = volume * jacobian ** (-2.0 * elements.ratio)
            _push_forward(deformation, jacobian, slopes, moved)
            for i in range(6):
                for j in range(i + 1):
                    same = slopes[i, 0] * slopes[j, 0] + slopes[i, 1] * slopes[j, 1]
                    for a in range(2):
                        local[2 * i + a, 2 * j + a] += volume * same
                        for b in range(2):
                            local[2 * i + a, 2 * j + b] += power * (
                                2.0 * elements.ratio * moved[i, a] * moved[j, b]
                                + moved[j, a] * moved[i, b]
                            )
        entry = 0
        for row in range(LOCAL_DOFS):
            for column in range(row + 1):
                place = places[element, entry]
                if place >= 0:
                    data[place] += local[row, column]
                entry += 1


@compiled
def deformation_gradients(elements: Elements, field: FloatArray) -> FloatArray:
    """Return F at every quadrature point, (n_elements, n_points, 2, 2)."""
    n_points = elements.volumes.shape[1]
    gradients = np.empty((len(elements.dofs), n_points, 2, 2))
    for element in range(len(elements.dofs)):
        for point in range(n_points):
            slopes = elements.gradients[element, point]
            _deformation(field, elements.dofs[element], slopes, gradients[element, point])
    return gradients


@compiled
def _deformation(
    field: FloatArray, dofs: IntArray, slopes: FloatArray, deformation: FloatArray
) -> float:
    """Write F into `deformation` and return its determinant."""
    for a in range(2):
        for b in range(2):
            value = 1.0 if a == b else 0.0
            for i in range(6):
                value += field[dofs[2 * i + a]] * slopes[i, b]
            deformation[a, b] = value
    jacobian: float = deformation[0, 0] * deformation[1, 1] - deformation[0, 1] * deformation[1, 0]
    return jacobian


@compiled
def _energy(deformation: FloatArray, jacobian: float, ratio: float) -> float:
    """Return W / μ, with J^(-2g) - 1 without cancellation."""
    trace = 0.0
    for a in range(2):
        for b in range(2):
            trace += deformation[a, b] ** 2
    return 0.5 * (trace - 2.0 + math.expm1(-2.0 * ratio * math.log(jacobian)) / ratio)


@compiled
def _stress(deformation: FloatArray, jacobian: float, power: float, stress: FloatArray) -> None:
    """Write P / μ = F - J^(-2g) F⁻ᵀ into `stress`."""
    share = power / jacobian
    stress[0, 0] = deformation[0, 0] - share * deformation[1, 1]
    stress[0, 1] = deformation[0, 1] + share * deformation[1, 0]
    stress[1, 0] = deformation[1, 0] + share * deformation[0, 1]
    stress[1, 1] = deformation[1, 1] - share * deformation[0, 0]


@compiled
def _push_forward(
    deformation: FloatArray, jacobian: float, slopes: FloatArray, moved: FloatArray
) -> None:
    """Write F⁻ᵀ ∇N_i into `moved`, (6, 2)."""
    for i in range(6):
        along, across = slopes[i, 0], slopes[i, 1]
        moved[i, 0] = (deformation[1, 1] * along - deformation[1, 0] * across) / jacobian
        moved[i, 1] = (deformation[0, 0] * across - deformation[0, 1] * along) / jacobian
