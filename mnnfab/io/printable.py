"""Texts of users, such as names of classes and files, without characters that act on a display."""

from __future__ import annotations

import unicodedata

#: Marks that reverse the order of the text around them.
_REVERSING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Control characters, halves of characters, and separators of lines and paragraphs.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    r"""Return a text with a replacement character for what acts on a terminal or cannot be encoded.

    Line feeds and tabs are kept.

    >>> printable("a\x1b[31m\n")
    'a�[31m\n'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join("\ufffd" if _acts(letter) else letter for letter in text)


def _acts(letter: str) -> bool:
    if letter in "\n\t":
        return False
    return letter in _REVERSING or unicodedata.category(letter) in _UNPRINTABLE
