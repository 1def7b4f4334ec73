"""Pictures of curves and tables for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

#: Pixels of the longer side of a picture.
SIZE = 320


def curve_svg(values: Sequence[float], label: str) -> str:
    """Return a picture of a curve over its steps, with the first and the last value."""
    y = np.asarray(values, dtype=float)
    if len(y) > SIZE:  # more points than pixels
        y = y[np.linspace(0, len(y) - 1, SIZE).round().astype(int)]
    span = float(np.ptp(y)) or 1.0
    points = " ".join(
        f"{10 + 300 * step / max(1, len(y) - 1):.1f},{90 - 75 * (value - y.min()) / span:.1f}"
        for step, value in enumerate(y.tolist())
    )
    caption = f"{escape(label)}: {values[0]:.4g} to {values[-1]:.4g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="120">'
        f'<polyline points="{points}" fill="none" stroke="#0072B2" stroke-width="2"/>'
        f'<text x="10" y="112" font-size="13" font-family="sans-serif">{caption}</text></svg>\n'
    )


def table_html(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; every cell is escaped."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>\n"
