"""The part as a stage: from a design and its widths to the tilings of what is printed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from geometry.cells import tile
from geometry.coupon import coupons
from geometry.part import Label, TiledPart
from geometry.placing import Load, place_features
from geometry.tiling import Tiling
from mnnfab.identity import design_sha256

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.problem import Problem


def tile_part(problem: Problem, widths_mm: FloatArray) -> Tiling:
    """Return the tiling of a design with its features.

    Raises:
        GeometryError: if there is no room for something.
    """
    design = problem.design
    features = place_features(
        problem.network,
        design.fabrication,
        design.features,
        _loads(problem),
        id_words(problem, widths_mm),
    )
    return tile(problem.network, widths_mm, design.fabrication, features)


def id_words(problem: Problem, widths_mm: FloatArray) -> str:
    """Return what the id of a part says; nothing if it has none."""
    section = problem.design.features.id
    if section is None:
        return ""
    digits = design_sha256(problem.design, problem.network, widths_mm)
    return section.words(problem.design.name, digits)


def _loads(problem: Problem) -> list[Load]:
    """Return the direction in which the load of each input pulls, at most of its samples."""
    task = problem.task
    if task is None:
        return []
    senses = np.where(task.loads_N.sum(axis=0) > 0, 1.0, -1.0)
    axes = [math.pi / 2 if port.axis == "y" else 0.0 for port in task.inputs]
    return [
        Load(port.node, axis if sense > 0 else axis - math.pi)
        for port, axis, sense in zip(task.inputs, axes, senses.tolist(), strict=True)
    ]


def printed_parts(problem: Problem, tiling: Tiling, widths_mm: FloatArray) -> list[TiledPart]:
    """Return the part, and its coupons if the design wants some."""
    design = problem.design
    digest = design_sha256(design, problem.network, widths_mm)

    def part(name: str, shape: Tiling, description: str) -> TiledPart:
        label = Label(name, digest, problem.material.name, description)
        return TiledPart(label, shape, merged_caps=design.export.merged_caps)

    words = f"mechanical neural network, {problem.network.n_bonds} bonds"
    parts = [part(design.name, tiling, words)]
    if design.features.coupon is not None:
        made = coupons(problem.network, design.fabrication, design.features.coupon)
        parts += [part(f"{design.name}-{kind}", shape, words) for kind, shape, words in made]
    return parts
