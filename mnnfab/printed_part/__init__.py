"""The printed part of a problem: tiling, continuum model and limit states."""
