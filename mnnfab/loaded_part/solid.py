"""Buckling of the solid of a part: the reference for stability out of the plane.

The solid is solved for the load cases, and for the sample that the frame finds nearest to linear
buckling out of the plane: a mean load of a class says little about the heaviest sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fem.solid_buckling import solid_buckling
from mnnfab.arrays import FloatArray

if TYPE_CHECKING:
    from fem.mesh import Mesh
    from fem.solid_buckling import SolidBuckling
    from mnnfab.printed_part.part import PortPart
    from mnnfab.task.task import LoadCase

#: Largest number of triangles for which the solid is solved: half a minute for each load case.
MAX_TRIANGLES = 60_000


@dataclass(frozen=True, eq=False)
class Solid:
    """The solid of a part and the loads under which it is solved.

    Args:
        part: the part.
        mesh: triangles of the part.
        names: name of each load case, and of the critical sample if it is none of them.
        loads_N: their loads, (n_cases, n_in).
    """

    part: PortPart
    mesh: Mesh
    names: tuple[str, ...]
    loads_N: FloatArray

    def buckling(self, thickness_share: float = 1.0) -> dict[str, SolidBuckling]:
        """Return the buckling under each of the loads, by its name.

        Args:
            thickness_share: factor on the thickness of the part.

        Raises:
            ToolError: if the solver fails or memory is insufficient.
        """
        problem, mesh = self.part.problem, self.mesh
        if thickness_share != 1.0:
            mesh = replace(mesh, region_heights=thickness_share * mesh.region_heights)
        inputs = problem.task.inputs
        found = solid_buckling(mesh, problem.network, problem.material, inputs, self.loads_N)
        return dict(zip(self.names, found, strict=True))


def make_solid(part: PortPart, factors: FloatArray) -> Solid | None:
    """Return the solid of a part; None if its mesh is too large.

    Args:
        part: the part.
        factors: load factors of linear buckling out of the plane by the frame, (n_samples,).

    Raises:
        ToolError: if the mesher fails or times out.
    """
    mesh, cases = part.first_mesh, loaded_cases_of(part)
    if len(mesh.triangles) > MAX_TRIANGLES:
        return None
    names = [case.name for case in cases]
    loads = [case.loads_N for case in cases]
    samples, critical = part.problem.task.loads_N, int(factors.argmin())
    is_case = any(np.allclose(samples[critical], load) for load in loads)
    if np.isfinite(factors[critical]) and not is_case:
        names.append(f"sample {critical}")
        loads.append(tuple(samples[critical].tolist()))
    return Solid(part, mesh, tuple(names), np.array(loads))


def loaded_cases_of(part: PortPart) -> list[LoadCase]:
    """Return the load cases that have loads; the mean load of a class may be 0."""
    return [case for case in part.problem.task.load_cases if any(case.loads_N)]


def smallest_out_of_plane(buckling: dict[str, SolidBuckling]) -> float:
    """Return the smallest load factor of buckling out of the plane; infinite if there is none."""
    factors = [one.out_of_plane.factor for one in buckling.values()]
    return min((factor for factor in factors if factor is not None), default=np.inf)
