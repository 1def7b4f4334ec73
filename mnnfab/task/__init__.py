"""Tasks: loads, targets, losses, metrics and data sets."""
