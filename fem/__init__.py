"""Finite elements: mesh, continuum (plane-stress) and solid models, fields."""
