"""`index.html` of a batch: a chart of all designs, and one row per design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from mnnfab.batch.outcome import FINISHED
from mnnfab.batch.table import Row
from mnnfab.report.interactive import as_script
from mnnfab.report.template import render
from mnnfab.task.metrics import metric_label
from mnnfab.validation.print_samples import MIN_YIELD

INDEX = "index.html"
Better = Literal["higher", "lower", ""]


@dataclass(frozen=True)
class Column:
    """A numeric column of the table, and an axis of the chart.

    Args:
        key: key of the row.
        heading: heading with the unit.
        form: number format.
        better: direction of improvement; empty if there is none, or if the row states it.
        limit: key of the row with the limit, or the limit itself; none if there is none.
        narrow: whether it is shown on a phone.
    """

    key: str
    heading: str
    form: str
    better: Better = ""
    limit: str | float | None = None
    narrow: bool = False


COLUMNS = (
    Column("metric_as_read", "metric as read", ".3f", "", "metric_required", narrow=True),
    Column("metric_as_read_test", "as read, test samples", ".3f", "", "metric_required"),
    Column(
        "first_instability",
        "first instability, × load",
        ".2f",
        "higher",
        "instability_required",
        narrow=True,
    ),
    Column("usable_from", "usable from, × load", ".2f", "lower", 1.0),
    Column("usable_load_factor", "usable up to, × load", ".2f", "higher", 1.0, narrow=True),
    Column("largest_strain", "largest strain, %", ".1%", "lower"),
    Column("print_yield", "estimated print yield, %", ".0%", "higher", MIN_YIELD, narrow=True),
    Column("mass_g", "mass, g", ".2f", "lower"),
    Column("metric_bar", "metric, bar model", ".3f"),
    Column("metric_continuum", "metric, continuum model", ".3f"),
    Column("scale", "best-fit scale", ".3f"),
    Column("displacement_residual", "residual, %", ".2%", "lower"),
    Column("warnings", "warnings", "d", "lower"),
)


def index_text(rows: Sequence[Row]) -> str:
    """Return the HTML page."""
    swept = sorted({key for row in rows for key in row if key.startswith("sweep.")})
    return render(
        "batch.html",
        rows=[
            {
                "name": row["name"],
                "ending": row["ending"],
                "report": row["ending"] in FINISHED,
                "metric": metric_label(row["metric"]) if row["metric"] else "",
                "swept": [row.get(key) for key in swept],
                "numbers": [_cell(row, column) for column in COLUMNS],
                "message": row["message"],
            }
            for row in rows
        ],
        swept=[key.removeprefix("sweep.") for key in swept],
        columns=COLUMNS,
        endings=Counter(row["ending"] for row in rows),
        chart=Markup(as_script(chart_values(rows))),  # noqa: S704 - no tags
    )


def chart_values(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the axes of the chart with their better directions, and the values of all designs.

    Axes without two different values are left out. Numbers of a sweep are axes too.
    """
    swept = sorted({key for row in rows for key in row if key.startswith("sweep.")})
    axes = [(one.key, one.heading, _better(one, rows)) for one in COLUMNS]
    axes += [(key, key.removeprefix("sweep."), "") for key in swept]
    shown = []
    for key, heading, better in axes:
        values = {row.get(key) for row in rows}
        numbers = {one for one in values if isinstance(one, int | float) and one is not True}
        if len(numbers) > 1:
            shown.append({"key": key, "heading": heading, "better": better})
    points = [
        {
            "name": row["name"],
            "ending": row["ending"],
            "values": [row.get(axis["key"]) for axis in shown],
        }
        for row in rows
        if row["ending"] in FINISHED
    ]
    return {"axes": shown, "points": points}


def _better(column: Column, rows: Sequence[Row]) -> str:
    """Return the better direction of a column; that of a metric is stated by the rows."""
    if column.better or not column.key.startswith("metric"):
        return column.better
    stated = {row["better"] for row in rows} - {None}
    return str(stated.pop()) if len(stated) == 1 else ""


def _cell(row: Row, column: Column) -> dict[str, Any]:
    """Return sort key, text and state of a number: "met" or "missed" if it has a limit."""
    value = row[column.key]
    if value is None:
        return {"key": "", "text": "–", "state": "", "narrow": column.narrow}
    text = f"{value:{column.form}}".removesuffix("%")
    state = _state(row, column, value)
    return {"key": f"{value!r}", "text": text, "state": state, "narrow": column.narrow}


def _state(row: Row, column: Column, value: float) -> str:
    limit = row[column.limit] if isinstance(column.limit, str) else column.limit
    better = column.better or row["better"]
    if limit is None or better not in {"higher", "lower"}:
        return ""
    return "met" if (value >= limit if better == "higher" else value <= limit) else "missed"
