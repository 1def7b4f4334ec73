"""Two runs side by side: what was asked, what came of it, and how far the widths are apart."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnnfab.errors import InputError
from mnnfab.io.files import read_json, read_text
from mnnfab.io.folder_lock import settle_unless_claimed
from mnnfab.io.tables import column_numbers, read_table
from mnnfab.runs.record import WIDTHS
from mnnfab.runs.run_folder import DESIGN, REPORT


@dataclass(frozen=True)
class Line:
    """One thing of two runs.

    Args:
        group: what it belongs to.
        name: of the thing, with its unit.
        first: of the first run.
        second: of the second one.
    """

    group: str
    name: str
    first: Any
    second: Any

    @property
    def differs(self) -> bool:
        """Whether the two are not the same."""
        return bool(self.first != self.second)


@dataclass(frozen=True)
class WidthsApart:
    """How far the widths of two runs on the same bonds are apart.

    Args:
        rms_mm: root mean square of the differences.
        largest_mm: the largest of them.
        bond: where that is.
    """

    rms_mm: float
    largest_mm: float
    bond: str


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side.

    Args:
        folders: of the two.
        lines: of everything that is compared.
        widths: how far they are apart; none if the bonds are not the same.
    """

    folders: tuple[str, str]
    lines: tuple[Line, ...]
    widths: WidthsApart | None


def compare_runs(first: Path, second: Path) -> Comparison:
    """Compare what two runs left in their folders.

    Raises:
        InputError: if one of them is no run with a report.
    """
    for folder in (first, second):
        settle_unless_claimed(folder)
    reports = [_report(folder) for folder in (first, second)]
    designs = [_design(folder) for folder in (first, second)]
    try:
        lines = [
            *_designs(dict(_flat(designs[0])), dict(_flat(designs[1]))),
            *_results(reports[0], reports[1]),
            *_findings(reports[0], reports[1]),
        ]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        given = f"a report of another shape: {error}"
        raise InputError(f"{first}, {second}", given, "what mnnfab wrote") from error
    return Comparison((str(first), str(second)), tuple(lines), _widths(first, second))


def _report(folder: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = read_json(folder / REPORT)
        _ = report["verdict"], report["models"], report["agreement"], report["findings"]
    except (InputError, ValueError, KeyError, TypeError) as error:
        allowed = "folders that `mnnfab run` or `mnnfab check` wrote"
        raise InputError(str(folder), "no report there", allowed) from error
    return report


def _design(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(folder / DESIGN))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(str(folder / DESIGN), f"not TOML: {error}", "what mnnfab wrote") from error


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        else:
            yield name, value


def _designs(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Line]:
    names = [*first, *(name for name in second if name not in first)]
    lines = [Line("design", name, first.get(name), second.get(name)) for name in names]
    return [line for line in lines if line.differs]


def _results(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Line]:
    ours, theirs = dict(_numbers(first)), dict(_numbers(second))
    names = [*ours, *(name for name in theirs if name not in ours)]
    return [Line("results", name, ours.get(name), theirs.get(name)) for name in names]


def _numbers(report: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "verdict", report["verdict"]
    for model, words in (("bar", "bars"), ("surrogate", "corrected bars"), ("continuum",) * 2):
        for name, value in ((report["models"].get(model) or {}).get("metrics") or {}).items():
            yield f"{name.replace('_', ' ')}, {words}", value
    agreement = report["agreement"].get("continuum_vs_bar") or {}
    for name, value in agreement.items():
        yield f"{name.replace('_', ' ')} of the continuum against bars", value
    training = report.get("training") or {}
    yield "loss at the end", training.get("loss_last")
    guards = report.get("guards") or {}
    yield "largest joint strain", max(guards.get("joint_strain", ()), default=None)
    for case in guards.get("cases", ()):
        yield f"buckling, × “{case['name']}”", case["buckling_factor"]
        yield f"linear range, × “{case['name']}”", case["linear_factor"]
    prints = report.get("prints") or {}
    yield "prints that keep the task", prints.get("chance_to_meet_the_gate")
    for name, unit in (("volume_mm3", "volume, mm³"), ("mass_g", "mass, g")):
        yield unit, (report.get("solid") or {}).get(name)
    yield "hash of the design", str(report.get("design_sha256", ""))[:16]


def _findings(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Line]:
    """Return errors and warnings that only one of the two has."""

    def wrong(report: Mapping[str, Any]) -> dict[str, str]:
        return {
            f"{finding['code']}, {finding['where']}": finding["message"]
            for finding in report["findings"]
            if finding["severity"] != "info"
        }

    ours, theirs = wrong(first), wrong(second)
    names = [*ours, *(name for name in theirs if name not in ours)]
    lines = [Line("findings", name, ours.get(name), theirs.get(name)) for name in names]
    return [line for line in lines if line.first is None or line.second is None]


def _widths(first: Path, second: Path) -> WidthsApart | None:
    tables = [read_table(folder / WIDTHS) for folder in (first, second)]
    ends = [
        [tuple(row[:3]) for row in table.rows]
        for table in tables
        if table.header[:3] == ("bond", "node_i", "node_j")
    ]
    if len(ends) < 2 or ends[0] != ends[1]:
        return None
    ours, theirs = (column_numbers(table, "width_mm") for table in tables)
    apart = np.abs(ours - theirs)
    worst = int(apart.argmax())
    bond, i, j = ends[0][worst]
    rms = float(np.sqrt((apart**2).mean()))
    return WidthsApart(rms, float(apart[worst]), f"bond {bond} ({i}–{j})")


def comparison_text(found: Comparison) -> str:
    """Return the comparison as a table for a terminal."""
    rows = [("", *found.folders)]
    group = ""
    for line in found.lines:
        if line.group != group:
            group = line.group
            rows += [("", "", ""), (_TITLES[group], "", "")]
        mark = "≠ " if line.differs and group == "results" else "  "
        rows.append((f"{mark}{line.name}", as_words(line.first), as_words(line.second)))
    widest = [min(60, max(len(row[place]) for row in rows)) for place in (0, 1)]
    lines = [f"{a:<{widest[0]}}  {b:<{widest[1]}}  {c}".rstrip() for a, b, c in rows]
    if found.widths is not None:
        apart = found.widths
        lines += [
            "",
            f"widths: {apart.rms_mm:.4f} mm apart (root mean square), {apart.bond} most: ",
        ]
        lines[-1] += f"{apart.largest_mm:.4f} mm"
    else:
        lines += ["", "widths: not of the same bonds"]
    return "\n".join(lines)


_TITLES = {
    "design": "designs, where they differ",
    "results": "results",
    "findings": "errors and warnings that only one has",
}


def as_words(value: Any) -> str:  # noqa: ANN401 - anything of a design or a report
    """Return a value for a table: numbers to four digits, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        text = ", ".join(as_words(part) for part in value)
        return text if len(text) <= 50 else f"{text[:49]}…"
    # A terminal does what some characters say.
    return "".join(letter if letter.isprintable() else "�" for letter in str(value))
