"""Rows of CSV files as spreadsheets and instruments write them.

Columns are separated by commas, semicolons, tabs or vertical bars. Blank rows, blank columns at
the end and comment lines are left out.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.cells import as_written, normalised, number_of

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
#: First line that sets the separator in Excel.
_SEP_LINE = re.compile(r'\s*"?sep=(.)"?[,;\s]*', re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9.+-]*")
#: Largest number of lines that a message lists.
MAX_LINES = 5
_ROWS = "a header line and at least one row"
_NAMES = "a name for every column; for the index of pandas, to_csv(index=False)"


@dataclass(frozen=True)
class Records:
    """Rows of a CSV file, all of one length.

    Args:
        separator: mark between the columns.
        header: names of the columns, normalised.
        rows: cells without blanks around them.
        lines: number of the line on which each row ends, from 1.
        notes: what was left out or assumed, as phrases.
    """

    separator: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...]

    def findings(self, path: Path) -> tuple[Finding, ...]:
        """Return the notes as findings."""
        return tuple(Finding("table-format", "info", path.name, note) for note in self.notes)


_Raw = list[tuple[list[str], int]]


def read_records(path: Path, text: str) -> Records:
    """Return the rows of the text of a CSV file.

    Raises:
        InputError: if the separator is not clear, there are no rows, or a row has a different
            number of cells.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first, separator, notes = _preamble(path, lines)
    body = "\n".join(lines[first:])
    if separator is not None:
        return _rectangular(path, _parsed(path, body, separator, first), separator, notes)
    return _with_separator_of_header(path, body, first, notes)


def _preamble(path: Path, lines: Sequence[str]) -> tuple[int, str | None, tuple[str, ...]]:
    """Return the number of lines before the header, the separator if stated, and notes."""
    first, separator = 0, None
    if match := _SEP_LINE.fullmatch(lines[0]):
        first, separator = 1, match[1]
        if separator not in SEPARATORS:
            names = ", ".join(SEPARATORS.values())
            raise InputError(f"{path}, line 1", f'columns separated by "{separator}"', names)
    comments = first
    while first < len(lines) and (lines[first].startswith("#") or not lines[first].strip()):
        first += 1
    marked = [line for line in lines[comments:first] if line.startswith("#")]
    if not marked or first == len(lines):
        return first, separator, ()
    for mark in [separator] if separator else SEPARATORS:
        if mark in marked[-1] and marked[-1].count(mark) == lines[first].count(mark):
            given = f"a comment that may be the header: {marked[-1][:60]}"
            raise InputError(f"{path}, line {first}", given, 'the header without "#"')
    return first, separator, (f"{_count(len(marked), 'comment line')} before the header left out",)


def _with_separator_of_header(path: Path, body: str, first: int, notes: tuple[str, ...]) -> Records:
    """Return the rows by the one separator that the header has and the rows confirm."""
    candidates = [mark for mark in SEPARATORS if _header_length(body, mark) > 1]
    if len(candidates) < 2:
        separator = candidates[0] if candidates else ","
        return _rectangular(path, _parsed(path, body, separator, first), separator, notes)
    fitting = []
    for mark in candidates:
        try:
            fitting.append(_rectangular(path, _parsed(path, body, mark, first), mark, notes))
        except InputError:
            continue
    if len(fitting) == 1:
        return fitting[0]
    names = " or by ".join(SEPARATORS[mark] for mark in candidates)
    given = f"columns separated by {names}: " + ("all fit" if fitting else "none fits every row")
    example = ";" if ";" in candidates else "\\t"
    raise InputError(str(path), given, f'one separator, or a first line such as "sep={example}"')


def _header_length(body: str, separator: str) -> int:
    try:
        return len(next(csv.reader(io.StringIO(body), _Dialect, delimiter=separator), []))
    except csv.Error:  # quotes that end before another mark than this one
        return 0


class _Dialect(csv.Dialect):
    """CSV with any separator.

    Strict: an open quotation mark would otherwise take the rest of the file into one cell.
    """

    quotechar = '"'
    quoting = csv.QUOTE_MINIMAL
    doublequote = True
    lineterminator = "\n"
    skipinitialspace = True
    strict = True


def _parsed(path: Path, body: str, separator: str, first: int) -> _Raw:
    reader = csv.reader(io.StringIO(body), _Dialect, delimiter=separator)
    rows: _Raw = []
    try:
        for row in reader:
            if row and any(row):
                rows.append((row, first + reader.line_num))
            elif len(row) > 1:
                rows.append(([], first + reader.line_num))  # blank cells, counted below
    except csv.Error as error:
        where = f"{path}, line {first + reader.line_num}"
        allowed = "a CSV file with closed quotation marks"
        raise InputError(where, str(error), allowed) from error
    return rows


def _rectangular(path: Path, raw: _Raw, separator: str, notes: tuple[str, ...]) -> Records:
    """Return rows as long as the header, without blank rows, columns and comments."""
    cells = [([_read(cell) for cell in row], line) for row, line in raw]
    used = [(row, line) for row, line in cells if any(row)]
    if len(used) < 2:
        raise InputError(str(path), "no rows", _ROWS)
    full_header, header_line = used[0]
    header = [normalised(name) for name in _without_blank_end(full_header)]
    comments = [
        line
        for row, line in used[1:]
        if row[0].startswith("#") and len(_without_blank_end(row)) != len(header)
    ]
    left_out = set(comments)
    data = [(row, line) for row, line in used[1:] if line not in left_out]
    if not data:
        raise InputError(str(path), "no rows", _ROWS)
    for row, line in data:
        _check_length(f"{path}, line {line}", full_header, row, separator)
    rows = tuple(tuple(row[: len(header)]) for row, _ in data)
    _check_header(f"{path}, line {header_line}", header, rows)
    found = [*notes]
    if separator != ",":
        found.append(f"columns separated by {SEPARATORS[separator]}")
    if any(len(row) > len(header) for row, _ in used):
        found.append(f'blank columns after "{header[-1]}" left out')
    padded = sum(cell != cell.strip() for row, _ in raw for cell in row)
    found += [blanks_text(padded)] if padded else []
    blank = [line for row, line in cells if not any(row)]
    for what, places in (("blank row", blank), ("comment line", comments)):
        if places:
            found.append(f"{_count(len(places), what)} left out: {lines_text(places)}")
    lines = tuple(line for _, line in data)
    return Records(separator, tuple(header), rows, lines, tuple(found))


def _read(cell: str) -> str:
    if _PLAIN.fullmatch(cell):  # nearly all cells of large tables
        return cell
    return as_written(cell.strip()).strip()


def _check_length(where: str, header: Sequence[str], row: Sequence[str], separator: str) -> None:
    """Refuse a row with fewer cells than the header has names, or with more that are not blank."""
    width, used = len(_without_blank_end(header)), len(_without_blank_end(row))
    if used <= width <= len(row):
        return
    if width < used <= len(header):
        raise InputError(where, f"no name for column {width}", _NAMES)
    allowed = f"{width}, as in the header"
    if separator == "," and used > width:
        allowed += "; with decimal commas, semicolons between the columns"
    raise InputError(where, f"{used if used > width else len(row)} cells", allowed)


def _without_blank_end(row: Sequence[str]) -> list[str]:
    used = list(row)
    while used and not used[-1]:
        used.pop()
    return used


def _check_header(where: str, header: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    """Check that the first line is a header, and that its columns are separated by a known mark."""
    if all(number_of(cell, ".") is not None or number_of(cell, ",") is not None for cell in header):
        raise InputError(where, f"only numbers: {', '.join(header)[:60]}", "column names")
    blanks = {len(cells[0].split()) for cells in ((header[0],), *rows)}
    if len(header) == 1 and len(blanks) == 1 and blanks != {1}:
        names = ", ".join(SEPARATORS.values())
        raise InputError(where, "columns separated by blanks", names)
    check_names(where, header)


def check_names(where: str, header: Sequence[str]) -> None:
    """Refuse columns without a name, and names that are given twice.

    Raises:
        InputError: naming the column.
    """
    seen: set[str] = set()
    for number, name in enumerate(header):
        if not name:
            raise InputError(where, f"no name for column {number}", _NAMES)
        if name in seen:
            raise InputError(where, f'column "{name}" twice', "different names")
        seen.add(name)


def lines_text(lines: Sequence[int | str]) -> str:
    """Return the first places of a table as text, such as "line 3, line 7 and 4 more"."""
    names = [f"line {line}" if isinstance(line, int) else line for line in lines]
    more = f" and {len(names) - MAX_LINES} more" if len(names) > MAX_LINES else ""
    return ", ".join(names[:MAX_LINES]) + more


def blanks_text(number: int) -> str:
    """Return the note on cells with blanks around their text."""
    return f"blanks around {_count(number, 'cell')} left out"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _quoted(name: str) -> str:
    return f'"{name}"'
