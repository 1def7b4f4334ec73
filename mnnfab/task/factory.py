"""Construction of a task from the [task] section: data are read, split and scaled to loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnnfab.design.behaviour_section import Behaviour
from mnnfab.design.design import Design
from mnnfab.design.task_section import Classification, NoTask, Regression
from mnnfab.errors import InputError
from mnnfab.network.network import Network
from mnnfab.network.port_checks import check_ports
from mnnfab.task.behaviour import make_behaviour, make_comparison
from mnnfab.task.classification import make_classification
from mnnfab.task.regression import make_regression
from mnnfab.task.task import (
    Task,
)
from mnnfab.units import NEWTON_PER_GF

#: Smaller loads and targets are refused as mistakes.
MIN_LOAD_GF = 1e-9


def make_task(design: Design, network: Network, folder: Path) -> Task | None:
    """Return the task of a design; None if it has no ports.

    Args:
        design: the design.
        network: network that the ports must belong to.
        folder: folder of the files that the design names.

    Raises:
        InputError: if a port or a data set does not fit the design.
    """
    section = design.task
    inputs = tuple(item.port for item in section.inputs)
    outputs = tuple(item.port for item in section.outputs)
    check_ports("[task] inputs", network, inputs)
    check_ports("[task] outputs", network, outputs)
    match section:
        case Classification():
            task = make_classification(section, design, inputs, outputs, folder)
        case Regression():
            task = make_regression(section, design, inputs, outputs, folder)
        case Behaviour():
            task = make_behaviour(section, design, inputs, outputs, folder)
        case NoTask():
            return make_comparison(inputs, outputs) if inputs else None
    _check_size(task)
    return task


def _check_size(task: Task) -> None:
    """Refuse loads so small that results computed from them are lost to rounding."""
    largest = float(np.abs(task.loads_N).max()) / NEWTON_PER_GF
    if largest < MIN_LOAD_GF:
        given = f"loads of at most {largest:g} gf"
        raise InputError("[task]", given, f"loads of {MIN_LOAD_GF:g} gf or more")
