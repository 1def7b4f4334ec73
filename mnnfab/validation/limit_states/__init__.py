"""Findings on the limit states of a part, one check a module of `rules`."""
