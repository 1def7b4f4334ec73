"""Results of a batch as a table: one row per design, from its report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mnnfab.batch.jobs import Job, RejectedDesign
from mnnfab.batch.outcome import FINISHED, DesignOutcome
from mnnfab.errors import InputError
from mnnfab.io.files import read_json
from mnnfab.io.tables import table_text
from mnnfab.runs.run_folder import REPORT

CSV, PARQUET, TIMES = "results.csv", "results.parquet", "times.csv"
Row = Mapping[str, Any]
#: Columns of every table, in this order; the swept keys follow the first three.
_FIRST = ("name", "source", "ending")
_NUMBERS = {
    "metric": "str",
    "metric_bar": "float",
    "metric_continuum": "float",
    "metric_as_read": "float",
    "metric_as_read_test": "float",
    "metric_required": "float",
    "better": "str",
    "first_instability": "float",
    "instability_required": "float",
    "usable_from": "float",
    "usable_load_factor": "float",
    "largest_strain": "float",
    "loss": "float",
    "scale": "float",
    "displacement_residual": "float",
    "elongation_residual": "float",
    "max_joint_strain": "float",
    "min_buckling_factor": "float",
    "prints_median": "float",
    "print_yield": "float",
    "bonds": "int",
    "volume_mm3": "float",
    "mass_g": "float",
    "dofs": "int",
    "errors": "int",
    "warnings": "int",
    "design_sha256": "str",
    "message": "str",
}


def make_row(job: Job | RejectedDesign, outcome: DesignOutcome) -> Row:
    """Return the row of a design: its outcome, and the numbers of its report if there is one."""
    row: dict[str, Any] = {"name": job.name, "source": job.source, "ending": outcome.ending}
    row |= {f"sweep.{key}": _cell(value) for key, value in job.choice.items()}
    row |= dict.fromkeys(_NUMBERS)
    if isinstance(job, Job) and outcome.ending in FINISHED:
        row |= _numbers(Path(job.out))
    row["message"] = row["message"] or outcome.message
    return row


def _cell(value: Any) -> Any:  # noqa: ANN401 - any value of a design file
    # Dates and times, which no key of a design takes, are written as text.
    return value if isinstance(value, str | int | float | bool) else json.dumps(value, default=str)


def _numbers(folder: Path) -> dict[str, Any]:
    """Return the numbers of a report, or a message if it cannot be read."""
    try:
        return _numbers_of(read_json(folder / REPORT))
    except (InputError, AttributeError, KeyError, TypeError, ValueError) as error:
        return {"message": f"the report cannot be read: {error}"}


def _numbers_of(report: Mapping[str, Any]) -> dict[str, Any]:
    models, agreement = report["models"], report["agreement"]["continuum_vs_bar"] or {}
    guards, prints = report["guards"] or {}, report["prints"] or {}
    metric = report["headline"]
    bars = models["surrogate"] or models["bar"] or {}
    factors = [case["buckling_factor"] for case in guards.get("cases", ())]
    severities = [finding["severity"] for finding in report["findings"]]
    first_error = next((f for f in report["findings"] if f["severity"] == "error"), None)
    return {
        "metric": metric,
        "metric_bar": bars.get("metrics", {}).get(metric),
        "metric_continuum": (models["continuum"] or {}).get("metrics", {}).get(metric),
        **_loaded_numbers(report),
        "loss": (report["training"] or {}).get("loss_last"),
        "scale": agreement.get("scale"),
        "displacement_residual": agreement.get("displacement_residual"),
        "elongation_residual": agreement.get("elongation_residual"),
        "max_joint_strain": max(guards.get("joint_strain", ()), default=None),
        "min_buckling_factor": min((f for f in factors if f is not None), default=None),
        "prints_median": prints.get("metric_percentiles", {}).get("50"),
        "print_yield": (report.get("key_figures") or {}).get("print_yield"),
        "bonds": report["network"]["bonds"],
        "volume_mm3": report["solid"]["volume_mm3"],
        "mass_g": report["solid"]["mass_g"],
        "dofs": (models["continuum"] or {}).get("dofs"),
        "errors": severities.count("error"),
        "warnings": severities.count("warning"),
        "design_sha256": report["design_sha256"],
        "message": f"{first_error['where']}: {first_error['message']}" if first_error else "",
    }


def _loaded_numbers(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of the loaded part and their limits; none in an earlier version."""
    key = report.get("key_figures") or {}
    read, loads = key.get("metric_as_read") or {}, key.get("usable_loads") or {}
    loaded = report.get("loaded") or {}
    envelope = loaded.get("envelope") or {}
    factors = [envelope.get(name) for name in ("unstable_in_plane", "unstable_out_of_plane")]
    strains = [case["largest_strain"] for case in loaded.get("cases", ())]
    return {
        "metric_as_read": read.get("value"),
        "metric_as_read_test": read.get("test_samples"),
        "metric_required": read.get("required"),
        "better": read.get("better"),
        "first_instability": min((one for one in factors if one is not None), default=None),
        "instability_required": loads.get("margin"),
        "usable_from": loads.get("lower_factor"),
        "usable_load_factor": loads.get("upper_factor"),
        "largest_strain": max(strains, default=None),
    }


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Return the columns of all rows; the swept keys follow the first three."""
    swept = sorted({key for row in rows for key in row if key.startswith("sweep.")})
    names = (*_FIRST, *swept, *_NUMBERS)
    return {name: [row.get(name) for row in rows] for name in names}


def write_tables(folder: Path, rows: Sequence[Row], outcomes: Sequence[DesignOutcome]) -> None:
    """Write the rows as CSV and Parquet, and separately the times, which are not reproducible."""
    columns = columns_of(rows)
    cells = [["" if value is None else value for value in column] for column in columns.values()]
    text = table_text(list(columns), zip(*cells, strict=True))
    (folder / CSV).write_text(text, encoding="utf-8")
    _write_parquet(folder / PARQUET, columns)
    times = [
        (outcome.name, f"{outcome.seconds:.2f}", f"{outcome.memory_MB:.0f}") for outcome in outcomes
    ]
    text = table_text(("name", "seconds", "memory_MB"), times)
    (folder / TIMES).write_text(text, encoding="utf-8")


def _write_parquet(path: Path, columns: Mapping[str, list[Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {"str": pa.string(), "float": pa.float64(), "int": pa.int64()}
    arrays = {
        name: pa.array(values, kinds[_NUMBERS[name]]) if name in _NUMBERS else _swept_array(values)
        for name, values in columns.items()
    }
    with path.open("wb") as file:  # a name with a colon could be taken for an address
        parquet.write_table(pa.table(arrays), file)


def _swept_array(values: list[Any]) -> Any:  # noqa: ANN401 - pyarrow has no type information
    """Return a column of one type: numbers if all values are numbers, text otherwise."""
    import pyarrow as pa

    present = [value for value in values if value is not None]
    if all(type(value) is int for value in present):  # of 64 bits, as read from TOML
        return pa.array(values, pa.int64())
    if all(type(value) in (int, float) for value in present):
        return pa.array(values, pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())
