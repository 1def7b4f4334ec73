"""Synthetic laboratory: rendered photographs of the deformed continuum model."""
