"""Writing as a stage: fields, part, reports and manifest of a run, all into one folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mnnfab.report.results import Results
from mnnfab.run_folder import MANIFEST, PAGE, REPORT, run_folder, write_training
from mnnfab.stages.part import printed_parts
from mnnfab.watching import Clock

if TYPE_CHECKING:
    from export.manifest import ExportedFile


def write_results(
    results: Results, folder: Path, clock: Clock, *, export: bool, force: bool
) -> Results:
    """Write all files of a run into its folder; the part only if it may be.

    Returns:
        The results with what was exported.
    """
    exports = export and (force or results.verdict == "pass")
    with run_folder(folder) as staging:
        write_training(staging, results.problem, results.record)
        _write_fields(staging, results)
        if exports:
            results = _export(staging, results, clock)
        _write_reports(staging, results, clock)
    return results


def _write_fields(staging: Path, results: Results) -> None:
    problem = results.problem
    if results.continuum is None or problem.task is None:
        return
    from fem.fields import WRITERS, Loaded

    loaded = Loaded(
        results.continuum,
        problem.network,
        problem.material,
        problem.task.inputs,
        problem.task.load_cases,
    )
    for name in problem.design.check.mesh_formats:
        WRITERS[name](staging / f"{problem.design.name}.{name}", loaded)


def _export(staging: Path, results: Results, clock: Clock) -> Results:
    from export.formats import formats_named
    from export.frame import write_frame
    from export.package import export_part

    design = results.problem.design
    formats = formats_named(design.export.formats)
    parts = printed_parts(results.problem, results.tiling, results.widths_mm)
    files: list[ExportedFile] = []
    for part in parts:
        with clock.stage(f"export {part.label.name}"):
            files += export_part(part, staging, formats, design.export.stl_tolerance_mm)
    if design.features.pads is not None:
        write_frame(results.tiling, results.problem.network, parts[0].label, staging)
    return replace(results, solid_valid=True, files=tuple(files))


def _write_reports(staging: Path, results: Results, clock: Clock) -> None:
    from mnnfab.report.page import page_text
    from mnnfab.report.summary import summary_text

    with clock.stage("report"):
        page = page_text(results)
    (staging / PAGE).write_text(page, encoding="utf-8")
    (staging / REPORT).write_text(summary_text(results), encoding="utf-8")
    write_manifest(staging, results.files)


def write_manifest(staging: Path, parts: Sequence[ExportedFile]) -> None:
    """Write the manifest of all files in a folder, with what is known of the parts."""
    from export.manifest import manifest_text

    exported = {part.file for part in parts}
    names = sorted(p.relative_to(staging).as_posix() for p in staging.rglob("*") if p.is_file())
    others = [name for name in names if name not in exported]
    (staging / MANIFEST).write_text(manifest_text(parts, staging, others), encoding="utf-8")
