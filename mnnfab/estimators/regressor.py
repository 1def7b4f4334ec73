"""The regressor."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from mnnfab.arrays import FloatArray
from mnnfab.estimators.base import MNN
from mnnfab.estimators.losses import LinearFitLoss


class MNNRegressor(RegressorMixin, MNN):  # type: ignore[misc]
    """Regressor by a network of elastic bars with a linear calibration, y = offset + gain · u.

    Features outside the range of the training data are clipped to it: no extrapolation.

    Args:
        network: as for `MNNClassifier`, like all other parameters.
        width_min_mm: minimum bond width.
        width_max_mm: maximum bond width.
        youngs_modulus_MPa: Young's modulus of the material.
        thickness_mm: thickness of the part.
        bond_length_mm: bond length of the default network.
        weight_gf: weight that each feature divides between its two nodes.
        nodes_per_port: free nodes per port in the default network.
        placements: number of random choices of ports and widths from which ports are searched.
        max_iter: maximum number of iterations of L-BFGS-B in each training.
        random_state: seed or generator of the choices of ports and the start values.

    Attributes:
        widths_mm_: trained widths, (n_bonds,).
        network_, inputs_, outputs_: the lattice and its ports.
        flexibility_: flexibility matrix, (n_targets, 2 n_features) mm/N.
        gain_per_mm_, offset_: calibration of each output, (n_targets,).
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on features (n_samples, n_features) and one or more targets per sample."""
        features, values = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True
        )
        targets = np.asarray(values, dtype=np.float64)
        self._flat = targets.ndim == 1
        loss = LinearFitLoss(targets.reshape(len(targets), -1))
        self._feature_loads = self._lever_loads(features)
        moved = self._fit_lattice(self._feature_loads.loads(features), loss)
        self.gain_per_mm_, self.offset_ = loss.calibration(moved)
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        """Return the calibrated outputs, in the shape of the fitted y."""
        moved = self.displacements(X)
        answer: FloatArray = moved * self.gain_per_mm_ + self.offset_
        return answer[:, 0] if self._flat else answer

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
