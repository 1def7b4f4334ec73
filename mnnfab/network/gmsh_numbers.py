"""Node numbers of gmsh files: the tags that gmsh shows, which meshio reads but does not return."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def gmsh_node_numbers(path: Path) -> tuple[int, ...] | None:
    """Return the number of each point of a gmsh file, in the order of the file.

    The readers of meshio for one section of the file are called, since its public function drops
    the numbers.

    Returns:
        The numbers; None if they cannot be read.
    """
    from meshio.gmsh import _gmsh41, main

    try:
        with path.open("rb") as file:
            file.readline()
            version, data_size, is_ascii = main._read_header(file)  # noqa: SLF001
            readers = main._readers  # noqa: SLF001
            reader = readers.get(version) or readers[version.split(".")[0]]
            read_nodes = reader._read_nodes  # noqa: SLF001
            section = path.read_bytes().find(b"\n$Nodes")
            file.seek(section + 1)
            file.readline()
            if reader is _gmsh41:
                tags = np.asarray(read_nodes(file, is_ascii, data_size)[1]) + 1
            else:
                tags = np.asarray(read_nodes(file, is_ascii)[1])
    except Exception:  # errors of any kind, in a file that meshio has read before
        return None
    return tuple(tags.astype(np.int64).tolist())
