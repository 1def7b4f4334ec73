"""Writing of the verification and validation report into the folder of a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnnfab.errors import InputError
from mnnfab.io.folder_lock import locked_folder
from mnnfab.pipeline.reports import read_report
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.problem import require_ports
from mnnfab.progress.watcher import NullWatcher, ProgressWatcher, StageTimer
from mnnfab.report.pdf import pdf_bytes, require_pdf
from mnnfab.runs.load import load_run, require_run
from mnnfab.runs.run_folder import REPORT, amended_run
from mnnfab.vv.evidence import gather_evidence
from mnnfab.vv.page import page_text
from mnnfab.vv.values import vv_values

PAGE, PDF = "vv.html", "vv.pdf"


@dataclass(frozen=True)
class VvReport:
    """A written verification and validation report.

    Args:
        page: its page.
        values: its values, those of `report.json` under the key `vv`.
    """

    page: Path
    values: dict[str, Any]


def write_vv_report(
    folder: Path,
    measured: Sequence[Path] = (),
    *,
    pdf: bool = False,
    watcher: ProgressWatcher | None = None,
) -> VvReport:
    """Verify and validate the part of a run; add the report to its folder.

    Args:
        folder: folder of a run with a report.
        measured: folders of the user's own measurements of the part.
        pdf: also write the report as PDF.
        watcher: progress watcher.

    Raises:
        InputError: if the folder has no report, or a measurement is not valid; nothing is
            written then.
        ToolError: if a solver fails.
    """
    if pdf:
        require_pdf()
    timer = StageTimer(watcher or NullWatcher())
    require_run(folder)
    with locked_folder(folder):
        report = read_report(folder)
        problem, record = load_run(folder, timer)
        part = PrintedPart(require_ports(problem), record.widths_mm, timer)
        if report["design_sha256"] != part.sha256:
            given = "the report of another design"
            raise InputError(str(folder / REPORT), given, "that of this design: mnnfab check")
        evidence = gather_evidence(part, report, measured)
        values = vv_values(part, report, evidence)
        report["vv"] = values
        with timer.stage("report"):
            page = page_text(report, part)
        with amended_run(folder, removes=[PDF]) as staging:  # one of another decision
            (staging / PAGE).write_text(page, encoding="utf-8")
            if pdf:
                (staging / PDF).write_bytes(pdf_bytes(page))
            text = json.dumps(report, indent=2, allow_nan=False) + "\n"
            (staging / REPORT).write_text(text, encoding="utf-8")
    return VvReport(folder / PAGE, values)
