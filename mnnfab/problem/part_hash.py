"""What tells one part from another: a hash of all that decides its shape and material."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mnnfab.arrays import FloatArray
from mnnfab.design.design import Design
from mnnfab.network.network import Network
from mnnfab.profiles import Material


def design_sha256(
    design: Design, network: Network, material: Material, widths_mm: FloatArray
) -> str:
    """Return the SHA-256 of a part's design in hexadecimal.

    It covers the name, the network, the widths, the material's numbers and the sections on
    fabrication and features: neither the training nor the formats that are written.
    """
    sections = design.model_dump(mode="json", include={"name", "features"})
    # Of the material the numbers count.
    sections["material"] = material.model_dump(
        mode="json", exclude={"sources"}, exclude_defaults=True
    )
    return _sha256(sections | _shape(design, network, widths_mm))


def shape_sha256(design: Design, network: Network, widths_mm: FloatArray) -> str:
    """Return the SHA-256 of what bonds a part has: by it a measurement knows its part.

    Unlike `design_sha256` it is the same whatever the material is thought to be.
    """
    return _sha256(_shape(design, network, widths_mm))


def _shape(design: Design, network: Network, widths_mm: FloatArray) -> dict[str, Any]:
    fabrication = design.fabrication.model_dump(mode="json")
    del fabrication["printer"]  # which one makes it does not change the part
    return {
        "fabrication": fabrication,
        "nodes_mm": network.nodes.tolist(),
        "bonds": network.bonds.tolist(),
        "fixed": network.fixed.tolist(),
        "widths_mm": widths_mm.tolist(),
    }


def _sha256(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
