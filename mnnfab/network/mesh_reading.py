"""Meshes by meshio, as networks."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.network import mesh_process
from mnnfab.network.mesh_cells import CellBlock, bonds_of_cells, without_repeats
from mnnfab.network.node_ids import NodeId
from mnnfab.network.raw_network import RawNetwork, ReadOptions

if TYPE_CHECKING:
    import meshio

ALLOWED = "JSON, or a mesh in a format that meshio reads"
#: Seconds after which a process that reads a file is stopped.
DEADLINE_S = 60
#: Suffixes of formats that number the points from 0, or not at all, in the order of the file.
FROM_0 = {".hmf", ".h5m", ".ply", ".off", ".su2", ".wkt"}
#: Suffixes of formats that number the points from 1 in the order of the file.
FROM_1 = {".mesh", ".meshb", ".obj", ".dat", ".tec", ".ugrid"}


def read_other_mesh(path: Path, options: ReadOptions) -> RawNetwork:
    """Read the network of a mesh in a format without a reader of its own.

    meshio gives the points in the order of the file, without the numbers that some formats have
    for them; a design has to count positions there.

    Args:
        path: the file.
        options: options of the design; its numbering counts.

    Raises:
        InputError: if meshio cannot read it, its cells are no bonds, or it may have numbers of
            its own.
    """
    suffix = path.suffix.lower()
    cells = read_in_process(path, "meshio")
    start = 1 if suffix in FROM_1 and options.numbering != "position" else 0
    if options.numbering != "position" and suffix not in FROM_0 | FROM_1:
        given = "a format with node numbers of its own, which mnnfab does not read"
        allowed = (
            'numbering = "position": the nodes of the design are counted from 0 in the order of '
            "the file; or a .json, .vtu, .msh or .inp file"
        )
        raise InputError(f"{path}, [network]", given, allowed)
    bonds, findings = bonds_of_cells(cells.points, cells.blocks)
    ids = tuple(range(start, start + len(cells.points)))
    return RawNetwork(cells.points, bonds, ids, None, (*printed(cells.messages), *findings))


@dataclass(frozen=True, eq=False)
class ReadCells:
    """Points and cells that a process has read.

    Args:
        points: (n_points, 2 or 3) mm.
        blocks: the cells, in order.
        messages: messages that the reader printed.
    """

    points: FloatArray
    blocks: tuple[CellBlock, ...]
    messages: tuple[str, ...]


def read_in_process(path: Path, reader: Literal["meshio", "vtk"]) -> ReadCells:
    """Read points and cells of a file in a process that is stopped at a deadline.

    Raises:
        InputError: if the file cannot be read in time.
    """
    with tempfile.TemporaryDirectory(prefix="mnnfab-") as folder:
        found = Path(folder) / "cells.npz"
        output = _run(path, reader, found)
        with np.load(found) as values:
            arrays = {name: values[name] for name in values.files}
    rows = np.split(arrays["cells"], np.cumsum(arrays["sizes"]))[: len(arrays["sizes"])]
    blocks = [
        CellBlock(kind, [row.tolist()])
        for kind, row in zip(arrays["kinds"].tolist(), rows, strict=True)
    ]
    return ReadCells(arrays["points"], tuple(blocks), tuple(_messages(output)))


def _run(path: Path, reader: str, found: Path) -> str:
    """Run the process that reads a file; return what it printed."""
    command = [sys.executable, "-P", mesh_process.__file__, reader, str(path.resolve()), str(found)]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            check=False,
            capture_output=True,
            timeout=DEADLINE_S,
            errors="replace",
            text=True,
        )
    except subprocess.TimeoutExpired as error:
        given = f"not read within {DEADLINE_S} s; it may be damaged"
        raise InputError(str(path), given, ALLOWED) from error
    output = done.stdout + done.stderr
    if done.returncode:
        lines = output.strip().splitlines()
        reason = " ".join(lines[-1:] if "Traceback" in output else lines)
        reason = _shortened(reason, str(path.resolve())) or "damaged"
        raise InputError(str(path), f"not read: {reason}", ALLOWED)
    return output


def network_of_mesh(
    mesh: meshio.Mesh, ids: tuple[NodeId, ...] | None = None, messages: Sequence[str] = ()
) -> RawNetwork:
    """Return the network of a mesh.

    Args:
        mesh: a mesh of meshio, coordinates in mm.
        ids: id of every point; their positions if not given.
        messages: messages that its reader printed, reported as findings.

    Raises:
        InputError: if its cells are no bonds.
    """
    points = np.asarray(mesh.points, dtype=np.float64)
    blocks, repeats = without_repeats(_blocks(mesh))
    bonds, findings = bonds_of_cells(points, blocks)
    names = tuple(range(len(points))) if ids is None else ids
    return RawNetwork(points, bonds, names, None, (*printed(messages), *repeats, *findings))


def printed(messages: Sequence[str]) -> list[Finding]:
    """Return findings on the messages that a reader printed."""
    return [Finding("mesh-reader", "warning", "mesh", text) for text in messages]


def load_mesh(source: Path | io.StringIO, file_format: str | None = None) -> tuple[Any, list[str]]:
    """Read a mesh with meshio; return it and the messages that meshio printed.

    Raises:
        InputError: if it cannot be read; the message has the reason that meshio printed.
    """
    import meshio

    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            mesh = meshio.read(source, file_format)
        except (Exception, SystemExit) as error:  # its readers raise exceptions of any kind
            reason = "" if isinstance(error, SystemExit) else f"{type(error).__name__}: {error}"
            failure: BaseException | None = error
        else:
            failure = None
    messages = _messages(output.getvalue())
    if failure is not None:
        reason = "; ".join((*reason.splitlines()[:1], *messages[:2]))
        where = str(source) if isinstance(source, Path) else "mesh"
        reason = _shortened(reason, where) or "damaged"
        raise InputError(where, f"not read: {reason}", ALLOWED) from failure
    return mesh, messages


def _shortened(reason: str, path: str) -> str:
    """Return the error text of a reader without the path, which the message has already."""
    return reason.removeprefix("Error: ").replace(path, "it").replace("file it", "it")[:300]


def _messages(output: str) -> list[str]:
    """Return the printed warnings and errors, one text each; the console wraps lines."""
    found: list[str] = []
    for line in filter(None, map(str.strip, output.splitlines())):
        begins = line.startswith(("Warning:", "Error:"))
        text = line.partition(":")[2].strip() if begins else line
        if begins or not found:
            found.append(text)
        else:
            found[-1] += f" {text}"
    return found


def _blocks(mesh: meshio.Mesh) -> list[CellBlock]:
    groups = mesh.cell_data.get("gmsh:physical") or [()] * len(mesh.cells)
    return [
        CellBlock(block.type, block.data, group)
        for block, group in zip(mesh.cells, groups, strict=True)
    ]
