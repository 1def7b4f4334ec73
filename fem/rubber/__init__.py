"""Rubber in the plane: plane stress of a neo-Hookean material with large displacements."""
