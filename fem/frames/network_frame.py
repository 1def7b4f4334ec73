"""The frame of a network of bonds with hubs, joints and tapers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.sections import Division, Hubs, Layout, bond_sections, lay_out, rubber_law
from mnnfab.arrays import FloatArray
from mnnfab.design.fabrication import Fabrication
from mnnfab.network.network import Network
from mnnfab.network.supports import ground_stiffness, rigid_stiffness
from mnnfab.profiles import Material

#: Longest hub, relative to the joint: something must be left of the joint.
MAX_HUB_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class NetworkFrames:
    """Frames of a network for any widths of its bonds.

    Args:
        network: nodes and bonds; fixed nodes are clamped, and rigid supports of single directions
            also hold their node out of the plane.
        material: elastic constants and density.
        fabrication: joints, tapers and thickness.
        hub_stiffness: factor on the axial and shear stiffness of the hubs, where joints overlap.
        division: number of elements.
    """

    network: Network
    material: Material
    fabrication: Fabrication
    hub_stiffness: float = 1.0
    division: Division = field(default_factory=Division)

    def frame(self, widths_mm: FloatArray, edges_mm: FloatArray | float = 0.0) -> BeamFrame:
        """Return the frame with these widths.

        Args:
            widths_mm: widths of the middle of the bonds, (n_bonds,).
            edges_mm: error of the width of each bond, the same all along it, (n_bonds,).
        """
        network, layout = self.network, self.layout
        sections = bond_sections(
            layout,
            widths_mm,
            self.material,
            self.fabrication.thickness_mm,
            self.hub_stiffness,
            edges_mm,
        )
        vectors = layout.lengths[:, :, None] * network.directions[:, None]
        held = np.zeros((network.n_nodes, 3), dtype=bool)
        held[network.fixed] = True
        held_out = held.copy()
        for support in network.supports:
            held_out[support.port.node, 0] |= support.is_rigid
        rigid = rigid_stiffness(self.material.youngs_modulus_MPa, self.fabrication.thickness_mm)
        n_elements = layout.lengths.shape[1]
        return BeamFrame(
            nodes=network.nodes,
            ends=network.bonds,
            offsets=n_elements * np.arange(network.n_bonds + 1),
            vectors=vectors.reshape(-1, 2),
            sections=sections,
            held=held,
            held_out=held_out,
            ground=ground_stiffness(network.n_nodes, network.supports, rigid),
            axial_law=rubber_law(self.material.poisson_ratio),
        )

    @cached_property
    def layout(self) -> Layout:
        """Elements along the bonds."""
        fabrication = self.fabrication
        width = fabrication.joint_ratio * (fabrication.width_min_mm + fabrication.width_max_mm) / 2
        hubs = make_hubs(self.network, width, fabrication.joint_length_mm)
        return lay_out(self.network.lengths, hubs, fabrication, self.division)


def make_hubs(network: Network, joint_width_mm: float, joint_length_mm: float) -> Hubs:
    """Return the hubs at the first and the last node of each bond.

    Joints of one width b at an angle α overlap up to b / (2 tan α/2) from their node. The hub
    reaches so far toward the nearest neighbour, at least by b / 2 and at most by nine tenths of
    the joint. On either side, the neighbour has half of the overlap, which is a triangle.
    """
    angles = neighbour_angles(network)
    half_angles = np.minimum(angles, np.pi) / 2
    reaches = joint_width_mm / 2 * np.maximum(np.cos(half_angles), 0.0) / np.sin(half_angles)
    lengths = np.clip(reaches.max(axis=2), joint_width_mm / 2, MAX_HUB_SHARE * joint_length_mm)
    overlaps = np.minimum(reaches / lengths[:, :, None], 1.0)
    return Hubs(lengths, 1.0 - overlaps.sum(axis=2) / 4)


def neighbour_angles(network: Network) -> FloatArray:
    """Return the angles from each bond to both neighbours at its nodes, (n_bonds, 2, 2) rad.

    The second axis is the node, the third the neighbour, clockwise and counter-clockwise. They are
    full turns at a node with one bond.
    """
    angles = np.full((network.n_bonds, 2, 2), 2 * np.pi)
    leaving = np.stack([network.directions, -network.directions], axis=1)  # from either node
    headings = np.arctan2(leaving[..., 1], leaving[..., 0])
    for node in range(network.n_nodes):
        bonds, side = np.nonzero(network.bonds == node)
        order = np.argsort(headings[bonds, side])
        bonds, side = bonds[order], side[order]
        around = headings[bonds, side]
        gaps = np.diff(np.append(around, around[0] + 2 * np.pi))
        angles[bonds, side] = np.stack([np.roll(gaps, 1), gaps], axis=1)
    return angles
