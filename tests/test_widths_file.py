"""Tables of widths: rows in any order, and one clear message for a table of another network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnnfab import InputError, Network
from mnnfab.network.widths_file import load_start, load_widths, widths_text

NETWORK = Network(
    np.array([[0.0, 0.0], [10.0, 0.0], [5.0, 8.0]]),
    np.array([[0, 1], [1, 2], [2, 0]]),
    np.array([0]),
)
WIDTHS = np.array([1.5, 2.0, 2.5])
HEADER = "bond,node_i,node_j,width_mm\n"
Reader = Callable[[Path, Network], np.ndarray]


@pytest.mark.parametrize("read", [load_widths, load_start])
def test_rows_may_be_in_any_order(tmp_path: Path, read: Reader) -> None:
    header, *rows = widths_text(NETWORK, WIDTHS).splitlines()
    table = tmp_path / "widths.csv"
    table.write_text("\n".join([header, *reversed(rows)]) + "\n", encoding="utf-8")
    np.testing.assert_allclose(read(table, NETWORK), WIDTHS)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (load_widths, HEADER + "0,0,1,1.5\n", "1 widths\n  expected: 3, one per bond"),
        (load_widths, HEADER + "0,0,1,1\n0,1,2,1\n2,2,0,1\n", "missing or repeated bonds"),
        (
            load_widths,
            HEADER + "0,0,2,1\n1,1,2,1\n2,2,0,1\n",
            "node_j: nodes of other bonds",
        ),
        (load_start, HEADER + "0,0,1,1\n1,1,0,1\n2,2,0,1\n", "bond 0–1 twice"),
        (load_start, HEADER + "0,0,1,1\n1,1,2,1\n", "no width of bond 2"),
    ],
)
def test_a_table_of_another_network_is_refused(
    tmp_path: Path, read: Reader, text: str, message: str
) -> None:
    table = tmp_path / "widths.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read(table, NETWORK)
    assert message in str(refused.value)
