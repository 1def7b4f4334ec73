"""Tables of bond widths: bond, node_i, node_j, length_mm, width_mm."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.errors import InputError
from mnnfab.io.tables import Table, column_numbers, read_table, table_text
from mnnfab.network.network import Network

HEADER = ("bond", "node_i", "node_j", "length_mm", "width_mm")


def load_widths(path: Path, network: Network) -> FloatArray:
    """Read the width of every bond, (n_bonds,) mm, from the column `width_mm`.

    With a column `bond` the rows may be in any order.

    Raises:
        InputError: if the number of widths is not that of the bonds, or a cell is not a number.
    """
    table = read_table(path)
    widths = column_numbers(table, "width_mm")
    if len(widths) != network.n_bonds:
        raise InputError(
            str(path), f"{len(widths)} widths", f"{network.n_bonds}, one per bond of the network"
        )
    order = _order(table, network)
    for name, nodes in zip(("node_i", "node_j"), network.bonds.T, strict=True):
        if name in table.header and (column_numbers(table, name)[order] != nodes).any():
            raise InputError(
                f"{path}, column {name}",
                "nodes of other bonds",
                "the bonds of the design's network",
            )
    return frozen_floats(widths[order])


def load_start(path: Path, network: Network) -> FloatArray:
    """Read initial widths, (n_bonds,) mm, from the table of an earlier run.

    Bonds are matched by their nodes, so the network may have fewer bonds than the table.

    Raises:
        InputError: if a bond of the network is not in the table.
    """
    table = read_table(path)
    ends = np.column_stack([column_numbers(table, name) for name in ("node_i", "node_j")])
    pairs = [tuple(sorted(pair)) for pair in ends.tolist()]
    width_of = dict(zip(pairs, column_numbers(table, "width_mm").tolist(), strict=True))
    if len(width_of) < len(pairs):
        repeated = next(pair for pair in pairs if pairs.count(pair) > 1)
        given = f"bond {repeated[0]:g}–{repeated[1]:g} twice"
        raise InputError(str(path), given, "one width per bond")
    widths = []
    for bond, pair in enumerate(np.sort(network.bonds, axis=1).tolist()):
        if tuple(pair) not in width_of:
            raise InputError(
                str(path),
                f"no width of {network.bond_name(bond)}",
                "a width for every bond; for a repaired bond, add its row to a copy of the table "
                "and name the copy in [training] start",
            )
        widths.append(width_of[tuple(pair)])
    return frozen_floats(widths)


def _order(table: Table, network: Network) -> IntArray:
    """Return the row of each bond, (n_bonds,)."""
    if "bond" not in table.header:
        return np.arange(network.n_bonds)
    bonds = column_numbers(table, "bond")
    if not np.array_equal(np.sort(bonds), np.arange(network.n_bonds)):
        raise InputError(
            f"{table.path}, column bond",
            "missing or repeated bonds",
            f"0 to {network.n_bonds - 1}, each once",
        )
    return np.argsort(bonds)


def check_widths(where: str, widths: FloatArray, limits: tuple[float, float]) -> None:
    """Check that widths are within `limits` mm.

    Raises:
        InputError: naming the first bond outside the limits.
    """
    lowest, highest = limits
    # A width trained to the limit may exceed it by rounding.
    tolerance = 1e-9 * highest
    outside = np.flatnonzero((widths < lowest - tolerance) | (widths > highest + tolerance))
    if outside.size:
        raise InputError(
            f"{where}, bond {outside[0]}",
            f"{widths[outside[0]]:g} mm",
            f"width_min_mm to width_max_mm: {lowest:g} to {highest:g} mm",
        )


def widths_text(network: Network, widths: FloatArray) -> str:
    """Return the table of widths as CSV text."""
    rows = zip(
        range(network.n_bonds),
        network.bonds[:, 0].tolist(),
        network.bonds[:, 1].tolist(),
        network.lengths.tolist(),
        widths.tolist(),
        strict=True,
    )
    return table_text(HEADER, rows)
