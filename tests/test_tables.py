"""Tables as spreadsheets, instruments and pandas write them: read as meant, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from mnnfab import InputError
from mnnfab.io.cells import as_written, without_formula
from mnnfab.io.tables import (
    column_numbers,
    is_number,
    optional_numbers,
    read_table,
    read_table_with_findings,
    table_text,
)
from mnnfab.network.network import Network
from mnnfab.network.widths_file import load_widths

PLAIN = "a,b,kind\n5.1,-3,x\n4.9,0.5,y\n"
NUMBERS = [[5.1, -3.0], [4.9, 0.5]]


def numbers_of(path: Path, content: str | bytes) -> list[list[float]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    table = read_table(path)
    assert table.header == ("a", "b", "kind")
    assert [row[2] for row in table.rows] == ["x", "y"]
    numbers: list[list[float]] = table.numbers([0, 1]).tolist()
    return numbers


EUROPEAN = PLAIN.replace(",", ";").replace(".", ",")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (PLAIN, ()),
        (PLAIN.encode("utf-8-sig"), ()),
        (PLAIN.replace("\n", "\r"), ()),
        (PLAIN.replace("\n", "\r\n"), ()),
        (PLAIN.encode("utf-16"), ("UTF-16-LE",)),
        (b"\xfe\xff" + PLAIN.encode("utf-16-be"), ("UTF-16-BE",)),
        (PLAIN.encode("utf-16-be"), ("UTF-16-BE",)),
        (PLAIN.replace(",", "\t").encode("utf-16"), ("UTF-16-LE", "tabs")),
        (PLAIN.replace(",", ";"), ("semicolons",)),
        (EUROPEAN, ("semicolons", "decimal comma")),
        (EUROPEAN.replace(";", "\t"), ("tabs", "decimal comma")),
        (f"sep=;\r\n{EUROPEAN}", ("semicolons", "decimal comma")),
        ('"a";"b";"kind"\n"5,1";"-3";"x"\n"4,9";"0,5";"y"\n', ("semicolons", "decimal comma")),
        ("a,b,kind,,\n5.1,-3,x,,\n4.9,0.5,y,,\n,,,,\n", ('columns after "kind"', "1 blank row")),
        ("a,b,kind\n5.1,-3,x,\n,,\n4.9,0.5,y,\n\n \n", ('columns after "kind"', "line 3")),
        (f"# an instrument\n# of ours\n{PLAIN}", ("2 comment lines before the header",)),
        ("a,b,kind\n5.1,-3,x\n# a remark\n4.9,0.5,y\n", ("1 comment line left out: line 3",)),
        ("a,b,kind \n5.1,-3,x\n4.9,0.5 ,y\n", ("blanks around 2 cells",)),
        ("a, b, kind\n5.1, \u22123, x\n4.9, 0.5, y\n", ()),
    ],
)
def test_one_table_in_many_forms(
    tmp_path: Path, content: str | bytes, told: tuple[str, ...]
) -> None:
    assert numbers_of(tmp_path / "own.csv", content) == NUMBERS
    found = read_table_with_findings(tmp_path / "own.csv").findings
    assert {finding.code for finding in found} <= {"table-format"}
    messages = " | ".join(finding.message for finding in found)
    assert bool(found) == bool(told)
    assert all(words in messages for words in told), messages


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # Which mark is which cannot be told.
        ("a;b\n1,234;x\n", '"1,234": a decimal comma or a separator of thousands\n.*points'),
        ("a;b\n1.234;x\n", '"1.234": a decimal point or a separator of thousands'),
        ("a;b\n1,5;x\n2.5;y\n", '"1,5": decimal commas and other marks'),
        ("a;b\n1,5;x\n1.234,5;y\n", '"1,5": decimal commas and other marks'),
        ('a,b\n"5,1",x\n', '"5,1": a comma in a number between commas\n.*semicolons'),
        ("a,b\n5,1,x\n", "line 2: 3 cells\n.*decimal commas, semicolons"),
        ("a,b;c\n1,2;3\n", "commas or by semicolons: all fit\n.*sep=;"),
        ("a b c\n1 2 3\n", "separated by blanks\n.*semicolons"),
        ("sep=:\na:b\n1:2\n", 'separated by ":"'),
        # Numbers that Python takes and no one means.
        *((f"a,b\n{cell},x\n", f'column a: "{cell}"\n') for cell in ("5_1", "infinity", "５")),
        *((f"a,b\n{cell},x\n", f'column a: "{cell}"\n') for cell in ("1e999", "0x10", "5.1 cm")),
        # Rows that would be lost, and headers that are none.
        ('a,b\n1,"x\n2,y\n', "line .*unexpected end of data\n.*quotation"),
        ("# a,b\n1,2\n", "line 1: a comment that may be the header"),
        ("a,b,\n1,2,3\n", "line 2: no name for column 2"),
        (",a,b\n0,1,2\n", "no name for column 0\n.*index=False"),
        ("a,b\n\n,\n", "no rows"),
        ("u\u0308,\u00fc\n1,2\n", 'column "ü" twice'),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_table(path).numbers([0])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04...", "an Excel workbook"),
        (b"PAR1...", "a name that ends in .parquet"),
        (b"a,b\n1,\x00\n", "not text: bytes of 0"),
        ("a,b\n1,Größe\n".encode("cp437"), "neither UTF-8 nor Windows-1252|not text in UTF-8"),
    ],
)
def test_bytes_that_are_no_table(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "own.csv").write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_table(tmp_path / "own.csv")


def test_the_words_of_a_guessed_encoding_are_shown(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes("Länge;kind\n1;Größe\n".encode("cp1252"))
    table = read_table_with_findings(tmp_path / "own.csv")
    assert (table.header, table.rows) == (("Länge", "kind"), (("1", "Größe"),))
    (warning,) = [finding for finding in table.findings if finding.severity == "warning"]
    assert '"Länge", "Größe"' in warning.message


def test_one_comma_tells_the_mark_of_all_numbers(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("a;b\n1,234;5,25\n2,345;3\n")
    assert read_table(tmp_path / "own.csv").numbers([0, 1]).tolist() == [[1.234, 5.25], [2.345, 3]]


def test_every_row_without_a_number_is_named(tmp_path: Path) -> None:
    rows = "".join(f"{'NA' if i % 3 else i}\n" for i in range(12))
    (tmp_path / "own.csv").write_text(f"a\n{rows}")
    table = read_table(tmp_path / "own.csv")
    with pytest.raises(
        InputError, match=r'line 3, column a: "NA"; no value in 8 rows: line 3,.*3 m'
    ):
        column_numbers(table, "a")
    assert np.isnan(optional_numbers(table, "a")).sum() == 8


def test_a_widths_table_from_a_spreadsheet(tmp_path: Path) -> None:
    """With a stored index, semicolons and decimal commas: all tables are read by one reader."""
    nodes = np.array([[0.0, 0.0], [20.0, 0.0], [10.0, -17.0]])
    network = Network(nodes, np.array([[0, 1], [0, 2], [1, 2]]), np.array([0, 1]))
    (tmp_path / "w.csv").write_text("bond;width_mm;\n2;1,5;\n0;2;\n1;1,75;\n")
    assert load_widths(tmp_path / "w.csv", network).tolist() == [2.0, 1.75, 1.5]
    table = pa.table({"width_mm": [1.5, 2.0, 1.75], "bond": [2, 0, 1]})
    metadata = {b"pandas": json.dumps({"index_columns": ["bond"]}).encode()}
    parquet.write_table(table.replace_schema_metadata(metadata), tmp_path / "w.parquet")
    assert load_widths(tmp_path / "w.parquet", network).tolist() == [2.0, 1.75, 1.5]


# Formulas


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+49 89", "'+49 89"),
        ("- zero", "'- zero"),
        (" =1+1", "' =1+1"),
        ("\t=1", "'\t=1"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        *((text, text) for text in ("a=1", "'quoted'", "", "-0.5", "+1e-3")),
        *((number, number) for number in (-0.5, -1, True)),
    ],
)
def test_text_that_is_a_formula(value: object, written: object) -> None:
    assert without_formula(value) == written
    if isinstance(value, str):
        assert as_written(str(written)) == value


@given(st.text(alphabet=" '=+-@\t\nx1.", max_size=6))
def test_the_apostrophe_is_removed_again(text: str) -> None:
    assert as_written(str(without_formula(text))) == text


def test_written_tables_are_read_back(tmp_path: Path) -> None:
    header, rows = ["=a", "b", "c"], [["@x", -1.5, "two\rlines"], ["-y", 1e-300, "'+"]]
    text = table_text(header, rows)
    assert text == "'=a,b,c\n'@x,-1.5,\"two\nlines\"\n'-y,1e-300,''+\n"
    (tmp_path / "own.csv").write_text(text)
    table = read_table(tmp_path / "own.csv")
    assert table.header == ("=a", "b", "c")
    assert table.rows == (("@x", "-1.5", "two\nlines"), ("-y", "1e-300", "'+"))
    assert table.numbers([1]).tolist() == [[-1.5], [1e-300]]


def test_numbers_in_ascii_only() -> None:
    assert all(is_number(cell) for cell in ("1", "-1.", ".5", "+1e-3", "1E5", "\u22121"))
    assert not any(is_number(cell) for cell in ("", "1_0", "nan", "inf", "１", "1,5", "1e999", "."))
