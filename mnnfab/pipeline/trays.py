"""Trays: parts of earlier runs, placed together in files for the printer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from export.manifest import ExportedFile
from geometry.part import TiledPart
from mnnfab.errors import InputError
from mnnfab.io.files import read_json
from mnnfab.network.widths_file import check_widths
from mnnfab.pipeline.writing import write_manifest
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.loading import load_problem
from mnnfab.problem.problem import Problem
from mnnfab.profiles import Printer
from mnnfab.runs.record import WIDTHS, load_record
from mnnfab.runs.run_folder import DESIGN, REPORT, run_folder


def write_tray(
    folders: Sequence[Path], out: Path, *, copies: int, gap_mm: float, force: bool
) -> list[ExportedFile]:
    """Place the parts of earlier runs on as few trays as possible and write the trays.

    Args:
        folders: folders of the runs.
        out: folder for the results.
        copies: number of copies of each part.
        gap_mm: gap between parts, and to the rim.
        force: include designs that do not meet the acceptance criteria.

    Raises:
        InputError: if a run does not meet its acceptance criteria or has no report, printers or
            materials differ, or a part does not fit.
    """
    from export.tray import write_trays

    if out.resolve() in {folder.resolve() for folder in folders}:
        raise InputError("--out", f"{out}, the folder of a run", "another folder")
    parts: list[TiledPart] = []
    problems = []
    for folder in folders:
        problem = load_problem(folder / DESIGN)
        widths = load_record(folder, problem).widths_mm
        check_widths(str(folder / WIDTHS), widths, problem.width_limits_mm)
        part = PrintedPart(problem, widths)
        if not force:
            _require_passed(folder, part.sha256)
        problems.append(problem)
        parts += part.exported_parts()
    tolerance = min(problem.design.export.stl_tolerance_mm for problem in problems)
    printer = _one_printer(problems, folders)
    with run_folder(out) as staging:
        repeated = [part for part in parts for _ in range(copies)]
        files = write_trays(repeated, printer.tray_mm, gap_mm, tolerance, staging)
        write_manifest(staging, files)
    return files


def _require_passed(folder: Path, digest: str) -> None:
    """Refuse a run that does not meet its acceptance criteria, or was changed since the check."""
    try:
        report = read_json(folder / REPORT)
        verdict, checked = report["verdict"], report["design_sha256"]
    except (InputError, KeyError, TypeError) as error:
        allowed = "folders written by `mnnfab run`"
        raise InputError(str(folder), "no report in the folder", allowed) from error
    if verdict != "pass":
        given = "the design does not meet the acceptance criteria"
        raise InputError(str(folder), given, "a design that meets them, or --force")
    if checked != digest:
        given = "changed since the check"
        raise InputError(str(folder), given, "a new `mnnfab check`, or --force")


def _one_printer(problems: Sequence[Problem], folders: Sequence[Path]) -> Printer:
    """Return the common printer of all parts; their materials must also be the same."""
    first = problems[0]
    for problem, folder in zip(problems, folders, strict=True):
        for what in ("printer", "material"):
            ours, theirs = getattr(problem, what), getattr(first, what)
            if ours != theirs:
                allowed = f"that of {folders[0]}, {theirs.name}, with the same values"
                raise InputError(f"{folder}: {what}", ours.name, allowed)
    return first.printer
