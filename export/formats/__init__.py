"""File formats: one module each, found by name; adding a format requires no other change.

Every module of this package has a `FORMAT`, except those whose names begin with `_`. Its name, with
`-` for `_` and without a leading `f_`, is the one used in `[export] formats` of a design. A module
is only imported when its format is requested, since most need a heavy package.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from geometry.part import Box, Part
from mnnfab.errors import InputError
from mnnfab.io.registry import load, module_names

#: Box tolerance of files with single precision numbers, which resolve 1 m to about 1e-4 mm.
SINGLE_PRECISION_MM = 1e-3
#: Relative tolerance of a volume in single precision.
SINGLE_PRECISION = 1e-5


@dataclass(frozen=True)
class Measured:
    """Dimensions of a file that was read back.

    Args:
        n_bodies: number of separate bodies.
        valid: whether they are closed and well-formed according to the reader.
        bounding_box_mm: minimum and maximum x, y, z; z is 0 in a drawing.
        volume_mm3: enclosed volume; None for a drawing.
        area_mm2: area within the outline of a drawing; None for a solid.
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
        suffix: suffix of the file name.
        write: function that writes a part to a file; if the format has no arcs, they are
            replaced by chords within a tolerance (mm).
        read_back: function that measures a file, with a different tool than the writer's.
        size_tolerance: largest relative error of the volume or area that is read back, in
            addition to the error of facets on curved faces.
        box_tolerance_mm: largest error of the bounding box.
        faceted: whether arcs become chords, which adds the facet tolerance to that of the box.
        flat: whether the format is a drawing of the part in the plane.
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

    >>> {'step', 'stl'} <= set(known_formats())
    True
    """
    names = module_names(sys.modules[__name__])
    return sorted(name.removeprefix("f_").replace("_", "-") for name in names)


def formats_named(names: Sequence[str]) -> list[Format]:
    """Import and return the formats with these names.

    Raises:
        InputError: if there is no such format.
    """
    require_known(names)
    return [_load(name) for name in names]


def require_known(names: Sequence[str]) -> None:
    """Check that there are formats with these names, without importing them.

    Raises:
        InputError: naming the first unknown format.
    """
    known = known_formats()
    for name in names:
        if name not in known:
            allowed = ", ".join(f'"{other}"' for other in known)
            raise InputError("[export] formats", f'"{name}"', allowed)


def _load(name: str) -> Format:
    # A module name cannot begin with a digit: the module of 3mf is f_3mf.
    module = (f"f_{name}" if name[0].isdigit() else name).replace("-", "_")
    file_format = getattr(load(sys.modules[__name__], module), "FORMAT", None)
    if not isinstance(file_format, Format):
        msg = f"{__name__}.{module}.FORMAT: {file_format!r}, expected a Format"
        raise TypeError(msg)
    return file_format
