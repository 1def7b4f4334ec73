"""Strength of the penalty of a classifier, by cross-validation of logistic regression."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mnnfab.arrays import FloatArray, IntArray

#: Inverse strengths that are compared; the first is the default of scikit-learn.
CHOICES = (1.0, 0.3, 3.0, 10.0, 30.0)
FOLDS = 5


def cross_validated_penalty(features: FloatArray, classes: IntArray) -> float:
    """Return the C of the logistic regression that predicts left out samples best.

    A network with the same penalty is the same classifier, as far as its widths permit, and takes
    a hundred times longer to train. If a class has one sample only, the first of `CHOICES` is
    returned.

    Args:
        features: training samples, (n_samples, n_features).
        classes: class numbers, (n_samples,).
    """
    folds = min(FOLDS, int(np.bincount(classes).min()))
    if folds < 2:
        return CHOICES[0]
    splits = StratifiedKFold(folds)
    scores = []
    for choice in CHOICES:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=choice, max_iter=1000))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = cross_val_score(model, features, classes, cv=splits, scoring="neg_log_loss")
        scores.append(found.mean())
    return CHOICES[int(np.argmax(scores))]
