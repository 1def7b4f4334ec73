"""Networks from Abaqus input files (.inp), also of CalculiX, with the files that they include.

Nodes and elements are collected here, with their numbers; meshio, which reads one block of nodes
without its numbers, translates the element types. Keywords that place or generate nodes and
elements are refused, since the network would not be what the file says.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.io.files import read_text
from mnnfab.network.mesh_reading import load_mesh, network_of_mesh
from mnnfab.network.node_ids import Numbering, check_ids
from mnnfab.network.raw_network import NetworkReader, RawNetwork

#: Keywords that make or move nodes and elements.
_REFUSED = {
    *("NGEN", "NFILL", "NCOPY", "NMAP", "ELGEN", "ELCOPY", "SYSTEM", "SUBSTRUCTURE GENERATE"),
    *("INCREMENTATION OUTPUT", "IMPORT", "SUBMODEL"),
}
#: Most levels of included files.
_MAX_DEPTH = 8


def read_abaqus(path: Path, numbering: Numbering | None) -> RawNetwork:
    """Read the network of an Abaqus input file; its elements of trusses and beams are bonds.

    Args:
        path: the file.
        numbering: numbering that the design gives.

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
            section.append(line)
        elif keyword == "INSTANCE":
            section = _NoData(where)
    ids = tuple(_number(path, line) for line in nodes)
    check_ids(ids)
    if not ids:
        raise InputError(str(path), "no *NODE", "an Abaqus input file with nodes and elements")
    text = "\n".join(["*NODE", *nodes, *elements, ""])
    mesh, _ = load_mesh(io.StringIO(text), "abaqus")
    names = tuple(range(len(ids))) if numbering == "position" else ids
    return network_of_mesh(mesh, names)


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
        if text.upper().replace(" ", "").startswith("*INCLUDE,"):
            yield from _lines(_included(where, text, folder, depth), folder, depth + 1)
        else:
            yield where, text


def _included(where: str, line: str, folder: Path, depth: int) -> Path:
    name = line.partition("=")[2].strip().strip('"')
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
