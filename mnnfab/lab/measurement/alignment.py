"""Alignment of measured positions with the axes of the design.

The joints of the unloaded part are fitted to those of the design by a similarity transformation
(Umeyama's closed form). The residuals reveal a wrong unit, a flipped axis and permuted joint
numbers, each reported as such.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.network.network import Network

#: Relative size error above which the unit is taken to be wrong.
MOST_OFF = 0.10
#: Largest distance of a joint from its design position, as a share of the shortest bond.
MOST_ASTRAY = 0.3
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

    def apply(self, places: FloatArray) -> FloatArray:
        """Return positions, (…, 2), in the axes of the design, mm."""
        turned: FloatArray = self.scale * places @ self.rotation.T + self.shift_mm
        return turned


def fit_similarity(places: FloatArray, wanted: FloatArray, scale: float | None = None) -> Alignment:
    """Return the least-squares similarity transformation between two point sets, both (n, 2).

    Args:
        places: points to transform.
        wanted: target points, mm.
        scale: mm per unit; fitted if not given.

    Source: Umeyama, IEEE Trans. Pattern Anal. Mach. Intell. 13:376 (1991).
    """
    centre, goal = places.mean(axis=0), wanted.mean(axis=0)
    a, b = places - centre, wanted - goal
    u, sizes, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, np.sign(np.linalg.det(u @ vt)) or 1.0])
    rotation = (u * sign) @ vt
    fitted = float(sizes @ sign) / max(float((a**2).sum()), 1e-300)
    size = fitted if scale is None else scale
    return Alignment(size, rotation, goal - size * rotation @ centre)


def align(
    where: str, places: FloatArray, network: Network, unit_mm: float | None, *, by_place: bool
) -> tuple[Alignment, IntArray]:
    """Fit the unloaded joints to the design and assign them to its nodes.

    Args:
        where: location named in error messages.
        places: positions of the unloaded joints, (n_nodes, 2), y upwards.
        network: the design.
        unit_mm: length of the unit of the positions; fitted to the design if not given.
        by_place: assign joints to nodes by position instead of by order.

    Returns:
        The alignment, with the scale fixed if the unit is known; and the row of each node's
        position, (n_nodes,).

    Raises:
        InputError: if the unit, the axes or the order of the joints is wrong.
    """
    order = _by_place(places, network) if by_place else np.arange(network.n_nodes)
    places = places[order]
    free = fit_similarity(places, network.nodes)
    if unit_mm is not None and not 1 - MOST_OFF < free.scale / unit_mm < 1 + MOST_OFF:
        # Permuted joints also reduce the fitted scale, so they are checked first.
        _refuse_order(where, places, network)
        raise _unit_error(where, free.scale / unit_mm)
    _refuse_order(where, places, network)
    return fit_similarity(places, network.nodes, unit_mm or free.scale), order


def _unit_error(where: str, ratio: float) -> InputError:
    nearest = min(UNITS, key=lambda factor: abs(np.log(ratio * factor)))
    known = abs(np.log(ratio * nearest)) < np.log(1 + MOST_OFF)
    suspicion = f"unit probably {UNITS[nearest]}" if known else "in pixels, or of another part"
    given = f"node distances {1 / ratio:.4g} times those of the design: {suspicion}"
    allowed = f"a unit in experiment.toml that gives the design's size within {MOST_OFF:.0%}"
    return InputError(where, given, allowed)


def _refuse_order(where: str, places: FloatArray, network: Network) -> None:
    limit = MOST_ASTRAY * float(network.lengths.min())
    found = _robust(places, network)
    astray = np.hypot(*(found.apply(places) - network.nodes).T)
    if astray.max() <= limit:
        return
    mirrored = places * [1.0, -1.0]
    other = _robust(mirrored, network)
    if np.hypot(*(other.apply(mirrored) - network.nodes).T).max() <= limit:
        allowed = 'y_axis = "down" if y points down, or a view of the part from its front'
        raise InputError(where, "nodes mirrored with respect to the design", allowed)
    at = found.apply(places)
    rows, columns = linear_sum_assignment(_distances(network.nodes, at))
    swapped = [int(n) for n, row in zip(rows, columns, strict=True) if n != row]
    fits = np.hypot(*(at[columns] - network.nodes).T).max() <= limit
    if swapped and fits:
        given = f"nodes {', '.join(map(str, swapped))} are permuted"
        allowed = 'the node number of each position, or points = "by-place" in experiment.toml'
        raise InputError(where, given, allowed)
    worst = int(astray.argmax())
    given = f"node {worst} is {astray[worst]:.3g} mm from its position in the design"
    allowed = f"nodes of this part, each within {limit:.3g} mm of its position in the design"
    raise InputError(where, given, allowed)


def _robust(places: FloatArray, network: Network) -> Alignment:
    """Return a fit that excludes outliers, such as a few permuted joints."""
    keep = np.arange(network.n_nodes)
    least = max(3, network.n_nodes // 2)
    found = fit_similarity(places, network.nodes)
    for _ in range(5):
        off = np.hypot(*(found.apply(places) - network.nodes).T)
        near = np.flatnonzero(off <= 3 * max(float(np.median(off)), 1e-9))
        keep = near if len(near) >= least else np.argsort(off)[:least]
        found = fit_similarity(places[keep], network.nodes[keep])
    return found


def _by_place(places: FloatArray, network: Network) -> IntArray:
    """Return the row of each node's position; the part must be upright and complete."""
    order = np.arange(network.n_nodes)
    size = np.ptp(network.nodes, axis=0).max() / max(float(np.ptp(places, axis=0).max()), 1e-300)
    at = size * (places - places.mean(axis=0)) + network.nodes.mean(axis=0)
    for _ in range(10):
        _, columns = linear_sum_assignment(_distances(network.nodes, at))
        if (columns == order).all():
            break
        order = columns
        at = fit_similarity(places[order], network.nodes).apply(places)
    return order


def _distances(nodes: FloatArray, places: FloatArray) -> FloatArray:
    squares: FloatArray = ((nodes[:, None] - places[None]) ** 2).sum(axis=2)
    return squares
