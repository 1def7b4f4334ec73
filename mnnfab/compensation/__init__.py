"""Compensation: training on a bar model that is corrected by the continuum model."""
