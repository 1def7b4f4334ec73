"""The lattice "kagome-braced"."""

from __future__ import annotations

from typing import Literal

from mnnfab.design.lattice import Lattice, Rows
from mnnfab.design.section import Positive
from mnnfab.network.lattices import kagome_braced
from mnnfab.network.network import Network


class KagomeBraced(Lattice):
    """[network] a kagome lattice of rows × columns hexagons with three braces each.

    Args:
        lattice: "kagome-braced".
        rows: number of rows.
        columns: number of columns.
        bond_length_mm: length of every bond, mm.
    """

    lattice: Literal["kagome-braced"]
    rows: Rows
    columns: Rows
    bond_length_mm: Positive

    def network(self) -> Network:
        """Return the lattice without damage."""
        return kagome_braced(self.rows, self.columns, self.bond_length_mm, self.fixed)


LATTICE = KagomeBraced
