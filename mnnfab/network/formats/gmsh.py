"""Networks from gmsh: lines and curves of a `.msh` file, with its node tags as ids."""

from __future__ import annotations

from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.network.gmsh_numbers import gmsh_node_numbers
from mnnfab.network.mesh_reading import load_mesh, network_of_mesh
from mnnfab.network.raw_network import NetworkReader, RawNetwork, ReadOptions


def read_gmsh(path: Path, options: ReadOptions) -> RawNetwork:
    """Read the network of a gmsh file.

    Args:
        path: the file.
        options: options of the design; its numbering counts.

    Raises:
        InputError: if it cannot be read, its cells are no bonds, or its node tags are not found.
    """
    try:
        mesh, messages = load_mesh(path)
    except InputError as error:
        allowed = "MSH 2.2 or 4.1, with Mesh.SaveAll = 0 and Mesh.SaveParametric = 0 of gmsh"
        raise InputError(error.where, error.given, allowed) from error
    count = len(mesh.points)
    if options.numbering == "position":
        return network_of_mesh(mesh, tuple(range(count)), messages)
    tags = gmsh_node_numbers(path)
    if tags is None or len(tags) != count:
        given = "node tags that are not read"
        raise InputError(f"{path}, [network]", given, 'numbering = "position", or MSH 4.1 or 2.2')
    return network_of_mesh(mesh, tags, messages)


READER = NetworkReader((".msh",), read_gmsh)
