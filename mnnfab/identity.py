"""What tells one part from another: a hash of all that decides its shape and material."""

from __future__ import annotations

import hashlib
import json

from mnnfab.arrays import FloatArray
from mnnfab.design import Design
from mnnfab.network import Network
from mnnfab.profiles import Material


def design_sha256(
    design: Design, network: Network, material: Material, widths_mm: FloatArray
) -> str:
    """Return the SHA-256 of a part's design in hexadecimal.

    It covers the name, the network, the widths, the material's numbers and the sections on
    fabrication and features: neither the training nor the formats that are written.
    """
    sections = design.model_dump(mode="json", include={"name", "fabrication", "features"})
    # Which printer makes it does not change the part; of the material the numbers count.
    del sections["fabrication"]["printer"]
    sections["material"] = material.model_dump(
        mode="json", exclude={"sources"}, exclude_defaults=True
    )
    network_values = {
        "nodes_mm": network.nodes.tolist(),
        "bonds": network.bonds.tolist(),
        "fixed": network.fixed.tolist(),
    }
    values = sections | network_values | {"widths_mm": widths_mm.tolist()}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
