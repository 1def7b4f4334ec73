"""Ranges of the quantities that decide how a loaded part behaves: the domain of a validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.network.ports import port_vectors
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.printed_part.part import PortPart

Interval = tuple[float, float]
#: Rounding that does not put a value outside of a range.
ROUNDING = 1e-6


@dataclass(frozen=True)
class PartRange:
    """Ranges of a part, or of several, over its bonds and load cases.

    Args:
        quantities: smallest and largest value, by the name of the quantity with its unit. Of
            those whose name begins with "largest", less is inside.
    """

    quantities: dict[str, Interval]

    def range_of(self, name: str) -> Interval:
        """Return the range in which a quantity of another part is inside; empty if unknown."""
        low, high = self.quantities.get(name, (np.inf, -np.inf))
        return (min(low, 0.0) if name.startswith("largest") else low), high

    def outside(self, other: PartRange) -> list[str]:
        """Return the quantities of another part that are outside of these ranges."""
        found = []
        for name, (low, high) in other.quantities.items():
            own_low, own_high = self.range_of(name)
            if low < own_low * (1 - ROUNDING) or high > own_high * (1 + ROUNDING):
                found.append(name)
        return found


def range_of(part: PortPart, loads_N: FloatArray | None = None) -> PartRange:
    """Return the ranges of a part under load cases by the rubber model.

    Args:
        part: the part.
        loads_N: loads of the cases, (n_cases, n_in); those of the task if not given.

    Raises:
        ToolError: if the path of a load case is lost.
    """
    task, fabrication = part.problem.task, part.problem.design.fabrication
    loads = task.loads_N if loads_N is None else loads_N
    states = part.rubber.states(loads)
    outputs, strains = np.abs(states.outputs_mm(task.outputs)), 100 * states.joint_strains
    lengths = part.problem.network.lengths
    sizes = np.abs(loads) / NEWTON_PER_GF
    linear = part.continuum.response.outputs(loads)
    changes = np.linalg.norm(states.outputs_mm(task.outputs) - linear, axis=1)
    # Displacements that cannot be read do not change by a share.
    smallest = part.problem.design.check.resolution_mm
    return PartRange(
        {
            "bond width, mm": _interval(part.widths_mm),
            "bond length, mm": _interval(lengths),
            "joint ratio": _interval(np.array([fabrication.joint_ratio])),
            "thickness, mm": _interval(np.array([fabrication.thickness_mm])),
            "number of bonds": _interval(np.array([len(lengths)])),
            "angle of the outputs from the vertical, °": _interval(_angles(part)),
            "largest number of loaded inputs": _interval((task.loads_N != 0).sum(axis=1)),
            "largest load at an input, gf": _interval(sizes.max(axis=1)),
            "largest simulated strain at a joint, %": _interval(strains.max(axis=1)),
            "largest simulated output displacement, mm": _interval(outputs.max(axis=1)),
            "largest simulated change by large displacements, %": _interval(
                100 * changes / np.maximum(np.linalg.norm(linear, axis=1), smallest)
            ),
        }
    )


def _angles(part: PortPart) -> FloatArray:
    """Return the angle between each output and the vertical, from 0 to 90, (n_out,)."""
    vectors = port_vectors(part.problem.network.n_nodes, part.problem.task.outputs).toarray()
    across, along = (np.linalg.norm(vectors[axis::2], axis=0) for axis in (0, 1))
    angles: FloatArray = np.degrees(np.arctan2(across, along))
    return angles


def with_all_samples(own: PartRange, report: Mapping[str, Any]) -> PartRange:
    """Return the range of a part with the loads and strains of all samples of its run.

    Args:
        own: range over its load cases.
        report: values of its `report.json`.
    """
    found = dict(own.quantities)
    loads, loaded = report["key_figures"]["usable_loads"], report["loaded"]
    if loads:
        _extend(found, "largest load at an input, gf", loads["design_load_gf"])
    if loaded:
        envelope = loaded["envelope"]
        known = [
            (factor, strain)
            for factor, strain in zip(
                envelope["load_factor"], envelope["largest_strain"], strict=True
            )
            if strain is not None
        ]
        if known:
            factors, strains = np.array(known).T
            strain = float(np.interp(1.0, factors, strains))
            _extend(found, "largest simulated strain at a joint, %", 100 * strain)
    return PartRange(found)


def _extend(quantities: dict[str, Interval], name: str, value: float) -> None:
    low, high = quantities[name]
    quantities[name] = min(low, value), max(high, value)


def joined(ranges: Sequence[PartRange]) -> PartRange:
    """Return the ranges that contain those of several parts."""
    names = ranges[0].quantities
    return PartRange(
        {
            name: (
                min(one.quantities[name][0] for one in ranges),
                max(one.quantities[name][1] for one in ranges),
            )
            for name in names
        }
    )


def _interval(values: FloatArray) -> Interval:
    return float(values.min()), float(values.max())
