"""Compensation: training on a bar model that is calibrated on the continuum model."""
