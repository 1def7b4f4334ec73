"""All samples of a task over a range of load factors, by the calibrated frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fem.frames.kernels.arrays import Points
from fem.frames.planar import PlanarStates
from mnnfab.arrays import FloatArray
from mnnfab.io.short_repr import short_repr
from mnnfab.loaded_part.calibrated_frame import CalibratedFrame
from mnnfab.loaded_part.frame_paths import FramePaths
from mnnfab.network.ports import nodes_of

BoolArray = NDArray[np.bool_]

#: Load factors of a sweep: from an eighth of the loads to eight times, in thirds of an octave.
FACTORS = 2.0 ** (np.arange(-9, 10) / 3)
#: Load factor below which no stable samples are looked for.
MIN_FACTOR = 1e-4
#: Bisections of the interval of load factors in which a sample becomes unstable; they leave 1 %.
BISECTIONS = 4


@dataclass(frozen=True, eq=False)
class SweptStates:
    """States of all samples at one load factor.

    Args:
        factor: load factor.
        outputs_mm: displacements of the outputs, (n_samples, n_out); NaN where no stable state
            in the plane was found.
        stable_in_plane: whether a stable state in the plane was found, (n_samples,).
        stable_out_of_plane: whether that state is stable out of the plane, (n_samples,).
        strains: largest strain at the joints of any bond, (n_samples,); NaN where lost.
        worst_bonds: bond with that strain, (n_samples,).
        rotations: largest rotation of an input node from the hanging part, (n_samples,) rad.
    """

    factor: float
    outputs_mm: FloatArray
    stable_in_plane: BoolArray
    stable_out_of_plane: BoolArray
    strains: FloatArray
    worst_bonds: NDArray[np.int64]
    rotations: FloatArray

    @property
    def stable(self) -> BoolArray:
        """Whether each sample is stable in and out of the plane, (n_samples,)."""
        return self.stable_in_plane & self.stable_out_of_plane


@dataclass(frozen=True, eq=False)
class Sweep:
    """States of all samples at increasing load factors, and where each becomes unstable.

    Args:
        states: states at each load factor.
        in_plane: load factor at which each sample becomes unstable in the plane, (n_samples,);
            infinite if it is stable at the last one.
        out_of_plane: the same out of the plane.
    """

    states: tuple[SweptStates, ...]
    in_plane: FloatArray
    out_of_plane: FloatArray

    __repr__ = short_repr

    @property
    def factors(self) -> FloatArray:
        """Load factors, (n_factors,)."""
        return np.array([states.factor for states in self.states])

    @property
    def stability(self) -> FloatArray:
        """Load factor at which each sample becomes unstable, (n_samples,)."""
        return np.minimum(self.in_plane, self.out_of_plane)

    def at(self, factor: float) -> SweptStates:
        """Return the states at a load factor of the sweep."""
        return self.states[int(np.abs(self.factors - factor).argmin())]


def sweep_loads(
    frame: CalibratedFrame,
    loads_N: FloatArray,
    out_of_plane: float = np.inf,
    *,
    in_plane_only: bool = False,
) -> Sweep:
    """Raise the loads of all samples, and find where each becomes unstable.

    Each load factor starts from the states at the one before. Smaller factors are put before
    `FACTORS` until all samples are stable at the first. Beyond the loads of the task, the sweep
    ends two load factors after the first one with an instability, by the frame or the other model.

    Args:
        frame: calibrated frame.
        loads_N: loads at factor 1, (n_samples, n_in).
        out_of_plane: smallest load factor of buckling out of the plane by another model.
        in_plane_only: take all states as stable out of the plane, as in a much thicker part.
    """
    factors = FACTORS if in_plane_only else _from_stable_loads(frame, loads_N, FACTORS)
    n_samples = len(loads_N)
    in_plane, out = np.full(n_samples, np.inf), np.full(n_samples, np.inf)
    swept, paths = list[SweptStates](), FramePaths(frame, loads_N)
    for factor in factors.tolist():
        bounds = (swept[-1].factor if swept else 0.0, factor)
        planar, start = paths.step(factor)
        jumped = np.flatnonzero(np.isfinite(paths.lost_at) & np.isinf(in_plane))
        in_plane[jumped] = paths.lost_at[jumped]
        found = _swept(frame, planar, loads_N, factor, in_plane_only)
        lost = np.flatnonzero(~found.stable_out_of_plane & np.isinf(out))
        out[lost] = _bisected(frame, loads_N[lost], bounds, _subset(start, lost))
        swept.append(found)
        if factor >= 1.0 and len(swept) > 2:
            earlier = swept[-3]
            if earlier.factor > out_of_plane or not earlier.stable.all():
                break
    return Sweep(tuple(swept), in_plane, out)


def _from_stable_loads(
    frame: CalibratedFrame, loads_N: FloatArray, factors: FloatArray
) -> FloatArray:
    """Return load factors with smaller ones in front, so that all samples are stable at first."""
    first = float(factors[0])
    smaller = list[float]()
    while first > MIN_FACTOR and not stable_samples(frame, frame.states(first * loads_N)).all():
        first /= 2
        smaller.insert(0, first)
    return np.concatenate([smaller, factors])


def stable_samples(frame: CalibratedFrame, planar: PlanarStates) -> BoolArray:
    """Return whether each sample is stable in and out of the plane, (n_samples,)."""
    return planar.converged & _stable_out_of_plane(frame, planar)


def _bisected(
    frame: CalibratedFrame,
    loads_N: FloatArray,
    bounds: tuple[float, float],
    start: Points | None,
) -> FloatArray:
    """Return the load factor up to which each sample is stable out of the plane, (n,)."""
    low, high = np.full(len(loads_N), bounds[0]), np.full(len(loads_N), bounds[1])
    for _ in range(BISECTIONS if len(loads_N) else 0):
        middle = (low + high) / 2
        share = None if start is None else bounds[0] / middle
        states = frame.states(middle[:, None] * loads_N, start, share)
        stable = _stable_out_of_plane(frame, states)
        low, high = np.where(stable, middle, low), np.where(stable, high, middle)
    return low


def _subset(points: Points | None, samples: NDArray[np.int64]) -> Points | None:
    return None if points is None else Points(points.nodes[samples], points.interior[samples])


def _stable_out_of_plane(frame: CalibratedFrame, planar: PlanarStates) -> BoolArray:
    """Return whether each state is stable out of the plane; True if it is lost in the plane.

    A state that is lost in the plane is not known, and is counted as unstable in the plane.
    """
    stable = np.ones(len(planar.reached), dtype=bool)
    solver = frame.solver
    for sample in np.flatnonzero(planar.converged).tolist():
        state = Points(planar.points.nodes[sample], planar.points.interior[sample])
        stable[sample] = solver.out_of_plane(state) == 0
    return stable


def _swept(
    frame: CalibratedFrame,
    planar: PlanarStates,
    loads_N: FloatArray,
    factor: float,
    in_plane_only: bool,
) -> SweptStates:
    stable = planar.converged
    unbuckled = np.ones_like(stable) if in_plane_only else _stable_out_of_plane(frame, planar)
    inputs = nodes_of(frame.frame.input_ports)
    turned = planar.points.nodes[:, inputs, 2] - frame.frame.unloaded.points.nodes[:, inputs, 2]
    return SweptStates(
        factor=factor,
        outputs_mm=frame.outputs_mm(planar, factor * loads_N),
        stable_in_plane=stable,
        stable_out_of_plane=unbuckled,
        strains=np.where(stable, planar.strains.max(axis=1), np.nan),
        worst_bonds=planar.strains.argmax(axis=1),
        rotations=np.where(stable, np.abs(turned).max(axis=1), np.nan),
    )
