"""`mnnfab new`: a commented design for a task and its data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from textwrap import wrap
from typing import Literal, get_args

from jinja2 import Environment, StrictUndefined

from mnnfab.design.design_file import inline_toml, parse_design
from mnnfab.design.network_section import LATTICES
from mnnfab.design.port_section import port_values
from mnnfab.design.section import valid_name
from mnnfab.errors import InputError
from mnnfab.io.files import write_new_file
from mnnfab.io.parsing import parse_toml
from mnnfab.network.network import Network
from mnnfab.network.ports import Port
from mnnfab.problem.loading import make_problem
from mnnfab.problem.new_network import (
    NetworkChoice,
    PortChoice,
    chosen_network,
    hanging_order,
)
from mnnfab.problem.port_placement import placements
from mnnfab.problem.problem import Problem
from mnnfab.task.datasets import BUILT_IN, ColumnChoice, labelled_features
from mnnfab.task.load_table import (
    DISPLACEMENT_UNIT,
    LOAD_UNIT,
    port_in_name,
    read_load_columns,
)
from mnnfab.task.missing_values import Missing

Kind = Literal["behaviour", "regression", "classification", "none"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Rows of the lattice in the paper, and the maximum if the data need more ports.
MIN_ROWS, MAX_ROWS = 4, 40
#: Maximum load of one input and total of all, gf: those of the paper, 5 and 20 gf on parts of 2 mm,
#: in proportion to the thickness of a new design.
INPUT_LOAD_GF, ALL_LOADS_GF = 7.5, 30.0
#: Number of random port placements screened for a data set.
PLACEMENTS = 60
_PAPER_PORTS = {"iris": ([13, 11, 12, 9], [7, 1, 2])}

#: The lattice of the template.
DEFAULT_NETWORK = NetworkChoice()


@dataclass(frozen=True)
class Start:
    """Settings of a new design.

    Args:
        task: kind of task.
        dataset: built-in data set, or a table in the folder of the design; the default samples
            of the task if not given.
        rows: rows of the lattice; as many as the data need if not given.
        material: preset or file.
        printer: profile or file.
        compensate: enable the compensation loop.
        class_column: class column of a table; the last if not given.
        missing: whether rows of a table with missing values are refused or dropped.
        network: lattice, network file or drawing, with its supports; that of the paper if not
            given.
        inputs: inputs with their loads; placed by the program if not given.
        outputs: outputs; placed by the program if not given.
    """

    task: Kind = "behaviour"
    dataset: str | None = None
    rows: int | None = None
    material: str = "agilus30"
    printer: str = "stratasys-j850-digital-anatomy"
    compensate: bool = False
    class_column: str | None = None
    missing: Missing = "refuse"
    network: NetworkChoice = DEFAULT_NETWORK
    inputs: tuple[PortChoice, ...] = ()
    outputs: tuple[PortChoice, ...] = ()


def write_new_design(name: str, folder: Path, start: Start | None = None) -> Path:
    """Write <name>.toml into `folder` and return its path; existing files are not overwritten.

    Raises:
        InputError: if the name is invalid, the data cannot be used, or the file exists or
            cannot be written.
    """
    name = name.removesuffix(".toml")
    try:
        valid_name(name)
    except ValueError as error:
        raise InputError("NAME", f'"{name}"', str(error)) from error
    path, start = folder / f"{name}.toml", start or Start()
    if path.exists():  # checked before the slow search for ports
        raise InputError(str(path), "already exists", "a new name")
    text = new_design_text(name, folder, start)
    try:
        values = parse_toml(text)
    except ValueError as error:
        given = f"text that cannot be written in TOML: {error}"
        raise InputError("--dataset, --material or --printer", given, "names in UTF-8") from error
    design = parse_design(values, source=path.name)
    problem = make_problem(design, folder)  # checks material, printer and data
    chosen = start.inputs or start.outputs
    if start.dataset is not None and not chosen and _named_ports(start, folder) is None:
        ports = _best_ports(problem)
        text = new_design_text(name, folder, start, ports)
    write_new_file(path, text)
    return path


Ports = tuple[list[str], list[str]]


def _best_ports(problem: Problem) -> Ports | None:
    """Return the best of several random port placements, or None if none can be trained."""
    design = next(placements(problem, PLACEMENTS), None)
    if design is None:
        return None
    section = design.task
    return (
        [inline_toml(port_values(item.port)) for item in section.inputs],
        [inline_toml(port_values(item.port)) for item in section.outputs],
    )


def new_design_text(name: str, folder: Path, start: Start, ports: Ports | None = None) -> str:
    """Return the text of a commented design.

    Args:
        name: name of the design.
        folder: folder of the design and its table.
        start: settings.
        ports: inputs and outputs as TOML text; placed in order of the nodes if not given.

    Raises:
        InputError: if the data cannot be used, or the lattice has too few nodes for them.
    """
    if start.dataset is not None and start.task not in {"regression", "classification"}:
        given = f"{start.dataset} for a task of kind {start.task}"
        raise InputError("--dataset", given, "only for regression or classification")
    if start.task == "regression" and start.dataset in BUILT_IN:
        given = f"{start.dataset}, a classification data set"
        raise InputError(
            "--dataset", given, "a table of loads and displacements, or --task classification"
        )
    if start.class_column is not None and start.task != "classification":
        given = f'"{start.class_column}" for a task of kind {start.task}'
        raise InputError("--class-column", given, "only for classification")
    if start.missing == "drop" and start.dataset in {None, *BUILT_IN}:
        raise InputError("--missing", "drop without a table", "only with a table in --dataset")
    n_in, n_out = _ports_of(start, folder)
    named = _named_ports(start, folder)
    other = None
    if not start.network.is_default:
        other = chosen_network(replace(start.network, rows=start.rows), folder)
    if start.inputs or start.outputs:
        _check_ports(start, n_in, n_out)
        rows = start.rows or _rows_with_nodes([one.port.node for one in start.inputs])
        inputs = [inline_toml(port_values(one.port)) for one in start.inputs]
        outputs = [inline_toml(port_values(one.port)) for one in start.outputs]
        n_in = len(inputs)
    elif other is not None and named is None:
        rows = start.rows or MIN_ROWS
        inputs, outputs = ports or _place_on(other.network, n_in, n_out, start.network)
    elif named is None:
        rows = start.rows or _rows_for(n_in + n_out)
        inputs, outputs = ports or _place(start, rows, n_in, n_out)
    else:
        rows = start.rows or _rows_with_nodes([port.node for port in named])
        written = [inline_toml(port_values(port)) for port in named]
        inputs, outputs = written[:n_in], written[n_in:]
    template = (
        resources.files("mnnfab.problem").joinpath("template.toml").read_text(encoding="utf-8")
    )
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - TOML, not HTML
    return environment.from_string(template).render(
        name=name,
        start=start,
        dataset=_dataset(start),
        is_table=start.dataset is not None and start.dataset not in BUILT_IN,
        rows=rows,
        ports_named=named is not None,
        lattices=_other_lattices(),
        data_sets=_other_data_sets(_dataset(start)),
        network=None if other is None else other.toml,
        joints_mm=(2.0, 1.0) if other is None else other.joints_mm,
        inputs=inputs,
        outputs=outputs,
        loads_gf=_loads_of(start, n_in),
        load_gf=-round(min(INPUT_LOAD_GF, ALL_LOADS_GF / n_in), 2),
    )


def _loads_of(start: Start, n_in: int) -> list[float]:
    """Return the load at each input of a behaviour, gf."""
    given = [one.number for one in start.inputs]
    return [-INPUT_LOAD_GF if load is None else load for load in given or [None] * n_in]


def _check_ports(start: Start, n_in: int, n_out: int) -> None:
    """Refuse ports that are not as many as the task needs."""
    for option, given, wanted in (
        ("--input", start.inputs, n_in),
        ("--output", start.outputs, n_out),
    ):
        needed = wanted if start.dataset is not None or start.task == "classification" else None
        if not given or (needed is not None and len(given) != needed):
            allowed = "one or more of both" if needed is None else f"{needed}"
            raise InputError(option, f"{_count(len(given), 'port')}", allowed)
    loads = [one for one in start.inputs if one.number is not None]
    if loads and start.task != "behaviour":
        given_load = f"a load of {loads[0].number:g} gf for a task of kind {start.task}"
        raise InputError("--input", given_load, "node and axis alone")
    for one in start.outputs:
        if one.number is not None:
            raise InputError("--output", f"{one.port} with a number", "node and axis alone")


def _place_on(network: Network, n_in: int, n_out: int, choice: NetworkChoice) -> Ports:
    """Return inputs at the lowest nodes, and outputs spread over those above them.

    Nodes on supports are left out: they may not move along y.
    """
    held = {support.port.node for support in choice.supports}
    free = [node for node in hanging_order(network).tolist() if node not in held]
    if len(free) < n_in + n_out:
        given = f"{_count(len(free), 'free node')}"
        raise InputError("--network", given, f"at least {n_in + n_out}, one per input and output")
    inputs, others = free[:n_in], free[n_in:]
    spread = [others[place * len(others) // n_out] for place in range(n_out)]
    return [_port(node, "y") for node in inputs], [_port(node, "y") for node in spread]


def _other_lattices() -> str:
    """Return the names of all lattices but that of the template, as lines of a comment."""
    names = [f'"{name}"' for name in LATTICES if name != "triangular-patch"]
    return "\n#     ".join(wrap(", ".join(names), 80, break_on_hyphens=False))


def _other_data_sets(chosen: str | None) -> str:
    """Return the names of the built-in data sets but the chosen one, as lines of a comment."""
    names = ", ".join(f'"{name}"' for name in BUILT_IN if name != chosen)
    return f"\n{' ' * 17}# ".join(wrap(names, 75, break_on_hyphens=False))


def _dataset(start: Start) -> str | None:
    return "iris" if start.task == "classification" and start.dataset is None else start.dataset


def _ports_of(start: Start, folder: Path) -> tuple[int, int]:
    """Return the number of inputs and outputs that the task needs."""
    dataset = _dataset(start)
    if start.task == "classification":
        assert dataset is not None, "it has a default"
        choice = ColumnChoice(None, start.class_column, start.missing)
        data = labelled_features(dataset, folder, choice)
        # One more for a constant weight (bias), which data not centred at zero need.
        return len(data.feature_names) + (start.dataset is not None), len(data.class_names)
    if start.task == "regression" and dataset is not None:
        units = [name[-3:] for name in read_load_columns(folder / dataset)]
        return units.count(LOAD_UNIT), units.count(DISPLACEMENT_UNIT)
    return (1, 2) if start.task == "behaviour" else (1, 4)


def _named_ports(start: Start, folder: Path) -> list[Port] | None:
    """Return the port that every column of a table of loads names; None if none names one.

    Raises:
        InputError: if some columns name a port and others do not.
    """
    if start.task != "regression" or start.dataset is None:
        return None
    columns = read_load_columns(folder / start.dataset)
    ports = {column: port_in_name(column) for column in columns}
    without = [column for column, port in ports.items() if port is None]
    if without and len(without) < len(columns):
        given = f'no node and axis in the name "{without[0]}", as the others have'
        allowed = 'names such as "node3_y_gf" and "node7_x_mm" for all columns, or for none'
        raise InputError(f"{folder / start.dataset}, line 1", given, allowed)
    return None if without else [port for port in ports.values() if port is not None]


def _rows_with_nodes(nodes: list[int]) -> int:
    """Return the smallest number of rows with all of some nodes, none of which is fixed."""
    rows = MIN_ROWS
    while rows < MAX_ROWS and (max(nodes) >= _n_nodes(rows) or rows in nodes):
        rows += 1
    return rows


def _rows_for(n_ports: int) -> int:
    """Return the smallest number of rows with a free node per port and `rows` spare nodes."""
    rows = MIN_ROWS
    while _n_nodes(rows) - 2 < n_ports + rows and rows < MAX_ROWS:
        rows += 1
    return rows


def _n_nodes(rows: int) -> int:
    return (rows + 1) * (rows + 2) // 2 - 1


def _place(start: Start, rows: int, n_in: int, n_out: int) -> Ports:
    """Return inputs at the lower nodes, where weights hang freely, and outputs above them."""
    if rows == MIN_ROWS and start.dataset is None and start.task == "classification":
        inputs, outputs = _PAPER_PORTS["iris"]
        return [_port(node, "y") for node in inputs], [_port(node, "x") for node in outputs]
    if start.task == "behaviour" and rows == MIN_ROWS:
        return [_port(10, "y")], [_port(12, "y"), _port(13, "y")]
    if start.task == "regression" and start.dataset is None and rows == MIN_ROWS:
        return [_port(10, "y")], [_port(node, axis) for node in (12, 13) for axis in "xy"]
    free = [node for node in range(_n_nodes(rows) - 1, 0, -1) if node != rows]
    if len(free) < n_in + n_out:
        given = f"{_count(rows, 'row')} with {_count(len(free), 'free node')}"
        allowed = f"at least {n_in + n_out} free nodes (one per input and output)"
        raise InputError("--rows", given, allowed)
    inputs, others = free[:n_in], free[n_in:]
    spread = [others[place * len(others) // n_out] for place in range(n_out)]
    return [_port(node, "y") for node in inputs], [_port(node, "x") for node in spread]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _port(node: int, axis: str) -> str:
    return inline_toml({"node": node, "axis": axis})
