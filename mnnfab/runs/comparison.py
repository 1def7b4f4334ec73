"""Comparison of two runs: designs, results and widths."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mnnfab.errors import InputError
from mnnfab.io.files import read_json, read_toml
from mnnfab.io.folder_lock import recover_unless_locked
from mnnfab.io.printable import printable
from mnnfab.io.tables import column_numbers, read_table
from mnnfab.runs.record import WIDTHS
from mnnfab.runs.run_folder import DESIGN, REPORT
from mnnfab.task.metrics import metric_label


@dataclass(frozen=True)
class Line:
    """One compared quantity of two runs.

    Args:
        group: "design", "results" or "findings".
        name: name of the quantity, with its unit.
        first: value of the first run.
        second: value of the second run.
    """

    group: str
    name: str
    first: Any
    second: Any

    @property
    def differs(self) -> bool:
        """True if the two values differ."""
        return bool(self.first != self.second)


@dataclass(frozen=True)
class WidthDifference:
    """Width differences of two runs with the same bonds.

    Args:
        rms_mm: root mean square of the differences.
        largest_mm: largest absolute difference.
        bond: bond with the largest difference.
    """

    rms_mm: float
    largest_mm: float
    bond: str


@dataclass(frozen=True)
class Comparison:
    """Comparison of two runs.

    Args:
        folders: folders of the runs.
        lines: compared quantities.
        widths: width differences; None if the bonds differ.
    """

    folders: tuple[str, str]
    lines: tuple[Line, ...]
    widths: WidthDifference | None


def compare_runs(first: Path, second: Path) -> Comparison:
    """Compare the results in the folders of two runs.

    Raises:
        InputError: if a folder has no valid report.
    """
    for folder in (first, second):
        recover_unless_locked(folder)
    reports = [_report(folder) for folder in (first, second)]
    designs = [_design(folder) for folder in (first, second)]
    try:
        lines = [
            *_designs(dict(_flat(designs[0])), dict(_flat(designs[1]))),
            *_results(reports[0], reports[1]),
            *_findings(reports[0], reports[1]),
        ]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        given = f"a report of another structure: {error}"
        raise InputError(f"{first}, {second}", given, "reports written by mnnfab") from error
    return Comparison((str(first), str(second)), tuple(lines), _widths(first, second))


def _report(folder: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = read_json(folder / REPORT)
        _ = report["verdict"], report["models"], report["agreement"], report["findings"]
    except (InputError, ValueError, KeyError, TypeError) as error:
        allowed = "folders written by `mnnfab run` or `mnnfab check`"
        raise InputError(str(folder), "no report in the folder", allowed) from error
    return report


def _design(folder: Path) -> dict[str, Any]:
    return read_toml(folder / DESIGN, "a design written by mnnfab")


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
    first_values, second_values = dict(_numbers(first)), dict(_numbers(second))
    names = [*first_values, *(name for name in second_values if name not in first_values)]
    return [
        Line("results", name, first_values.get(name), second_values.get(name)) for name in names
    ]


def _numbers(report: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "verdict", report["verdict"]
    yield from _key_numbers(report.get("key_figures") or {})
    models = (
        ("bar", "bar model"),
        ("surrogate", "calibrated bar model"),
        ("continuum", "continuum model"),
    )
    for model, model_name in models:
        for name, value in ((report["models"].get(model) or {}).get("metrics") or {}).items():
            yield f"{metric_label(name)}, {model_name}", value
    agreement = report["agreement"].get("continuum_vs_bar") or {}
    for name, value in agreement.items():
        yield f"{name.replace('_', ' ')} (continuum against bar model)", value
    training = report.get("training") or {}
    yield "final loss", training.get("loss_last")
    guards = report.get("guards") or {}
    yield "largest joint strain", max(guards.get("joint_strain", ()), default=None)
    for case in guards.get("cases", ()):
        yield f"buckling load factor, “{case['name']}”", case["buckling_factor"]
        yield f"linear range, load factor, “{case['name']}”", case["linear_factor"]
    prints = report.get("prints") or {}
    yield "prints that do the task by linear theory", prints.get("yield_linear")
    for name, unit in (("volume_mm3", "volume, mm³"), ("mass_g", "mass, g")):
        yield unit, (report.get("solid") or {}).get(name)
    yield "design hash", str(report.get("design_sha256", ""))[:16]


def _key_numbers(key: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the key figures; none in a report of an earlier version."""
    read, loads = key.get("metric_as_read") or {}, key.get("usable_loads") or {}
    if read:
        yield f"{read['label']}, as read", read["value"]
        yield f"{read['label']}, as read (test samples)", read["test_samples"]
    if loads:
        yield "usable from, × load", loads["lower_factor"]
        yield "usable up to, × load", loads["upper_factor"]
    yield "estimated print yield", key.get("print_yield")


def _findings(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Line]:
    """Return errors and warnings of one run only."""

    def errors_and_warnings(report: Mapping[str, Any]) -> dict[str, str]:
        return {
            f"{finding['code']}, {finding['where']}": finding["message"]
            for finding in report["findings"]
            if finding["severity"] != "info"
        }

    first_values, second_values = errors_and_warnings(first), errors_and_warnings(second)
    names = [*first_values, *(name for name in second_values if name not in first_values)]
    lines = [
        Line("findings", name, first_values.get(name), second_values.get(name)) for name in names
    ]
    return [line for line in lines if line.first is None or line.second is None]


def _widths(first: Path, second: Path) -> WidthDifference | None:
    tables = [read_table(folder / WIDTHS) for folder in (first, second)]
    ends = [
        [tuple(row[:3]) for row in table.rows]
        for table in tables
        if table.header[:3] == ("bond", "node_i", "node_j")
    ]
    if len(ends) < 2 or ends[0] != ends[1]:
        return None
    first_values, second_values = (column_numbers(table, "width_mm") for table in tables)
    difference = np.abs(first_values - second_values)
    worst = int(difference.argmax())
    bond, i, j = ends[0][worst]
    rms = float(np.sqrt((difference**2).mean()))
    return WidthDifference(rms, float(difference[worst]), f"bond {bond} ({i}–{j})")


def comparison_text(comparison: Comparison, columns: int = 80) -> str:
    """Return the comparison as a text table.

    Args:
        comparison: the comparison.
        columns: width of the terminal; long cells have several lines.
    """
    width = max(columns, MIN_COLUMNS)
    parts = [_table(comparison, group, title, width) for group, title in _TITLES.items()]
    lines = "\n".join(part for part in parts if part).splitlines()
    if comparison.widths is not None:
        difference = comparison.widths
        rms, largest = f"{difference.rms_mm:.4f} mm", f"{difference.largest_mm:.4f} mm"
        lines.append(f"width difference: {rms} (root mean square), largest:")
        lines.append(f"{largest} at {difference.bond}")
    else:
        lines += ["width difference: the two runs have different bonds"]
    return "\n".join(line.rstrip() for line in lines)


def _table(comparison: Comparison, group: str, title: str, width: int) -> str:
    """Return the lines of a group as a table; empty if there are none."""
    lines = [line for line in comparison.lines if line.group == group]
    if not lines:
        return ""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(title, max_width=width // 2, overflow="fold")
    for folder in _short_names(comparison.folders):
        table.add_column(folder, max_width=(width - width // 2) // 2 - 2, overflow="fold")
    for line in lines:
        mark = "≠ " if line.differs and group == "results" else "  "
        cells = (f"{mark}{line.name}", value_text(line.first), value_text(line.second))
        table.add_row(*map(Text, cells))
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return f"{capture.get()}\n"


def _short_names(folders: tuple[str, str]) -> list[Text]:
    """Return the last parts of two paths that differ."""
    parts = [Path(folder).parts for folder in folders]
    for count in range(1, min(map(len, parts)) + 1):
        names = ["/".join(one[-count:]) for one in parts]
        if names[0] != names[1]:
            return [Text(name) for name in names]
    return [Text(folder) for folder in folders]


#: Smallest width of a table that can be read.
MIN_COLUMNS = 40
_TITLES = {
    "design": "design differences",
    "results": "results",
    "findings": "errors and warnings in one run only",
}


def value_text(value: Any) -> str:  # noqa: ANN401 - any value of a design or a report
    """Return a value as table text: numbers to four significant digits, None as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        text = ", ".join(value_text(part) for part in value)
        return text if len(text) <= 50 else f"{text[:49]}…"
    return printable(str(value)).replace("\n", "�")
