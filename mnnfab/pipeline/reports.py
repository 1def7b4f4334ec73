"""The report of a run that is finished: its key figures as text, and its page as PDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mnnfab.errors import InputError
from mnnfab.io.files import read_bytes, read_json
from mnnfab.io.folder_lock import locked_folder
from mnnfab.pipeline.pipeline import QueryResult
from mnnfab.report.pdf import pdf_bytes, require_pdf
from mnnfab.runs.load import require_run
from mnnfab.runs.run_folder import PAGE, PDF, REPORT, amended_run
from mnnfab.validation.verdicts import TITLES


def reported(folder: Path, *, pdf: bool = False) -> QueryResult:
    """Return verdict and key figures of a run; optionally write its report as PDF.

    Args:
        folder: folder of a run.
        pdf: write `report.pdf` from `report.html`.

    Raises:
        InputError: if the folder has no report, or PDF files cannot be written.
    """
    if pdf:
        require_pdf()
    require_run(folder)
    report = read_report(folder)
    lines = list(_lines(report))
    if pdf:
        page = read_bytes(folder / PAGE).decode("utf-8")
        with locked_folder(folder), amended_run(folder) as staging:
            (staging / PDF).write_bytes(pdf_bytes(page))
    lines.append(f"{report['verdict']}; see {folder / (PDF if pdf else PAGE)}")
    values = {key: report[key] for key in ("name", "verdict", "verdicts", "key_figures")}
    return QueryResult("\n".join(lines), values)


def read_report(folder: Path) -> dict[str, Any]:
    """Return the values of the `report.json` of a run.

    Raises:
        InputError: if there is none, or one of an earlier version.
    """
    try:
        report: dict[str, Any] = read_json(folder / REPORT)
        _ = report["verdict_reasons"], report["findings"], report["design_sha256"]
        _ = report["key_figures"]["modulus"], report["key_figures"]["print_yield_advised"]
    except (InputError, KeyError, TypeError) as error:
        allowed = "the folder of a complete run; `mnnfab check` writes its report again"
        raise InputError(str(folder), f"no valid {REPORT}", allowed) from error
    return report


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    for name, title in TITLES.items():
        yield f"{title}: {report['verdicts'][name]} ({report['verdict_reasons'][name]})"
    key = report["key_figures"]
    if (loads := key["usable_loads"]) and loads["upper_factor"] is not None:
        yield (
            f"largest usable load: {loads['largest_load_gf']:.3g} gf at an input, "
            f"{loads['upper_factor']:.3g} times the design loads"
        )
    if (metric := key["metric_as_read"]) and metric["value"] is not None:
        yield f"{metric['label']} as read: {metric['value']:.3f}"
    if key["print_yield"] is not None:
        yield f"estimated print yield: {key['print_yield']:.0%}"
    yield f"mass: {key['mass_g']:.3g} g"
