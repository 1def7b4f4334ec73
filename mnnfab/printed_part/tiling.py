"""Tilings of the part and the coupons of a design."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from geometry.cells import tile
from geometry.coupon import Coupon, coupons
from geometry.part import Label, TiledPart
from geometry.placing import Load, place_features
from geometry.tiling import Tiling
from mnnfab.design.features_section import PadsSection
from mnnfab.problem.part_hash import design_sha256

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.network.ports import Port
    from mnnfab.problem.problem import Problem


def tile_part(problem: Problem, widths_mm: FloatArray) -> Tiling:
    """Return the tiling of a design with its features.

    Raises:
        GeometryError: if there is not enough room for a bond, hub or feature.
    """
    design, section = problem.design, problem.design.features.id
    features = place_features(
        problem.network,
        design.fabrication,
        design.features,
        _loads(problem),
        section.text_for(design.name, part_sha256(problem, widths_mm)) if section else "",
        section.widest_text(design.name) if section else "",
    )
    return tile(problem.network, widths_mm, design.fabrication, features)


def part_sha256(problem: Problem, widths_mm: FloatArray) -> str:
    """Return the hash of a design with these widths."""
    return design_sha256(problem.design, problem.network, problem.material, widths_mm)


def coupons_of(problem: Problem) -> list[Coupon]:
    """Return the coupons of a design.

    Raises:
        GeometryError: if the joints or pads of a coupon do not fit.
    """
    design = problem.design
    if design.features.coupon is None:
        return []
    pads = design.features.pads or PadsSection()
    return coupons(problem.network, design.fabrication, design.features.coupon, pads)


def _loads(problem: Problem) -> list[Load]:
    """Return the direction of the load of each input, by the sign of its sum over the samples."""
    task = problem.task
    if task is None:
        return []
    senses = np.where(task.given_sizes.sum(axis=0) > 0, 1.0, -1.0)
    return [
        Load(term.node, _heading(term, sense * factor))
        for port, sense in zip(task.inputs, senses.tolist(), strict=True)
        for factor, term in port.terms
    ]


def _heading(port: Port, sense: float) -> float:
    """Return the direction of a load along a port, radians from x."""
    axis = math.atan2(port.vector[1], port.vector[0])
    return axis if sense > 0 else axis - math.pi


def printed_parts(problem: Problem, tiling: Tiling, widths_mm: FloatArray) -> list[TiledPart]:
    """Return the part and the coupons of the design."""
    design = problem.design
    digest = part_sha256(problem, widths_mm)

    def part(name: str, shape: Tiling, description: str) -> TiledPart:
        label = Label(name, digest, problem.material.name, description)
        return TiledPart(label, shape, merged_caps=design.export.merged_caps)

    description = f"mechanical neural network, {problem.network.n_bonds} bonds"
    parts = [part(design.name, tiling, description)]
    for coupon in coupons_of(problem):
        parts.append(part(f"{design.name}-{coupon.name}", coupon.tiling, coupon.description))
    return parts
