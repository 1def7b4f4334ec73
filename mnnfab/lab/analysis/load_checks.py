"""Checks of the loads of an experiment: signs, exchanged load steps, a mirrored picture.

Each of these faults gives another prediction of the same experiment. A fault is certain if the
prediction as described leaves more than `MAX_MISMATCH` of the displacements after best-fit scaling
by a positive factor, and the one with the fault less than `MATCH_RATIO` of that. Motions of the
whole part are not compared, since the camera may have moved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.lab.measurement.alignment import without_rigid_motion
from mnnfab.network.network import Network

if TYPE_CHECKING:
    from mnnfab.lab.analysis.prediction import Prediction
    from mnnfab.lab.measurement.measurement import Measurement
    from mnnfab.task.task import Task

MAX_MISMATCH, MATCH_RATIO = 0.3, 0.5
#: Displacements are those of a prediction, or opposite to it, if the cosine is larger; noise alone
#: gives about the inverse root of the number of nodes.
MATCH_COSINE = 0.7
#: Largest distance of a node from the mirror image of another, as a share of the shortest bond.
SYMMETRY_SHARE = 1e-3
#: Other positions of a part in the picture, as linear maps.
VIEWS = {
    "mirrored left to right": ((-1.0, 0.0), (0.0, 1.0)),
    "mirrored upside down": ((1.0, 0.0), (0.0, -1.0)),
    "turned by 180°": ((-1.0, 0.0), (0.0, -1.0)),
    "with x and y exchanged": ((0.0, 1.0), (1.0, 0.0)),
    "with x and y exchanged and turned by 180°": ((0.0, -1.0), (-1.0, 0.0)),
    "turned by 90° to the left": ((0.0, -1.0), (1.0, 0.0)),
    "turned by 90° to the right": ((0.0, 1.0), (-1.0, 0.0)),
}


def check_loads(where: str, measurement: Measurement, prediction: Prediction, task: Task) -> None:
    """Refuse displacements that belong to other loads than described, or to another view.

    Args:
        where: location named in error messages.
        measurement: the measurement.
        prediction: predictions for its load steps.
        task: task of the part, with the ports.

    Raises:
        InputError: naming the load steps, or the view of the part.
    """
    zero = measurement.zero_mm
    measured = without_rigid_motion(measurement.displacements_mm, zero)
    predicted = without_rigid_motion(prediction.loaded_mm, zero)
    left = _left(measured, predicted)
    if left > MAX_MISMATCH:
        if _left(measured, -predicted) < MATCH_RATIO * left:
            allowed = "loads with correct signs, y up, and unloaded shots as those of role zero"
            raise InputError(where, "all load steps moved against their weights", allowed)
        for view, order in symmetries(measurement.network).items():
            seen = prediction.loaded_mm[:, order] @ np.array(VIEWS[view]).T
            if _left(measured, without_rigid_motion(seen, zero)) < MATCH_RATIO * left:
                given = f"the displacements are those of the part {view}"
                allowed = "the part as in the design, upright from its front; weights on its nodes"
                raise InputError(where, given, allowed)
        _check_exchanged_steps(where, measured, predicted, prediction)
    _check_signs(where, measured, prediction, task, zero)


def check_probes(where: str, measurement: Measurement, prediction: Prediction) -> None:
    """Refuse probes whose displacements from the loaded part are against their weights.

    Shots of two opposite probes that are exchanged differ little from their predictions, but would
    reverse the gradient.

    Raises:
        InputError: naming the probe.
    """
    zero, reverse = measurement.zero_mm, []
    for row, base in enumerate(measurement.base.tolist()):
        if base < 0:
            continue
        measured, predicted = (
            without_rigid_motion((fields[row] - fields[base])[None], zero)[0]
            for fields in (measurement.displacements_mm, prediction.loaded_mm)
        )
        size = float(np.linalg.norm(measured) * np.linalg.norm(predicted))
        cosine = float(np.vdot(measured, predicted)) / max(size, 1e-300)
        if cosine < -MATCH_COSINE:
            reverse.append(measurement.steps[row])
    if reverse:
        given = f"the displacements of probe {reverse[0].name} are against its weights"
        allowed = "each shot assigned to its own load step; + and - may be exchanged; y up"
        raise InputError(where, given, allowed)


def symmetries(network: Network) -> dict[str, IntArray]:
    """Return, for each view that maps the nodes onto each other, the node seen at each place."""
    centred = network.nodes - (network.nodes.max(axis=0) + network.nodes.min(axis=0)) / 2
    limit = SYMMETRY_SHARE * float(network.lengths.min())
    found = {}
    for name, view in VIEWS.items():
        distances, order = KDTree(centred @ np.array(view).T).query(centred)
        if np.max(distances) < limit:
            found[name] = np.asarray(order, dtype=np.int64)
    return found


def _check_exchanged_steps(
    where: str, measured: FloatArray, predicted: FloatArray, prediction: Prediction
) -> None:
    """Refuse two load steps all of whose shots are exchanged."""
    u, e = (fields.reshape(len(fields), -1) for fields in (measured, predicted))
    products, size, predicted_size = u @ e.T, np.linalg.norm(u), np.linalg.norm(e)
    own = np.diag(products)
    exchanged = own.sum() - own[:, None] - own + products + products.T
    cosines = np.clip(exchanged / (size * predicted_size), 0.0, 1.0)
    np.fill_diagonal(cosines, 0.0)
    first, second = np.unravel_index(int(cosines.argmax()), cosines.shape)
    left = np.sqrt(1 - cosines[first, second] ** 2)
    if left < MATCH_RATIO * _left(measured, predicted):
        names = [prediction.steps[int(row)].name for row in (first, second)]
        given = f"the displacements of load step {names[0]} are those of {names[1]}, and reversed"
        raise InputError(where, given, "each shot assigned to its own load step")


def _check_signs(
    where: str, measured: FloatArray, prediction: Prediction, task: Task, zero_mm: FloatArray
) -> None:
    """Refuse a load step in which one of several weights has the wrong sign."""
    for row, step in enumerate(prediction.steps):
        left = _left(measured[row], without_rigid_motion(prediction.loaded_mm[row], zero_mm))
        if len(step.weights) < 2 or not left > MAX_MISMATCH:
            continue
        for number, weight in enumerate(step.weights):
            flipped = replace(weight, load_gf=-weight.load_gf)
            weights = (*step.weights[:number], flipped, *step.weights[number + 1 :])
            other = prediction.fields.displacements_mm(task, [replace(step, weights=weights)])[0]
            if _left(measured[row], without_rigid_motion(other, zero_mm)) < MATCH_RATIO * left:
                given = f"the displacements of load step {step.name} are those with {flipped}"
                raise InputError(where, given, f"the sign of the load as applied, here {weight}")


def _left(measured: FloatArray, predicted: FloatArray) -> float:
    """Return the residual after best-fit scaling by a positive factor, as a share."""
    sizes = float(np.linalg.norm(measured) * np.linalg.norm(predicted))
    cosine = float(np.vdot(measured, predicted)) / sizes if sizes else 0.0
    return float(np.sqrt(1 - min(max(cosine, 0.0), 1.0) ** 2))
