"""Findings on the limit states of a part; each check is a module of `rules`."""
