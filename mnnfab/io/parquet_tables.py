"""Columns of Parquet files, with the index that pandas stores in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnnfab.errors import InputError
from mnnfab.io.cells import normalised
from mnnfab.io.csv_tables import check_names
from mnnfab.io.limits import MAX_CELLS
from mnnfab.io.parsing import parse_json


@dataclass(frozen=True)
class ParquetColumns:
    """Columns of a Parquet file as text.

    Args:
        header: names of the columns, normalised.
        rows: cells without blanks around them; a missing value is empty.
        index_columns: columns that are the index of a data frame of pandas.
        padded: number of cells that had blanks around their text.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    index_columns: tuple[str, ...]
    padded: int


def read_parquet_columns(path: Path, data: bytes) -> ParquetColumns:
    """Return the columns of a Parquet file.

    Raises:
        InputError: if it is not Parquet, has no rows, or a name is missing or given twice.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(data))
        schema = file.schema_arrow
        names = tuple(normalised(name) for name in schema.names)
        check_names(str(path), names)
        if file.metadata.num_rows * len(names) > MAX_CELLS:
            raise InputError(str(path), "too many cells", f"up to {MAX_CELLS:,} cells")
        columns = file.read()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(str(path), f"not Parquet: {reason}", "a Parquet file") from error
    if not columns.num_rows:
        raise InputError(str(path), "no rows", "at least one row")
    if not names:
        raise InputError(str(path), "no columns", "at least one column")
    cells = [
        [_text(path, name, value) for value in column.to_pylist()]
        for name, column in zip(names, columns.columns, strict=True)
    ]
    return ParquetColumns(
        names,
        tuple(tuple(cell.strip() for cell in row) for row in zip(*cells, strict=True)),
        _index_columns(schema.metadata or {}, names),
        sum(cell != cell.strip() for column in cells for cell in column),
    )


def _text(path: Path, name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):  # text of writers that do not say that it is text
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}, column {name}", "bytes", "numbers or text") from error
    return str(value)


def _index_columns(metadata: Mapping[bytes, bytes], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that pandas wrote for the index of a data frame.

    `index_columns` has the name of each stored level; the index of a numbered frame is only
    described there, and not stored:
    https://pandas.pydata.org/docs/development/developer.html
    """
    try:
        described: Any = parse_json(metadata.get(b"pandas", b"{}").decode())["index_columns"]
    except (ValueError, KeyError, TypeError):  # not written by pandas
        described = []
    stored = described if isinstance(described, list) else []
    index = {normalised(entry) for entry in stored if isinstance(entry, str)}
    return tuple(name for name in names if name in index or name.startswith("__index_level_"))
