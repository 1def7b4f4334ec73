"""Coupons: small parts from the same tray that tell what the material and a joint are worth."""

from __future__ import annotations

import numpy as np

from geometry.cells import tile
from geometry.placing import place_features
from geometry.tiling import Tiling
from mnnfab.design import Fabrication
from mnnfab.feature_sections import CouponSection, FeaturesSection, PadsSection
from mnnfab.network import Network


def coupons(
    network: Network, fabrication: Fabrication, section: CouponSection
) -> list[tuple[str, Tiling, str]]:
    """Return a single bond with its two hubs, and a plain bar, each between two pads.

    The bond is as long as the network's median bond and has its joints: pulled, it gives
    the stiffness of a bond. The bar has none: pulled, it gives the modulus.

    Returns:
        Name, tiling and description of each.

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
        (
            "coupon-bond",
            _pulled(length, width, bond),
            f"coupon: bond {width:g} mm wide, {length:g} mm from node to node",
        ),
        (
            "coupon-bar",
            _pulled(section.bar_length_mm, section.bar_width_mm, bar),
            f"coupon: bar {section.bar_width_mm:g} mm wide, {section.bar_length_mm:g} mm long",
        ),
    ]


def _pulled(length: float, width: float, fabrication: Fabrication) -> Tiling:
    """Return one bond with a pad behind each of its nodes."""
    network = Network(np.array([[0.0, 0.0], [length, 0.0]]), np.array([[0, 1]]), np.array([0, 1]))
    features = place_features(
        network, fabrication, FeaturesSection(pads=PadsSection()), (), words=""
    )
    return tile(network, np.array([width]), fabrication, features)
