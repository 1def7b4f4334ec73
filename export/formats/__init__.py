"""File formats: one module each, found by its name; adding one touches nothing else.

A module of this folder is a format if it has a `FORMAT`. Its name is what a design's
`[export] formats` says, and nothing of it is loaded before it is asked for.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from geometry.part import Box, Part
from mnnfab.errors import InputError

#: Files of single precision numbers hold 1 m to about 1e-4 mm.
SINGLE_PRECISION_MM = 1e-3
#: What that may do to a volume, as a share of it.
SINGLE_PRECISION = 1e-5


@dataclass(frozen=True)
class Measured:
    """What is found in a file that was read back.

    Args:
        n_bodies: number of separate bodies.
        valid: whether the reader finds them closed and well-formed.
        bounding_box_mm: least and greatest x, y, z; z is 0 in a drawing.
        volume_mm3: enclosed volume; none in a drawing.
        area_mm2: within the outline of a drawing; none in a solid.
    """

    n_bodies: int
    valid: bool
    bounding_box_mm: Box
    volume_mm3: float | None = None
    area_mm2: float | None = None


@dataclass(frozen=True)
class Format:
    """A file format.

    Args:
        suffix: ending of the file name.
        write: a part to a file, arcs by chords no further from them than a tolerance (mm)
            where the format has no arcs.
        read_back: a path to what is in the file; by another tool than the writer's.
        size_tolerance: largest relative error of the volume or area that is read back,
            beside what facets may cut off the part's curved faces.
        box_tolerance_mm: largest error of the bounding box.
        faceted: whether arcs become chords, which adds the facet tolerance to the box's.
        flat: a drawing of the part in the plane.
    """

    suffix: str
    write: Callable[[Part, Path, float], None]
    read_back: Callable[[Path], Measured]
    size_tolerance: float
    box_tolerance_mm: float
    faceted: bool = False
    flat: bool = False


def known_formats() -> list[str]:
    """Return the names of all formats.

    >>> known_formats()
    ['3mf', 'dxf', 'glb', 'step', 'stl', 'svg']
    """
    return sorted(module.name.removeprefix("f_") for module in pkgutil.iter_modules(__path__))


def formats_named(names: Sequence[str]) -> list[Format]:
    """Return the formats of these names, each loaded now.

    Raises:
        InputError: if there is no such format.
    """
    require_known(names)
    return [_load(name) for name in names]


def require_known(names: Sequence[str]) -> None:
    """Refuse names that no format has, without loading any.

    Raises:
        InputError: naming the first.
    """
    known = known_formats()
    for name in names:
        if name not in known:
            allowed = ", ".join(f'"{other}"' for other in known)
            raise InputError("[export] formats", f'"{name}"', allowed)


def _load(name: str) -> Format:
    # No module can begin with a digit: that of 3mf is f_3mf.
    module = f"f_{name}" if name[0].isdigit() else name
    loaded = importlib.import_module(f"{__name__}.{module}")
    found: Format = loaded.FORMAT
    return found
