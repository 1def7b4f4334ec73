"""Stability and strain of the loaded part as a penalty on the loss of a training.

The smallest eigenvalue μ of a state is compared with 1 - 1/λ, which it has in linear buckling at λ
times the loads. Stability is required of the loaded state, in the plane and out of it, and out of
the plane also by linear buckling, as it is of the solid. The penalty is a smooth maximum of the
squared relative shortfalls of all samples and of the squared relative excesses of their strains.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from fem.frames.measures import StateMeasures
from fem.frames.width_model import FrameWidthModel
from mnnfab.loaded_part.requirements import MODEL_MARGIN
from mnnfab.training.loss_terms import PENALTY_WEIGHT

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray, IntArray
    from mnnfab.loaded_part.requirements import Requirements
    from mnnfab.trainable_models.loaded_frame import CorrectedEquilibrium

#: Power of the smooth maximum.
POWER = 4
#: In steps on a part of the samples, those are evaluated whose eigenvalue is above the required one
#: by less than this, and in each of this number of steps one of the others: modes take longer than
#: states.
BAND, TURN = 0.15, 4
#: Share of the loads at which the eigenvalue of linear buckling is taken.
SMALL_SHARE = 1e-3
#: Conditions on the stability of a sample: of the loaded state in the plane and out of it, and
#: linear buckling out of the plane.
IN_PLANE, OUT_OF_PLANE, LINEAR = 0, 1, 2


class LoadedConstraints:
    """The penalty of a training on the loaded frame: a `Penalty`.

    It remembers the last eigenvalues of all samples, to choose those that are evaluated.

    Args:
        model: frames for any widths.
        loads_N: loads of all samples, (n_samples, n_in).
        requirements: required load factor λ of instability, and largest allowed strain.
        every: whether all samples are evaluated in each step, as a line search requires.
    """

    def __init__(
        self,
        model: FrameWidthModel,
        loads_N: FloatArray,
        requirements: Requirements,
        *,
        every: bool,
    ) -> None:
        """Store the limits with their margin."""
        self._frames, self._loads_N, self._every = model.frames, loads_N, every
        self._weightless = FrameWidthModel(model.frames, model.input_ports, model.output_ports)
        self.required = 1.0 - 1.0 / (MODEL_MARGIN * requirements.stability)
        self.strain = requirements.strain / MODEL_MARGIN
        #: Last eigenvalue of each sample and condition; NaN before the first.
        self.ratios = np.full((len(loads_N), 3), np.nan)
        self._starts: dict[tuple[int, int], FloatArray] = {}
        self._age, self._steps = np.zeros(len(loads_N)), 0

    def __call__(
        self, equilibrium: CorrectedEquilibrium, indices: IntArray
    ) -> tuple[float, FloatArray]:
        """Return the penalty of some samples and its derivative in the widths, (n_bonds,).

        Args:
            equilibrium: their states.
            indices: indices of the samples.
        """
        found = [*self._shortfalls(equilibrium, indices), *self._excesses(equilibrium)]
        if not found:
            return 0.0, np.zeros(len(equilibrium.widths_mm))
        squares = np.array([square for square, _ in found])
        largest = squares.max()
        powers = ((squares / largest) ** POWER).sum()
        value = PENALTY_WEIGHT * largest * powers ** (1 / POWER)
        shares = PENALTY_WEIGHT * powers ** (1 / POWER - 1) * (squares / largest) ** (POWER - 1)
        return float(value), shares @ np.array([slope for _, slope in found])

    def _shortfalls(
        self, equilibrium: CorrectedEquilibrium, indices: IntArray
    ) -> Iterator[tuple[float, FloatArray]]:
        """Yield the squared relative shortfalls of eigenvalues, and their derivatives."""
        for ratio, slope in self._ratios(equilibrium, indices):
            shortfall = (self.required - ratio) / self.required
            yield shortfall**2, -2 * shortfall / self.required * slope

    def _excesses(self, equilibrium: CorrectedEquilibrium) -> Iterator[tuple[float, FloatArray]]:
        """Yield the squared relative excesses of strains, and their derivatives."""
        measures = StateMeasures(self._frames, equilibrium)
        strains = equilibrium.states.strains.max(axis=1)
        for place in np.flatnonzero(strains > self.strain).tolist():
            yield measures.strain_excess(place, self.strain)

    def _ratios(
        self, equilibrium: CorrectedEquilibrium, indices: IntArray
    ) -> Iterator[tuple[float, FloatArray]]:
        """Yield the eigenvalues below the required one, and their derivatives in the widths."""
        places, conditions = self._chosen(indices)
        linear = np.unique(places[conditions == LINEAR])
        loaded, small = StateMeasures(self._frames, equilibrium), None
        if linear.size:
            loads = SMALL_SHARE * self._loads_N[indices[linear]]
            found = self._weightless.solve(equilibrium.widths_mm, loads)
            small = StateMeasures(self._frames, found)
        for place, condition in zip(places.tolist(), conditions.tolist(), strict=True):
            sample, outside = int(indices[place]), condition != IN_PLANE
            measures, number, share = loaded, place, 1.0
            if condition == LINEAR and small is not None:
                measures, number, share = small, int(np.searchsorted(linear, place)), SMALL_SHARE
            start = self._starts.get((sample, condition))
            mode = measures.mode(number, out_of_plane=outside, start=start)
            if mode.start is not None:
                self._starts[sample, condition] = mode.start
            ratio = 1.0 - (1.0 - mode.ratio) / share
            self.ratios[sample, condition] = ratio
            if ratio < self.required:
                yield ratio, measures.by_widths(number, mode, out_of_plane=outside) / share

    def _chosen(self, indices: IntArray) -> tuple[IntArray, IntArray]:
        """Return places in `indices` and their conditions whose modes are evaluated."""
        near = ~(self.ratios[indices] > self.required + BAND)  # or not known yet
        self._age[indices] += 1
        self._steps += 1
        if self._steps % TURN == 0 and not self._every:
            oldest = self._age[indices].argmax()
            self._age[indices[oldest]] = 0
            near[oldest] = True
        places, conditions = np.nonzero(near | self._every)
        return places, conditions
