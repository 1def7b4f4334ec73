"""Mechanical neural networks as scikit-learn estimators."""
