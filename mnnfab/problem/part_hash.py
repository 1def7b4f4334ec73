"""Identity of a part: hashes of everything that determines its shape and material."""

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
    """Return the SHA-256 of the design of a part in hexadecimal.

    It covers the name, the network, the widths, the material properties and the sections on
    fabrication and features, but neither the training nor the export formats.
    """
    sections = design.model_dump(mode="json", include={"name", "features"})
    # Only the properties in use: neither sources, limits, nor the data that gave the modulus.
    sections["material"] = material.model_dump(
        mode="json", exclude={"sources", "relaxation", "max_strain"}, exclude_defaults=True
    )
    return _sha256(sections | _shape(design, network, widths_mm))


def shape_sha256(design: Design, network: Network, widths_mm: FloatArray) -> str:
    """Return the SHA-256 of the bonds of a part, which assigns a measurement to its part.

    Unlike `design_sha256` it is independent of the assumed material.
    """
    return _sha256(_shape(design, network, widths_mm))


def _shape(design: Design, network: Network, widths_mm: FloatArray) -> dict[str, Any]:
    fabrication = design.fabrication.model_dump(mode="json")
    del fabrication["printer"]  # the choice of printer does not change the shape
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
