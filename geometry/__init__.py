"""Geometry of the part: the planar tiling, printability checks and the solid."""
