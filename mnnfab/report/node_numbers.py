"""Positions of the numbers of the nodes of a network, clear of bonds and arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.network.network import Network

#: Maximum number of nodes that are numbered; with more the labels overlap.
NUMBERED_NODES = 60
#: Distance of a number from its node: in points, to clear the markers; and as a fraction of the
#: shortest bond at the node, to clear the sides of the bonds: for a right angle or more to the
#: nearest bond, and at most. In between it grows with the inverse square of the sine.
NUMBER_POINTS, NUMBER_SHARE, MAX_SHARE = 11.0, 0.06, 0.4


def number_places(
    network: Network, arrows: Sequence[tuple[int, FloatArray]] = ()
) -> list[tuple[FloatArray, FloatArray]]:
    """Return the place of the number of each node, mm, and the direction from the node, (2,).

    The number is between the two neighbouring bonds with the widest angle between them, as near
    to the upward direction as possible.

    Args:
        network: nodes and bonds.
        arrows: nodes and vectors of arrows, (2,) mm, which count as bonds.
    """
    vectors = network.nodes[network.bonds[:, 1]] - network.nodes[network.bonds[:, 0]]
    places = []
    for node, position in enumerate(network.nodes):
        own = np.concatenate(
            [vectors[network.bonds[:, 0] == node], -vectors[network.bonds[:, 1] == node]]
        )
        length = np.hypot(*own.T).min()
        own = np.vstack([own, *(vector for at, vector in arrows if at == node)])
        direction, half_angle = _widest_gap(np.arctan2(own[:, 1], own[:, 0]))
        share = min(NUMBER_SHARE / np.sin(half_angle) ** 2, MAX_SHARE)
        distance = share * length
        places.append((position + distance * direction, direction))
    return places


def _widest_gap(angles: FloatArray) -> tuple[FloatArray, float]:
    """Return a direction between bonds, (2,), and its angle to the nearest bond, at most π/2."""
    starts = np.sort(angles)
    gaps = np.diff(starts, append=starts[0] + 2 * np.pi)
    half_angles = np.minimum(gaps / 2, np.pi / 2)
    # Angles from the upward direction, -π to π. Wide gaps leave a choice from first to last.
    first = _wrapped(starts + half_angles - np.pi / 2)
    last = first + gaps - 2 * half_angles
    nearest = np.where(np.abs(first) <= np.abs(_wrapped(last)), first, _wrapped(last))
    chosen = np.where((first <= 0) & (last >= 0), 0.0, nearest)
    best = min(range(len(gaps)), key=lambda gap: (-half_angles[gap].round(6), abs(chosen[gap])))
    angle = chosen[best] + np.pi / 2
    return np.array([np.cos(angle), np.sin(angle)]), float(half_angles[best])


def _wrapped(angles: FloatArray) -> FloatArray:
    """Return angles from -π to π."""
    return np.asarray((angles + np.pi) % (2 * np.pi) - np.pi)
