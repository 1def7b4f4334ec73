"""Lettering: a line of text as polygons, in a bold face whose strokes a printer can make."""

from __future__ import annotations

import numpy as np
import shapely
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.path import Path
from shapely.affinity import affine_transform

from mnnfab.errors import InputError

#: Comes with matplotlib, so that every machine has the same.
FACE = FontProperties(family="DejaVu Sans", weight="bold")
#: What letters are thickened to, mm: a little over the half millimetre that printers resolve.
LEAST_STROKE_MM = 0.55
#: What must stay free between letters, mm.
APART_MM = 0.1
#: Size at which outlines are taken; large, so that their chords are fine.
_FINE = 200.0
#: Detail that is dropped, as a share of a capital's height.
_DETAIL = 0.004
#: Space between letters beyond the face's own, as a share of a capital's height.
_SPACED = 0.12


def letters(text: str, capital_mm: float) -> tuple[shapely.Polygon, ...]:
    """Return a text's letters, the dots of an i apart, from left to right.

    Args:
        text: one line.
        capital_mm: height of a capital letter.

    Returns:
        Polygons, mm; the text begins at x = 0 and stands on y = 0.

    Raises:
        InputError: if the face has no such letter.
    """
    font = get_font(findfont(FACE))
    missing = [letter for letter in text if not font.get_char_index(ord(letter))]
    if missing:
        raise InputError(
            "[features.id] text", f"{missing[0]!r}, which {FACE.get_name()} lacks", "other letters"
        )
    capital = shapely.union_all(_glyph("H")[0]).bounds[3]
    scale, found, x = capital_mm / capital, [], 0.0
    for letter in text:
        parts, advance = _glyph(letter)
        placed = [affine_transform(part, [scale, 0, 0, scale, x, 0]) for part in parts]
        simple = [shapely.simplify(part, _DETAIL * capital_mm) for part in placed]
        found += sorted(map(_thickened, simple), key=lambda part: part.bounds)
        x += scale * advance + _SPACED * capital_mm
    if not found:
        raise InputError("[features.id] text", repr(text), "letters that can be seen")
    _check_apart(text, found, capital_mm)
    return tuple(found)


def _check_apart(text: str, found: list[shapely.Polygon], capital_mm: float) -> None:
    """Refuse letters so small that they run together."""
    whole = np.array(found)
    near = shapely.STRtree(whole).query(whole, predicate="dwithin", distance=APART_MM)
    sound = shapely.is_valid(whole).all() and not (near[0] < near[1]).any()
    if not sound:
        raise InputError(
            "[features.id] letter_mm",
            f"{capital_mm:g}, at which {text!r} runs together",
            "larger letters",
        )


def stroke_mm(polygon: shapely.Polygon) -> float:
    """Return the width of the narrowest stroke: how much it takes to wear the letter through."""
    low, high = 0.0, float(np.sqrt(polygon.area))
    while high - low > 1e-3:
        middle = (low + high) / 2
        worn = polygon.buffer(-middle / 2)
        whole = isinstance(worn, shapely.Polygon) and len(worn.interiors) == len(polygon.interiors)
        low, high = (middle, high) if whole and not worn.is_empty else (low, middle)
    return low


def _thickened(polygon: shapely.Polygon) -> shapely.Polygon:
    """Return a letter whose strokes are all as wide as they should be."""
    lacking = LEAST_STROKE_MM - stroke_mm(polygon)
    if lacking <= 0:
        return polygon
    thick = shapely.buffer(polygon, lacking / 2, join_style="mitre")
    closed = not isinstance(thick, shapely.Polygon) or len(thick.interiors) < len(polygon.interiors)
    return polygon if closed else thick  # letters that small are refused as a whole


def _glyph(letter: str) -> tuple[list[shapely.Polygon], float]:
    """Return a letter's separate parts at the fine size, and how far the face steps after it.

    A part is what the outlines wind around.
    """
    font = get_font(findfont(FACE))
    font.set_size(_FINE, 72)
    advance = font.load_char(ord(letter), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536
    outlines = Path(*font.get_path()).to_polygons(closed_only=True)
    rings = [shapely.Polygon(outline) for outline in outlines if np.shape(outline)[0] > 3]
    if not rings:
        return [], advance
    # Outlines of the same sense as the largest are ink, the others are holes in it.
    signs = [shapely.is_ccw(ring.exterior) for ring in rings]
    ink = signs[int(np.argmax([ring.area for ring in rings]))]
    solid = shapely.union_all([r for r, sign in zip(rings, signs, strict=True) if sign == ink])
    holes = shapely.union_all([r for r, sign in zip(rings, signs, strict=True) if sign != ink])
    parts = shapely.get_parts(shapely.difference(solid, holes))
    return [part for part in parts if isinstance(part, shapely.Polygon)], advance
