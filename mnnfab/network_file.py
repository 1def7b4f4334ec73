"""Networks from JSON files, coordinates in mm.

{"nodes": [[x, y], …], "bonds": [[i, j], …], "fixed": [i, …]}
"""

from __future__ import annotations

import json
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.files import read_text
from mnnfab.network import Network

_KEYS = {"nodes", "bonds", "fixed"}


def load_network(path: Path) -> Network:
    """Read a network; coordinates are in mm, nodes are counted from 0.

    Raises:
        InputError: if the file or the network in it is not valid.
    """
    try:
        values = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), f"not JSON: {error}", "a JSON file") from error
    if not isinstance(values, dict) or set(values) != _KEYS:
        given = f"keys {', '.join(sorted(values))}" if isinstance(values, dict) else "no object"
        raise InputError(str(path), given, "an object with the keys nodes, bonds and fixed")
    try:
        return Network(values["nodes"], values["bonds"], values["fixed"])
    except InputError as error:
        raise InputError(f"{path}, {error.where}", error.given, error.allowed) from error
