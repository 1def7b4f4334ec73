"""The network of a new design: a lattice of any kind, a network file or a drawing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from mnnfab.arrays import IntArray
from mnnfab.design.design_file import inline_toml
from mnnfab.design.network_section import LATTICES, NetworkFile, NetworkSection
from mnnfab.design.port_section import port_values
from mnnfab.errors import InputError
from mnnfab.io.cells import number_of
from mnnfab.network.network import Network
from mnnfab.network.network_file import read_network
from mnnfab.network.ports import Axis, Port
from mnnfab.network.raw_network import DrawingOptions

#: Sizes of a new lattice, where it has them.
SIZES: dict[str, Any] = {
    "rows": 4,
    "columns": 4,
    "side": 2,
    "bond_length_mm": 16.0,
    "width_mm": 60.0,
    "height_mm": 50.0,
    "spacing_mm": 14.0,
}
#: Joints and tapers of a new part, mm; longer ones where bonds form acute angles, in degrees.
JOINT_MM, TAPER_MM, LONG_JOINT_MM, LONG_TAPER_MM, ACUTE = 2.0, 1.0, 3.0, 2.0, 50.0
#: Largest share of the shortest bond that a joint and a taper take, so that a middle is left.
JOINT_SHARE, TAPER_SHARE = 0.2, 0.1


@dataclass(frozen=True)
class PortChoice:
    """A port that a user names, such as "10 y -7.5".

    Args:
        port: node and axis.
        number: third number: load in gf, or stiffness of a support in N/mm; None if not given.
    """

    port: Port
    number: float | None = None


@dataclass(frozen=True)
class NetworkChoice:
    """The network of a new design.

    Args:
        lattice: name of a lattice; that of the paper if neither it nor a file is given.
        file: network file or drawing in the folder of the design.
        rows: rows of a lattice that has them.
        unit_mm: length of one unit of a file, mm.
        merge_mm: distance within which points of a file are one node, mm.
        crossings: what becomes of lines of a drawing that cross.
        fixed: fixed nodes; those at the upper corners if not given.
        supports: supports of single directions.
    """

    lattice: str | None = None
    file: str | None = None
    rows: int | None = None
    unit_mm: float | None = None
    merge_mm: float | None = None
    crossings: Literal["refuse", "split"] | None = None
    fixed: tuple[int, ...] | None = None
    supports: tuple[PortChoice, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether the template's own lattice is meant."""
        return self == NetworkChoice(rows=self.rows)


@dataclass(frozen=True, eq=False)
class NewNetwork:
    """The network of a new design, and its section.

    Args:
        network: the network.
        toml: the keys of [network] as text.
    """

    network: Network
    toml: str

    @property
    def joints_mm(self) -> tuple[float, float]:
        """Lengths of joint and taper that suit the angles and lengths of the bonds."""
        acute = _smallest_angle(self.network) < ACUTE
        joint, taper = (LONG_JOINT_MM, LONG_TAPER_MM) if acute else (JOINT_MM, TAPER_MM)
        shortest = float(self.network.lengths.min())
        return (
            float(f"{min(joint, JOINT_SHARE * shortest):.3g}"),
            float(f"{min(taper, TAPER_SHARE * shortest):.3g}"),
        )


def chosen_network(choice: NetworkChoice, folder: Path) -> NewNetwork:
    """Return the network of a new design.

    Raises:
        InputError: if it is not valid, or a file cannot be read.
    """
    if choice.lattice is not None and choice.file is not None:
        raise InputError("--network", f"{choice.file}, with --lattice", "one of both")
    network, values = _of_lattice(choice) if choice.file is None else _of_file(choice, folder)
    fixed = top_corners(network) if choice.fixed is None else list(choice.fixed)
    if choice.file is None or not network.fixed.size:
        values["fixed"] = fixed
    if choice.supports:
        values["supports"] = [_support(one) for one in choice.supports]
    _check(values)
    lines = [f"{key} = {inline_toml(value)}" for key, value in values.items()]
    return NewNetwork(
        Network(network.nodes, network.bonds, np.array(fixed, dtype=np.int64)), "\n".join(lines)
    )


def _of_lattice(choice: NetworkChoice) -> tuple[Network, dict[str, Any]]:
    name = choice.lattice or "triangular-patch"
    if name not in LATTICES:
        names = ", ".join(f'"{one}"' for one in LATTICES)
        raise InputError("--lattice", f'"{name}"', names)
    if any(one is not None for one in (choice.unit_mm, choice.merge_mm, choice.crossings)):
        options = "--unit-mm, --merge-mm or --crossings"
        raise InputError(options, "given with a lattice", "only with --network")
    lattice = LATTICES[name]
    values: dict[str, Any] = {"lattice": name}
    values |= {key: size for key, size in SIZES.items() if key in lattice.model_fields}
    if choice.rows is not None:
        if "rows" not in values:
            raise InputError("--rows", f"{choice.rows} for {name}", "a lattice that has rows")
        values["rows"] = choice.rows
    return lattice.model_validate({**values, "fixed": [0]}).network(), values


def _of_file(choice: NetworkChoice, folder: Path) -> tuple[Network, dict[str, Any]]:
    assert choice.file is not None, "the caller has checked it"
    if choice.rows is not None:
        raise InputError("--rows", f"{choice.rows}, with --network", "only with a lattice")
    values: dict[str, Any] = {"file": choice.file}
    given = {key: getattr(choice, key) for key in ("unit_mm", "merge_mm", "crossings")}
    values |= {key: value for key, value in given.items() if value is not None}
    drawing = DrawingOptions(choice.unit_mm, choice.crossings)
    found = read_network(
        folder / choice.file, merge_mm=choice.merge_mm, drawing=drawing, fixed_required=False
    )
    if not found.nodes.are_numbers:
        values["numbering"] = "position"
    return found.network, values


def _support(choice: PortChoice) -> dict[str, Any]:
    spring = {} if choice.number is None else {"stiffness_N_per_mm": choice.number}
    return {**port_values(choice.port), **spring}


def _check(values: dict[str, Any]) -> None:
    kind: Any = NetworkFile if "file" in values else NetworkSection
    try:
        TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        detail = error.errors()[0]
        place = ".".join(map(str, detail["loc"]))
        raise InputError(f"[network] {place}", f"{detail['input']}", detail["msg"]) from error


def top_corners(network: Network) -> list[int]:
    """Return the nodes nearest to the upper corners of the network; one if it is the same node."""
    low, high = network.nodes.min(axis=0), network.nodes.max(axis=0)
    corners = np.array([[low[0], high[1]], high])
    distances = np.linalg.norm(network.nodes[:, None] - corners, axis=2)
    return sorted(set(distances.argmin(axis=0).tolist()))


def hanging_order(network: Network) -> IntArray:
    """Return the free nodes from the lowest to the highest, each row from left to right."""
    free = np.setdiff1d(np.arange(network.n_nodes), network.fixed)
    x, y = network.nodes[free].round(6).T
    ordered: IntArray = free[np.lexsort((x, y))]
    return ordered


#: An example of a third number for each of its units.
EXAMPLES = {"gf": "-7.5", "N/mm": "0.2"}


def port_choice(where: str, text: str, third: str) -> PortChoice:
    """Return a port that a user names: node, axis, and a third number if there is one.

    >>> port_choice("--input", "10 y -7.5", "gf")
    PortChoice(port=Port(node=10, axis='y', name=''), number=-7.5)

    Args:
        where: option, for errors.
        text: the text; parts are separated by blanks, commas or colons.
        third: unit of the third number, "gf" or "N/mm", for errors.

    Raises:
        InputError: if it has another form.
    """
    parts = [part for part in re.split(r"[\s,:]+", text.strip()) if part]
    example = EXAMPLES[third]
    allowed = f'node, axis (x, y or degrees) and, if wanted, {third}: "10 y" or "10 y {example}"'
    if len(parts) not in {2, 3} or not parts[0].isdecimal() or len(parts[0]) > 9:
        raise InputError(where, f'"{text}"', allowed)
    axis: Axis | float | None
    axis = number_of(parts[1])
    if parts[1] in {"x", "y"}:
        axis = "x" if parts[1] == "x" else "y"
    number = number_of(parts[2]) if len(parts) == 3 else None
    if axis is None or (len(parts) == 3 and number is None):
        raise InputError(where, f'"{text}"', allowed)
    return PortChoice(Port(int(parts[0]), axis), number)


def node_numbers(where: str, text: str) -> tuple[int, ...]:
    """Return node numbers that a user names, such as "0, 4".

    Raises:
        InputError: if it has another form.
    """
    parts: Sequence[str] = [part for part in re.split(r"[\s,]+", text.strip()) if part]
    if any(not part.isdecimal() or len(part) > 9 for part in parts):
        raise InputError(where, f'"{text}"', 'node numbers such as "0, 4"')
    return tuple(map(int, parts))


def _smallest_angle(network: Network) -> float:
    """Return the smallest angle between two bonds at a node, degrees."""
    smallest = 360.0
    headings = np.arctan2(network.vectors[:, 1], network.vectors[:, 0])
    for node in range(network.n_nodes):
        own = np.concatenate(
            [headings[network.bonds[:, 0] == node], headings[network.bonds[:, 1] == node] + np.pi]
        )
        around = np.sort(own % (2 * np.pi))
        if len(around) > 1:
            gaps = np.diff(around, append=around[0] + 2 * np.pi)
            smallest = min(smallest, float(np.rad2deg(gaps.min())))
    return smallest
