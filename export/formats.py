"""What a file format is to us: a way to write a solid, and a second way to read it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import cadquery

Box = tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Measured:
    """What is found in a file that was read back.

    Args:
        n_solids: number of separate bodies.
        valid: whether the reader finds them closed and well-formed.
        volume_mm3: enclosed volume.
        bounding_box_mm: least and greatest x, y, z.
    """

    n_solids: int
    valid: bool
    volume_mm3: float
    bounding_box_mm: Box


@dataclass(frozen=True)
class Format:
    """A file format.

    Args:
        suffix: ending of the file name.
        write: solid, path, part's name and facet tolerance (mm) to a file.
        read_back: a path to what is in the file; never the writer's own memory.
        volume_tolerance: largest relative error of the volume that is read back.
        box_tolerance_mm: largest error of the bounding box, beside the facet tolerance.
        faceted: whether curved faces become facets.
    """

    suffix: str
    write: Callable[[cadquery.Solid, Path, str, float], None]
    read_back: Callable[[Path], Measured]
    volume_tolerance: float
    box_tolerance_mm: float
    faceted: bool
