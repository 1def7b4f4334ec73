"""Agreement of two models of a network after best-fit scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.model.model import DeformedState, Model, PortModel
from mnnfab.model.response import Response


@dataclass(frozen=True)
class Agreement:
    """Best-fit scale and residual of a model relative to a reference.

    A factor common to all displacements does not change the predictions of a classifier and can
    be compensated in training. The residual after best-fit scaling is the remaining
    disagreement of the models.

    Args:
        scale: best-fit scale of the outputs, by which the reference is multiplied.
        displacement_residual: ‖u - scale u_ref‖ / ‖u‖ over all loads and outputs.
        elongation_scale: best-fit scale of the elongations of the bonds.
        elongation_residual: residual of the elongations after best-fit scaling.
    """

    scale: float
    displacement_residual: float
    elongation_scale: float
    elongation_residual: float


@overload
def compare(reference: Response, model: Model) -> Agreement: ...


@overload
def compare(reference: Model, model: Model, loads_N: FloatArray) -> Agreement: ...


def compare(reference: Model, model: Model, loads_N: FloatArray | None = None) -> Agreement:
    """Return the best-fit scale of the reference by least squares, and the residuals.

    Args:
        reference: reference model.
        model: model that is compared with it.
        loads_N: loads at the inputs under which both are compared, (n_cases, n_in). By default
            unit loads, under which linear models are compared by their flexibility matrices.

    Raises:
        InputError: if no loads are given for a nonlinear reference.
    """
    if loads_N is None:
        if not isinstance(reference, Response):
            raise InputError("compare, loads_N", "missing", "loads, for nonlinear models")
        loads_N = np.eye(reference.flexibility.shape[1])
    return compare_states(reference.solve(loads_N), model.solve(loads_N))


def compare_states(reference: DeformedState, state: DeformedState) -> Agreement:
    """Return the agreement of two models from their states under the same loads.

    Args:
        reference: states of the reference.
        state: states of the model that is compared with it.
    """
    scale, residual = _fit(reference.outputs_mm, state.outputs_mm)
    elongation_scale, elongation_residual = _fit(reference.elongations_mm, state.elongations_mm)
    return Agreement(scale, residual, elongation_scale, elongation_residual)


def relative_difference(reference: PortModel, model: PortModel, loads_N: FloatArray) -> float:
    """Return ‖u - u_ref‖ / ‖u_ref‖ of the outputs over all loads, (n_cases, n_in) N."""
    outputs = reference.outputs(loads_N)
    return float(np.linalg.norm(model.outputs(loads_N) - outputs) / np.linalg.norm(outputs))


def _fit(reference: FloatArray, values: FloatArray) -> tuple[float, float]:
    scale = float(np.vdot(reference, values) / np.vdot(reference, reference))
    residual = np.linalg.norm(values - scale * reference) / np.linalg.norm(values)
    return scale, float(residual)
