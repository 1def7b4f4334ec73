"""Faults of the nodes of a shot, matched with the shape at rest and the prediction.

A node is expected at its place in the shots at rest plus the predicted displacement, times the
scale of the experiment. The camera may have moved between shots, so a rigid-body motion is fitted
first, without outliers. Nodes farther than half the distance to the next node are examined:

- The best assignment of points to expected places (least sum of squares) is the identity for every
  displacement that is the gradient of a convex function, and in particular for any translation and
  stretching of the part: to exchange two nodes, the line between them would have to turn by more
  than 90° against the prediction. Points that come at least twice as near to another place by the
  assignment, and within half the distance to the next node, are exchanged.
- Two hubs are never at one place: a point there was tracked twice.
- The elastic energy of one bond, ½ k e², is less than the work of the weights. A bond whose energy
  is `ENERGY_MARGIN` times the largest work of the experiment is impossible. The margin covers
  rubber that is softer at large strain, the bar model, the weight of the part and the modulus.
- A whole shot that fits after mirroring, or after scaling by more than `MAX_SIZE_RATIO`, has other
  axes or units. A point at exactly (0, 0) was lost by the tracker.
- Everything else (a bond that broke, a node that swings) is possible: it is only reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.lab.analysis.frames import assigned, best_frame, distances_mm, frames_of
from mnnfab.lab.analysis.modulus import MAX_RATIO
from mnnfab.lab.experiment.tracks import listed
from mnnfab.lab.measurement.alignment import robust_fit
from mnnfab.lab.measurement.measurement import bond_lengths
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from mnnfab.lab.analysis.prediction import Prediction
    from mnnfab.lab.measurement.measurement import Measurement

#: An assignment explains a point if it leaves less than this share of the distance.
MATCH_RATIO = 0.5
#: Distance of two hubs, as a share of the shortest bond, below which one was tracked twice.
SAME_PLACE_SHARE = 0.1
#: Ratio of the energy of a bond to the work of the weights above which it is impossible.
ENERGY_MARGIN = 10.0
#: Largest residual of a mirrored or rescaled shot, as a share of the shortest bond.
MAX_DISTANCE_SHARE = 0.3
#: Size of the part in a loaded shot, relative to that at rest, that no weight explains.
MAX_SIZE_RATIO = 1.5


@dataclass(frozen=True, eq=False)
class Fault:
    """Fault of one shot.

    Args:
        kind: kind of fault and its nodes, the same for all shots with that fault.
        given: what is wrong, with its size.
        allowed: what is expected.
    """

    kind: str
    given: str
    allowed: str


@dataclass(frozen=True, eq=False)
class Matcher:
    """Positions, distances and energies with which the shots of an experiment are matched.

    Args:
        measurement: the measurement.
        reach_mm: half the distance from each node to the next, (n_nodes,).
        half_bond_mm: half the shortest bond of each node, (n_nodes,).
        energy_per_mm2: energy of a bond by its squared elongation, (n_bonds,) N/mm.
        work_Nmm: largest work of the weights of a load step.
    """

    measurement: Measurement
    reach_mm: FloatArray
    half_bond_mm: FloatArray
    energy_per_mm2: FloatArray
    work_Nmm: float

    def fault(self, points: FloatArray, expected: Sequence[FloatArray]) -> Fault | None:
        """Return the certain fault of a shot; None if it has none.

        Args:
            points: (n_nodes, 2) mm.
            expected: expected places by several scales, (n_nodes, 2) mm each.
        """
        framed, places = best_frame(points, expected)
        distances = distances_mm(framed, places)
        if (distances <= self.reach_mm).all():
            return None
        if np.median(distances) > float(np.median(self.reach_mm)):
            whole = self._whole_shot(points, places)
            if whole is not None:
                return whole
        return (
            self._exchanged(points, expected)
            or self._tracked_twice(framed, distances)
            or self._impossible(framed, distances)
        )

    def _whole_shot(self, points: FloatArray, places: FloatArray) -> Fault | None:
        """Return the fault of a mirrored shot, or of one in another unit."""
        limit = MAX_DISTANCE_SHARE * float(self.measurement.network.lengths.min())
        for mirrored in (False, True):
            seen = points * [1.0, -1.0] if mirrored else points
            fit = robust_fit(seen, places)
            if np.median(distances_mm(fit.apply(seen), places)) > limit:
                continue
            if not 1 / MAX_SIZE_RATIO < fit.scale < MAX_SIZE_RATIO:
                given = f"the part is {1 / fit.scale:.3g} times as large as at rest"
                return Fault("size", given, "one unit and one camera position for all shots")
            if mirrored:
                allowed = "x and y of all shots along the same axes, seen from the same side"
                given = "nodes mirrored with respect to the shots at rest"
                return Fault("mirrored", given, allowed)
        return None

    def _exchanged(self, points: FloatArray, expected: Sequence[FloatArray]) -> Fault | None:
        """Return the fault of nodes that are exchanged, or shifted by a row."""
        frames = [*frames_of(points, expected)]
        # A fit to nodes that are all shifted by a row is meaningless; their centre is not.
        frames += [(points - points.mean(axis=0) + p.mean(axis=0), p) for p in expected]
        fits = [assigned(framed, places) for framed, places in frames]
        own, others, order = min(fits, key=lambda fit: float(np.median(fit[1])))
        nodes = np.flatnonzero(
            (order != np.arange(len(order)))
            & (own > self.reach_mm)
            & (others < MATCH_RATIO * own)
            & (others < self.reach_mm)
        )
        if len(nodes) < 2:
            return None
        shown = ", ".join(f"{node} at {order[node]}" for node in nodes[:6].tolist())
        given = (
            f"{named(nodes)} are exchanged ({shown}): "
            f"they would have moved by up to {own[nodes].max():.3g} mm"
        )
        allowed = "the same node number for a point in every shot, loaded and at rest"
        return Fault(f"exchanged {nodes.tolist()}", given, allowed)

    def _tracked_twice(self, framed: FloatArray, distances: FloatArray) -> Fault | None:
        """Return the fault of a point that is at the place of another node."""
        limit = SAME_PLACE_SHARE * float(self.measurement.network.lengths.min())
        for pair in sorted(KDTree(framed).query_pairs(limit)):
            wrong, right = sorted(pair, key=lambda node: -distances[node])
            if distances[wrong] > self.reach_mm[wrong]:
                given = f"node {wrong} is at the place of node {right}: its dot was tracked twice"
                return Fault(given, given, "the dot of every node")
        return None

    def _impossible(self, framed: FloatArray, distances: FloatArray) -> Fault | None:
        """Return the fault of nodes with bonds that the weights cannot stretch so far."""
        network = self.measurement.network
        rest = bond_lengths(network, self.measurement.zero_mm)
        elongations = np.maximum(bond_lengths(network, framed) - rest, 0.0)
        energies = self.energy_per_mm2 * elongations**2
        impossible = energies > ENERGY_MARGIN * self.work_Nmm
        far = distances > self.half_bond_mm
        nodes = np.intersect1d(network.bonds[impossible], np.flatnonzero(far))
        if not nodes.size:
            return None
        ends = network.bonds[impossible]
        bond = int(np.flatnonzero(impossible)[np.isin(ends, nodes).any(axis=1)][0])
        given = (
            f"{named(nodes)}: up to {distances[nodes].max():.3g} mm from the expected place, and "
            f"{network.bond_name(bond)} is "
            f"{elongations[bond] / rest[bond]:.0%} longer; its energy would be "
            f"{energies[bond] / max(self.work_Nmm, 1e-300):.3g} times the work of the weights"
        )
        allowed = "points that were not lost or tracked to other dots, and bonds that are whole"
        return Fault(f"impossible {nodes.tolist()}", given, allowed)


def lost_points(
    matcher: Matcher, raw: FloatArray, points: FloatArray, expected: Sequence[FloatArray]
) -> Fault | None:
    """Return the fault of a point that a tracker lost and put at the origin of the picture."""
    at_origin = (raw == 0).all(axis=1)
    if not at_origin.any():
        return None
    framed, places = best_frame(points, expected)
    distances = distances_mm(framed, places)
    nodes = np.flatnonzero(at_origin & (distances > matcher.half_bond_mm))
    if not nodes.size:
        return None
    given = f"{named(nodes)} at (0, 0), {distances[nodes].min():.3g} mm from the expected place"
    allowed = "the position of the node, or an empty cell if the tracker lost it"
    return Fault(f"lost {nodes.tolist()}", given, allowed)


def make_matcher(
    measurement: Measurement, prediction: Prediction, stiffness: FloatArray, scale: float
) -> Matcher:
    """Return the matcher of the shots of a measurement; `check_nodes` has the arguments."""
    network = measurement.network
    next_mm = np.asarray(KDTree(measurement.zero_mm).query(measurement.zero_mm, k=2)[0])[:, 1]
    shortest = np.full(network.n_nodes, np.inf)
    for ends in network.bonds.T:
        np.minimum.at(shortest, ends, network.lengths)
    work = [0.0]
    for row, step in enumerate(prediction.steps):
        for weight in step.all_weights:
            fields = scale * prediction.loaded_mm[row], measurement.displacements_mm[row]
            moved = max(float(np.linalg.norm(field[weight.port.node])) for field in fields)
            work.append(abs(weight.load_gf) * NEWTON_PER_GF * moved * len(step.all_weights))
    return Matcher(
        measurement=measurement,
        reach_mm=next_mm / 2,
        half_bond_mm=shortest / 2,
        energy_per_mm2=stiffness / 2 / max(scale, 1 / MAX_RATIO),
        work_Nmm=max(work),
    )


def named(nodes: IntArray) -> str:
    """Return nodes as text, with the noun."""
    return f"node{'s' if len(nodes) > 1 else ''} {listed(nodes.tolist(), 20)}"
