"""Compare two folders of results: a check that a change of the code changes no result.

    python tools/same_results.py BEFORE AFTER [--but NAME …]

Files that hold geometry, meshes, widths and histories must be the same byte for byte. JSON files,
and tables whose bytes differ, must have the same keys, the same texts and numbers that agree to
1e-12; messages, times, versions and hashes of other files are left out, and are listed at the end.
Pages are not compared.
Exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from typing_extensions import TypeIs

#: Compared byte for byte. (A VTU, MSH or INP file has the numbers in full.)
BYTES = {".step", ".stl", ".3mf", ".dxf", ".svg", ".glb", ".vtu", ".msh", ".inp", ".csv", ".toml"}
#: Keys whose values are words for people, or of the moment: not compared.
LEFT_OUT = {
    *("message", "purpose", "seconds", "timings_s", "versions", "version"),
    *("sha256", "bytes", "request", "folder", "python", "machine"),
}
RELATIVE, ABSOLUTE = 1e-12, 1e-15
#: A table that says how long things took.
TIMES = "times.csv"


def differences(before: object, after: object, place: str = "") -> Iterator[str]:
    """Yield every place at which two values of JSON differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after} - LEFT_OUT):
            if key not in before or key not in after:
                yield f"{place}.{key}: only in one"
            else:
                yield from differences(before[key], after[key], f"{place}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield f"{place}: {len(before)} and {len(after)} entries"
        for number, pair in enumerate(zip(before, after, strict=False)):
            yield from differences(*pair, f"{place}[{number}]")
    elif _is_number(before) and _is_number(after):
        if not math.isclose(before, after, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            yield f"{place}: {before!r} and {after!r}"
    elif before != after:
        yield f"{place}: {before!r} and {after!r}"


def _is_number(value: object) -> TypeIs[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rows(path: Path) -> list[dict[str, object]]:
    """Return the rows of a table; a cell that is a number is a float."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: _cell(text) for key, text in row.items()} for row in csv.DictReader(file)]


def _cell(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def compared(before: Path, after: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, way of comparing and differences of every file of either folder."""
    names = {
        path.relative_to(folder).as_posix()
        for folder in (before, after)
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in {*BYTES, ".json"} and path.name != TIMES
    }
    for name in sorted(names):
        pair = before / name, after / name
        if not all(path.is_file() for path in pair):
            yield name, "bytes", ["only in one"]
        elif name.endswith(".json"):
            values = [json.loads(path.read_text(encoding="utf-8")) for path in pair]
            yield name, "numbers", list(differences(*values))
        else:
            same = pair[0].read_bytes() == pair[1].read_bytes()
            if name.endswith(".csv") and not same:
                yield name, "numbers", list(differences(_rows(pair[0]), _rows(pair[1])))
            else:
                yield name, "bytes", [] if same else ["differ"]


def main() -> int:
    """Compare the folders that the command line names, and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--but", nargs="*", default=[], help="names of files to leave out")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    wrong = 0
    for name, way, found in compared(options.before, options.after):
        if Path(name).name in options.but:
            continue
        counts[f"{Path(name).suffix} ({way})"] += 1
        wrong += bool(found)
        for place in found[:10]:
            print(f"{name}{place if place.startswith(('.', '[')) else ': ' + place}")
    print(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    print(f"keys left out: {', '.join(sorted(LEFT_OUT))}; files left out: {TIMES}")
    print(f"{wrong} of {counts.total()} files differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
