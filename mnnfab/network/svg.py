"""A network as a small SVG picture, for notebooks and lists of runs."""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray, IntArray

#: Length of the longer side of a picture, pixels.
SIZE = 320
#: Cividis colour map in nine steps, readable for colour-blind readers and in greyscale.
_CIVIDIS = np.array(
    [
        *([0x00, 0x22, 0x4E], [0x1A, 0x38, 0x6F], [0x43, 0x4E, 0x6C], [0x61, 0x65, 0x6F]),
        *([0x7D, 0x7C, 0x78], [0x9B, 0x94, 0x76], [0xBC, 0xAE, 0x6C], [0xDE, 0xC9, 0x58]),
        [0xFE, 0xE8, 0x38],
    ],
    dtype=float,
)


def colours(shares: FloatArray) -> list[str]:
    """Return a colour for each value from 0 (dark blue) to 1 (yellow).

    >>> colours(np.array([0.0, 1.0]))
    ['#00224e', '#fee838']
    """
    steps = np.linspace(0, 1, len(_CIVIDIS))
    parts = [np.interp(np.clip(shares, 0, 1), steps, channel) for channel in _CIVIDIS.T]
    return [
        f"#{red:02x}{green:02x}{blue:02x}"
        for red, green, blue in np.round(np.column_stack(parts)).astype(int).tolist()
    ]


def network_svg(
    nodes: FloatArray,
    bonds: IntArray,
    fixed: IntArray,
    widths_mm: FloatArray | None = None,
    limits_mm: tuple[float, float] | None = None,
    size: int = SIZE,
) -> str:
    """Return a picture of a network: bond widths to scale, fixed nodes as triangles.

    Args:
        nodes: (n_nodes, 2) mm.
        bonds: the two nodes of each, (n_bonds, 2).
        fixed: nodes that are held, (n_fixed,).
        widths_mm: (n_bonds,); without them all bonds are thin and grey.
        limits_mm: widths at the ends of the colour map.
        size: length of the longer side, pixels.
    """
    vectors = nodes[bonds[:, 1]] - nodes[bonds[:, 0]]
    thin = float(np.hypot(*vectors.T).mean()) / 20
    widths = np.full(len(bonds), thin) if widths_mm is None else widths_mm
    low, high = nodes.min(axis=0), nodes.max(axis=0)
    margin = max(float(widths.max()), 2 * thin)
    width, height = (high - low + 2 * margin).tolist()
    scale = size / max(width, height)
    points = ((nodes - [low[0] - margin, high[1] + margin]) * [1, -1]).round(2)
    shades = ["#888888"] * len(bonds)
    if widths_mm is not None:
        min_width, max_width = limits_mm or (float(widths.min()), float(widths.max()))
        shades = colours((widths - min_width) / max(max_width - min_width, 1e-12))
    lines = "".join(
        f'<path d="M{a[0]:g} {a[1]:g}L{b[0]:g} {b[1]:g}" stroke="{shade}" '
        f'stroke-width="{thickness:.3g}"/>'
        for (a, b), shade, thickness in zip(
            points[bonds].tolist(), shades, widths.tolist(), strict=True
        )
    )
    supports = "".join(
        f'<path d="M{x:g} {y - margin:.3g}l{margin:.3g} {1.6 * margin:.3g}h{-2 * margin:.3g}z" '
        f'fill="#0072B2"/>'
        for x, y in points[fixed].tolist()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale:.0f}" '
        f'height="{height * scale:.0f}" viewBox="0 0 {width:g} {height:g}" '
        f'stroke-linecap="round">{lines}{supports}</svg>\n'
    )
