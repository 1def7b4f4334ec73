"""Frames of beams with large rotations in the plane, and their stability out of the plane."""
