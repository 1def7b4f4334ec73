"""The lattice "triangular-hexagon"."""

from __future__ import annotations

from typing import Literal

from mnnfab.design.lattice import Lattice, Rows
from mnnfab.design.section import Positive
from mnnfab.network.lattices import triangular_hexagon
from mnnfab.network.network import Network


class TriangularHexagon(Lattice):
    """[network] a hexagon of a triangular lattice, side bonds along each side.

    Args:
        lattice: "triangular-hexagon".
        side: number of bonds along each side.
        bond_length_mm: length of every bond, mm.
    """

    lattice: Literal["triangular-hexagon"]
    side: Rows
    bond_length_mm: Positive

    def network(self) -> Network:
        """Return the lattice without damage."""
        return triangular_hexagon(self.side, self.bond_length_mm, self.fixed)


LATTICE = TriangularHexagon
