"""Error of plane stress: the linear solid on the same triangles, free to change its thickness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fem.continuum import solve_continuum
from fem.extrusion import solve_solid
from mnnfab.errors import ToolError
from mnnfab.loaded_part.solid import MAX_TRIANGLES
from mnnfab.model.agreement import compare, relative_difference

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.printed_part.part import PortPart


@dataclass(frozen=True)
class SolidComparison:
    """The solid against plane stress, both with quadratic elements on the same triangles.

    Args:
        n_dofs: number of degrees of freedom of half of the solid.
        scale: factor from the outputs in plane stress to those of the solid, by least squares.
        residual: relative difference of the outputs after this factor.
        difference: relative difference of the outputs without it.
    """

    n_dofs: int
    scale: float
    residual: float
    difference: float


def compare_with_solid(part: PortPart, loads_N: FloatArray) -> SolidComparison | None:
    """Return the comparison under small loads; None if the solid is too large.

    Args:
        part: the part.
        loads_N: loads of the cases, (n_cases, n_in).
    """
    mesh, problem, task = part.first_mesh, part.problem, part.problem.task
    if len(mesh.triangles) > MAX_TRIANGLES:
        return None
    of_part = (problem.network, problem.material, task.inputs, task.outputs)
    try:
        solid, plane = solve_solid(mesh, *of_part), solve_continuum(mesh, *of_part)
    except (ToolError, MemoryError):
        return None
    found = compare(plane.response, solid.response, loads_N)
    return SolidComparison(
        n_dofs=solid.n_dofs,
        scale=found.scale,
        residual=found.displacement_residual,
        difference=relative_difference(plane.response, solid.response, loads_N),
    )
