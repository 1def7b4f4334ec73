"""The lattice "square-braced"."""

from __future__ import annotations

from typing import Literal

from mnnfab.design.lattice import Lattice, Rows
from mnnfab.design.section import Positive
from mnnfab.network.lattices import square_braced
from mnnfab.network.network import Network


class SquareBraced(Lattice):
    """[network] a square lattice of rows × columns nodes, one brace per cell.

    Args:
        lattice: "square-braced".
        rows: number of rows.
        columns: number of columns.
        bond_length_mm: length of every bond, mm.
    """

    lattice: Literal["square-braced"]
    rows: Rows
    columns: Rows
    bond_length_mm: Positive

    def network(self) -> Network:
        """Return the lattice without damage."""
        return square_braced(self.rows, self.columns, self.bond_length_mm, self.fixed)


LATTICE = SquareBraced
