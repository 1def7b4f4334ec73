"""Mutations: what typing errors, broken disks and ill will make of an input file."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

HOSTILE_NUMBERS = (
    *("0", "-1", "1e308", "-1e308", "1e-320", "nan", "inf", "-inf", "999999999999999999999"),
    *("1_000", "0x10", "1e", "2.5.1", "--3", "true", '"2.0"', "[2.0]", "{}", "1979-05-27"),
    *("1e400", "9" * 5000, "0x" + "f" * 20_000, "0b" + "1" * 70, "9223372036854775808"),
    *("\u0663", "\uff11\uff12", "\u00bd", "1\u00a0000", "2,5"),  # digits of other scripts
)
#: Names with fields of templates, formulas, markup, and forms of Unicode that look alike.
HOSTILE_NAMES = (
    *("{0}", "low {1}", "{value:800000000}", "{0.__class__}", "%(name)s", "%n%s%d", "${HOME}"),
    *("$x", "$\\\\frac{1}$", "$$", "_^{", "[/red]", "[bold]", ":warning:", "</svg>", "--> ]]>"),
    *("e\u0301", "\u00e9", "\ufb01", "\u202eabc", "a\u200bb", "\u2028", "\U0001f600"),
    *("K\u212a", "\u0130i", "nan", "Inf", "-0", "=1+1", "@SUM(1)", "\uff41"),
)
HOSTILE_WORDS = (
    *("../../etc/passwd", "/etc/passwd", "C:\\\\windows", "a" * 3000, "", "\\u0000", "😀", "nul"),
    *("__import__('os').system('true')", "$(touch x)", "{{ 7 * 7 }}", "<script>", "%s%n", "~/x"),
)
HOSTILE_BYTES = (
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\x1b[31m", b"\xc3", b'"""', b"]]"),
    *(b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xc2\x85", b"\xf4\x90\x80\x80"),
)

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_WORD = re.compile(rb'"[^"\n]*"')
#: The last cell of a row of a table, the class of a sample.
_NAME = re.compile(rb"(?<=,)[a-z]+$", re.MULTILINE)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return a file with one to three mutations."""
    for _ in range(chance.randint(1, 3)):
        data = chance.choice(_WAYS)(data, chance)
    return data


def _other_number(data: bytes, chance: random.Random) -> bytes:
    value = chance.choice((*HOSTILE_NUMBERS, str(chance.randint(-3, 60)), f"{chance.random():.3g}"))
    return _replace_one(_NUMBER, data, value.encode(), chance)


def _other_word(data: bytes, chance: random.Random) -> bytes:
    words = chance.choice((HOSTILE_WORDS, HOSTILE_NAMES))
    return _replace_one(_WORD, data, f'"{chance.choice(words)}"'.encode(), chance)


def _other_name(data: bytes, chance: random.Random) -> bytes:
    """Rename the classes of a table, or a text in a file that has none."""
    found: list[bytes] = sorted(set(_NAME.findall(data)))
    if not found:
        return _other_word(data, chance)
    names = dict(zip(found, chance.sample(HOSTILE_NAMES, min(len(found), 9)), strict=False))

    def other(match: re.Match[bytes]) -> bytes:
        return names.get(match[0], "x").encode()

    return _NAME.sub(other, data)


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
    return chance.choice(
        (
            data + b"\nx = " + b"[" * depth + b"]" * depth,
            data + b"\n" + b"a." * depth + b"a = 1",
            b"[" + b"a." * depth + b"a]\n" + data,
            data + b"\nx = " + b"{ a = " * depth + b"1" + b" }" * depth,
            b'{"a": ' * depth + data + b"}" * depth,
            b"[" * depth + data + b"]" * depth,
        )
    )


def _twice_a_key(data: bytes, chance: random.Random) -> bytes:
    """Repeat a key of JSON or TOML with another value."""
    keys: list[bytes] = re.findall(rb'"[a-z]+"(?=:)|^[a-z_]+(?= =)', data, re.MULTILINE)
    if not keys:
        return data
    key = chance.choice(keys)
    if key.startswith(b'"'):
        return data.replace(b"{", b"{" + key + b": [0], ", 1)
    return data + b"\n" + key + b" = 1\n"


_WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *([_other_number] * 6),
    *([_other_word] * 3),
    *([_other_name] * 2),
    _without_a_line,
    _twice_a_line,
    _shuffled_lines,
    _cut,
    _odd_bytes,
    _other_letter,
    _deep,
    _twice_a_key,
)
