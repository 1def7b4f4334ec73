"""Load steps of an experiment: weights applied while the part is measured, as a table.

A step of role `forward` loads inputs, one of role `adjoint` outputs. Steps of role `zero` and
`rigid` have no weights; in `rigid` the part has undergone a rigid-body motion, which must not
stretch a bond.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.io.tables import column_numbers, read_table, table_text
from mnnfab.network.ports import Axis, Port
from mnnfab.task.task import Task
from mnnfab.units import NEWTON_PER_GF

Role = Literal["zero", "rigid", "forward", "adjoint"]
STEPS = "steps.csv"
HEADER = ("step", "role", "node", "axis", "load_gf")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
#: Heaviest weight that is accepted (gf).
MAX_LOAD_GF = 1e6
#: Longest node number: Python converts only so many digits.
MAX_NODE_DIGITS = 9


@dataclass(frozen=True)
class AppliedWeight:
    """Weight at a port.

    Args:
        port: where it acts.
        load_gf: load along the port's axis; y points up, so weights acting downwards are negative.
    """

    port: Port
    load_gf: float

    def __str__(self) -> str:
        """Return a description such as "5 g down on node 12"."""
        directions = {"x": ("to the right", "to the left"), "y": ("up", "down")}[self.port.axis]
        direction = directions[0] if self.load_gf > 0 else directions[1]
        pulley = "" if direction == "down" else " over a pulley"
        return f"{abs(self.load_gf):g} g {direction}{pulley} on node {self.port.node}"


@dataclass(frozen=True)
class Step:
    """Load step: one state of the part in an experiment.

    Args:
        name: name in tables and file names.
        role: "zero", "rigid", "forward" or "adjoint".
        weights: applied weights.
    """

    name: str
    role: Role
    weights: tuple[AppliedWeight, ...] = ()

    def loads_on(self, ports: Sequence[Port]) -> FloatArray:
        """Return the load at each of some ports, (n_ports,) N.

        Raises:
            InputError: if a weight acts elsewhere.
        """
        loads = np.zeros(len(ports))
        for weight in self.weights:
            if weight.port not in ports:
                allowed = ", ".join(map(str, ports))
                port_kind = "inputs" if self.role == "forward" else "outputs"
                raise InputError(
                    f"step {self.name}",
                    f"a load on {weight.port}",
                    f"the {port_kind} of the task: {allowed}",
                )
            loads[list(ports).index(weight.port)] += weight.load_gf * NEWTON_PER_GF
        return loads

    def __str__(self) -> str:
        """Return a description of the weights, separated by semicolons."""
        unloaded = {"zero": "no weights", "rigid": "no weights; rigid-body motion of the part"}
        return "; ".join(map(str, self.weights)) or unloaded.get(self.role, "no weights")


ZERO, RIGID = Step("zero", "zero"), Step("rigid", "rigid")


def port_loads(task: Task, steps: Sequence[Step]) -> tuple[FloatArray, FloatArray]:
    """Return the loads of each load step on inputs, (n_steps, n_in), and on outputs, N.

    Raises:
        InputError: if a load step loads ports that do not belong to its role.
    """
    forward = np.zeros((len(steps), len(task.inputs)))
    adjoint = np.zeros((len(steps), len(task.outputs)))
    for row, step in enumerate(steps):
        if step.role == "forward":
            forward[row] = step.loads_on(task.inputs)
        elif step.role == "adjoint":
            adjoint[row] = step.loads_on(task.outputs)
    return forward, adjoint


def steps_text(steps: Sequence[Step]) -> str:
    """Return load steps as CSV, one row per weight."""
    rows: list[tuple[object, ...]] = []
    for step in steps:
        if not step.weights:
            rows.append((step.name, step.role, "", "", 0))
        for weight in step.weights:
            rows.append((step.name, step.role, weight.port.node, weight.port.axis, weight.load_gf))
    return table_text(HEADER, rows)


def load_steps(path: Path) -> tuple[Step, ...]:
    """Read the load steps of an experiment.

    Raises:
        InputError: naming the invalid line.
    """
    table = read_table(path)
    for name in HEADER:
        if name not in table.header:
            given = f"columns {', '.join(table.header)}"
            raise InputError(str(path), given, f"the columns {', '.join(HEADER)}")
    columns = [table.header.index(name) for name in HEADER]
    loads = column_numbers(table, "load_gf")
    steps: dict[str, Step] = {}
    for row, load, line in zip(table.rows, loads.tolist(), table.lines, strict=True):
        name, role, node, axis, _ = (row[column] for column in columns)
        where = f"{path}, {line}"
        role = _role(where, name, role)
        known = steps.get(name, Step(name, role))
        if known.role != role:
            raise InputError(where, f"{name} as {role}", f"{known.role}, as before")
        steps[name] = Step(
            name, role, (*known.weights, *_applied_weights(where, role, (node, axis), load))
        )
    for step in steps.values():
        if step.role in {"forward", "adjoint"} and not step.weights:
            given = f"step {step.name} of role {step.role} without a weight"
            raise InputError(str(path), given, "a weight, or role zero")
    return tuple(steps.values())


def _role(where: str, name: str, role: str) -> Role:
    if not _NAME.fullmatch(name):
        raise InputError(where, f'a step named "{name}"', "letters, digits, '.', '_' and '-'")
    if role not in get_args(Role):
        raise InputError(where, f'role "{role}"', ", ".join(get_args(Role)))
    return role  # type: ignore[return-value]


def _applied_weights(
    where: str, role: Role, port: tuple[str, str], load: float
) -> tuple[AppliedWeight, ...]:
    node, axis = port
    if not (node or axis or load):
        return ()
    if role in {"zero", "rigid"}:
        raise InputError(where, f"a weight in a step of role {role}", "no weight")
    if axis not in get_args(Axis):
        raise InputError(where, f'axis "{axis}"', "x or y")
    if not node.isdecimal() or len(node) > MAX_NODE_DIGITS:
        raise InputError(where, f'node "{node}"', "the number of a node")
    if not 0 < abs(load) <= MAX_LOAD_GF:
        allowed = f"a load in gf other than 0, up to ±{MAX_LOAD_GF:g}; y points up"
        raise InputError(where, f"{load:g} gf", allowed)
    return (AppliedWeight(Port(int(node), axis), load),)  # type: ignore[arg-type]
