"""Effective moduli of periodic networks, by beams and by the continuum."""
