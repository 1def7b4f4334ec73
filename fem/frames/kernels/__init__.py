"""Compiled kernels of the frames: elements, condensation, dense factors and Newton's method."""
