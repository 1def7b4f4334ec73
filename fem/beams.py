"""Beam (frame) model: rigid joints and bonds that bend, thinned at their ends.

In the model hierarchy it lies between the pin-jointed bar model and the continuum model. Every
bond is one Timoshenko beam of varying width from node to node. Its flexibility is integrated
along the bond, which represents joint, taper and middle exactly. Nodes rotate; fixed nodes are
clamped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fem.supports import Supports, make_supports
from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.design.fabrication import Fabrication
from mnnfab.io.short_repr import short_repr
from mnnfab.linalg.cholesky import factorise
from mnnfab.linalg.constraints import constrained
from mnnfab.model.response import Response
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, read_ports, unit_loads
from mnnfab.profiles import Material

#: Timoshenko's shear coefficient of a rectangular section.
SHEAR_COEFFICIENT = 5 / 6
#: Points of Gauss's rule on each of the five pieces of a bond.
GAUSS_POINTS = 8


@dataclass(frozen=True, eq=False)
class BeamModel:
    """Beam model with its stiffness matrix.

    Args:
        network: nodes and bonds.
        stiffness: stiffness matrix of all degrees of freedom, three per node (u_x, u_y,
            rotation), N and mm.
        free: indices of the free degrees of freedom.
    """

    network: Network
    stiffness: sparse.csc_array
    free: IntArray

    __repr__ = short_repr

    def displacements(self, loads: FloatArray) -> FloatArray:
        """Return displacements and rotations under loads, both (3 n_nodes, n_cases)."""
        displacements, free = np.zeros_like(loads), self.free
        supports = self._supports
        solve = factorise(supports.augmented(self.stiffness)[free][:, free])
        solve = constrained(solve, supports.held[free].toarray())
        displacements[free] = solve(loads[free])
        return displacements

    @property
    def _supports(self) -> Supports:
        """Supports of the nodes, whose rotations are free."""
        in_the_plane = np.delete(np.arange(3 * self.network.n_nodes), np.s_[2::3])
        shape = (3 * self.network.n_nodes, 2 * self.network.n_nodes)
        entries = np.ones(shape[1]), (in_the_plane, np.arange(shape[1]))
        displacements = sparse.csc_array(sparse.coo_array(entries, shape=shape))
        scale = float(self.stiffness.diagonal().mean())
        return make_supports(displacements, self.network.supports, scale)


def make_beam_model(
    network: Network, widths_mm: FloatArray, material: Material, fabrication: Fabrication
) -> BeamModel:
    """Return the beam model of a network with these widths, (n_bonds,) mm."""
    blocks = beam_stiffness(network.lengths, widths_mm, material, fabrication)
    global_blocks = in_global_axes(blocks, network.directions)
    dofs = (3 * network.bonds[:, :, None] + np.arange(3)).reshape(-1, 6)
    rows, columns = np.repeat(dofs, 6, axis=1).ravel(), np.tile(dofs, (1, 6)).ravel()
    shape = (3 * network.n_nodes,) * 2
    stiffness = sparse.coo_array((global_blocks.ravel(), (rows, columns)), shape=shape).tocsc()
    fixed = (3 * network.fixed[:, None] + np.arange(3)).ravel()
    return BeamModel(network, stiffness, np.setdiff1d(np.arange(shape[0]), fixed))


def beam_response(
    frame: BeamModel, inputs: tuple[AnyPort, ...], outputs: tuple[AnyPort, ...]
) -> Response:
    """Return the response of a beam model to unit loads at the ports."""
    n_in, n_ports = len(inputs), len(inputs) + len(outputs)
    loads = np.zeros((frame.network.n_nodes, 3, n_ports))
    loads[:, :2] = unit_loads(frame.network.n_nodes, inputs + outputs).reshape(-1, 2, n_ports)
    displacements = frame.displacements(loads.reshape(-1, n_ports))
    in_the_plane = displacements.reshape(-1, 3, n_ports)[:, :2].reshape(-1, n_ports)
    elongations = compatibility_matrix(frame.network) @ in_the_plane
    return Response(
        flexibility=frozen_floats(read_ports(outputs, in_the_plane[:, :n_in].T).T),
        elongations=frozen_floats(elongations[:, :n_in]),
        adjoint_elongations=frozen_floats(elongations[:, n_in:]),
    )


def beam_stiffness(
    lengths_mm: FloatArray, widths_mm: FloatArray, material: Material, fabrication: Fabrication
) -> FloatArray:
    """Return the stiffness matrix of each bond in its local axes, (n_bonds, 6, 6) N and mm.

    Degrees of freedom: axial and transverse displacement and rotation of the first node, then of
    the second. The flexibility matrix of the second end with the first end clamped is integrated
    along the bond, inverted, and extended to the first end by equilibrium.

    Args:
        lengths_mm: lengths from node to node, (n_bonds,).
        widths_mm: widths of the middle, (n_bonds,).
        material: modulus and Poisson's ratio.
        fabrication: joints, tapers and thickness.
    """
    axial, shear, bending = _flexibilities(lengths_mm, widths_mm, material, fabrication)
    end_stiffness = np.linalg.inv(axial + shear + bending)
    equilibrium = _equilibrium(lengths_mm)
    stiffness: FloatArray = np.swapaxes(equilibrium, 1, 2) @ end_stiffness @ equilibrium
    return stiffness


def beam_stiffness_by_width(
    lengths_mm: FloatArray, widths_mm: FloatArray, material: Material, fabrication: Fabrication
) -> FloatArray:
    """Return the derivative of the stiffness matrix of each bond in its width, (n_bonds, 6, 6).

    The flexibilities by axial force and shear are proportional to 1/w, those by bending to 1/w³.
    The arguments are those of `beam_stiffness`.
    """
    axial, shear, bending = _flexibilities(lengths_mm, widths_mm, material, fabrication)
    end_stiffness = np.linalg.inv(axial + shear + bending)
    less_flexible = (axial + shear + 3 * bending) / widths_mm[:, None, None]
    equilibrium = _equilibrium(lengths_mm)
    inner = end_stiffness @ less_flexible @ end_stiffness
    slopes: FloatArray = np.swapaxes(equilibrium, 1, 2) @ inner @ equilibrium
    return slopes


def _flexibilities(
    lengths_mm: FloatArray, widths_mm: FloatArray, material: Material, fabrication: Fabrication
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the flexibility of the second end by axial force, shear and bending, (n_bonds, 3, 3).

    The first end is clamped.
    """
    positions, weights, widths = _integration_points(lengths_mm, widths_mm, fabrication)
    modulus, thickness = material.youngs_modulus_MPa, fabrication.thickness_mm
    shear_modulus = modulus / (2 * (1 + material.poisson_ratio))
    area = thickness * widths
    arm = lengths_mm[:, None] - positions
    curvature = weights / (modulus * thickness * widths**3 / 12)
    axial, shear, bending = (np.zeros((len(lengths_mm), 3, 3)) for _ in range(3))
    axial[:, 0, 0] = (weights / (modulus * area)).sum(axis=1)
    shear[:, 1, 1] = (weights / (SHEAR_COEFFICIENT * shear_modulus * area)).sum(axis=1)
    bending[:, 1, 1] = (curvature * arm**2).sum(axis=1)
    bending[:, 1, 2] = bending[:, 2, 1] = (curvature * arm).sum(axis=1)
    bending[:, 2, 2] = curvature.sum(axis=1)
    return axial, shear, bending


def _equilibrium(lengths_mm: FloatArray) -> FloatArray:
    """Return the forces at both ends by those at the second end, transposed, (n_bonds, 3, 6)."""
    equilibrium = np.zeros((len(lengths_mm), 3, 6))
    equilibrium[:, :, 3:] = np.eye(3)
    equilibrium[:, :, :3] = -np.eye(3)
    equilibrium[:, 1, 2] = -lengths_mm
    return equilibrium


def _integration_points(
    lengths_mm: FloatArray, widths_mm: FloatArray, fabrication: Fabrication
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return integration points of each bond, their weights and widths, (n_bonds, 5 POINTS)."""
    joint, taper = fabrication.joint_length_mm, fabrication.taper_length_mm
    ratio = fabrication.joint_ratio
    ones = np.ones_like(lengths_mm)
    ends = np.stack(
        [
            *(0 * ones, joint * ones, (joint + taper) * ones),
            *(lengths_mm - joint - taper, lengths_mm - joint, lengths_mm),
        ]
    )
    width_ratios = [(ratio, ratio), (ratio, 1.0), (1.0, 1.0), (1.0, ratio), (ratio, ratio)]
    knots, gauss = np.polynomial.legendre.leggauss(GAUSS_POINTS)
    knots, gauss = (knots + 1) / 2, gauss / 2
    pieces = []
    for (first, last), start, end in zip(width_ratios, ends[:-1], ends[1:], strict=True):
        span = (end - start)[:, None]
        width_ratio = first + (last - first) * knots
        pieces.append(
            (start[:, None] + span * knots, span * gauss, widths_mm[:, None] * width_ratio)
        )
    positions, weights, widths = (np.hstack(parts) for parts in zip(*pieces, strict=True))
    return positions, weights, widths


def in_global_axes(blocks: FloatArray, directions: FloatArray) -> FloatArray:
    """Return the beam stiffness matrices in global axes, (n_bonds, 6, 6)."""
    rotation = np.zeros((len(directions), 6, 6))
    cosine, sine = directions.T
    for offset in (0, 3):
        rotation[:, offset, offset] = rotation[:, offset + 1, offset + 1] = cosine
        rotation[:, offset, offset + 1], rotation[:, offset + 1, offset] = sine, -sine
        rotation[:, offset + 2, offset + 2] = 1.0
    global_blocks: FloatArray = np.swapaxes(rotation, 1, 2) @ blocks @ rotation
    return global_blocks
