"""Mechanical neural networks as scikit-learn estimators: the widths are what is fitted.

A feature is a weight on a beam that hangs from two nodes: at the feature's smallest value
in the training data the first node carries it, at the largest the second, and in between
it is shared by the lever rule. So every load pulls down, the total never changes (which
stands for an intercept), and which way a feature acts is a matter of the widths.

These are models of ideal bars. On iris the output that wins leads by about two percent of
its displacement: before one is printed, check how much of that the printer's tolerance takes.
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
from mnnfab.estimators.losses import CalibratedLine, FreeScaleSoftmax, ReadingLoss
from mnnfab.model.bars import BarModel, stiffness_per_width
from mnnfab.model.response import FlexibilityMatrix
from mnnfab.network.lattices import triangular_patch
from mnnfab.network.network import Network
from mnnfab.network.ports import Port
from mnnfab.network.rigidity import require_rigid
from mnnfab.training.width_maps import Clamp
from mnnfab.units import NEWTON_PER_GF


def smallest_patch(n_ports: int, nodes_per_port: float, bond_length_mm: float) -> Network:
    """Return the smallest triangular patch, held at both top corners, with room for ports.

    Args:
        n_ports: nodes that carry or read something.
        nodes_per_port: free nodes for each of them; more bonds can be trained with more.
        bond_length_mm: of every bond.

    >>> smallest_patch(7, 1.5, 16.0).n_nodes
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
    """A choice of ports and how far its training has come: latent values, then the loss's own."""

    model: BarModel
    loss: ReadingLoss
    values: FloatArray
    loss_value: float
    iterations: int


class _MNN(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """What both estimators share: features to loads, the lattice and its training."""

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
        """Keep the parameters as they are; `fit` reads them."""
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

        The first half are the nodes that carry a feature at its largest.
        """
        check_is_fitted(self)
        return self._loads(validate_data(self, X, reset=False, dtype=np.float64))

    def displacements(self, X: ArrayLike) -> FloatArray:
        """Return how far each output moves for each sample, (n_samples, n_outputs) mm."""
        loads = self.loads(X)  # first: it says so if the estimator was not fitted
        return FlexibilityMatrix(self.flexibility_).outputs(loads)

    def _loads(self, features: FloatArray) -> FloatArray:
        share = np.clip((features - self.feature_min_) / self.feature_range_, 0.0, 1.0)
        loads: FloatArray = np.hstack([share, 1.0 - share]) * (-self.weight_gf * NEWTON_PER_GF)
        return loads

    def _fit_lattice(self, features: FloatArray, loss: ReadingLoss) -> FloatArray:
        """Screen several choices of ports briefly, train the best; return its displacements."""
        self._check_parameters()
        generator = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        self.feature_min_ = features.min(axis=0)
        span = np.ptp(features, axis=0)
        self.feature_range_ = np.where(span > 0.0, span, 1.0)
        loads = self._loads(features)
        n_ports = loads.shape[1] + loss.n_outputs
        self.network_ = self.network or smallest_patch(
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
        """Refuse parameters that cannot be used, as scikit-learn does: when they are used."""
        for name in _SIZES:
            value = getattr(self, name)
            if not (isinstance(value, Real) and 0 < float(value) < np.inf):
                raise InputError(name, f"{value!r}", "a finite number above 0")
        if not self.width_min_mm < self.width_max_mm:
            given = f"{self.width_min_mm!r}, with width_max_mm = {self.width_max_mm!r}"
            raise InputError("width_min_mm", given, "a minimum below the maximum")
        for name in ("placements", "max_iter"):
            value = getattr(self, name)
            if not (isinstance(value, Integral) and int(value) >= 1):
                raise InputError(name, f"{value!r}", "a whole number from 1")
        if not (isinstance(self.nodes_per_port, Real) and 1 <= self.nodes_per_port < np.inf):
            given = f"{self.nodes_per_port!r}"
            raise InputError("nodes_per_port", given, "a number from 1: a node for each port")
        if not (self.network is None or isinstance(self.network, Network)):
            raise InputError("network", f"{self.network!r}", "a mnnfab.Network, or None")

    def _require_room(self, n_ports: int) -> None:
        free = self.network_.n_nodes - len(self.network_.fixed)
        if free < n_ports:
            needed = f"{n_ports} or more: two a feature and one an output"
            raise InputError("network", f"{free} free nodes", needed)

    def _random_placement(
        self, loads: FloatArray, loss: ReadingLoss, generator: np.random.Generator
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
        """Lower the loss by L-BFGS-B, over the widths and what the loss itself leaves open."""
        model, loss, n_bonds = placement.model, placement.loss, self.network_.n_bonds
        per_latent = self._stiffness(np.ones(n_bonds)) - self._stiffness(np.zeros(n_bonds))

        def value_and_slope(values: FloatArray) -> tuple[float, FloatArray]:
            equilibrium = model.response(self._stiffness(values[:n_bonds])).solve(loads)
            found = loss.value_and_slopes(equilibrium.outputs_mm, values[n_bonds:])
            value, in_displacements, own = found
            gradient = equilibrium.stiffness_slope(in_displacements) * per_latent
            return value, np.concatenate([gradient, own])

        found = minimize(
            value_and_slope,
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
        self.widths_mm_ = self._widths().widths(latent)
        response = placement.model.response(self._stiffness(latent))
        self.flexibility_ = response.flexibility
        self._open_values = placement.values[n_bonds:]
        return response.outputs(loads)


def _beams(
    network: Network, n_beams: int, generator: np.random.Generator
) -> tuple[list[int], list[int], list[int]]:
    """Choose pairs of nodes for beams to hang from, joined by a bond as long as there are such.

    Returns:
        The first node of each beam, the second, and the other free nodes.
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
    """A network of elastic bars whose output that moves most names the class.

    Features beyond the range of the training data count as at its end.

    Args:
        network: lattice to use; by default the smallest triangular patch with room for the
            ports, held at its top corners.
        width_min_mm: narrowest bond.
        width_max_mm: widest bond; a wider range of widths tells more apart.
        youngs_modulus_MPa: of the material.
        thickness_mm: of the part.
        bond_length_mm: of the default network.
        weight_gf: weight that each feature shares out between its two nodes.
        nodes_per_port: free nodes of the default network for each port.
        placements: random choices of ports that are tried before the best is trained.
        max_iter: most iterations of L-BFGS-B.
        random_state: of choices and starts.

    Attributes:
        classes_: labels, in the order of the outputs.
        widths_mm_: trained widths, (n_bonds,).
        network_, inputs_, outputs_: the lattice and its ports.
        flexibility_: (n_classes, 2 n_features) mm/N.
        scale_mm_: displacement that counts as one unit of evidence.
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
        """Return ``|u|`` / scale, (n_samples, n_classes); for two classes the second's lead."""
        evidence = self._evidence(X)
        return evidence[:, 1] - evidence[:, 0] if evidence.shape[1] == 2 else evidence

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the label of the output that moves most, (n_samples,)."""
        winner = self._evidence(X).argmax(axis=1)
        named: np.ndarray = self.classes_[winner]
        return named

    def _evidence(self, X: ArrayLike) -> FloatArray:
        # displacements() first: it says so if the estimator was not fitted.
        moved = self.displacements(X)
        evidence: FloatArray = np.abs(moved) / self.scale_mm_
        return evidence


class MNNRegressor(RegressorMixin, _MNN):  # type: ignore[misc]
    """A network of elastic bars read off by dials: y = offset + gain · u, calibrated.

    Features beyond the range of the training data count as at its end: no extrapolation.

    Args:
        network: as for `MNNClassifier`, and so are the others.
        width_min_mm: narrowest bond.
        width_max_mm: widest bond.
        youngs_modulus_MPa: of the material.
        thickness_mm: of the part.
        bond_length_mm: of the default network.
        weight_gf: weight that each feature shares out between its two nodes.
        nodes_per_port: free nodes of the default network for each port.
        placements: random choices of ports that are tried before the best is trained.
        max_iter: most iterations of L-BFGS-B.
        random_state: of choices and starts.

    Attributes:
        widths_mm_: trained widths, (n_bonds,).
        network_, inputs_, outputs_: the lattice and its ports.
        flexibility_: (n_targets, 2 n_features) mm/N.
        gain_per_mm_, offset_: of the dials, (n_targets,).
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on features (n_samples, n_features) and one or more targets a sample."""
        features, answers = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True
        )
        wanted = np.asarray(answers, dtype=np.float64)
        self._flat = wanted.ndim == 1
        loss = CalibratedLine(wanted.reshape(len(wanted), -1))
        self.gain_per_mm_, self.offset_ = loss.calibration(self._fit_lattice(features, loss))
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        """Return what the dials show, in the shape of the y that was fitted."""
        moved = self.displacements(X)
        answer: FloatArray = moved * self.gain_per_mm_ + self.offset_
        return answer[:, 0] if self._flat else answer

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
