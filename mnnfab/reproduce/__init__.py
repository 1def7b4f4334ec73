"""Reproduction of the experiments of the paper, with figures and published values."""
