"""`index.html` of a batch: one row per design with thumbnail, sortable and filterable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mnnfab.batch.outcome import FINISHED
from mnnfab.batch.table import Row
from mnnfab.report.template import render
from mnnfab.task.metrics import metric_label

INDEX = "index.html"
#: Columns shown, with heading and number format.
_COLUMNS = {
    "metric_bar": ("bar model", ".3f"),
    "metric_continuum": ("continuum model", ".3f"),
    "scale": ("best-fit scale", ".3f"),
    "displacement_residual": ("residual, %", ".2%"),
    "max_joint_strain": ("joint strain, %", ".1%"),
    "min_buckling_factor": ("buckling load factor", ".2f"),
    "chance_to_meet_the_gate": ("estimated print yield, %", ".0%"),
    "mass_g": ("mass, g", ".2f"),
    "warnings": ("warnings", "d"),
}


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
                "numbers": [
                    _number(row[key], number_format) for key, (_, number_format) in _COLUMNS.items()
                ],
                "message": row["message"],
            }
            for row in rows
        ],
        swept=[key.removeprefix("sweep.") for key in swept],
        headings=[heading for heading, _ in _COLUMNS.values()],
        endings=Counter(row["ending"] for row in rows),
    )


def _number(value: float | None, number_format: str) -> tuple[str, str]:
    """Return the sort key and the displayed text of a number."""
    if value is None:
        return "", "–"
    return f"{value!r}", f"{value:{number_format}}".removesuffix("%")
