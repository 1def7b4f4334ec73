"""Text of table files: UTF-8, UTF-16 of spreadsheets, or Windows-1252 of older programs."""

from __future__ import annotations

import codecs
import re
import unicodedata
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.findings import Finding

#: First bytes of files that are not text, and what to do with them.
_NOT_TEXT = {
    b"PK\x03\x04": ("an Excel workbook or another zip file", "the sheet saved as CSV UTF-8"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "the sheet saved as CSV UTF-8"),
    b"PAR1": ("a Parquet file", "a name that ends in .parquet"),
    b"\x1f\x8b": ("a compressed file", "the table itself"),
}
_CSV_UTF_8 = "a table saved as CSV UTF-8"
#: Signs, besides letters, that tables in Windows-1252 have beyond ASCII.
_SIGNS = frozenset("°±²³µ·×÷€£§–—\u00a0")
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def table_text_of(path: Path, data: bytes) -> tuple[str, tuple[Finding, ...]]:
    """Return the text of a table file, and findings if it is not in UTF-8.

    Raises:
        InputError: if it is not text, or its encoding is not known.
    """
    for start, (given, allowed) in _NOT_TEXT.items():
        if data.startswith(start):
            raise InputError(str(path), given, allowed)
    try:
        if data[:2] in _UTF_16 or b"\0" in data:
            return _utf_16(path, data)
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        if b"\0" in data or data[:2] in _UTF_16:
            given = f"not text: {error.reason}"
            raise InputError(str(path), given, _CSV_UTF_8) from error
        return _windows_1252(path, data, error)


def _utf_16(path: Path, data: bytes) -> tuple[str, tuple[Finding, ...]]:
    encoding = _UTF_16.get(data[:2])
    if encoding is None:  # without a byte order mark: the zero bytes of ASCII show the order
        if data.count(0) < len(data) / 4:
            raise InputError(str(path), "not text: bytes of 0", _CSV_UTF_8)
        even, odd = data[0::2].count(0), data[1::2].count(0)
        encoding = "utf-16-le" if odd > even else "utf-16-be"
    text = data.decode(encoding).removeprefix("\ufeff")
    if "\0" in text:
        raise InputError(str(path), "not text: bytes of 0", _CSV_UTF_8)
    message = f"read as {encoding.upper()} text"
    return text, (Finding("table-format", "info", path.name, message),)


def _windows_1252(
    path: Path, data: bytes, error: UnicodeDecodeError
) -> tuple[str, tuple[Finding, ...]]:
    where, allowed = str(path), _CSV_UTF_8
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise InputError(where, f"not text in UTF-8: {error}", allowed) from error
    beyond = dict.fromkeys(char for char in text if not char.isascii())
    strange = [char for char in beyond if not _is_plausible(char)]
    if strange:
        given = f'neither UTF-8 nor Windows-1252, which gives "{strange[0]}"'
        raise InputError(where, given, allowed)
    words = dict.fromkeys(re.findall(r"[^\s,;|\"]*[^\x00-\x7f][^\s,;|\"]*", text))
    shown = ", ".join(f'"{word}"' for word in list(words)[:5])
    message = f"not UTF-8; read as Windows-1252, which gives {shown}"
    return text, (Finding("table-format", "warning", path.name, message),)


def _is_plausible(char: str) -> bool:
    return char in _SIGNS or unicodedata.category(char).startswith("L")
