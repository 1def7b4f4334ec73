"""The lattice "triangular-patch"."""

from __future__ import annotations

from typing import Literal

from mnnfab.design.lattice import Lattice, Rows
from mnnfab.design.section import Positive
from mnnfab.network.lattices import triangular_patch
from mnnfab.network.network import Network


class TriangularPatch(Lattice):
    """[network] the triangular patch of the paper: rows of rows + 1, rows, … 2 nodes.

    Args:
        lattice: "triangular-patch".
        rows: number of rows.
        bond_length_mm: length of every bond, mm.
    """

    lattice: Literal["triangular-patch"]
    rows: Rows
    bond_length_mm: Positive

    def network(self) -> Network:
        """Return the lattice without damage."""
        return triangular_patch(self.rows, self.bond_length_mm, self.fixed)


LATTICE = TriangularPatch
