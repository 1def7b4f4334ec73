"""The classifier, and its conversion to designs and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.estimators.base import MNN, require_size
from mnnfab.estimators.designs import DesignFiles, TrainedNetwork, design_of
from mnnfab.estimators.from_designs import labels_named, read_classifier
from mnnfab.estimators.losses import FreeScaleSoftmax
from mnnfab.estimators.penalty import cross_validated_penalty
from mnnfab.losses.kinds.cross_entropy import SOFTMAX_SCALE_MM
from mnnfab.network.network import Network
from mnnfab.problem.problem import Problem


class MNNClassifier(ClassifierMixin, MNN):  # type: ignore[misc]
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
        placements: number of random choices of ports and widths from which ports are searched;
            the best is trained.
        max_iter: maximum number of iterations of L-BFGS-B in each training.
        C: inverse strength of the penalty on large effects of a feature, as in logistic regression
            of standardised features; by default the best of five values in a cross-validation of
            logistic regression on the training data.
        random_state: seed or generator of the choices of ports and the start values.

    Attributes:
        C_: inverse strength of the penalty that was used.
        classes_: labels in the order of the outputs.
        widths_mm_: trained widths, (n_bonds,).
        network_, inputs_, outputs_: the lattice and its ports.
        flexibility_: flexibility matrix, (n_classes, 2 n_features) mm/N.
        scale_mm_: displacement that corresponds to one unit of the logits.
    """

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
        C: float | None = None,
        random_state: Any = None,  # noqa: ANN401 - whatever scikit-learn takes
    ) -> None:
        """Store the parameters unchanged; `fit` validates them."""
        super().__init__(
            network=network,
            width_min_mm=width_min_mm,
            width_max_mm=width_max_mm,
            youngs_modulus_MPa=youngs_modulus_MPa,
            thickness_mm=thickness_mm,
            bond_length_mm=bond_length_mm,
            weight_gf=weight_gf,
            nodes_per_port=nodes_per_port,
            placements=placements,
            max_iter=max_iter,
            random_state=random_state,
        )
        self.C = C

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the widths on features (n_samples, n_features) and labels (n_samples,)."""
        features, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        if self.C is not None:
            require_size("C", self.C)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self._samples = (features, labels)
        self._feature_loads = self._lever_loads(features)
        loads = self._feature_loads.loads(features)
        self.C_ = float(self.C or cross_validated_penalty(features, codes))
        loss = FreeScaleSoftmax(np.eye(len(self.classes_))[codes], C=self.C_)
        self._fit_lattice(np.vstack([loads, _changes(loads)]), loss)
        self.scale_mm_ = float(np.exp(self._own[0]))
        return self

    def to_design(
        self, X: ArrayLike | None = None, y: ArrayLike | None = None, *, name: str = "classifier"
    ) -> DesignFiles:
        """Return the fitted network as a design with given widths, and the files that it names.

        Its bar model gives the displacements of `displacements(X)`.

        Args:
            X: samples of the design, (n_samples, n_features); those of the training if not given.
            y: their labels, (n_samples,).
            name: name of the design and of its files.

        Raises:
            InputError: if y has other classes than the training, or the classifier is that of a
                design without the lever rule.
        """
        check_is_fitted(self)
        if (X is None) != (y is None):
            raise InputError("to_design", "one of X and y", "both, or neither")
        features, labels = self._samples if X is None else (X, y)
        features = validate_data(self, features, reset=False, dtype=np.float64)
        names = getattr(self, "feature_names_in_", [f"x{n}" for n in range(features.shape[1])])
        return design_of(
            self._trained(),
            name,
            features,
            [str(one) for one in names],
            np.asarray(labels).tolist(),
            self.classes_.tolist(),
        )

    def _trained(self) -> TrainedNetwork:
        rows = None if self.network is not None else int(self.network_.fixed.max())
        return TrainedNetwork(
            network=self.network_,
            patch=None if rows is None else (rows, float(self.bond_length_mm)),
            inputs=self.inputs_,
            outputs=self.outputs_,
            widths_mm=self.widths_mm_,
            width_limits_mm=(float(self.width_min_mm), float(self.width_max_mm)),
            youngs_modulus_MPa=float(self.youngs_modulus_MPa),
            thickness_mm=float(self.thickness_mm),
            loads=self._feature_loads,
            scale_mm=self.scale_mm_,
        )

    @classmethod
    def from_design(
        cls,
        source: Problem | Path | str,
        *,
        widths_mm: FloatArray | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Return the classifier that a design or a run is, fitted, with the loads of the design.

        Its predictions are those of the bar model of the design. `fit` trains it anew, with the
        network of the design and the loads of this class.

        Args:
            source: a problem, a design file, or the folder of a run; a classification.
            widths_mm: widths, (n_bonds,); by default those of the run, or that the design gives.
            classes: labels to predict, whose texts are the names of the classes; by default these
                names.

        Raises:
            InputError: if the source is no classification, has no widths, or `classes` are others.
        """
        read = read_classifier(source, widths_mm)
        problem, fabrication = read.problem, read.problem.design.fabrication
        made = cls(
            network=problem.network,
            width_min_mm=fabrication.width_min_mm,
            width_max_mm=fabrication.width_max_mm,
            youngs_modulus_MPa=problem.material.youngs_modulus_MPa,
            thickness_mm=fabrication.thickness_mm,
            weight_gf=float(np.abs(read.loads.weights_gf).max()),
        )
        made.n_features_in_ = read.loads.n_features
        made.classes_ = labels_named(read.class_names, classes)
        made.network_, made.widths_mm_ = problem.network, read.widths_mm
        made.inputs_, made.outputs_ = problem.task.inputs, problem.task.outputs
        made.flexibility_ = problem.response(read.widths_mm).flexibility
        made.scale_mm_ = problem.task.loss.scale_mm or SOFTMAX_SCALE_MM
        made._feature_loads = read.loads
        made._samples = (read.features, made.classes_[read.classes])
        return made

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


def _changes(loads: FloatArray) -> FloatArray:
    """Return the change of the loads with each feature by one standard deviation.

    Args:
        loads: loads at the inputs, two for each feature, (n_samples, 2 n_features) N.

    Returns:
        One row per feature, (n_features, 2 n_features) N.
    """
    spread = loads[:, ::2].std(axis=0)
    ends = np.stack([np.diag(spread), -np.diag(spread)], axis=2)
    changes: FloatArray = ends.reshape(len(spread), -1)
    return changes
