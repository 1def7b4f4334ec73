"""Cells of tables: normalised text, numbers, missing values, and text that is safe in a CSV."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from mnnfab.arrays import FloatArray

#: ASCII digits only: `float` also takes "5_100", "infinity", "nan" and the digits of all scripts.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMBER_CHARACTERS = frozenset("0123456789+-.eE")
#: Characters without width that editors and web pages leave in text.
_NO_WIDTH = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF))
#: Usual marks of a missing value, case-folded: those of pandas, of spreadsheets and of data bases.
_MISSING = frozenset(
    {
        *("", "nan", "+nan", "-nan", "null", "n/a", "n/d", "#n/a", "#n/a n/a", "#na", "<na>"),
        *("-1.#ind", "1.#ind", "-1.#qnan", "1.#qnan", "?", ".", "-", "--", "---", "–", "—", "…"),
        *("missing", "n.a.", "k.a.", "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!"),
    }
)
#: Marks only in this spelling: "Na" is sodium and "none" may be a class.
_MISSING_AS_SPELT = frozenset({"NA", "None"})
#: A cell that a spreadsheet takes for a formula, behind any apostrophes that keep it from that;
#: the wide signs too.
_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n＝＋－＠]")


def normalised(cell: str) -> str:
    """Return text in Unicode form NFC, with single blanks inside and none around it.

    >>> normalised(" petal  length ")
    'petal length'
    """
    if not cell.isascii():
        cell = unicodedata.normalize("NFC", cell.translate(_NO_WIDTH))
    return " ".join(cell.split())


def number_of(cell: str, mark: str = ".") -> float | None:
    """Return the number in a cell; None if it is not a plain decimal number.

    Args:
        cell: text without blanks around it.
        mark: decimal mark, "." or ",".

    >>> number_of("5,1", ","), number_of("5_100"), number_of("nan")
    (5.1, None, None)
    """
    text = cell if mark == "." and cell.isascii() else with_point(cell, mark)
    return float(text) if _NUMBER.fullmatch(text) else None


def plain_numbers(cells: Sequence[str]) -> FloatArray | None:
    """Return the numbers of `number_of` for many cells; None if a cell may not be a number."""
    if not _NUMBER_CHARACTERS.issuperset("".join(cells)):
        return None
    try:
        return np.array(list(map(float, cells)))
    except ValueError:
        return None


def with_point(cell: str, mark: str) -> str:
    """Return the text of a number with a decimal point and an ASCII minus sign.

    It is empty if the cell has a point where the mark is a comma.
    """
    text = cell.replace("\u2212", "-")
    if mark == ".":
        return text
    return "" if "." in text else text.replace(",", ".", 1)


def is_missing(cell: str) -> bool:
    """Return whether a cell is empty or a usual mark of a missing value.

    >>> is_missing("NA"), is_missing("Na"), is_missing("?")
    (True, False, True)
    """
    if not cell.isascii():
        cell = normalised(cell)
    return cell in _MISSING_AS_SPELT or cell.casefold() in _MISSING


def without_formula(value: object) -> object:
    """Return a value for a CSV: text that is a formula to a spreadsheet begins with an apostrophe.

    As OWASP recommends against CSV injection. Numbers remain as they are. `as_written` is the
    inverse, also for text that begins with apostrophes.

    >>> without_formula("=1+1"), without_formula("-0.5"), without_formula(-0.5)
    ("'=1+1", '-0.5', -0.5)
    """
    if isinstance(value, str) and _FORMULA.match(value) and number_of(value) is None:
        return f"'{value}"
    return value


def as_written(cell: str) -> str:
    """Return the text of a cell without the apostrophe of `without_formula`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
