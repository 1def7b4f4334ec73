"""Columns of a table of load cases, recognised by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mnnfab.design.behaviour_section import Behaviour
from mnnfab.errors import InputError
from mnnfab.io.tables import Table

NAME, WEIGHT = "case", "weight"
LOAD, TARGET, STIFFNESS = "_gf", "_mm", "_N_per_mm"
PRESCRIBED, REACTION = "_prescribed_mm", "_reaction_gf"


@dataclass(frozen=True)
class Column:
    """A column of a table of load cases.

    Args:
        key: key of [[task.cases]] that its cells belong to.
        place: place in the list of that key; None if it is no list.
    """

    key: str
    place: int | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of columns: one for each port or ratio.

    Args:
        key: key of [[task.cases]].
        suffix: end of the names of its columns.
        names: names of the ports or ratios; empty for a port without a name.
        required: whether every one needs a column; otherwise those without one are free.
    """

    key: str
    suffix: str
    names: tuple[str, ...]
    required: bool

    @property
    def columns(self) -> str:
        """The names of the columns, for messages."""
        return ", ".join(f'"{name or "…"}{self.suffix}"' for name in self.names) or "none"


def column_kinds(section: Behaviour) -> tuple[Kind, ...]:
    """Return the kinds of columns; a name that ends in two suffixes is of the first."""
    inputs, outputs = (
        tuple(port.name or "" for port in ports) for ports in (section.inputs, section.outputs)
    )
    ratios = tuple(ratio.name for ratio in section.ratios or ())
    return (
        Kind("ratios", "", ratios, required=False),
        Kind("stiffness_N_per_mm", STIFFNESS, inputs, required=False),
        Kind("prescribed_mm", PRESCRIBED, inputs, required=False),
        Kind("reactions_gf", REACTION, inputs, required=False),
        Kind("loads_gf", LOAD, inputs, required=True),
        Kind("targets_mm", TARGET, outputs, required=True),
    )


def read_columns(table: Table, kinds: Sequence[Kind]) -> list[Column]:
    """Return the columns of a table; ports without a name take the others in order.

    Raises:
        InputError: if a column has an unknown name, or a required one is missing.
    """
    where = f"{table.path}, line 1"
    taken: dict[str, list[int]] = {kind.key: [] for kind in kinds}
    columns = []
    for name in table.header:
        if name in {NAME, WEIGHT}:
            columns.append(Column("name" if name == NAME else WEIGHT))
            continue
        kind = next((one for one in kinds if _is_of(name, one)), None)
        if kind is None:
            allowed = f'"{NAME}", "{WEIGHT}", or a name ending in {LOAD}, {TARGET} or {STIFFNESS}'
            if ratios := ", ".join(kinds[0].names):
                allowed += f", or of a ratio: {ratios}"
            raise InputError(where, f'column "{name}"', allowed)
        place = _place(name.removesuffix(kind.suffix), kind, taken[kind.key])
        if place is None:
            unit = kind.suffix[kind.suffix.rfind("_") :]
            same_unit = [
                one.columns
                for one in sorted(kinds, key=lambda one: not one.required)
                if one.suffix.endswith(unit) and one.names
            ]
            raise InputError(where, f'column "{name}"', f"columns {', '.join(same_unit)}")
        taken[kind.key].append(place)
        columns.append(Column(kind.key, place))
    if NAME not in table.header:
        given = f"columns {', '.join(table.header)[:80]}"
        raise InputError(where, given, f'a column "{NAME}" with names')
    for kind in kinds:
        if kind.required and len(taken[kind.key]) < len(kind.names):
            names = [
                kind.names[i] or "…" for i in range(len(kind.names)) if i not in taken[kind.key]
            ]
            missing = ", ".join(f'"{name}{kind.suffix}"' for name in names)
            raise InputError(where, f"no column {missing}", f"columns {kind.columns}")
    return columns


def _is_of(name: str, kind: Kind) -> bool:
    return name.endswith(kind.suffix) if kind.suffix else name in kind.names


def _place(name: str, kind: Kind, taken: Sequence[int]) -> int | None:
    """Return the place of the port or ratio with a name, or else of the next without one."""
    free = [place for place in range(len(kind.names)) if place not in taken]
    for own in (name, ""):
        for place in free:
            if kind.names[place] == own:
                return place
    return None
