"""Coupons: small test parts on the same tray, to measure the material and a joint."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geometry.cells import tile
from geometry.placing import place_features
from geometry.tiling import Tiling
from mnnfab.design.fabrication import Fabrication
from mnnfab.design.features_section import CouponSection, FeaturesSection, PadsSection
from mnnfab.errors import GeometryError
from mnnfab.network.network import Network


class Coupon(NamedTuple):
    """A test part: its name, network, tiling and description."""

    name: str
    network: Network
    tiling: Tiling
    description: str


def coupons(
    network: Network, fabrication: Fabrication, section: CouponSection, pads: PadsSection
) -> list[Coupon]:
    """Return a single bond with its two hubs, and a plain bar, each between two pads.

    The bond is as long as the network's median bond and has its joints; a tensile test of it
    gives the stiffness of a bond. The bar has no joints; a tensile test of it gives the modulus.

    Raises:
        GeometryError: if a coupon does not fit its own joints or pads.
    """
    length = float(np.median(network.lengths))
    width = section.bond_width_mm or fabrication.width_initial_mm
    bond = fabrication.model_copy(update={"width_max_mm": max(width, fabrication.width_max_mm)})
    bar = fabrication.model_copy(
        update={
            "width_min_mm": section.bar_width_mm,
            "width_max_mm": section.bar_width_mm,
            "joint_ratio": 1.0,
            "joint_length_mm": section.bar_width_mm,
            "taper_length_mm": 0.0,
        }
    )
    return [
        _coupon(
            "coupon-bond",
            (length, width, bond, pads),
            f"coupon: bond {width:g} mm wide, {length:g} mm from node to node",
        ),
        _coupon(
            "coupon-bar",
            (section.bar_length_mm, section.bar_width_mm, bar, pads),
            f"coupon: bar {section.bar_width_mm:g} mm wide, {section.bar_length_mm:g} mm long",
        ),
    ]


def _coupon(
    name: str, dimensions: tuple[float, float, Fabrication, PadsSection], description: str
) -> Coupon:
    """Return one bond of a length and width, with a pad at each of its nodes."""
    length, width, fabrication, pads = dimensions
    nodes = np.array([[0.0, 0.0], [length, 0.0]])
    network = Network(nodes, np.array([[0, 1]]), np.array([0, 1]))
    try:
        features = place_features(network, fabrication, FeaturesSection(pads=pads), (), "", "")
        tiling = tile(network, np.array([width]), fabrication, features)
    except GeometryError as error:
        where = f"[features.coupon] {name}: {error.where}"
        raise GeometryError(where, error.given, error.allowed) from error
    return Coupon(name, network, tiling, description)
