"""The solid model: quadratic tetrahedra in the lower half of the thickness."""

from __future__ import annotations

from mnnfab.printed_part.part import PortPart
from mnnfab.validation.model_hierarchy import HierarchyModel, PartModel


def make(part: PortPart) -> PartModel:
    """Return the solid model."""
    from fem.extrusion import solve_solid
    from fem.mesh import make_mesh

    problem, task = part.problem, part.problem.task
    section = problem.design.check
    # As fine as the first plane-stress mesh, with one quadratic element through half the thickness.
    mesh = make_mesh(
        part.modelled_tiling, section.elements_across_joint + 1, section.mesher_deadline_s
    )
    solid = solve_solid(mesh, problem.network, problem.material, task.inputs, task.outputs)
    return PartModel(solid.response, solid.n_dofs)


MODEL = HierarchyModel(60, "solid, tetrahedra", make)
