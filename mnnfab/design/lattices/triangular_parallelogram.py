"""The lattice "triangular-parallelogram"."""

from __future__ import annotations

from typing import Literal

from mnnfab.design.lattice import Lattice, Rows
from mnnfab.design.section import Positive
from mnnfab.network.lattices import triangular_parallelogram
from mnnfab.network.network import Network


class TriangularParallelogram(Lattice):
    """[network] a triangular lattice of rows × columns nodes.

    Args:
        lattice: "triangular-parallelogram".
        rows: number of rows.
        columns: number of columns.
        bond_length_mm: length of every bond, mm.
    """

    lattice: Literal["triangular-parallelogram"]
    rows: Rows
    columns: Rows
    bond_length_mm: Positive

    def network(self) -> Network:
        """Return the lattice without damage."""
        return triangular_parallelogram(self.rows, self.columns, self.bond_length_mm, self.fixed)


LATTICE = TriangularParallelogram
