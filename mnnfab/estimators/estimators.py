"""Mechanical neural networks as scikit-learn estimators. The fitted parameters are the bond widths.

Each feature is a weight on a beam that is suspended from two nodes. At the smallest value of
the feature in the training data the first node carries the whole weight, at the largest value
the second one; in between the lever rule divides it. All loads act downwards and their sum is
constant, which takes the place of an intercept. The widths determine the sign of the effect of
a feature.

The estimators use the ideal bar model. On iris the largest output exceeds the second largest by
about two percent of its displacement. Before printing, check how much of this margin the
tolerance of the printer takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.estimators.losses import FittedLoss, FreeScaleSoftmax, LinearFitLoss
from mnnfab.model.bars import BarModel, stiffness_per_width
from mnnfab.model.response import FlexibilityMatrix
from mnnfab.network.lattices import triangular_patch
from mnnfab.network.network import Network
from mnnfab.network.ports import Port
from mnnfab.network.rigidity import require_rigid
from mnnfab.training.width_maps import Clamp, part_widths
from mnnfab.units import NEWTON_PER_GF


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


@dataclass(frozen=True, eq=False)
class _Placement:
    """A choice of ports and its training state: latent values, then the parameters of the loss."""

    model: BarModel
    loss: FittedLoss
    values: FloatArray
    loss_value: float
    iterations: int


class _MNN(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
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
        placements: int = 16,
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
        """Return the force at each input for each sample, (n_samples, 2 n_features) N.

        The first n_features columns are the nodes that carry the weight at the largest value
        of the feature.
        """
        check_is_fitted(self)
        return self._loads(validate_data(self, X, reset=False, dtype=np.float64))

    def displacements(self, X: ArrayLike) -> FloatArray:
        """Return the output displacements for each sample, (n_samples, n_outputs) mm."""
        loads = self.loads(X)  # first, because it refuses an estimator that is not fitted
        return FlexibilityMatrix(self.flexibility_).outputs(loads)

    def _loads(self, features: FloatArray) -> FloatArray:
        share = np.clip((features - self.feature_min_) / self.feature_range_, 0.0, 1.0)
        loads: FloatArray = np.hstack([share, 1.0 - share]) * (-self.weight_gf * NEWTON_PER_GF)
        return loads

    def _fit_lattice(self, features: FloatArray, loss: FittedLoss) -> FloatArray:
        """Screen several choices of ports, train the best one and return its displacements."""
        self._check_parameters()
        generator = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        self.feature_min_ = features.min(axis=0)
        span = np.ptp(features, axis=0)
        self.feature_range_ = np.where(span > 0.0, span, 1.0)
        loads = self._loads(features)
        n_ports = loads.shape[1] + loss.n_outputs
        self.network_ = self.network or smallest_triangular_patch(
            n_ports, self.nodes_per_port, self.bond_length_mm
        )
        require_rigid(self.network_)
        self._require_room(n_ports)
        self._per_width = stiffness_per_width(
            self.network_, self.youngs_modulus_MPa, self.thickness_mm
        )
        screened = [
            self._train(self._random_placement(loads, loss, generator), loads, self.max_iter // 10)
            for _ in range(self.placements)
        ]
        best = min(screened, key=lambda placement: placement.loss_value)
        return self._keep(self._train(best, loads, self.max_iter), loads)

    def _check_parameters(self) -> None:
        """Refuse invalid parameters. Following scikit-learn, this happens in `fit`."""
        for name in _SIZES:
            value = getattr(self, name)
            if not (isinstance(value, Real) and 0 < float(value) < np.inf):
                raise InputError(name, f"{value!r}", "a finite number above 0")
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

    def _require_room(self, n_ports: int) -> None:
        free = self.network_.n_nodes - len(self.network_.fixed)
        if free < n_ports:
            needed = f"at least {n_ports}: two per feature and one per output"
            raise InputError("network", f"{free} free nodes", needed)

    def _random_placement(
        self, loads: FloatArray, loss: FittedLoss, generator: np.random.Generator
    ) -> _Placement:
        network = self.network_
        first, second, others = _beams(network, loads.shape[1] // 2, generator)
        inputs = tuple(Port(node, "y") for node in first + second)
        outputs = tuple(Port(node, "x") for node in others[: loss.n_outputs])
        model = BarModel(network, inputs, outputs)
        latent = generator.uniform(0.3, 0.7, network.n_bonds)
        response = model.response(self._stiffness(latent))
        fitted = loss.scaled_to(response.outputs(loads))
        return _Placement(model, fitted, np.concatenate([latent, fitted.start]), np.inf, 0)

    def _stiffness(self, latent: FloatArray) -> FloatArray:
        return self._per_width * self._widths().widths(latent)

    def _widths(self) -> Clamp:
        return Clamp(self.width_min_mm, self.width_max_mm)

    def _train(self, placement: _Placement, loads: FloatArray, iterations: int) -> _Placement:
        """Minimise the loss by L-BFGS-B over the widths and the parameters of the loss."""
        model, loss, n_bonds = placement.model, placement.loss, self.network_.n_bonds
        per_latent = self._stiffness(np.ones(n_bonds)) - self._stiffness(np.zeros(n_bonds))

        def value_and_gradient(values: FloatArray) -> tuple[float, FloatArray]:
            equilibrium = model.response(self._stiffness(values[:n_bonds])).solve(loads)
            found = loss.value_and_gradients(equilibrium.outputs_mm, values[n_bonds:])
            value, in_displacements, own = found
            gradient = equilibrium.stiffness_gradient(in_displacements) * per_latent
            return value, np.concatenate([gradient, own])

        found = minimize(
            value_and_gradient,
            placement.values,
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * n_bonds + list(loss.bounds),
            options={"maxiter": max(1, iterations)},
        )
        done = placement.iterations + int(found.nit)
        return _Placement(model, loss, np.asarray(found.x), float(found.fun), done)

    def _keep(self, placement: _Placement, loads: FloatArray) -> FloatArray:
        n_bonds = self.network_.n_bonds
        latent = placement.values[:n_bonds]
        self.n_iter_ = placement.iterations
        self.loss_ = placement.loss_value
        self.inputs_, self.outputs_ = placement.model.inputs, placement.model.outputs
        self.widths_mm_ = part_widths(self._widths(), latent)
        response = placement.model.response(self._per_width * self.widths_mm_)
        self.flexibility_ = response.flexibility
        self._open_values = placement.values[n_bonds:]
        return response.outputs(loads)


def _beams(
    network: Network, n_beams: int, generator: np.random.Generator
) -> tuple[list[int], list[int], list[int]]:
    """Choose pairs of nodes that support the beams, joined by a bond while such pairs are free.

    Returns:
        The first node of each beam, the second node of each beam, and the other free nodes.
    """
    free = np.setdiff1d(np.arange(network.n_nodes), network.fixed)
    left = set(free.tolist())
    pairs: list[tuple[int, int]] = []
    for pair in generator.permutation(network.bonds).tolist():
        if len(pairs) < n_beams and left.issuperset(pair):
            left -= set(pair)
            pairs.append(tuple(generator.permutation(pair).tolist()))
    rest = generator.permutation(sorted(left)).tolist()
    while len(pairs) < n_beams:
        pairs.append((rest.pop(), rest.pop()))
    return [first for first, _ in pairs], [second for _, second in pairs], rest


class MNNClassifier(ClassifierMixin, _MNN):  # type: ignore[misc]
    """Classifier by a network of elastic bars. The output with the largest ``|u|`` is the class.

    Features outside the range of the training data are clipped to it.

    Args:
        network: lattice to use; by default the smallest triangular patch with room for the
            ports, fixed at its top corners.
        width_min_mm: minimum bond width.
        width_max_mm: maximum bond width; a wider range separates the classes better.
        youngs_modulus_MPa: Young's modulus of the material.
        thickness_mm: thickness of the part.
        bond_length_mm: bond length of the default network.
        weight_gf: weight that each feature divides between its two nodes.
        nodes_per_port: free nodes per port in the default network.
        placements: number of random choices of ports that are screened; the best is trained.
        max_iter: maximum number of iterations of L-BFGS-B.
        random_state: seed or generator of the choices of ports and the start values.

    Attributes:
        classes_: labels in the order of the outputs.
        widths_mm_: trained widths, (n_bonds,).
        network_, inputs_, outputs_: the lattice and its ports.
        flexibility_: flexibility matrix, (n_classes, 2 n_features) mm/N.
        scale_mm_: displacement that corresponds to one unit of the logits.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the widths on features (n_samples, n_features) and labels (n_samples,)."""
        features, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self._fit_lattice(features, FreeScaleSoftmax(np.eye(len(self.classes_))[codes]))
        self.scale_mm_ = float(np.exp(self._open_values[0]))
        return self

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return softmax(``|u|`` / scale), (n_samples, n_classes)."""
        shares: FloatArray = softmax(self._evidence(X), axis=1)
        return shares

    def decision_function(self, X: ArrayLike) -> FloatArray:
        """Return ``|u|`` / scale, (n_samples, n_classes).

        For two classes, return the value of the second minus that of the first, (n_samples,).
        """
        evidence = self._evidence(X)
        return evidence[:, 1] - evidence[:, 0] if evidence.shape[1] == 2 else evidence

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the label of the output with the largest ``|u|``, (n_samples,)."""
        winner = self._evidence(X).argmax(axis=1)
        named: np.ndarray = self.classes_[winner]
        return named

    def _evidence(self, X: ArrayLike) -> FloatArray:
        # displacements() first: it raises NotFittedError, scale_mm_ would raise AttributeError.
        moved = self.displacements(X)
        evidence: FloatArray = np.abs(moved) / self.scale_mm_
        return evidence


class MNNRegressor(RegressorMixin, _MNN):  # type: ignore[misc]
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
        placements: number of random choices of ports that are screened; the best is trained.
        max_iter: maximum number of iterations of L-BFGS-B.
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
        self.gain_per_mm_, self.offset_ = loss.calibration(self._fit_lattice(features, loss))
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
