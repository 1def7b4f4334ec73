"""Makers of quantities."""

from __future__ import annotations

import math
from collections.abc import Callable

from mnnfab.verification.case import Quantity
from mnnfab.verification.mesh_study import MeshStudy, study

#: Tolerance of an observed order of convergence, relative to the theoretical one.
ORDER_TOLERANCE = 0.1


def converged(
    name: str,
    value: Callable[[int], float],
    coarsest: int,
    reference: float,
    tolerance: float,
) -> Quantity:
    """Return a quantity on the finest of three meshes.

    Args:
        name: name of the quantity.
        value: value as a function of the number of elements.
        coarsest: number of elements of the coarsest mesh, which is doubled twice.
        reference: exact or published value.
        tolerance: largest accepted relative error.
    """
    meshes = study(value, coarsest)
    return Quantity(name, meshes.values[-1], reference, tolerance, meshes=meshes)


def observed_order(name: str, meshes: MeshStudy | None, theory: float) -> Quantity:
    """Return the observed order of convergence beside that of theory; NaN if none is observed."""
    order = meshes.order if meshes is not None else None
    value = math.nan if order is None else order
    return Quantity(f"observed order of {name}", value, theory, ORDER_TOLERANCE)


def manufactured_error(
    error: Callable[[int], float], coarsest: int, largest: float, order: float
) -> list[Quantity]:
    """Return the L2 error of a manufactured solution on the finest of three meshes, and its order.

    Args:
        error: L2 error of the displacement as a function of the number of elements.
        coarsest: number of elements of the coarsest mesh, which is doubled twice.
        largest: largest accepted error on the finest mesh.
        order: order of convergence by theory.
    """
    errors = study(error, coarsest)
    finest = Quantity("L2 error of the displacement", errors.values[-1], 0.0, largest, 1.0)
    return [finest, observed_order("the L2 error", errors, order)]
