"""Strain at the joints of a rubber body.

Stress at the sharp corner between two joints grows without bound as the mesh is refined. The
strain of a joint is therefore that of its faces by a linear fit over its width, the extreme fibre
strain of a beam, which converges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fem.continuum import Continuum
from fem.rubber.body import RubberBody
from mnnfab.arrays import FloatArray, IntArray, frozen_floats, frozen_ints
from mnnfab.design.fabrication import Fabrication
from mnnfab.network.network import Network

#: Start of the window along the joint, where the joints of a triangular lattice separate, and its
#: length, both in widths of the joint; the start is at most this share of the joint length.
START, LENGTH, MAX_START_SHARE = 0.87, 0.5, 0.6


@dataclass(frozen=True, eq=False)
class JointWindows:
    """Quadrature points at the joints, and functionals for the strain of the faces.

    Args:
        points: quadrature points, as indices of all points of all elements, (n_points,).
        directions: direction of the bond of each point, (n_points, 2).
        faces: values at the two faces of both joints of each bond from values at the points,
            (4 n_bonds, n_points).
    """

    points: IntArray
    directions: FloatArray
    faces: sparse.csr_array


def joint_windows(
    continuum: Continuum, network: Network, widths_mm: FloatArray, fabrication: Fabrication
) -> JointWindows:
    """Return the windows at both joints of every bond.

    Args:
        continuum: model on whose mesh the body is made.
        network: nodes and bonds.
        widths_mm: width of the middle of each bond, (n_bonds,).
        fabrication: joint ratio and length.
    """
    basis, mesh = continuum.basis, continuum.mesh
    positions = np.moveaxis(basis.global_coordinates().value, 0, -1)
    volumes = basis.dx * mesh.thickness_mm[:, None]
    node = mesh.region - mesh.n_nodes  # hubs include their joints
    points, directions, rows, columns, values = [], [], [], [], []
    n_found = 0
    for bond, ends in enumerate(network.bonds):
        joint = fabrication.joint_ratio * widths_mm[bond]
        for end in (0, 1):
            direction = network.directions[bond] * (1 - 2 * end)
            elements = np.flatnonzero(node == ends[end])
            offsets = positions[elements] - network.nodes[ends[end]]
            along, across = offsets @ direction, offsets @ [-direction[1], direction[0]]
            start = min(START * joint, MAX_START_SHARE * fabrication.joint_length_mm)
            inside = (along >= start) & (along <= start + LENGTH * joint)
            inside &= np.abs(across) <= joint
            fits = _face_functionals(across[inside], volumes[elements][inside], joint)
            found = elements[:, None] * volumes.shape[1] + np.arange(volumes.shape[1])
            points.append(found[inside])
            directions.append(np.broadcast_to(direction, (fits.shape[1], 2)))
            number = n_found + np.arange(fits.shape[1])
            n_found += fits.shape[1]
            for face in (0, 1):
                rows.append(np.full(fits.shape[1], 4 * bond + 2 * end + face))
                columns.append(number)
                values.append(fits[face])
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return JointWindows(
        points=frozen_ints(np.concatenate(points)),
        directions=frozen_floats(np.concatenate(directions)),
        faces=sparse.csr_array(sparse.coo_array(entries, shape=(4 * network.n_bonds, n_found))),
    )


def _face_functionals(across: FloatArray, weights: FloatArray, width: float) -> FloatArray:
    """Return weights of the values at points for a linear fit at both faces, (2, n_points)."""
    basis = np.stack([np.ones_like(across), across / width])
    moments = (basis * weights) @ basis.T
    faces = np.array([[1.0, 0.5], [1.0, -0.5]])
    functionals: FloatArray = faces @ np.linalg.solve(moments, basis * weights)
    return functionals


def joint_strains(body: RubberBody, windows: JointWindows, field: FloatArray) -> FloatArray:
    """Return the largest strain |λ - 1| along the bond at the faces of its joints, (n_bonds,).

    Args:
        body: the rubber body.
        windows: windows at the joints.
        field: displacements, (n_dofs,) mm.
    """
    gradients = body.deformation_gradients(field).reshape(-1, 2, 2)[windows.points]
    stretches = np.linalg.norm(np.einsum("pab,pb->pa", gradients, windows.directions), axis=1)
    strains: FloatArray = np.abs(windows.faces @ (stretches - 1.0)).reshape(-1, 4).max(axis=1)
    return strains
