"""Designs: `new`, `show` and `schema`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from mnnfab.commands.answer import Answer, AnswerOptions, command
from mnnfab.design import lattices
from mnnfab.errors import InputError
from mnnfab.io.registry import module_names
from mnnfab.task import data_sets

if TYPE_CHECKING:
    from mnnfab.progress.watcher import ProgressWatcher

#: Copy of `mnnfab.problem.new_design.KINDS`: importing that module is too slow for a help text.
KINDS = ("behaviour", "regression", "classification", "none")
#: Names of the built-in data sets: those of their modules, which are not imported for them.
DATA_SETS = ", ".join(name.replace("_", "-") for name in module_names(data_sets))
#: Names of the lattices, that of the paper first: those of their modules.
LATTICES = ", ".join(
    sorted(
        (name.replace("_", "-") for name in module_names(lattices)),
        key=lambda name: (name != "triangular-patch", name),
    )
)
#: A length that is not 0.
POSITIVE_MM = click.FloatRange(0, 1e6, min_open=True)


@contextmanager
def _unwatched(options: AnswerOptions) -> Iterator[None]:
    """Yield nothing: a progress display would be drawn over the questions."""
    del options
    yield


@command(watched=_unwatched)
@click.argument("name")
@click.option(
    "--task",
    type=click.Choice(KINDS),
    help="Kind of task; behaviour if not given, classification with --dataset.",
)
@click.option(
    "--dataset",
    metavar="NAME",
    help=f"A table (CSV, Parquet) in this folder, or a data set: {DATA_SETS}.",
)
@click.option("--lattice", metavar="NAME", help=f"Lattice: {LATTICES}; the first if not given.")
@click.option(
    "--network",
    "file",
    metavar="FILE",
    help="Network file or drawing (.dxf, .svg, .step) in this folder instead of a lattice.",
)
@click.option("--unit-mm", type=POSITIVE_MM, help="Length of one unit of the network file, mm.")
@click.option(
    "--merge-mm", type=POSITIVE_MM, help="Points of the network file as close as this are one."
)
@click.option(
    "--crossings",
    type=click.Choice(("refuse", "split")),
    help="Whether lines of a drawing that cross are refused or split; refused if not given.",
)
@click.option(
    "--fixed", metavar="NODES", help='Fixed nodes, "0, 4"; the upper corners if not given.'
)
@click.option(
    "--support",
    "supports",
    multiple=True,
    metavar="SUPPORT",
    help='Roller "3 y", or spring "3 y 0.2" of 0.2 N/mm; may be repeated.',
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="PORT",
    help='Input "10 y", with a load in gf "10 y -7.5"; may be repeated. Placed if not given.',
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="PORT",
    help='Output "12 y" or "12 30" (degrees); may be repeated. Placed if not given.',
)
@click.option(
    "--rows",
    type=click.IntRange(1, 200),
    help="Rows of the lattice; as many as the data need if not given.",
)
@click.option(
    "--class-column", metavar="NAME", help="Class column of the table; the last if not given."
)
@click.option(
    "--missing",
    type=click.Choice(("refuse", "drop")),
    help="Rows of the table with missing values; refused if not given.",
)
@click.option("--material", metavar="NAME", help="Material preset or file; agilus30 if not given.")
@click.option("--printer", metavar="NAME", help="Printer profile or file.")
@click.option(
    "--compensate",
    is_flag=True,
    help="Enable the loop that calibrates the bar model on the continuum.",
)
def new(watcher: None, name: str, *, compensate: bool, **chosen: Any) -> Answer:  # noqa: ARG001, ANN401
    """Write NAME.toml, a commented design to start from, into this folder, and show its network.

    On a terminal and without options, it asks for the main settings.
    """
    import shutil

    from mnnfab.pipeline.showing import view_of
    from mnnfab.problem.new_design import Start, write_new_design
    from mnnfab.report.terminal_view import terminal_drawing

    given = {key: value for key, value in chosen.items() if value not in {None, ()}}
    if "dataset" in given:  # most tables hold classes
        given.setdefault("task", "classification")
    if not given and not compensate and sys.stdin.isatty() and sys.stdout.isatty():
        given, compensate = _ask()
    given = _with_choices(given)
    path = write_new_design(name, Path(), Start(**given, compensate=compensate))
    drawing = terminal_drawing(view_of(path).network, shutil.get_terminal_size().columns)
    text = f"{drawing}\n\nwrote {path}; next: mnnfab run {path}"
    return Answer(text, {"design": str(path)})


def _with_choices(given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with network and ports in place of their options."""
    from mnnfab.problem.new_network import NetworkChoice, node_numbers, port_choice

    kept = dict(given)
    of_network: dict[str, Any] = {
        key: kept.pop(key)
        for key in ("lattice", "file", "unit_mm", "merge_mm", "crossings")
        if key in kept
    }
    if "fixed" in kept:
        of_network["fixed"] = node_numbers("--fixed", kept.pop("fixed"))
    supports = tuple(port_choice("--support", text, "N/mm") for text in kept.pop("supports", ()))
    ports = {
        key: tuple(port_choice(option, text, "gf") for text in kept.pop(key, ()))
        for key, option in (("inputs", "--input"), ("outputs", "--output"))
    }
    return {**kept, **ports, "network": NetworkChoice(supports=supports, **of_network)}


def _ask() -> tuple[dict[str, Any], bool]:
    """Ask for the main settings; Enter selects the default."""
    task = click.prompt("Task", type=click.Choice(KINDS), default="behaviour")
    given: dict[str, Any] = {"task": task, **_ask_network()}
    if task == "classification":
        words = f"Data ({DATA_SETS}, or a table in this folder)"
        given["dataset"] = click.prompt(words, default="iris")
    elif task == "regression":
        words = "Table of loads and displacements in this folder (Enter: generated samples)"
        table = click.prompt(words, default="", show_default=False)
        given |= {"dataset": table} if table else {}
    if task == "none":
        return given, False
    return given, click.confirm(
        "Enable the compensation loop (bar model calibrated on the continuum model)?", default=True
    )


def _ask_network() -> dict[str, Any]:
    """Ask for the network; show it, and ask for its fixed nodes, if it is not the default."""
    import shutil

    from mnnfab.problem.new_network import NetworkChoice, chosen_network
    from mnnfab.report.terminal_view import terminal_drawing

    words = f"Network ({LATTICES}, or a network file or drawing in this folder)"
    name = click.prompt(words, default=LATTICES.split(", ", maxsplit=1)[0])
    if name == LATTICES.split(", ", maxsplit=1)[0]:
        return {}
    if name in LATTICES.split(", "):
        given: dict[str, Any] = {"lattice": name}
    else:
        given = {"file": name, **_ask_drawing(name)}
    network = chosen_network(NetworkChoice(**given), Path()).network
    click.echo(terminal_drawing(network, shutil.get_terminal_size().columns))
    corners = ", ".join(map(str, network.fixed.tolist()))
    return {**given, "fixed": click.prompt("Fixed nodes", default=corners)}


def _ask_drawing(name: str) -> dict[str, Any]:
    """Ask for the unit of a drawing that may not state one; Enter for that of the file."""
    if not name.lower().endswith((".dxf", ".svg")):
        return {}
    words = "Length of one unit of the drawing in mm (Enter: as the file states)"
    unit = click.prompt(words, default="", show_default=False, value_proc=_unit_mm)
    return {} if unit is None else {"unit_mm": unit}


def _unit_mm(text: str) -> float | None:
    """Return an answer as a length; the question is asked again if it is none."""
    unit: float | None = POSITIVE_MM(text) if text else None
    return unit


@command()
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the schema to FILE instead of the terminal.",
)
def schema(watcher: ProgressWatcher, out: Path | None) -> Answer:  # noqa: ARG001
    """Print the JSON schema of the design file.

    Editors complete and check designs with it: put `#:schema FILE` into the first line of a
    design.
    """
    import json

    from export.formats import known_formats
    from mnnfab.design.schema import design_schema
    from mnnfab.io.files import write_new_file

    found = design_schema(known_formats())
    text = json.dumps(found, indent=2, ensure_ascii=False)
    if out is None:
        return Answer(text, found)
    write_new_file(out, text + "\n")
    return Answer(f"schema: {out}", {"file": str(out)})


@command(watched=_unwatched)
@click.argument("source", metavar="DESIGN", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Draw the network into FILE, .svg or .png; an existing file is replaced.",
)
@click.option(
    "--merge-mm", type=POSITIVE_MM, help="Of a network file: points as close as this are one."
)
@click.option("--unit-mm", type=POSITIVE_MM, help="Of a network file: length of one unit, mm.")
@click.option(
    "--crossings",
    type=click.Choice(("refuse", "split")),
    help="Of a drawing: whether lines that cross are refused or split.",
)
def show(
    watcher: None,  # noqa: ARG001
    source: Path,
    out: Path | None,
    merge_mm: float | None,
    unit_mm: float | None,
    crossings: Literal["refuse", "split"] | None,
) -> Answer:
    """Show the network of DESIGN with the numbers of its nodes, supports, ports and loads.

    DESIGN is a design file, the folder of a run, or a network file or drawing. A design that is
    not valid yet is shown with the reason.
    """
    import shutil

    from mnnfab.io.files import replace_file
    from mnnfab.network.raw_network import DrawingOptions
    from mnnfab.pipeline.showing import view_of
    from mnnfab.report.terminal_view import terminal_drawing

    if out is not None and out.suffix not in {".svg", ".png"}:
        raise InputError("--out", str(out), "a file ending in .svg or .png")
    view = view_of(source, merge_mm, DrawingOptions(unit_mm, crossings))
    network = view.network
    text = f"{terminal_drawing(network, shutil.get_terminal_size().columns)}\n\n{view.text}"
    values: dict[str, Any] = {
        "nodes_mm": network.nodes.tolist(),
        "bonds": network.bonds.tolist(),
        "fixed": network.fixed.tolist(),
        "supports": [str(one) for one in network.supports],
        "inputs": [str(port) for port in view.ports.inputs],
        "outputs": [str(port) for port in view.ports.outputs],
        "notes": list(view.lines),
    }
    if out is not None:
        from mnnfab.report.figures import figure_bytes
        from mnnfab.report.network_view import draw_view

        kind: Literal["svg", "png"] = "svg" if out.suffix == ".svg" else "png"
        replace_file(out, figure_bytes(draw_view(view), kind))
        text += f"\ndrawn: {out}"
        values["file"] = str(out)
    return Answer(text, values)
