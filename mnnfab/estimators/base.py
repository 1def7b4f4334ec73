"""Mechanical neural networks as scikit-learn estimators. The fitted parameters are the bond widths.

Each feature is a weight on a beam that is suspended from two nodes. At the smallest value of
the feature in the training data the first node carries the whole weight, at the largest value
the second one; in between the lever rule divides it. All loads act downwards and their sum is
constant, which takes the place of an intercept. The widths determine the sign of the effect of
a feature. The two nodes of a feature need not be neighbours; two weights that add up to the weight
of the feature do the same as a beam.

Ports and widths are trained in turns (`mnnfab.estimators.fitting`). The estimators use the ideal
bar model. On iris the largest output exceeds the second largest by about two percent of its
displacement. Before printing, check how much of this margin the tolerance of the printer takes.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.estimators.fitting import Bars, Effort, Fit, fit_network
from mnnfab.estimators.losses import FittedLoss
from mnnfab.model.bars import stiffness_per_width
from mnnfab.model.response import FlexibilityMatrix
from mnnfab.network.lattices import triangular_patch
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort
from mnnfab.network.rigidity import require_rigid
from mnnfab.task.feature_loads import FeatureLoads
from mnnfab.training.width_maps import Clamp, part_widths


def smallest_triangular_patch(
    n_ports: int, nodes_per_port: float, bond_length_mm: float
) -> Network:
    """Return the smallest triangular patch, fixed at both top corners, with room for the ports.

    Args:
        n_ports: number of inputs and outputs.
        nodes_per_port: free nodes per port; a larger number gives more trainable bonds.
        bond_length_mm: length of every bond.

    >>> smallest_triangular_patch(7, 1.5, 16.0).n_nodes
    14
    """
    rows = 3
    while (rows + 1) * (rows + 2) // 2 - 3 < nodes_per_port * n_ports:
        rows += 1
    return triangular_patch(rows, bond_length_mm, [0, rows])


#: Parameters that are lengths, weights or moduli.
_SIZES = (
    *("width_min_mm", "width_max_mm", "youngs_modulus_MPa", "thickness_mm"),
    *("bond_length_mm", "weight_gf"),
)


def require_size(name: str, value: Any) -> None:  # noqa: ANN401 - whatever a user gave
    """Refuse a parameter that is not a finite number above 0.

    Raises:
        InputError: if it is not.
    """
    if not (isinstance(value, Real) and 0 < float(value) < np.inf):
        raise InputError(name, f"{value!r}", "a finite number above 0")


class MNN(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Common part of both estimators: loads from features, the lattice and its training."""

    def __init__(  # noqa: PLR0913 - scikit-learn wants every parameter here
        self,
        *,
        network: Network | None = None,
        width_min_mm: float = 0.5,
        width_max_mm: float = 3.0,
        youngs_modulus_MPa: float = 0.55,
        thickness_mm: float = 2.0,
        bond_length_mm: float = 16.0,
        weight_gf: float = 1.0,
        nodes_per_port: float = 2.0,
        placements: int = 4,
        max_iter: int = 500,
        random_state: Any = None,  # noqa: ANN401 - whatever scikit-learn takes
    ) -> None:
        """Store the parameters unchanged; `fit` validates them."""
        self.network = network
        self.width_min_mm = width_min_mm
        self.width_max_mm = width_max_mm
        self.youngs_modulus_MPa = youngs_modulus_MPa
        self.thickness_mm = thickness_mm
        self.bond_length_mm = bond_length_mm
        self.weight_gf = weight_gf
        self.nodes_per_port = nodes_per_port
        self.placements = placements
        self.max_iter = max_iter
        self.random_state = random_state

    def loads(self, X: ArrayLike) -> FloatArray:
        """Return the force at each input for each sample, (n_samples, n_in) N.

        Each feature has two inputs: the first node carries the weight at its largest value, the
        second one at its smallest value.
        """
        check_is_fitted(self)
        features = validate_data(self, X, reset=False, dtype=np.float64)
        loads: FloatArray = self._feature_loads.loads(features)
        return loads

    def displacements(self, X: ArrayLike) -> FloatArray:
        """Return the output displacements for each sample, (n_samples, n_outputs) mm."""
        loads = self.loads(X)  # first, because it refuses an estimator that is not fitted
        return FlexibilityMatrix(self.flexibility_).outputs(loads)

    def _lever_loads(self, features: FloatArray) -> FeatureLoads:
        """Return the loads of features whose weights move from end to end in the training data."""
        self._check_parameters()
        span = np.ptp(features, axis=0)
        return FeatureLoads(
            offset=features.min(axis=0),
            size=np.where(span > 0.0, span, 1.0),
            weights_gf=np.array([-float(self.weight_gf)]),
            lever=True,
            clipped=True,
        )

    def _fit_lattice(self, loads: FloatArray, loss: FittedLoss) -> FloatArray:
        """Train a network and return its displacements, (n_rows, n_outputs) mm.

        Args:
            loads: loads at the inputs, (n_rows, n_in) N.
            loss: loss of the displacements under these loads.
        """
        generator = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        n_ports = loads.shape[1] + loss.n_outputs
        self.network_ = self.network or smallest_triangular_patch(
            n_ports, self.nodes_per_port, self.bond_length_mm
        )
        require_rigid(self.network_)
        self._require_room(n_ports)
        per_width = stiffness_per_width(self.network_, self.youngs_modulus_MPa, self.thickness_mm)
        bars = Bars(self.network_, per_width, Clamp(self.width_min_mm, self.width_max_mm))
        effort = Effort(int(self.placements), int(self.max_iter))
        return self._keep(fit_network(bars, loads, loss, effort, generator), bars, loads)

    def _keep(self, fit: Fit, bars: Bars, loads: FloatArray) -> FloatArray:
        self.n_iter_, self.loss_ = fit.iterations, fit.loss_value
        self.inputs_: tuple[AnyPort, ...] = fit.ports.inputs
        self.outputs_: tuple[AnyPort, ...] = fit.ports.outputs
        self.widths_mm_ = part_widths(bars.widths, fit.latent)
        response = fit.model(bars).response(bars.per_width * self.widths_mm_)
        self.flexibility_ = response.flexibility
        self._own = fit.own
        return response.outputs(loads)

    def _check_parameters(self) -> None:
        """Refuse invalid parameters. Following scikit-learn, this happens in `fit`."""
        for name in _SIZES:
            require_size(name, getattr(self, name))
        if not self.width_min_mm < self.width_max_mm:
            given = f"{self.width_min_mm!r}, with width_max_mm = {self.width_max_mm!r}"
            raise InputError("width_min_mm", given, "a value below width_max_mm")
        for name in ("placements", "max_iter"):
            value = getattr(self, name)
            if not (isinstance(value, Integral) and int(value) >= 1):
                raise InputError(name, f"{value!r}", "an integer of at least 1")
        if not (isinstance(self.nodes_per_port, Real) and 1 <= self.nodes_per_port < np.inf):
            given = f"{self.nodes_per_port!r}"
            raise InputError("nodes_per_port", given, "a number of at least 1: one node per port")
        if not (self.network is None or isinstance(self.network, Network)):
            raise InputError("network", f"{self.network!r}", "a mnnfab.Network, or None")
        if self.network is not None and self.network.supports:
            given = f"a support at {self.network.supports[0]}"
            raise InputError("network", given, "fixed nodes alone")

    def _require_room(self, n_ports: int) -> None:
        free = self.network_.n_nodes - len(self.network_.fixed)
        if free < n_ports:
            needed = f"at least {n_ports}: two per feature and one per output"
            raise InputError("network", f"{free} free nodes", needed)
