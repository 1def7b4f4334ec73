"""Networks from Abaqus input files (.inp), also of CalculiX, with the files that they include.

Nodes and elements are collected here, with their numbers; meshio, which reads one block of nodes
without its numbers, translates the element types. Keywords that place or generate nodes and
elements are refused, since the network would not be what the file says.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.io.files import read_text
from mnnfab.network.mesh_reading import load_mesh, network_of_mesh
from mnnfab.network.node_ids import check_ids
from mnnfab.network.raw_network import NetworkReader, RawNetwork, ReadOptions

#: Keywords that make, move or couple nodes and elements.
_REFUSED = {
    *("NGEN", "NFILL", "NCOPY", "NMAP", "ELGEN", "ELCOPY", "SYSTEM", "SUBSTRUCTURE GENERATE"),
    *("IMPORT", "SUBMODEL", "MPC", "EQUATION", "TIE", "COUPLING", "KINEMATIC COUPLING"),
    *("DISTRIBUTING COUPLING", "RIGID BODY"),
}
#: Parameter with the name of a file.
_INPUT = re.compile(r",\s*INPUT\s*=([^,]*)", re.IGNORECASE)
#: Cubic beams of two nodes, which meshio takes for beams of three.
_TWO_NODE_BEAM = re.compile(r"TYPE\s*=\s*B([23])3", re.IGNORECASE)
#: Most levels of included files.
_MAX_DEPTH = 8


def read_abaqus(path: Path, options: ReadOptions) -> RawNetwork:
    """Read the network of an Abaqus input file; its elements of trusses and beams are bonds.

    Args:
        path: the file.
        options: options of the design; its numbering counts.

    Raises:
        InputError: if it is not such a file, or has what is not read.
    """
    nodes: list[str] = []
    elements: list[str] = []
    section: list[str] | None = None
    parts = 0
    for where, line in _lines(path, path.parent, 0):
        if not line.startswith("*"):
            if section is not None:
                section.append(line)
            continue
        keyword = line[1:].split(",")[0].strip().upper()
        parts += keyword == "PART"
        _check_keyword(where, keyword, line, parts)
        section = {"NODE": nodes, "ELEMENT": elements}.get(keyword)
        if section is elements:
            section.append(_TWO_NODE_BEAM.sub(r"TYPE=B\g<1>1", line))
        elif keyword == "INSTANCE":
            section = _NoData(where)
    ids = tuple(_number(path, line) for line in nodes)
    check_ids(ids)
    _check_elements(path, elements)
    if not ids:
        raise InputError(str(path), "no *NODE", "an Abaqus input file with nodes and elements")
    text = "\n".join(["*NODE", *nodes, *elements, ""])
    mesh, messages = load_mesh(io.StringIO(text), "abaqus")
    for block in mesh.cells:
        if block.type == "line3":
            block.data = _ends_first(block.data, mesh.points)
    names = tuple(range(len(ids))) if options.numbering == "position" else ids
    return network_of_mesh(mesh, names, messages)


def _check_elements(path: Path, lines: list[str]) -> None:
    seen: set[str] = set()
    for line in lines:
        number = line.split(",", maxsplit=1)[0].strip()
        if number.isdecimal() and number in seen:
            raise InputError(str(path), f"element {number} twice", "a different number for each")
        seen.add(number)


def _ends_first(cells: IntArray, points: FloatArray) -> IntArray:
    """Return three-node elements with the middle last; it is the second node of beams.

    Raises:
        InputError: if neither the second nor the third node is in the middle.
    """
    ordered = []
    for cell in cells.tolist():
        for order in ((0, 2, 1), (0, 1, 2)):
            first, last, middle = (points[cell[place]] for place in order)
            if np.linalg.norm(middle - (first + last) / 2) < np.linalg.norm(last - first) / 2:
                ordered.append([cell[place] for place in order])
                break
        else:
            given = "an element of three nodes, none of which is in the middle of the others"
            raise InputError("mesh", given, "elements of three nodes that are nearly straight")
    return np.array(ordered, dtype=np.int64)


class _NoData(list[str]):
    """Lines of an instance, which would move it."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where

    def append(self, line: str) -> None:
        """Refuse the line."""
        given = f"an *INSTANCE that is moved: {line[:60]}"
        raise InputError(self._where, given, "instances without translation or rotation")


def _check_keyword(where: str, keyword: str, line: str, parts: int) -> None:
    if keyword in _REFUSED or (keyword == "NODE" and "SYSTEM=" in line.upper().replace(" ", "")):
        raise InputError(
            where, line[:80], "nodes and elements in Cartesian coordinates, one by one"
        )
    if parts > 1:
        raise InputError(where, "a second *PART", "one part")


def _lines(path: Path, folder: Path, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the lines of a file and of those that it includes, each with its place."""
    for number, line in enumerate(read_text(path).replace("\r", "\n").split("\n"), 1):
        text, where = line.strip(), f"{path}, line {number}"
        if not text or text.startswith("**"):
            continue
        if not text.upper().replace(" ", "").startswith("*INCLUDE,"):
            yield where, text
        if text.startswith("*") and _INPUT.search(text):  # of *INCLUDE, *NODE, *ELEMENT
            yield from _lines(_included(where, text, folder, depth), folder, depth + 1)


def _included(where: str, line: str, folder: Path, depth: int) -> Path:
    found = _INPUT.search(line)
    name = found[1].strip().strip('"') if found else ""
    path = folder / name
    if not name or not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise InputError(where, line[:100], "INPUT = a file in the folder of the network")
    if depth >= _MAX_DEPTH:
        raise InputError(where, line[:100], f"at most {_MAX_DEPTH} levels of included files")
    return path


def _number(path: Path, line: str) -> int:
    try:
        return int(line.split(",", maxsplit=1)[0])
    except ValueError as error:
        given = f"node {line.split(',', maxsplit=1)[0][:40]}"
        raise InputError(str(path), given, "lines of a node number and coordinates") from error


READER = NetworkReader((".inp",), read_abaqus)
