"""The loss that a task section names."""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.behaviour_section import Behaviour
from mnnfab.design.task_section import Classification, Regression
from mnnfab.errors import InputError
from mnnfab.losses.loss import Loss, LossOptions, loss_kinds
from mnnfab.losses.readout import Readout
from mnnfab.losses.readouts.largest_magnitude import LARGEST_MAGNITUDE

#: Smaller targets are refused as mistakes.
MIN_TARGET_MM = 1e-12


def make_loss(
    section: Classification | Regression | Behaviour,
    name: str,
    targets: FloatArray,
    where: str,
    resolution_mm: float,
    readout: Readout = LARGEST_MAGNITUDE,
) -> Loss:
    """Return the loss of a task section.

    Args:
        section: task section.
        name: name of the loss.
        targets: targets, (n_samples, n_out) displacements or (n_samples, n_classes).
        where: place of the targets in the design, for errors.
        resolution_mm: standard deviation of a reading.
        readout: rule by which displacements become a class.

    Raises:
        InputError: if the targets are displacements that are all zero.
    """
    kind, size = loss_kinds()[name], float(np.sqrt((targets**2).mean()))
    if kind.targets == "displacements" and size < MIN_TARGET_MM:
        given = "all zero" if size == 0 else f"{size:g} mm in the root mean square"
        raise InputError(where, given, "targets that are not all zero")
    normalisation = getattr(section, "normalisation", None)
    scale_mm = section.loss_scale_mm
    return kind.make(LossOptions(normalisation, scale_mm, size, resolution_mm, readout))
