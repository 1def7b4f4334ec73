"""Mutations: what typing errors, broken disks and ill will make of an input file."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

HOSTILE_NUMBERS = (
    *("0", "-1", "1e308", "-1e308", "1e-320", "nan", "inf", "-inf", "999999999999999999999"),
    *("1_000", "0x10", "1e", "2.5.1", "--3", "true", '"2.0"', "[2.0]", "{}", "1979-05-27"),
)
HOSTILE_WORDS = (
    *("../../etc/passwd", "/etc/passwd", "C:\\\\windows", "a" * 3000, "", "\\u0000", "😀", "nul"),
    *("__import__('os').system('true')", "$(touch x)", "{{ 7 * 7 }}", "<script>", "%s%n", "~/x"),
)
HOSTILE_BYTES = (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\x1b[31m", b"\xc3", b'"""', b"]]")

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_WORD = re.compile(rb'"[^"\n]*"')


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return a file with one to three mutations."""
    for _ in range(chance.randint(1, 3)):
        data = chance.choice(_WAYS)(data, chance)
    return data


def _other_number(data: bytes, chance: random.Random) -> bytes:
    value = chance.choice((*HOSTILE_NUMBERS, str(chance.randint(-3, 60)), f"{chance.random():.3g}"))
    return _replace_one(_NUMBER, data, value.encode(), chance)


def _other_word(data: bytes, chance: random.Random) -> bytes:
    return _replace_one(_WORD, data, f'"{chance.choice(HOSTILE_WORDS)}"'.encode(), chance)


def _replace_one(
    pattern: re.Pattern[bytes], data: bytes, value: bytes, chance: random.Random
) -> bytes:
    found = list(pattern.finditer(data))
    if not found:
        return data + value
    one = chance.choice(found)
    return data[: one.start()] + value + data[one.end() :]


def _without_a_line(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    del lines[chance.randrange(len(lines)) : chance.randrange(len(lines) + 1)]
    return b"".join(lines)


def _twice_a_line(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return b"".join(lines)


def _shuffled_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _odd_bytes(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.choice(HOSTILE_BYTES) + data[place:]


def _other_letter(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return b"x"
    place = chance.randrange(len(data))
    return data[:place] + bytes([chance.randrange(32, 127)]) + data[place + 1 :]


def _deep(data: bytes, chance: random.Random) -> bytes:
    depth = chance.choice((50, 5000))
    return data + b"\nx = " + b"[" * depth + b"]" * depth


_WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *([_other_number] * 6),
    *([_other_word] * 3),
    _without_a_line,
    _twice_a_line,
    _shuffled_lines,
    _cut,
    _odd_bytes,
    _other_letter,
    _deep,
)
