"""Frames: nodes, and chains of beam elements between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fem.frames.kernels.arrays import Chains, Planar, Points, Space
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.io.short_repr import short_repr

#: Largest distance of the end of a chain from its node, relative to the chain's length.
CLOSURE = 1e-9

BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Sections:
    """Sections of beam elements, arrays (n_elements,) or numbers for all.

    Args:
        axial: E A, N.
        shear: G A_s in the plane, N.
        bending: E I in the plane, N mm².
        shear_out: G A_s out of the plane, N.
        torsion: G J, N mm².
        bending_out: E I out of the plane, N mm².
        half_width: half width in the plane, mm; 0 if its strain is not of interest.
        weight: weight per length, N/mm.
    """

    axial: FloatArray | float
    shear: FloatArray | float
    bending: FloatArray | float
    shear_out: FloatArray | float = 1.0
    torsion: FloatArray | float = 1.0
    bending_out: FloatArray | float = 1.0
    half_width: FloatArray | float = 0.0
    weight: FloatArray | float = 0.0


@dataclass(frozen=True, eq=False)
class Member:
    """A chain of elements between two nodes, straight or along a polygon.

    Args:
        first: first node.
        last: last node.
        points: points from the first node to the last, (n_elements + 1, 2) mm.
        sections: sections of the elements.
    """

    first: int
    last: int
    points: FloatArray
    sections: Sections


@dataclass(frozen=True, eq=False)
class BeamFrame:
    """Chains of beam elements between nodes.

    Args:
        nodes: positions of the nodes, (n_nodes, 2) mm.
        ends: the two nodes of each chain, (n_chains, 2).
        offsets: first element of each chain, (n_chains + 1,).
        vectors: undeformed elements, (n_elements, 2) mm.
        sections: sections of the elements.
        held: degrees of freedom u_x, u_y, θ that are zero, (n_nodes, 3).
        held_out: degrees of freedom w, φ_x, φ_y that are zero, (n_nodes, 3).
        axial_law: coefficients c and d of the axial law, stress / E = e - c e² + d e³.
        ground: stiffness of the nodes to the ground, (n_nodes, 2, 2) N/mm; none if not given.

    Raises:
        InputError: if a chain does not end at its node.
    """

    nodes: FloatArray
    ends: IntArray
    offsets: IntArray
    vectors: FloatArray
    sections: Sections
    held: BoolArray
    held_out: BoolArray
    axial_law: tuple[float, float] = (0.0, 0.0)
    ground: FloatArray | None = None

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Check that the chains are closed."""
        first, last = self.ends.T
        spans = np.add.reduceat(self.vectors, self.offsets[:-1])
        misfit = np.hypot(*(self.nodes[first] + spans - self.nodes[last]).T)
        length = np.add.reduceat(self.lengths, self.offsets[:-1])
        wrong = np.flatnonzero(~(misfit <= CLOSURE * length))
        if wrong.size:
            chain = int(wrong[0])
            given = f"it ends {misfit[chain]:g} mm from node {last[chain]}"
            raise InputError(f"frame, chain {chain}", given, "elements that end at the node")

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    @property
    def n_chains(self) -> int:
        """Number of chains."""
        return len(self.ends)

    @property
    def n_interior(self) -> int:
        """Number of points within the chains."""
        return len(self.vectors) - len(self.ends)

    @cached_property
    def lengths(self) -> FloatArray:
        """Lengths of the elements, (n_elements,) mm."""
        lengths: FloatArray = np.hypot(self.vectors[:, 0], self.vectors[:, 1])
        return lengths

    @cached_property
    def chains(self) -> Chains:
        """Elements, for the kernels."""
        return Chains(
            np.ascontiguousarray(self.ends),
            np.ascontiguousarray(self.offsets),
            np.ascontiguousarray(self.vectors),
            self.lengths,
        )

    @cached_property
    def planar(self) -> Planar:
        """Stiffness in the plane, for the kernels."""
        sections, dofs = self.sections, _numbered(self.held)
        bending = self._each(sections.bending)
        shear, shortening = with_residual_bending(self._each(sections.shear), bending, self.lengths)
        return Planar(
            axial=self._each(sections.axial),
            shear=shear,
            bending=bending,
            shortening=shortening,
            law=self.axial_law,
            half_width=self._each(sections.half_width),
            dofs=dofs,
            n_free=int(dofs.max()) + 1,
            ground=self._ground_of_chains,
        )

    @property
    def _ground_of_chains(self) -> FloatArray:
        """Stiffness of each node to the ground at one of its chains, (n_chains, 2, 2, 2)."""
        ground = np.zeros((self.n_chains, 2, 2, 2))
        if self.ground is not None:
            for node in np.flatnonzero(self.ground.any(axis=(1, 2))).tolist():
                chain, side = np.argwhere(self.ends == node)[0].tolist()
                ground[chain, side] = self.ground[node]
        return ground

    @cached_property
    def space(self) -> Space:
        """Stiffness out of the plane, for the kernels."""
        sections, dofs = self.sections, _numbered(self.held_out)
        bending = self._each(sections.bending_out)
        shear, shortening = with_residual_bending(
            self._each(sections.shear_out), bending, self.lengths
        )
        return Space(
            shear=shear,
            torsion=self._each(sections.torsion),
            bending=bending,
            shortening=shortening,
            dofs=dofs,
            n_free=int(dofs.max()) + 1,
        )

    @cached_property
    def weight(self) -> Points:
        """Own weight along -y, half of each element on either of its points."""
        halves = self._each(self.sections.weight) * self.lengths / 2
        loads = self.no_loads
        first, last = self.offsets[:-1], self.offsets[1:] - 1
        np.add.at(loads.nodes[:, 1], self.ends[:, 0], -halves[first])
        np.add.at(loads.nodes[:, 1], self.ends[:, 1], -halves[last])
        starts = np.delete(np.arange(len(halves)), last)  # elements that end within a chain
        loads.interior[:, 1] = -(halves[starts] + halves[starts + 1])
        return loads

    @property
    def no_loads(self) -> Points:
        """Zero loads on all points."""
        return Points(np.zeros((self.n_nodes, 3)), np.zeros((self.n_interior, 3)))

    def _each(self, values: FloatArray | float) -> FloatArray:
        return np.ascontiguousarray(np.broadcast_to(values, len(self.vectors)), dtype=float)


def make_frame(
    nodes: FloatArray, members: Sequence[Member], held: BoolArray, held_out: BoolArray | None = None
) -> BeamFrame:
    """Return the frame of some members.

    Args:
        nodes: positions of the nodes, (n_nodes, 2) mm.
        members: chains of elements.
        held: degrees of freedom u_x, u_y, θ that are zero, (n_nodes, 3).
        held_out: the same of w, φ_x, φ_y; all three of the nodes whose u_x and u_y are both held
            if not given.
    """
    if held_out is None:
        held_out = np.broadcast_to((held[:, 0] & held[:, 1])[:, None], held.shape)
    counts = [len(member.points) - 1 for member in members]
    names = Sections.__dataclass_fields__
    sections = {
        name: np.concatenate(
            [
                np.broadcast_to(getattr(member.sections, name), count)
                for member, count in zip(members, counts, strict=True)
            ]
        )
        for name in names
    }
    return BeamFrame(
        nodes=np.asarray(nodes, dtype=float),
        ends=np.array([(member.first, member.last) for member in members]),
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        vectors=np.concatenate([np.diff(member.points, axis=0) for member in members]),
        sections=Sections(**sections),
        held=held,
        held_out=held_out,
    )


def with_residual_bending(
    shear: FloatArray, bending: FloatArray, lengths: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the shear stiffness with which linear elements are exact, and their shortening.

    The bending within an element is left out by its linear interpolation. The residual bending
    flexibility (MacNeal 1978) adds it to that of shear, 1/GA + h²/12 EI, which gives the element
    Timoshenko's exact stiffness at small displacements, whatever its length, and prevents shear
    locking. The share s of γ₂ that is bending shapes the element to an S, whose chord is shorter
    by s² γ₂² (1/2 + 1/10): the half is the slope of the chord, the tenth that of the cubic S.

    Returns:
        Shear stiffness, (n,) N, and shortening by γ₂², (n,).
    """
    residual = lengths**2 / (12.0 * bending)
    total = 1.0 / (1.0 / shear + residual)
    return total, 0.6 * (total * residual) ** 2


def _numbered(held: BoolArray) -> IntArray:
    """Return the numbers of the free degrees of freedom, -1 for the others."""
    numbers = np.full(held.shape, -1, dtype=np.int64)
    numbers[~held] = np.arange(int((~held).sum()))
    return numbers
