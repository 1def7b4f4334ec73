"""Networks from XDMF, whose numbers can be in other files; points are numbered from 0."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from mnnfab.errors import InputError
from mnnfab.network.mesh_reading import load_mesh, network_of_mesh
from mnnfab.network.raw_network import NetworkReader, RawNetwork, ReadOptions


def read_xdmf(path: Path, options: ReadOptions) -> RawNetwork:  # noqa: ARG001
    """Read the network of an XDMF file.

    Args:
        path: the file.
        options: without effect, as the numbers are the positions.

    Raises:
        InputError: if it cannot be read, its cells are no bonds, or it names a file outside of its
            folder.
    """
    _check_references(path)
    mesh, messages = load_mesh(path)
    return network_of_mesh(mesh, None, messages)


def _check_references(path: Path) -> None:
    """Check that a file counts from 0, and that the files of its numbers are in its folder."""
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - expat limits entities
    except (ET.ParseError, OSError, ValueError, LookupError):
        return  # meshio reports the error
    for topology in root.iter("Topology"):
        offset = topology.get("BaseOffset", "0")
        if offset.strip() != "0":  # meshio counts from 0
            raise InputError(str(path), f'BaseOffset="{offset[:20]}"', "points counted from 0")
    for item in root.iter("DataItem"):
        if str(item.get("Format", "")).upper() not in {"HDF", "BINARY"}:
            continue
        name = str(item.text or "").strip().split(":/")[0]
        inside = (path.parent / name).resolve().is_relative_to(path.parent.resolve())
        if not inside or not (path.parent / name).is_file():
            given = f'numbers in "{name[:80]}"'
            raise InputError(str(path), given, "a file in the folder of the network")


READER = NetworkReader((".xdmf", ".xmf"), read_xdmf)
