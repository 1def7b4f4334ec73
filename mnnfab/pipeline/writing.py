"""Output of a run: fields, part, reports and manifest, written to one folder."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mnnfab.io.atomic_folder import MANIFEST
from mnnfab.io.files import sha256_of
from mnnfab.progress.watcher import StageTimer
from mnnfab.runs.run_folder import PAGE, PDF, REPORT, THUMBNAIL, run_folder, write_training
from mnnfab.validation.results import Results

if TYPE_CHECKING:
    from export.manifest import ExportedFile
    from mnnfab.report.page import OtherFile


#: Longer side of the thumbnail, pixels.
THUMBNAIL_PIXELS = 120


@dataclass(frozen=True)
class OutputOptions:
    """Options of the output of a run.

    Args:
        export: True to export the part if the acceptance criteria are met.
        force: True to export the part even if they are not met.
        pdf: True to also write the report as PDF.
        request: hash of the request, by which `mnnfab batch --resume` identifies the run.
    """

    export: bool = True
    force: bool = False
    pdf: bool = False
    request: str | None = None


def write_results(
    results: Results, folder: Path, timer: StageTimer, options: OutputOptions
) -> Results:
    """Write all files of a run into its folder.

    Args:
        results: results of all stages.
        folder: locked folder.
        timer: stage timer.
        options: output options.

    Returns:
        The results with the exported files.
    """
    exports = options.export and (options.force or results.verdict == "pass")
    with run_folder(folder) as staging:
        write_training(staging, results.problem, results.record)
        _write_fields(staging, results)
        if exports:
            results = _export(staging, results, timer)
        _write_reports(staging, results, timer, pdf=options.pdf)
        write_manifest(staging, results.files, options.request)
    return results


def _write_fields(staging: Path, results: Results) -> None:
    problem = results.problem
    if results.continuum is None or problem.task is None:
        return
    from fem.fields import WRITERS, LoadedModel

    loaded = LoadedModel(
        results.continuum,
        problem.network,
        problem.material,
        problem.task.inputs,
        problem.task.load_cases,
    )
    for name in problem.design.check.mesh_formats:
        WRITERS[name](staging / f"{problem.design.name}.{name}", loaded)


def _export(staging: Path, results: Results, timer: StageTimer) -> Results:
    from export.formats import formats_named
    from export.frame import write_frame
    from export.package import export_part

    design = results.problem.design
    formats = formats_named(design.export.formats)
    parts = results.part.exported_parts()
    files: list[ExportedFile] = []
    for part in parts:
        with timer.stage(f"export {part.label.name}"):
            files += export_part(part, staging, formats, design.export.stl_tolerance_mm)
    if design.features.pads is not None:
        write_frame(results.tiling, results.problem.network, parts[0].label, staging)
    return replace(results, solid_valid=True, files=tuple(files))


def _write_reports(staging: Path, results: Results, timer: StageTimer, *, pdf: bool) -> None:
    from mnnfab.report.page import page_text
    from mnnfab.report.summary import summary_text

    with timer.stage("report"):
        page = page_text(results, _others(staging, {file.file for file in results.files}))
    (staging / PAGE).write_text(page, encoding="utf-8")
    if pdf:
        from mnnfab.report.pdf import pdf_bytes

        with timer.stage("pdf"):
            (staging / PDF).write_bytes(pdf_bytes(page))
    problem = results.problem
    limits = problem.width_limits_mm
    picture = problem.network.svg(results.widths_mm, limits, THUMBNAIL_PIXELS)
    (staging / THUMBNAIL).write_text(picture, encoding="utf-8")
    (staging / REPORT).write_text(summary_text(results), encoding="utf-8")


def _others(staging: Path, parts: Collection[str]) -> list[OtherFile]:
    """Return all files in the folder except those of the parts."""
    from mnnfab.report.page import OtherFile

    return [
        OtherFile(name, path.stat().st_size, sha256_of(path))
        for path in sorted(staging.rglob("*"))
        if path.is_file() and (name := path.relative_to(staging).as_posix()) not in parts
    ]


def write_manifest(
    staging: Path,
    parts: Sequence[ExportedFile],
    request: str | None = None,
    *,
    interrupted: bool = False,
) -> None:
    """Write the manifest of all files in a folder, with the properties of the parts."""
    from export.manifest import manifest_text

    exported = {part.file for part in parts}
    names = sorted(p.relative_to(staging).as_posix() for p in staging.rglob("*") if p.is_file())
    others = [name for name in names if name not in exported]
    text = manifest_text(parts, staging, others, request, interrupted=interrupted)
    (staging / MANIFEST).write_text(text, encoding="utf-8")
