"""Alignment of measured positions with the axes of the design.

The nodes of the unloaded part are fitted to those of the design by a similarity transformation
(Umeyama's closed form). The residuals reveal a wrong unit, a flipped axis and permuted node
numbers, each reported as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.network.network import Network

#: Relative size error above which the unit is taken to be wrong.
MAX_SIZE_ERROR = 0.10
#: Largest distance of a node from its design position, as a share of the shortest bond.
MAX_DISTANCE_SHARE = 0.3
#: Factors by which lengths may be off, and the units that they indicate.
UNITS = {
    1e-3: "metres",
    0.1: "centimetres",
    1 / 25.4: "inches",
    1e3: "micrometres",
}


@dataclass(frozen=True, eq=False)
class Alignment:
    """Similarity transformation x_design = scale · x Rᵀ + shift, for rows x.

    Args:
        scale: mm per unit.
        rotation: (2, 2), proper.
        shift_mm: translation, (2,).
    """

    scale: float
    rotation: FloatArray
    shift_mm: FloatArray

    def apply(self, points: FloatArray) -> FloatArray:
        """Return positions, (…, 2), in the axes of the design, mm."""
        transformed: FloatArray = self.scale * points @ self.rotation.T + self.shift_mm
        return transformed


def fit_similarity(
    points: FloatArray, targets: FloatArray, scale: float | None = None
) -> Alignment:
    """Return the least-squares similarity transformation between two point sets, both (n, 2).

    Args:
        points: points to transform.
        targets: target points, mm.
        scale: mm per unit; fitted if not given.

    Source: Umeyama, IEEE Trans. Pattern Anal. Mach. Intell. 13:376 (1991).
    """
    centre, target_centre = points.mean(axis=0), targets.mean(axis=0)
    a, b = points - centre, targets - target_centre
    u, singular_values, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, np.sign(np.linalg.det(u @ vt)) or 1.0])
    rotation = (u * sign) @ vt
    fitted_scale = float(singular_values @ sign) / max(float((a**2).sum()), 1e-300)
    fixed_scale = fitted_scale if scale is None else scale
    return Alignment(fixed_scale, rotation, target_centre - fixed_scale * rotation @ centre)


def align(
    where: str, points: FloatArray, network: Network, unit_mm: float | None, *, by_place: bool
) -> tuple[Alignment, IntArray]:
    """Fit the points of the unloaded part to the design and assign them to its nodes.

    Args:
        where: location named in error messages.
        points: positions of the unloaded nodes, (n_nodes, 2), y upwards.
        network: the design.
        unit_mm: length of the unit of the positions; fitted to the design if not given.
        by_place: assign points to nodes by position instead of by order.

    Returns:
        The alignment, with the scale fixed if the unit is known; and the row of each node's
        position, (n_nodes,).

    Raises:
        InputError: if the unit, the axes or the order of the nodes is wrong.
    """
    order = _order_by_position(points, network) if by_place else np.arange(network.n_nodes)
    points = points[order]
    free = fit_similarity(points, network.nodes)
    if unit_mm is not None and not 1 - MAX_SIZE_ERROR < free.scale / unit_mm < 1 + MAX_SIZE_ERROR:
        # Permuted nodes also reduce the fitted scale, so they are checked first.
        _check_order(where, points, network)
        raise _unit_error(where, free.scale / unit_mm)
    _check_order(where, points, network)
    return fit_similarity(points, network.nodes, unit_mm or free.scale), order


def check_shots_at_rest(
    where: str,
    shots: Sequence[tuple[str, FloatArray]],
    network: Network,
    unit_mm: float | None,
    *,
    by_place: bool,
) -> None:
    """Match every shot of the unloaded part with the design, as `align` does with their mean.

    Args:
        where: location named in error messages.
        shots: name and points, (n_nodes, 2), of each shot.
        network: the design.
        unit_mm: length of the unit of the positions, if it is known.
        by_place: assign points to nodes by position instead of by order.

    Raises:
        InputError: naming the shot whose nodes, axes, unit or order of points is wrong.
    """
    aligned = [
        align(f"{where}, shot {name}", p, network, unit_mm, by_place=by_place) for name, p in shots
    ]
    scales = [
        fit_similarity(p[order], network.nodes).scale
        for (_, p), (_, order) in zip(shots, aligned, strict=True)
    ]
    typical = float(np.median(scales))
    for (name, _), (_, order), scale in zip(shots, aligned, scales, strict=True):
        if (order != aligned[0][1]).any():
            given = f"points in another order than in {shots[0][0]}"
            raise InputError(f"{where}, shot {name}", given, "one order of points in all shots")
        if not 1 - MAX_SIZE_ERROR < scale / typical < 1 + MAX_SIZE_ERROR:
            given = f"the part is {typical / scale:.3g} times as large as in other shots at rest"
            raise InputError(f"{where}, shot {name}", given, "one unit and one camera position")


def _unit_error(where: str, ratio: float) -> InputError:
    nearest = min(UNITS, key=lambda factor: abs(np.log(ratio * factor)))
    recognised = abs(np.log(ratio * nearest)) < np.log(1 + MAX_SIZE_ERROR)
    suspicion = f"unit probably {UNITS[nearest]}" if recognised else "in pixels, or of another part"
    given = f"node distances {1 / ratio:.4g} times those of the design: {suspicion}"
    allowed = f"a unit in experiment.toml that gives the design's size within {MAX_SIZE_ERROR:.0%}"
    return InputError(where, given, allowed)


def _check_order(where: str, points: FloatArray, network: Network) -> None:
    limit = MAX_DISTANCE_SHARE * float(network.lengths.min())
    fit = robust_fit(points, network.nodes)
    distances = np.hypot(*(fit.apply(points) - network.nodes).T)
    if distances.max() <= limit:
        return
    mirrored = points * [1.0, -1.0]
    mirrored_fit = robust_fit(mirrored, network.nodes)
    if np.hypot(*(mirrored_fit.apply(mirrored) - network.nodes).T).max() <= limit:
        allowed = (
            'y_axis = "down" if y points down and "up" if it points up, columns x and y that are '
            "not exchanged, or a view of the part from its front"
        )
        raise InputError(where, "nodes mirrored with respect to the design", allowed)
    aligned = fit.apply(points)
    rows, columns = linear_sum_assignment(_distances(network.nodes, aligned))
    permuted = [int(n) for n, row in zip(rows, columns, strict=True) if n != row]
    permutation_fits = np.hypot(*(aligned[columns] - network.nodes).T).max() <= limit
    if permuted and permutation_fits:
        given = f"nodes {', '.join(map(str, permuted))} are permuted"
        allowed = 'the node number of each position, or points = "by-place" in experiment.toml'
        raise InputError(where, given, allowed)
    worst = int(distances.argmax())
    given = f"node {worst} is {distances[worst]:.3g} mm from its position in the design"
    allowed = f"nodes of this part, each within {limit:.3g} mm of its position in the design"
    raise InputError(where, given, allowed)


def robust_fit(points: FloatArray, targets: FloatArray, scale: float | None = None) -> Alignment:
    """Return a fit as `fit_similarity` that excludes outliers, such as a few permuted nodes."""
    n_min = max(3, len(points) // 2)
    fit = fit_similarity(points, targets, scale)
    for _ in range(5):
        distances = np.hypot(*(fit.apply(points) - targets).T)
        inliers = np.flatnonzero(distances <= 3 * max(float(np.median(distances)), 1e-9))
        keep = inliers if len(inliers) >= n_min else np.argsort(distances)[:n_min]
        fit = fit_similarity(points[keep], targets[keep], scale)
    return fit


def without_rigid_motion(displacements_mm: FloatArray, nodes_mm: FloatArray) -> FloatArray:
    """Return displacements, (…, n_nodes, 2) mm, without translation and small rotation."""
    centred = nodes_mm - nodes_mm.mean(axis=0)
    modes = np.zeros((2 * len(nodes_mm), 3))
    modes[0::2, 0] = modes[1::2, 1] = 1.0
    modes[:, 2] = (centred @ np.array([[0.0, 1.0], [-1.0, 0.0]])).ravel()
    basis = np.linalg.qr(modes)[0]
    flat = displacements_mm.reshape(*displacements_mm.shape[:-2], -1)
    strained: FloatArray = (flat - flat @ basis @ basis.T).reshape(displacements_mm.shape)
    return strained


def _order_by_position(points: FloatArray, network: Network) -> IntArray:
    """Return the row of each node's position; the part must be upright and complete."""
    order = np.arange(network.n_nodes)
    scale = np.ptp(network.nodes, axis=0).max() / max(float(np.ptp(points, axis=0).max()), 1e-300)
    aligned = scale * (points - points.mean(axis=0)) + network.nodes.mean(axis=0)
    for _ in range(10):
        _, columns = linear_sum_assignment(_distances(network.nodes, aligned))
        if (columns == order).all():
            break
        order = columns
        aligned = fit_similarity(points[order], network.nodes).apply(points)
    return order


def _distances(nodes: FloatArray, points: FloatArray) -> FloatArray:
    squares: FloatArray = ((nodes[:, None] - points[None]) ** 2).sum(axis=2)
    return squares
