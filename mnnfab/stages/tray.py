"""The tray as a stage: parts of earlier runs, together in one file for the printer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from export.manifest import ExportedFile
from geometry.part import TiledPart
from mnnfab.errors import InputError
from mnnfab.problem import Problem, load_problem
from mnnfab.profiles import Printer
from mnnfab.record import load_record
from mnnfab.run_folder import DESIGN, REPORT, run_folder
from mnnfab.stages.part import printed_parts, tile_part
from mnnfab.stages.write import write_manifest


def write_tray(
    folders: Sequence[Path], out: Path, *, copies: int, gap_mm: float, force: bool
) -> list[ExportedFile]:
    """Put the parts of earlier runs on as few trays as they fit, and write those.

    Args:
        folders: of the runs.
        out: folder for the results.
        copies: of each part.
        gap_mm: between parts, and to the rim.
        force: take designs that failed their gate too.

    Raises:
        InputError: if a folder is no run that passed, printers differ, or a part does not fit.
    """
    from export.tray import write_trays

    parts: list[TiledPart] = []
    problems = []
    for folder in folders:
        if not force:
            _require_passed(folder)
        problem = load_problem(folder / DESIGN)
        widths = load_record(folder, problem.network).widths_mm
        problems.append(problem)
        parts += printed_parts(problem, tile_part(problem, widths), widths)
    tolerance = min(problem.design.export.stl_tolerance_mm for problem in problems)
    printer = _one_printer(problems, folders)
    with run_folder(out) as staging:
        wanted = [part for part in parts for _ in range(copies)]
        files = write_trays(wanted, printer.tray_mm, gap_mm, tolerance, staging)
        write_manifest(staging, files)
    return files


def _require_passed(folder: Path) -> None:
    try:
        verdict = json.loads((folder / REPORT).read_text(encoding="utf-8"))["verdict"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        allowed = "folders that `mnnfab run` wrote"
        raise InputError(str(folder), "no report there", allowed) from error
    if verdict != "pass":
        given = "a design that failed its gate"
        raise InputError(str(folder), given, "one that passed, or --force")


def _one_printer(problems: Sequence[Problem], folders: Sequence[Path]) -> Printer:
    first = problems[0].printer
    for problem, folder in zip(problems, folders, strict=True):
        if problem.printer != first:
            raise InputError(
                f"{folder}: printer", problem.printer.name, f"{first.name}, as {folders[0]} has"
            )
    return first
