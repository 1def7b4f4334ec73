"""Export: each file is written, read back by a second tool and compared with the part."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from export.formats import Format, Measured
from export.manifest import ExportedFile
from geometry.part import Part
from mnnfab.errors import MnnfabError, ToolError
from mnnfab.io.files import sha256_of

log = logging.getLogger(__name__)


def export_part(
    part: Part, folder: Path, formats: Sequence[Format], tolerance_mm: float
) -> list[ExportedFile]:
    """Write a part in every format into `folder`, read each file back and compare.

    Args:
        part: the part; its name is the stem of the file names.
        folder: an existing folder.
        formats: formats from `export.formats.formats_named`.
        tolerance_mm: largest distance between an arc and its facets.

    Raises:
        ToolError: if a file does not contain one valid solid, or outline, of the part's size;
            or if a drawing of a part that was made in CAD is requested.
    """
    return [_export(part, folder, kind, tolerance_mm) for kind in formats]


def _export(part: Part, folder: Path, kind: Format, tolerance_mm: float) -> ExportedFile:
    path = folder / f"{part.label.name}{kind.suffix}"
    with _named(kind, path):
        kind.write(part, path, tolerance_mm)
        measured = kind.read_back(path)
        _compare(path.name, measured, part, kind, tolerance_mm)
    log.info("%s: written and read back", path.name)
    return ExportedFile(
        file=path.name,
        n_bytes=path.stat().st_size,
        sha256=sha256_of(path),
        bounding_box_mm=measured.bounding_box_mm,
        volume_mm3=measured.volume_mm3,
        area_mm2=measured.area_mm2,
    )


@contextmanager
def _named(kind: Format, path: Path) -> Iterator[None]:
    """Name format and file in the error of a library, whatever it raises."""
    try:
        yield
    except (MnnfabError, OSError, MemoryError):
        raise  # named already, or of the machine
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        msg = f"{path.name} could not be written as {kind.suffix[1:].upper()}: {reason}"
        raise ToolError(msg) from error


def _compare(file: str, measured: Measured, part: Part, kind: Format, tolerance_mm: float) -> None:
    if measured.n_bodies != 1 or not measured.valid:
        bodies = f"{measured.n_bodies} bodies, {'valid' if measured.valid else 'not closed'}"
        msg = f"{file} was read back as {bodies}; one valid solid was written"
        raise ToolError(msg)
    if kind.flat:
        quantity, measured_size, part_size = "an area", measured.area_mm2, part.area_mm2
    else:
        quantity, measured_size, part_size = "a volume", measured.volume_mm3, part.volume_mm3
    assert measured_size is not None, "a format has a volume, or an area if it is flat"
    assert part_size is not None, "a part without a drawing is rejected on writing"
    error = abs(measured_size / part_size - 1)
    chord_error = tolerance_mm * part.curved_mm2 / part.volume_mm3 if kind.faceted else 0.0
    if error > kind.size_tolerance + chord_error:
        msg = f"{file} was read back with {quantity} that is off by {error:.2g}"
        raise ToolError(msg)
    expected = np.array(part.bounding_box_mm)
    if kind.flat:
        expected[:, 2] = 0.0
    box_error = float(np.abs(np.subtract(measured.bounding_box_mm, expected)).max())
    if box_error > kind.box_tolerance_mm + (tolerance_mm if kind.faceted else 0.0):
        msg = f"{file} was read back with a bounding box that is off by {box_error:.2g} mm"
        raise ToolError(msg)
