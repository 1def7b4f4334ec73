"""Alignment: from the axes of a camera or a table to those of the design.

The joints of the unloaded part are laid over the design's by the best shift, turn and size
(Umeyama's closed form). What does not fit then is told in words: a wrong unit, an axis that
points the other way, joints under each other's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.network.network import Network

#: A print that is larger or smaller than its design by more than this has another unit.
MOST_OFF = 0.10
#: A joint farther off than this share of the shortest bond is another one, or none.
MOST_ASTRAY = 0.3
#: Numbers that a length may be off by, and what it then was measured in.
UNITS = {
    1e-3: "metres",
    0.1: "centimetres",
    1 / 25.4: "inches",
    1e3: "micrometres",
}


@dataclass(frozen=True, eq=False)
class Alignment:
    """x_design = scale · x Rᵀ + shift, for rows x.

    Args:
        scale: mm per unit.
        rotation: (2, 2), proper.
        shift_mm: (2,).
    """

    scale: float
    rotation: FloatArray
    shift_mm: FloatArray

    def apply(self, places: FloatArray) -> FloatArray:
        """Return places, (…, 2), in the design's axes, mm."""
        turned: FloatArray = self.scale * places @ self.rotation.T + self.shift_mm
        return turned


def fit_similarity(places: FloatArray, wanted: FloatArray, scale: float | None = None) -> Alignment:
    """Return the shift, turn and size that lay places over others best, both (n, 2).

    Args:
        places: what is moved.
        wanted: where it should be, mm.
        scale: mm per unit if it is known.

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
    """Find how the unloaded joints lie over the design, and which is which.

    Args:
        where: for messages.
        places: of the unloaded joints, (n_nodes, 2), y upwards.
        network: the design.
        unit_mm: length of the unit of the places; none takes it from the part itself.
        by_place: whether the joints' order means nothing and their places tell them apart.

    Returns:
        The alignment, without a change of size where the unit is known; and for every node the
        row of its place, (n_nodes,).

    Raises:
        InputError: saying what is wrong: unit, axes, or order.
    """
    order = _by_place(places, network) if by_place else np.arange(network.n_nodes)
    places = places[order]
    free = fit_similarity(places, network.nodes)
    if unit_mm is not None and not 1 - MOST_OFF < free.scale / unit_mm < 1 + MOST_OFF:
        # Joints under each other's numbers shrink the fit too, so these come first.
        _refuse_order(where, places, network)
        raise _unit_error(where, free.scale / unit_mm)
    _refuse_order(where, places, network)
    return fit_similarity(places, network.nodes, unit_mm or free.scale), order


def _unit_error(where: str, ratio: float) -> InputError:
    nearest = min(UNITS, key=lambda factor: abs(np.log(ratio * factor)))
    known = abs(np.log(ratio * nearest)) < np.log(1 + MOST_OFF)
    guess = f"they look like {UNITS[nearest]}" if known else "are they pixels, or of another part?"
    given = f"joints {1 / ratio:.4g} times as far apart as in the design: {guess}"
    allowed = f"the unit in experiment.toml so that they are within {MOST_OFF:.0%} of the design"
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
        allowed = 'y_axis = "down" if y points down, or a look at the part from its front'
        raise InputError(where, "joints mirrored against the design", allowed)
    at = found.apply(places)
    rows, columns = linear_sum_assignment(_distances(network.nodes, at))
    swapped = [int(n) for n, row in zip(rows, columns, strict=True) if n != row]
    fits = np.hypot(*(at[columns] - network.nodes).T).max() <= limit
    if swapped and fits:
        given = f"joints {', '.join(map(str, swapped))} lie where others of them should"
        allowed = 'each joint under its own number, or points = "by-place" in experiment.toml'
        raise InputError(where, given, allowed)
    worst = int(astray.argmax())
    given = f"joint {worst} is {astray[worst]:.3g} mm from its place in the design"
    allowed = f"joints of this part; {limit:.3g} mm is the most that is taken for the same one"
    raise InputError(where, given, allowed)


def _robust(places: FloatArray, network: Network) -> Alignment:
    """Fit without the joints that are far off, which a few under wrong numbers are."""
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
    """Return which place is which node's: the part is taken to be upright and whole."""
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
