"""Photographs: calibration board, camera, and positions of the nodes."""
