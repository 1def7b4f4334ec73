"""The plane of a network that a file gives in space."""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding

#: Points farther from their plane than this (mm) are not in it, or than this part of the extent of
#: the network: coordinates in micrometres or of single precision keep within.
FLATNESS_MM, FLATNESS = 1e-3, 1e-6
#: A plane whose normal leans more than this from z (cosine) stands: its up direction is z.
_STANDING = 0.7


def planar(points: FloatArray, used: IntArray) -> tuple[FloatArray, list[Finding]]:
    """Return the coordinates of points in the plane in which they lie, (n_points, 2) mm.

    The plane z = const keeps x and y. Any other plane is turned into it: the new y is the
    steepest direction in the plane, upward along z, or along y if the plane lies flat; seen from
    +z, −y or +x the network is not mirrored.

    Args:
        points: (n_points, 2 or 3) mm.
        used: indices of the points of the network; the others may lie anywhere.

    Returns:
        The coordinates, and a finding if the plane was turned.

    Raises:
        InputError: if a used point is outside of the plane of the others, or not finite.
    """
    if not len(used):
        return points[:, :2], []
    own = points[used]
    _check_finite(own, used)
    if points.shape[1] == 2:
        return points, []
    limit = max(FLATNESS_MM, FLATNESS * float(np.ptp(own, axis=0).max()))
    if np.ptp(own[:, 2]) <= limit:
        return points[:, :2], []
    right, up, normal = _axes(own)
    centre = own.mean(axis=0)
    distances = np.abs((own - centre) @ normal)
    worst = int(distances.argmax())
    if distances[worst] > limit:
        raise InputError(
            f"point {used[worst]}",
            f"{distances[worst]:.4g} mm out of the plane of the others, at "
            f"({', '.join(f'{value:g}' for value in own[worst])}) mm",
            "a network in one plane",
        )
    message = (
        f"its plane was turned into z = 0: new x along {_vector(right)}, new y along {_vector(up)} "
        "of the file"
    )
    turned = np.column_stack([points @ right, points @ up])
    return turned, [Finding("plane-turned", "warning", "network", message)]


def _axes(points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the unit vectors right, up and normal of the plane closest to some points."""
    centred = points - points.mean(axis=0)
    normal = np.linalg.eigh(centred.T @ centred)[1][:, 0]
    steep = np.array([0.0, 1.0, 0.0] if abs(normal[2]) > _STANDING else [0.0, 0.0, 1.0])
    up = steep - (steep @ normal) * normal
    up /= np.linalg.norm(up)
    right = np.cross(up, normal)
    # Seen from +z; a standing plane from −y, or from +x if it is x = const.
    if right[np.argmax(np.abs(right) > 1e-9 * np.abs(right).max())] < 0:
        right, normal = -right, -normal
    return right, up, normal


def _check_finite(points: FloatArray, used: IntArray) -> None:
    wrong = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if wrong.size:
        coordinates = points[wrong[0]].tolist()
        raise InputError(f"point {used[wrong[0]]}", f"{coordinates}", "finite coordinates in mm")


def _vector(direction: FloatArray) -> str:
    return f"({', '.join(f'{value + 0.0:.4g}' for value in np.round(direction, 6))})"
