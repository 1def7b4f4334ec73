"""Tables of features and classes: which column is the class, and which entries are one class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from mnnfab import InputError
from mnnfab.task.datasets import read_labelled_features
from mnnfab.task.missing_values import Missing


def write_own(folder: Path, text: str) -> Path:
    (folder / "own.csv").write_text(text, encoding="utf-8")
    return folder / "own.csv"


def with_entries(folder: Path, *entries: str) -> Path:
    """A table whose class column has these entries."""
    rows = "".join(f"{number},{entry}\n" for number, entry in enumerate(entries))
    return write_own(folder, f"a,kind\n{rows}")


@pytest.mark.parametrize(
    ("entries", "names", "classes"),
    [
        (("Gr\u00f6\u00dfe", "Gro\u0308\u00dfe", "b"), ("Größe", "b"), [0, 0, 1]),
        (("0", "0.0", "1", "00", "0e0", "1.0"), ("0", "1"), [0, 0, 1, 0, 0, 1]),
        (("10", "9", "9.5"), ("9", "9.5", "10"), [2, 0, 1]),
        (("a b", "a\u00a0b", " a  b ", "a\u200b b", "c"), ("a b", "c"), [0, 0, 0, 0, 1]),
        (("5_100", "5100"), ("5100", "5_100"), [1, 0]),
        (("infinity", "inf"), ("inf", "infinity"), [1, 0]),
        (("12345678901234567890", "12345678901234567891"), None, [0, 1]),
        (("none", "Na"), ("Na", "none"), [1, 0]),
    ],
)
def test_entries_that_are_one_class(
    tmp_path: Path, entries: tuple[str, ...], names: tuple[str, ...] | None, classes: list[int]
) -> None:
    data = read_labelled_features(with_entries(tmp_path, *entries))
    assert data.class_names == (names or entries)
    assert data.classes.tolist() == classes


def test_the_classes_are_told_with_their_counts(tmp_path: Path) -> None:
    data = read_labelled_features(with_entries(tmp_path, "0", "b", "0.0", "b", "b", "00"))
    messages = {finding.code: finding.message for finding in data.findings}
    assert messages == {
        "classes": 'class column "kind", rows of every class: "0" 3, "b" 3',
        "class-spellings": '3 spellings are one class, "0": "0" 1, "0.0" 1, "00" 1',
    }


@pytest.mark.parametrize("entries", [("Setosa", "setosa"), ("５", "5"), ("\ufb01", "fi")])
def test_names_of_classes_that_look_alike(tmp_path: Path, entries: tuple[str, ...]) -> None:
    """They are nearly always one class, and two that are meant can be renamed."""
    with pytest.raises(InputError, match=r'column kind: ".*" \(line \d\) and ".*" \(line \d\)'):
        read_labelled_features(with_entries(tmp_path, *entries, "other"))


MARKS = ["", "NA", "?", "n/a", "NaN", "-", "—", "NULL", "missing", "#N/A", "None", "<NA>"]


@pytest.mark.parametrize("mark", MARKS)
def test_missing_values_are_refused_or_dropped(tmp_path: Path, mark: str) -> None:
    """In the class and in a feature, but not in a column that is not used."""
    rows = ["1,2,x", f"3,4,{mark}", f"{mark},5,y", f"6,{mark},y", "7,8,x"]
    path = write_own(tmp_path, "a,b,kind\n" + "\n".join(rows) + "\n")
    with pytest.raises(
        InputError, match=r'line 3, column kind: .*; 2 rows.*line 3, line 4\n.*"drop"'
    ):
        read_labelled_features(path, ["a"])
    data = read_labelled_features(path, ["a"], missing="drop")
    np.testing.assert_array_equal(data.features, [[1], [6], [7]])
    assert (data.class_names, data.classes.tolist()) == (("x", "y"), [0, 1, 0])
    (dropped,) = [finding for finding in data.findings if finding.code == "rows-dropped"]
    assert dropped.message == "2 of 5 rows with missing values left out: line 3, line 4"


def test_a_class_column_that_is_not_the_last(tmp_path: Path) -> None:
    path = write_own(tmp_path, "kind,a,b\nx,1,2\ny,3,4\nx,5,6\n")
    data = read_labelled_features(path, class_column="kind")
    assert (data.feature_names, data.class_names) == (("a", "b"), ("x", "y"))
    np.testing.assert_array_equal(data.features, [[1, 2], [3, 4], [5, 6]])
    for features in (None, ["a"]):
        with pytest.raises(InputError, match='class_column = "kind"'):
            read_labelled_features(path, features)
    with pytest.raises(InputError, match=r'class_column: "species"\n.*"kind", "a", "b"'):
        read_labelled_features(path, class_column="species")


def test_names_of_rows_are_no_classes(tmp_path: Path) -> None:
    """Text that differs in every row beside numbers as classes."""
    path = write_own(tmp_path, "id,a,kind\ns0,1,0\ns1,3,1\ns2,5,1\n")
    assert read_labelled_features(path, ["a"]).class_names == ("0", "1")


# Parquet


def write_frame(path: Path, columns: dict[str, Any], index: list[Any]) -> None:
    """Write what pandas writes for a data frame with this index."""
    described = json.dumps({"index_columns": index, "columns": [], "pandas_version": "2.2.0"})
    table = pa.table(columns).replace_schema_metadata({b"pandas": described.encode()})
    parquet.write_table(table, path)


FRAME = {"a": [1.0, 2.0, 3.0, 4.0], "kind": ["x", "y", "x", "y"]}


@pytest.mark.parametrize(
    ("stored", "index", "told"),
    [
        ({"sample": [0, 1, 2, 3]}, ["sample"], '"sample"'),
        ({"__index_level_0__": [0, 2, 4, 6]}, ["__index_level_0__"], '"__index_level_0__"'),
        ({"lot": ["p", "p", "q", "q"], "n": [0, 1, 0, 1]}, ["lot", "n"], '"lot", "n"'),
        ({}, [{"kind": "range", "name": None, "start": 0, "stop": 4, "step": 1}], None),
    ],
)
def test_the_index_of_a_data_frame_is_no_class(
    tmp_path: Path, stored: dict[str, Any], index: list[Any], told: str | None
) -> None:
    write_frame(tmp_path / "own.parquet", FRAME | stored, index)
    data = read_labelled_features(tmp_path / "own.parquet")
    assert (data.feature_names, data.class_names) == (("a",), ("x", "y"))
    found = [one.message for one in data.findings if one.code == "stored-index"]
    assert [message.split(":")[0] for message in found] == ([] if told is None else [told])


def test_an_index_that_the_design_names(tmp_path: Path) -> None:
    columns = {"a": [1.0, 2.0, 3.0], "b": [3.0, 1.0, 2.0], "kind": ["x", "y", "x"]}
    write_frame(tmp_path / "own.parquet", columns, ["kind"])
    data = read_labelled_features(tmp_path / "own.parquet", class_column="kind")
    assert (data.feature_names, data.class_names) == (("a", "b"), ("x", "y"))
    write_frame(tmp_path / "own.parquet", columns, ["b"])
    assert read_labelled_features(tmp_path / "own.parquet", ["b"]).feature_names == ("b",)


def test_classes_in_the_index_are_not_lost(tmp_path: Path) -> None:
    """The opposite of an index that is taken for the class."""
    columns = {"a": [1.0, 2.0, 3.0], "b": [3.0, 1.0, 3.0], "kind": ["x", "y", "x"]}
    write_frame(tmp_path / "own.parquet", columns, ["kind"])
    with pytest.raises(InputError, match=r'column kind(.|\n)*class_column = "kind" or "b"'):
        read_labelled_features(tmp_path / "own.parquet")
    data = read_labelled_features(tmp_path / "own.parquet", class_column="b")
    assert data.class_names == ("1.0", "3.0")


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (pa.array(["x", "y", "x"]).dictionary_encode(), ("x", "y")),
        (pa.array([True, False, True]), ("False", "True")),
        (pa.array([b"x", b"y", b"x"]), ("x", "y")),
        (pa.array([1.0, 0.0, 1.0]), ("0.0", "1.0")),
        (pa.array(["Gr\u00f6\u00dfe", "b", "Gro\u0308\u00dfe"]), ("Größe", "b")),
    ],
)
def test_classes_of_every_type(tmp_path: Path, column: pa.Array, names: tuple[str, ...]) -> None:
    parquet.write_table(pa.table({"a": [1.0, 2.0, 3.0], "kind": column}), tmp_path / "own.parquet")
    data = read_labelled_features(tmp_path / "own.parquet")
    assert data.class_names == names
    assert data.classes[0] == data.classes[2] != data.classes[1]


def test_blanks_around_the_text_of_parquet(tmp_path: Path) -> None:
    columns = {"a": [1.0, 2.0, 3.0], "kind": ["x", "y", "x "]}
    parquet.write_table(pa.table(columns), tmp_path / "own.parquet")
    data = read_labelled_features(tmp_path / "own.parquet")
    assert data.classes.tolist() == [0, 1, 0]
    assert data.findings[0].message == "blanks around 1 cell left out"


def test_the_index_that_pandas_writes_into_a_csv(tmp_path: Path) -> None:
    path = write_own(tmp_path, "Unnamed: 0,a,kind\n0,1,x\n1,2,y\n")
    assert read_labelled_features(path).feature_names == ("a",)


PIECES = ["a", "kind", "1", "1,5", "1.5", "1,234", "1e999999999999", "NA", "ü", "u\u0308", '"', "'"]
MARKS_BETWEEN = [",", ";", "\t", "|", "\n", "\r", "\r\n", " ", "#", "sep=;\n", "\0", "\ufeff", "="]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "utf-32"]


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pieces=st.lists(st.sampled_from([*PIECES, *MARKS_BETWEEN, "\n", ",", ";"]), max_size=30),
    encoding=st.sampled_from(ENCODINGS),
    missing=st.sampled_from(["refuse", "drop"]),
)
def test_any_table_is_read_or_refused(
    tmp_path: Path, pieces: list[str], encoding: str, missing: Missing
) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes("".join(pieces).encode(encoding, "replace"))
    try:
        data = read_labelled_features(path, missing=missing)
    except InputError:
        return
    assert len(data.features) == len(data.classes) > 0
    assert set(data.classes.tolist()) == set(range(len(data.class_names)))
