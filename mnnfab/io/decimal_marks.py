"""Decimal marks: whether the numbers of a table have decimal points or decimal commas."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_COMMA = re.compile(r"[+\-−]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?")
_POINT = re.compile(r"[+\-−]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: Digits that are either thousands or three decimals: "1,234", but neither "0,234" nor "1,23".
_UNCLEAR = re.compile(r"[+\-−]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_GROUPED = re.compile(
    r"[+\-−]?[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+\.[0-9]*|(?:\.[0-9]{3})+,[0-9]*"
    r"|(?:,[0-9]{3}){2,}|(?:\.[0-9]{3}){2,})"
)


@dataclass(frozen=True)
class DecimalMarks:
    """Decimal mark of the numbers of a table.

    Args:
        mark: "." or ",".
        fault: why numbers with a comma are refused; empty if the mark is clear.
        remedy: what to do about it.
        points_too: numbers with a point are refused for the same reason.
    """

    mark: str = "."
    fault: str = ""
    remedy: str = ""
    points_too: bool = False

    def refuses(self, cell: str) -> bool:
        """Return whether a cell is a number whose decimal mark is not clear."""
        if not self.fault:
            return False
        return bool(_COMMA.fullmatch(cell) or (self.points_too and _POINT.fullmatch(cell)))


#: Decimal points.
POINTS = DecimalMarks()
_REMEDY = "decimal points, and no separators of thousands"


def decimal_marks(cells: Iterable[str], separator: str) -> DecimalMarks:
    """Return the decimal mark that the cells of a table show.

    Args:
        cells: normalised text of all cells without the header.
        separator: mark between the columns.
    """
    commas, points, grouped = [], [], []
    for cell in cells:
        if "," in cell and _COMMA.fullmatch(cell):
            commas.append(cell)
        elif "." in cell and _POINT.fullmatch(cell):
            points.append(cell)
        elif _GROUPED.fullmatch(cell):
            grouped.append(cell)
    if commas and separator == ",":
        remedy = f"semicolons between the columns, or {_REMEDY}"
        return DecimalMarks(fault="a comma in a number between commas", remedy=remedy)
    if commas and (points or grouped):
        other = (points or grouped)[0]
        fault = f'decimal commas and other marks in one table, such as "{other}"'
        return DecimalMarks(fault=fault, remedy=_REMEDY, points_too=True)
    sure = [cell for cell in commas if not _UNCLEAR.fullmatch(cell)]
    if commas and not sure:
        fault = "a decimal comma or a separator of thousands"
        return DecimalMarks(fault=fault, remedy=_REMEDY)
    if separator == ";" and points and all(_UNCLEAR.fullmatch(cell) for cell in points):
        fault = "a decimal point or a separator of thousands, in a table with semicolons"
        remedy = "commas between the columns, or a number of decimals other than three"
        return DecimalMarks(fault=fault, remedy=remedy, points_too=True)
    return DecimalMarks(mark="," if commas else ".")
