"""Load steps of an experiment: weights applied while the part is measured, as a table.

A step of role `forward` loads inputs. One of role `probe` adds small weights at outputs to those of
a forward step, which stay on the part; one of role `adjoint` has weights at outputs alone. Steps of
role `zero` and `rigid` have no weights; in `rigid` the part has undergone a rigid-body motion,
which must not stretch a bond.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.io.cells import number_of
from mnnfab.io.tables import Table, column_numbers, read_table, table_text
from mnnfab.network.ports import AnyPort, Axis, Port, nodes_of, port_vectors
from mnnfab.task.task import Task
from mnnfab.units import NEWTON_PER_GF

Role = Literal["zero", "rigid", "forward", "adjoint", "probe"]
#: Roles of the steps with weights.
LOADED: tuple[Role, ...] = ("forward", "adjoint", "probe")
STEPS = "steps.csv"
HEADER = ("step", "role", "node", "axis", "load_gf")
#: Column of the forward step to which the weights of a probe are added; tables without probes may
#: omit it.
ADDED_TO = "added_to"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
#: Heaviest weight that is accepted (gf).
MAX_LOAD_GF = 1e6
#: Largest force that is left of the weights of a step by loads at the ports, relative to the
#: heaviest: weights that share a load are never quite equal.
SPANNED = 0.05
#: Increment of the weights that share a load, gf.
SHARED_GF = 0.1
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
        direction = _direction(self.port, self.load_gf)
        pulley = "" if direction == "down" else " over a pulley"
        return f"{abs(self.load_gf):g} g {direction}{pulley} on node {self.port.node}"


def weights_on(port: AnyPort, load_gf: float) -> tuple[AppliedWeight, ...]:
    """Return the weights of a load at a port: one at each node of a sum, times its factor.

    Those of a sum are rounded to tenths of a gram.
    """
    if len(port.terms) == 1 and port.terms[0][0] == 1.0:
        return (AppliedWeight(port.terms[0][1], load_gf),)
    shares = ((term, factor * load_gf / SHARED_GF) for factor, term in port.terms)
    rounded = [(term, round(round(share) * SHARED_GF, 6)) for term, share in shares]
    return tuple(AppliedWeight(term, weight) for term, weight in rounded if weight)


@dataclass(frozen=True)
class Step:
    """Load step: one state of the part in an experiment.

    Args:
        name: name in tables and file names.
        role: "zero", "rigid", "forward", "adjoint" or "probe".
        weights: applied weights.
        added_to: forward step to whose weights those of a probe are added; None for other roles.
    """

    name: str
    role: Role
    weights: tuple[AppliedWeight, ...] = ()
    added_to: Step | None = None

    @property
    def all_weights(self) -> tuple[AppliedWeight, ...]:
        """All weights on the part: a probe's, and those of the step that it is added to."""
        return (*(self.added_to.weights if self.added_to else ()), *self.weights)

    def loads_on(self, ports: Sequence[AnyPort]) -> FloatArray:
        """Return the load at each of some ports, (n_ports,) N.

        Raises:
            InputError: if a weight acts elsewhere.
        """
        if all(weight.port in ports for weight in self.weights):
            own = np.zeros(len(ports))
            for weight in self.weights:
                own[list(ports).index(weight.port)] += weight.load_gf * NEWTON_PER_GF
            return own
        at = [weight.port for weight in self.weights]
        n_nodes = 1 + max((*nodes_of(at), *nodes_of(ports)), default=0)
        grams = np.array([weight.load_gf for weight in self.weights])
        forces = port_vectors(n_nodes, at).toarray() @ grams
        vectors = port_vectors(n_nodes, ports).toarray()
        loads, *_ = np.linalg.lstsq(vectors, forces, rcond=None)
        left = np.abs(forces - vectors @ loads)
        if left.max(initial=0.0) > SPANNED * np.abs(grams).max(initial=0.0):
            node = int(left.argmax()) // 2
            weight = next(one for one in self.weights if one.port.node == node)
            allowed = ", ".join(map(str, ports))
            port_kind = "inputs" if self.role == "forward" else "outputs"
            raise InputError(
                f"step {self.name}",
                f"a load on {weight.port}",
                f"the {port_kind} of the task: {allowed}",
            )
        found: FloatArray = loads * NEWTON_PER_GF
        return found

    def __str__(self) -> str:
        """Return a description of the weights, separated by semicolons."""
        unloaded = {"zero": "no weights", "rigid": "no weights; rigid-body motion of the part"}
        before = "" if self.added_to is None else f"added to {self.added_to.name}: "
        return before + "; ".join(map(str, self.weights)) or unloaded.get(self.role, "no weights")


ZERO, RIGID = Step("zero", "zero"), Step("rigid", "rigid")


def port_loads(task: Task, steps: Sequence[Step]) -> tuple[FloatArray, FloatArray]:
    """Return the loads of each load step on inputs, (n_steps, n_in), and on outputs, N.

    Those of a probe include the loads that it is added to.

    Raises:
        InputError: if a load step loads ports that do not belong to its role.
    """
    forward = np.zeros((len(steps), len(task.inputs)))
    adjoint = np.zeros((len(steps), len(task.outputs)))
    for row, step in enumerate(steps):
        if step.role == "forward":
            forward[row] = step.loads_on(task.inputs)
        elif step.role in {"adjoint", "probe"}:
            adjoint[row] = step.loads_on(task.outputs)
        if step.added_to is not None:
            forward[row] = step.added_to.loads_on(task.inputs)
    return forward, adjoint


def base_rows(steps: Sequence[Step]) -> IntArray:
    """Return the row of the forward step that each load step is added to, (n_steps,); -1 if none.

    >>> load = Step("load", "forward")
    >>> base_rows([load, Step("probe", "probe", (), load)]).tolist()
    [-1, 0]
    """
    rows = {step.name: row for row, step in enumerate(steps)}
    bases = [rows[step.added_to.name] if step.added_to else -1 for step in steps]
    return np.array(bases, dtype=np.int64)


def steps_text(steps: Sequence[Step]) -> str:
    """Return load steps as CSV, one row per weight."""
    rows: list[tuple[object, ...]] = []
    for step in steps:
        added_to = "" if step.added_to is None else step.added_to.name
        if not step.weights:
            rows.append((step.name, step.role, "", "", 0, added_to))
        for weight in step.weights:
            port = weight.port
            row = (step.name, step.role, port.node, port.axis_name, weight.load_gf, added_to)
            rows.append(row)
    return table_text((*HEADER, ADDED_TO), rows)


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
    bases = _bases(table)
    steps: dict[str, Step] = {}
    for row, load, base, line in zip(table.rows, loads.tolist(), bases, table.lines, strict=True):
        name, role, node, axis, _ = (row[column] for column in columns)
        where = f"{path}, {line}"
        role = _role(where, name, role)
        new = Step(name, role, added_to=_added_to(where, role, base, steps))
        known = steps.get(name, new)
        if known.role != role:
            raise InputError(where, f"{name} as {role}", f"{known.role}, as before")
        if known.added_to != new.added_to:
            raise InputError(where, f"{name} added to two load steps", "one forward step")
        weights = _applied_weights(where, role, (node, axis), load)
        steps[name] = replace(known, weights=(*known.weights, *weights))
    for step in steps.values():
        if step.role in LOADED and not step.weights:
            given = f"step {step.name} of role {step.role} without a weight"
            raise InputError(str(path), given, "a weight, or role zero")
    return tuple(steps.values())


def _bases(table: Table) -> list[str]:
    """Return the forward step that each row is added to; "" if it is added to none."""
    if ADDED_TO not in table.header:
        return [""] * len(table.rows)
    column = table.header.index(ADDED_TO)
    return [row[column] for row in table.rows]


def _added_to(where: str, role: Role, name: str, steps: Mapping[str, Step]) -> Step | None:
    """Return the forward step that a row is added to; None if it is not a probe."""
    if role != "probe":
        if name:
            given = f"a step of role {role} added to {name}"
            raise InputError(where, given, f"role probe, or an empty cell in {ADDED_TO}")
        return None
    base = steps.get(name)
    if base is None or base.role != "forward":
        given = f'a probe with "{name}" in {ADDED_TO}'
        raise InputError(where, given, "the name of a forward step in the rows above")
    return base


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
    if not node.isdecimal() or len(node) > MAX_NODE_DIGITS:
        raise InputError(where, f'node "{node}"', "the number of a node")
    if not 0 < abs(load) <= MAX_LOAD_GF:
        allowed = f"a load in gf other than 0, up to ±{MAX_LOAD_GF:g}; y points up"
        raise InputError(where, f"{load:g} gf", allowed)
    return (AppliedWeight(Port(int(node), _axis(where, axis)), load),)


def _axis(where: str, text: str) -> Axis | float:
    if text in {"x", "y"}:
        return "x" if text == "x" else "y"
    angle = number_of(text)
    if angle is None or not abs(angle) <= 360:
        raise InputError(where, f'axis "{text}"', "x, y, or an angle from x in degrees")
    return angle


def _direction(port: Port, load: float) -> str:
    """Return the direction of a load along a port."""
    names = {"x": ("to the right", "to the left"), "y": ("up", "down")}
    if isinstance(port.axis, str):
        return names[port.axis][0 if load > 0 else 1]
    angle = (port.axis + (0.0 if load > 0 else 180.0)) % 360.0
    return f"at {angle:g}° from x"
