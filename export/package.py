"""Exporting: every format written, read back by a second tool and compared with the tiling."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from export.formats import Format, Measured
from export.manifest import ExportedFile
from export.step import STEP
from export.stl import STL
from mnnfab.errors import ToolError
from mnnfab.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import cadquery

    from geometry.tiling import Tiling

FORMATS: tuple[Format, ...] = (STEP, STL)


def export_solid(
    solid: cadquery.Solid,
    tiling: Tiling,
    folder: Path,
    name: str,
    stl_tolerance_mm: float,
    formats: Sequence[Format] = FORMATS,
) -> list[ExportedFile]:
    """Write a solid in every format into `folder`, read each file back and compare.

    Raises:
        ToolError: if a file does not hold one valid solid of the tiling's volume and size.
    """
    return [_export(solid, tiling, folder, name, stl_tolerance_mm, kind) for kind in formats]


def _export(
    solid: cadquery.Solid,
    tiling: Tiling,
    folder: Path,
    name: str,
    tolerance_mm: float,
    kind: Format,
) -> ExportedFile:
    path = folder / f"{name}{kind.suffix}"
    kind.write(solid, path, name, tolerance_mm)
    measured = kind.read_back(path)
    _compare(path.name, measured, tiling, kind, tolerance_mm)
    return ExportedFile(
        file=path.name,
        n_bytes=path.stat().st_size,
        sha256=sha256_of(path),
        bounding_box_mm=measured.bounding_box_mm,
        volume_mm3=measured.volume_mm3,
    )


def _compare(
    file: str, measured: Measured, tiling: Tiling, kind: Format, tolerance_mm: float
) -> None:
    if measured.n_solids != 1 or not measured.valid:
        found = f"{measured.n_solids} bodies, {'valid' if measured.valid else 'not closed'}"
        msg = f"{file} was read back as {found}; one valid solid was written"
        raise ToolError(msg)
    volume_error = abs(measured.volume_mm3 / tiling.volume_mm3 - 1)
    if volume_error > kind.volume_tolerance:
        msg = f"{file} was read back with a volume that is off by {volume_error:.2g}"
        raise ToolError(msg)
    box_error = float(np.abs(np.subtract(measured.bounding_box_mm, tiling.bounding_box_mm)).max())
    if box_error > kind.box_tolerance_mm + (tolerance_mm if kind.faceted else 0.0):
        msg = f"{file} was read back with a bounding box that is off by {box_error:.2g} mm"
        raise ToolError(msg)
