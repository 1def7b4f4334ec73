"""Synthetic laboratory: rendered photographs of the loaded part."""
