"""Units of drawings: stated by the file, or by the design."""

from __future__ import annotations

from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.findings import Finding


def unit_of(
    path: Path, stated: tuple[float, str] | None, given_mm: float | None
) -> tuple[float, tuple[Finding, ...]]:
    """Return the length of one unit of a drawing, mm, and a finding on it.

    Args:
        path: the drawing, for messages.
        stated: length and name of the unit that the file states, as "millimetres"; None if it
            states none.
        given_mm: length that the design states; None if it does not.

    Raises:
        InputError: if neither states a unit, or both state different ones.
    """
    if stated is None and given_mm is None:
        allowed = "unit_mm = 1 for millimetres, 25.4 for inches"
        raise InputError("[network] unit_mm", f"missing: {path.name} states no unit", allowed)
    if stated is None:
        assert given_mm is not None, "one of both is given"
        return given_mm, ()
    length, name = stated
    if given_mm is not None and abs(given_mm - length) > 1e-9 * length:
        given = f"{given_mm:g}, and {path.name} is in {name}"
        raise InputError("[network] unit_mm", given, f"{length:g}, or leave the key out")
    message = f"{path.name} is in {name}"
    return length, (Finding("drawing-unit", "info", "network", message),)
