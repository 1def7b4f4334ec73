"""Compensation: training on a model that is corrected by its reference, round by round."""
