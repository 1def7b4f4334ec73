"""Stress resultants of the bonds: normal force, shear force and bending moment.

No load acts on a bond cell, so its normal and shear force are the same in every cross section
and its moment is linear. Their means over the cell are integrals of the stress, which converge
with mesh refinement, unlike stresses at sharp corners.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem.continuum import Continuum
from mnnfab.arrays import FloatArray
from mnnfab.design.fabrication import Fabrication
from mnnfab.network.network import Network


@dataclass(frozen=True, eq=False)
class Resultants:
    """Stress resultants of the bonds under a unit load at each input.

    Args:
        normal: normal force, positive in tension, (n_bonds, n_in) N/N.
        shear: shear force, the slope of the moment along the bond, (n_bonds, n_in) N/N.
        moment: bending moment in the middle of the bond, (n_bonds, n_in) N mm/N.
    """

    normal: FloatArray
    shear: FloatArray
    moment: FloatArray


def bond_resultants(continuum: Continuum, network: Network, fabrication: Fabrication) -> Resultants:
    """Return the stress resultants of every bond.

    Args:
        continuum: the solved model.
        network: nodes and bonds.
        fabrication: joint length, which defines the length of the bond cells.
    """
    mesh, basis = continuum.mesh, continuum.basis
    bond = mesh.region - 2 * mesh.n_nodes
    inside = np.flatnonzero((bond >= 0) & (bond < network.n_bonds))
    owner = bond[inside]
    along = network.directions[owner]
    across = np.column_stack([-along[:, 1], along[:, 0]])
    middles = network.nodes[network.bonds].mean(axis=1)[owner]
    positions = np.moveaxis(basis.global_coordinates().value[:, inside], 0, -1)
    offset = np.einsum("eqa,ea->eq", positions - middles[:, None, :], across)
    weights = basis.dx[inside] * mesh.thickness_mm[inside, None]
    spans = network.lengths - 2 * fabrication.joint_length_mm
    unit_resultants = []
    for field in continuum.fields.T:
        stress = continuum.stress(field)[:, :, inside]
        axial = np.einsum("ea,abeq,eb->eq", along, stress, along)
        transverse = np.einsum("ea,abeq,eb->eq", along, stress, across)
        sums = [
            np.bincount(owner, (weights * part).sum(axis=1), minlength=network.n_bonds)
            for part in (axial, transverse, axial * offset)
        ]
        unit_resultants.append(np.array(sums) / spans)
    normal, shear, moment = np.moveaxis(np.array(unit_resultants), 0, -1)
    return Resultants(normal, shear, moment)


def joint_stresses(
    resultants: Resultants,
    loads_N: FloatArray,
    widths_mm: FloatArray,
    network: Network,
    fabrication: Fabrication,
) -> FloatArray:
    """Return the larger nominal stress of the two joints of each bond, (n_samples, n_bonds) MPa.

    |N| / A + |M| / W in the thinned joint where it leaves the hub, half its own width from the
    node. The local stress at sharp corners is higher, and unbounded in a linear model.

    Args:
        resultants: stress resultants of the bonds.
        loads_N: (n_samples, n_in).
        widths_mm: width of the middle of each bond, (n_bonds,).
        network: nodes and bonds.
        fabrication: joints and thickness.
    """
    joint, thickness = fabrication.joint_ratio * widths_mm, fabrication.thickness_mm
    arm = (network.lengths - joint) / 2
    normal, shear, middle_moment = (
        loads_N @ part.T for part in (resultants.normal, resultants.shear, resultants.moment)
    )
    moment = np.maximum(np.abs(middle_moment + shear * arm), np.abs(middle_moment - shear * arm))
    stress: FloatArray = np.abs(normal) / (joint * thickness)
    return stress + moment / (thickness * joint**2 / 6)
