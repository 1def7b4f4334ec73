"""Lettering: a line of text as polygons, in a bold font with printable strokes."""

from __future__ import annotations

import numpy as np
import shapely
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.path import Path
from shapely.affinity import affine_transform

from mnnfab.errors import InputError

#: A font that is part of matplotlib, so that every machine has the same.
FACE = FontProperties(family="DejaVu Sans", weight="bold")
#: Minimum stroke of letters, mm: slightly above the half millimetre that printers resolve.
MIN_STROKE_MM = 0.55
#: Minimum gap between letters, mm.
MIN_GAP_MM = 0.1
#: Font size of the outlines; large, so that their chords are fine.
_FONT_SIZE = 200.0
#: Tolerance of the simplified outlines, as a fraction of the height of a capital letter.
_SIMPLIFICATION = 0.004
#: Additional space between letters, as a fraction of the height of a capital letter.
_LETTER_SPACING = 0.12


def letters(text: str, capital_mm: float) -> tuple[shapely.Polygon, ...]:
    """Return the letters of a text from left to right; the dot of an i is a separate polygon.

    Args:
        text: one line.
        capital_mm: height of a capital letter.

    Returns:
        Polygons, mm; the text begins at x = 0 and stands on y = 0.

    Raises:
        InputError: if the font lacks a letter, the text is not visible, or letters are too small.
    """
    font = get_font(findfont(FACE))
    missing = [letter for letter in text if not font.get_char_index(ord(letter))]
    if missing:
        raise InputError(
            "[features.id] text", f"{missing[0]!r}, missing in {FACE.get_name()}", "other letters"
        )
    capital = shapely.union_all(_glyph("H")[0]).bounds[3]
    scale, polygons, x = capital_mm / capital, [], 0.0
    for letter in text:
        parts, advance = _glyph(letter)
        placed = [affine_transform(part, [scale, 0, 0, scale, x, 0]) for part in parts]
        simple = [shapely.simplify(part, _SIMPLIFICATION * capital_mm) for part in placed]
        polygons += sorted(map(_thickened, simple), key=lambda part: part.bounds)
        x += scale * advance + _LETTER_SPACING * capital_mm
    if not polygons:
        raise InputError("[features.id] text", repr(text), "visible letters")
    _check_separate(text, polygons, capital_mm)
    return tuple(polygons)


def _check_separate(text: str, polygons: list[shapely.Polygon], capital_mm: float) -> None:
    """Check that the letters are large enough to be separate."""
    letters = np.array(polygons)
    pairs = shapely.STRtree(letters).query(letters, predicate="dwithin", distance=MIN_GAP_MM)
    separate = shapely.is_valid(letters).all() and not (pairs[0] < pairs[1]).any()
    if not separate:
        raise InputError(
            "[features.id] letter_mm",
            f"{capital_mm:g}, at which the letters of {text!r} merge",
            "larger letters",
        )


def stroke_mm(polygon: shapely.Polygon) -> float:
    """Return the width of the narrowest stroke: twice the offset that breaks the letter, mm."""
    low, high = 0.0, float(np.sqrt(polygon.area))
    while high - low > 1e-3:
        middle = (low + high) / 2
        eroded = polygon.buffer(-middle / 2)
        intact = isinstance(eroded, shapely.Polygon) and len(eroded.interiors) == len(
            polygon.interiors
        )
        low, high = (middle, high) if intact and not eroded.is_empty else (low, middle)
    return low


def _thickened(polygon: shapely.Polygon) -> shapely.Polygon:
    """Return a letter whose strokes have at least the minimum width."""
    missing_width = MIN_STROKE_MM - stroke_mm(polygon)
    if missing_width <= 0:
        return polygon
    thickened = shapely.buffer(polygon, missing_width / 2, join_style="mitre")
    closed = not isinstance(thickened, shapely.Polygon) or len(thickened.interiors) < len(
        polygon.interiors
    )
    return polygon if closed else thickened  # letters that small are rejected later


def _glyph(letter: str) -> tuple[list[shapely.Polygon], float]:
    """Return the separate parts of a letter at the fine size, and its advance width.

    A part is a region that the outlines enclose.
    """
    font = get_font(findfont(FACE))
    font.set_size(_FONT_SIZE, 72)
    advance = font.load_char(ord(letter), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536
    outlines = Path(*font.get_path()).to_polygons(closed_only=True)
    rings = [shapely.Polygon(outline) for outline in outlines if np.shape(outline)[0] > 3]
    if not rings:
        return [], advance
    # Outlines with the orientation of the largest are filled, the others are holes.
    orientations = [shapely.is_ccw(ring.exterior) for ring in rings]
    filled_orientation = orientations[int(np.argmax([ring.area for ring in rings]))]
    solid = shapely.union_all(
        [
            r
            for r, orientation in zip(rings, orientations, strict=True)
            if orientation == filled_orientation
        ]
    )
    holes = shapely.union_all(
        [
            r
            for r, orientation in zip(rings, orientations, strict=True)
            if orientation != filled_orientation
        ]
    )
    parts = shapely.get_parts(shapely.difference(solid, holes))
    return [part for part in parts if isinstance(part, shapely.Polygon)], advance
