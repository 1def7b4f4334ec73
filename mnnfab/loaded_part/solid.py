"""Buckling of the solid of a part under its load cases: the reference for stability."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fem.solid_buckling import solid_buckling

if TYPE_CHECKING:
    from fem.mesh import Mesh
    from fem.solid_buckling import SolidBuckling
    from mnnfab.printed_part.part import PortPart
    from mnnfab.task.task import LoadCase

#: Largest number of triangles for which the solid is solved: half a minute for each load case.
MAX_TRIANGLES = 60_000


def solid_mesh(part: PortPart) -> Mesh | None:
    """Return the first mesh of the continuum model; None if it is too large for the solid.

    Raises:
        ToolError: if the mesher fails or times out.
    """
    mesh = part.first_mesh
    return mesh if len(mesh.triangles) <= MAX_TRIANGLES else None


def case_buckling(
    part: PortPart, mesh: Mesh, thickness_share: float = 1.0
) -> dict[str, SolidBuckling]:
    """Return the buckling of the solid under each load case with loads, by its name.

    Args:
        part: the part.
        mesh: triangles of the part.
        thickness_share: factor on the thickness of the part.

    Raises:
        ToolError: if the solver fails or memory is insufficient.
    """
    problem, cases = part.problem, loaded_cases_of(part)
    if thickness_share != 1.0:
        mesh = replace(mesh, region_heights=thickness_share * mesh.region_heights)
    loads = [case.loads_N for case in cases]
    if not loads:
        return {}
    found = solid_buckling(mesh, problem.network, problem.material, problem.task.inputs, loads)
    return {case.name: one for case, one in zip(cases, found, strict=True)}


def loaded_cases_of(part: PortPart) -> list[LoadCase]:
    """Return the load cases that have loads; the mean load of a class may be 0."""
    return [case for case in part.problem.task.load_cases if any(case.loads_N)]


def smallest_out_of_plane(buckling: dict[str, SolidBuckling]) -> float:
    """Return the smallest load factor of buckling out of the plane; infinite if there is none."""
    factors = [one.out_of_plane.factor for one in buckling.values()]
    return min((factor for factor in factors if factor is not None), default=np.inf)
