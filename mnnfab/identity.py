"""What tells one part from another: a hash of all that decides its shape and material."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath

from mnnfab.arrays import FloatArray
from mnnfab.design import Design
from mnnfab.network import Network


def design_sha256(design: Design, network: Network, widths_mm: FloatArray) -> str:
    """Return the SHA-256 of a part's design in hexadecimal.

    It covers the name, the network, the widths and the sections on material, fabrication
    and features: not the training that led to the widths, nor the formats that are written.
    """
    sections = design.model_dump(
        mode="json", include={"name", "material", "fabrication", "features"}
    )
    # A profile of the user's own lies elsewhere in the folder of a run: its name alone counts.
    sections["material"]["preset"] = PurePath(design.material.preset).name
    sections["fabrication"]["printer"] = PurePath(design.fabrication.printer).name
    network_values = {
        "nodes_mm": network.nodes.tolist(),
        "bonds": network.bonds.tolist(),
        "fixed": network.fixed.tolist(),
    }
    values = sections | network_values | {"widths_mm": widths_mm.tolist()}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
