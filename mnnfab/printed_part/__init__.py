"""The printed part of a problem: its tiling and its continuum."""
