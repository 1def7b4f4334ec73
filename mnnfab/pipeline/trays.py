"""The tray as a stage: parts of earlier runs, together in one file for the printer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from export.manifest import ExportedFile
from geometry.part import TiledPart
from mnnfab.errors import InputError
from mnnfab.io.files import read_json
from mnnfab.network.widths_file import check_widths
from mnnfab.pipeline.writing import write_manifest
from mnnfab.printed_part.tiling import part_sha256, printed_parts, tile_part
from mnnfab.problem.problem import Problem, load_problem
from mnnfab.profiles import Printer
from mnnfab.runs.record import WIDTHS, load_record
from mnnfab.runs.run_folder import DESIGN, REPORT, run_folder


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

    if out.resolve() in {folder.resolve() for folder in folders}:
        raise InputError("--out", f"{out}, the folder of a run", "another folder")
    parts: list[TiledPart] = []
    problems = []
    for folder in folders:
        problem = load_problem(folder / DESIGN)
        widths = load_record(folder, problem).widths_mm
        check_widths(str(folder / WIDTHS), widths, problem.width_limits_mm)
        if not force:
            _require_passed(folder, part_sha256(problem, widths))
        problems.append(problem)
        parts += printed_parts(problem, tile_part(problem, widths), widths)
    tolerance = min(problem.design.export.stl_tolerance_mm for problem in problems)
    printer = _one_printer(problems, folders)
    with run_folder(out) as staging:
        wanted = [part for part in parts for _ in range(copies)]
        files = write_trays(wanted, printer.tray_mm, gap_mm, tolerance, staging)
        write_manifest(staging, files)
    return files


def _require_passed(folder: Path, digest: str) -> None:
    """Refuse a run that failed its gate, or was changed since it passed."""
    try:
        report = read_json(folder / REPORT)
        verdict, checked = report["verdict"], report["design_sha256"]
    except (InputError, KeyError, TypeError) as error:
        allowed = "folders that `mnnfab run` wrote"
        raise InputError(str(folder), "no report there", allowed) from error
    if verdict != "pass":
        given = "a design that failed its gate"
        raise InputError(str(folder), given, "one that passed, or --force")
    if checked != digest:
        given = "changed since it was checked"
        raise InputError(str(folder), given, "`mnnfab check` again, or --force")


def _one_printer(problems: Sequence[Problem], folders: Sequence[Path]) -> Printer:
    """Return the printer of all parts; a tray holds one material, too."""
    first = problems[0]
    for problem, folder in zip(problems, folders, strict=True):
        for what in ("printer", "material"):
            ours, theirs = getattr(problem, what), getattr(first, what)
            if ours != theirs:
                allowed = f"that of {folders[0]}, {theirs.name}, with the same numbers"
                raise InputError(f"{folder}: {what}", ours.name, allowed)
    return first.printer
