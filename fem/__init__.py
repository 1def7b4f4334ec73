"""From cells to the continuum: mesh, plane stress, fields."""
