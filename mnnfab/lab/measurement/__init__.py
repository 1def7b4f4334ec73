"""A measurement: displacements, elongations and gradients with their uncertainty."""
