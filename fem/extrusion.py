"""The solid (3D) model: tetrahedra of the extruded mesh, loaded and read as in plane stress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skfem import Basis, ElementTetP2, MeshTet

from fem.continuum import regions_of
from fem.elasticity import solid_constants
from fem.mesh import Mesh
from fem.system import Regions, Residuals, make_system, solve_ports
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.model.response import Response
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort
from mnnfab.profiles import Material

#: Quadrature order: exact for straight quadratic tetrahedra.
ORDER = 2
#: The three tetrahedra of a prism whose triangle has its corner numbers in ascending order; 3 to
#: 5 are above 0 to 2. Every side face is cut from the lower number below to the higher number
#: above, so the tetrahedra of neighbouring prisms conform.
CUTS = np.array([[0, 1, 2, 5], [0, 1, 4, 5], [0, 3, 4, 5]])


@dataclass(frozen=True, eq=False)
class Solid:
    """A solved solid model.

    Args:
        response: flexibility matrix (mm/N) and elongations, in the form of the bar model.
        residuals: force and energy residuals.
        n_dofs: number of degrees of freedom.
    """

    response: Response
    residuals: Residuals
    n_dofs: int


def solve_solid(
    mesh: Mesh,
    network: Network,
    material: Material,
    inputs: tuple[AnyPort, ...],
    outputs: tuple[AnyPort, ...],
    layers: int = 1,
) -> Solid:
    """Solve the solid model under unit loads.

    Part, loads and supports are symmetric about the middle plane, so only the lower half is
    modelled and its upper face is held in z. Load discs are cylinders through the whole
    thickness. As in plane stress, dots are modelled as a stiffer material in proportion to
    their height, and the tab is left out.

    Args:
        mesh: triangles of the part in the plane.
        network: nodes and bonds.
        material: material of the part.
        inputs: ports where unit loads act.
        outputs: ports where displacements are read.
        layers: number of element layers in half of the thickness.

    Raises:
        ToolError: if the stiffness matrix is not positive definite, or memory is insufficient.
    """
    height = float(mesh.region_heights[2 * mesh.n_nodes]) / 2  # of the first bond
    points, tetrahedra, triangle = extrude(mesh, height, layers)
    body = MeshTet(np.ascontiguousarray(points.T), np.ascontiguousarray(tetrahedra.T))
    basis = Basis(body, ElementTetP2(), intorder=ORDER)
    flat = regions_of(mesh, network)
    regions = Regions(
        flat.disc[triangle], flat.load_node[triangle], flat.held[triangle], mesh.n_nodes
    )
    symmetric = 3 * np.flatnonzero(basis.doflocs[2] > height * (1 - 1e-9)) + 2
    constants = solid_constants(material.youngs_modulus_MPa, material.poisson_ratio)
    # The half carries half of a load; with twice the stiffness it can be loaded as the whole.
    share = 2 * mesh.thickness_mm[triangle] / (2 * height)
    system = make_system(basis, constants, share, regions, network.supports, extra_held=symmetric)
    solution = solve_ports(system, network, inputs, outputs)
    return Solid(solution.response, solution.residuals, system.n_dofs)


def extrude(mesh: Mesh, height_mm: float, layers: int) -> tuple[FloatArray, IntArray, IntArray]:
    """Return points (n, 3), tetrahedra (m, 4), and the triangle below each tetrahedron (m,).

    Every triangle becomes one prism per layer, and every prism three tetrahedra.
    """
    n_points, levels = len(mesh.points), np.linspace(0.0, height_mm, layers + 1)
    points = np.vstack([np.column_stack([mesh.points, np.full(n_points, z)]) for z in levels])
    corners = np.sort(mesh.triangles, axis=1)
    prisms = np.vstack(
        [
            np.hstack([corners + layer * n_points, corners + (layer + 1) * n_points])
            for layer in range(layers)
        ]
    )
    tetrahedra: IntArray = prisms[:, CUTS].reshape(-1, 4)
    triangle = np.repeat(np.tile(np.arange(len(corners)), layers), len(CUTS))
    return points, tetrahedra, triangle
