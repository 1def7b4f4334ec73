"""Linear buckling of a solid (3D) part that is free in z: in its plane and out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fem.averages import region_averages
from fem.buckling import Buckling, lowest_buckling
from fem.continuum import regions_of, triangulation
from fem.elasticity import solid_constants
from fem.memory import out_of_memory, require_memory
from fem.mesh import Mesh
from fem.prisms import (
    Family,
    Prisms,
    StressIntegrals,
    make_family,
    make_prisms,
    make_section,
    middle_plane,
    prism_stiffness,
    prism_stress,
    prism_stress_stiffness,
    stress_integrals,
)
from fem.supports import Supports, make_supports
from fem.system import MAX_RESIDUAL, Regions, require_held
from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.errors import InputError, ToolError
from mnnfab.linalg.cholesky import Solve, factorise
from mnnfab.linalg.constraints import constrained
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, port_vectors
from mnnfab.network.supports import Support
from mnnfab.profiles import Material

#: Degree of the displacements across the thickness.
DEGREE = 2


@dataclass(frozen=True, eq=False)
class SolidBuckling:
    """Buckling of a solid part under a load.

    The modes are displacements of the middle plane, (n_points, 3). They have u_z = 0 in the
    plane, and u_x = u_y = 0 out of it.

    Args:
        in_plane: lowest load factor of the modes that are symmetric about the middle plane.
        out_of_plane: lowest load factor of the antisymmetric modes.
        points_mm: the points of the modes, (n_points, 2): those of the mesh followed by the
            midpoints of its sides.
        n_dofs: number of degrees of freedom of both families of modes.
    """

    in_plane: Buckling
    out_of_plane: Buckling
    points_mm: FloatArray
    n_dofs: int

    @property
    def factor(self) -> float | None:
        """Lowest load factor; None if one of the two is unknown."""
        one, other = self.in_plane.factor, self.out_of_plane.factor
        return None if one is None or other is None else min(one, other)


@dataclass(frozen=True, eq=False)
class _System:
    """The system of one family of displacements on its free degrees of freedom."""

    prisms: Prisms
    family: Family
    free: IntArray
    stiffness: sparse.csc_array
    solve: Solve
    supports: Supports


@dataclass(frozen=True, eq=False)
class _Stress:
    """Integrals of a stress that is divided by its largest component, `size` MPa."""

    size: float
    integrals: StressIntegrals


def solid_buckling(
    mesh: Mesh,
    network: Network,
    material: Material,
    inputs: tuple[AnyPort, ...],
    load_cases_N: FloatArray | Sequence[Sequence[float]],
    degree: int = DEGREE,
) -> tuple[SolidBuckling, ...]:
    """Return the buckling of a solid part under each load case, from its linear stress.

    Load discs and pads of fixed nodes are clamped, and those of rigid supports do not move out of
    the plane on average; the rest is free in z. Loads act on cylinders through the whole thickness
    and keep their directions. As in `solve_solid`, dots are
    modelled as a stiffer material and the tab is left out, so the part is symmetric about its
    middle plane: symmetric and antisymmetric modes are solved separately.

    Args:
        mesh: triangles of the part in the plane.
        network: nodes and bonds.
        material: material of the part.
        inputs: ports where loads act.
        load_cases_N: force at each input, (n_cases, n_in).
        degree: degree of the displacements across the thickness, at least 2.

    Raises:
        InputError: if there is not one finite load per input.
        ToolError: if the stiffness matrix is not positive definite, or memory is insufficient.
    """
    loads = _checked_loads(load_cases_N, len(inputs))
    symmetric, antisymmetric = (make_family(degree, in_plane=one) for one in (True, False))
    triangles, regions = triangulation(mesh), regions_of(mesh, network)
    n_points = int(triangles.nvertices + triangles.nfacets)
    n_dofs = n_points * (len(symmetric.degree) + len(antisymmetric.degree))
    require_memory(n_points * len(symmetric.degree), 3)  # one family at a time
    require_held(regions, network.supports)
    try:
        prisms = _make_prisms(mesh, material, degree)
        system = _factorised(prisms, symmetric, regions, network.supports)
        forces = _unit_forces(system, regions, inputs) @ loads.T
        stresses = [_stress(system, force) for force in forces.T]
        in_plane = _buckling(system, stresses)
        del system  # so that there is only one factor in memory
        system = _factorised(prisms, antisymmetric, regions, network.supports)
        out_of_plane = _buckling(system, stresses)
    except MemoryError as error:
        raise out_of_memory(n_dofs) from error
    order = np.concatenate([prisms.basis.nodal_dofs[0], prisms.basis.facet_dofs[0]])
    points = frozen_floats(prisms.basis.doflocs[:, order].T)
    return tuple(
        SolidBuckling(_at(order, one), _at(order, other), points, n_dofs)
        for one, other in zip(in_plane, out_of_plane, strict=True)
    )


def _checked_loads(
    load_cases_N: FloatArray | Sequence[Sequence[float]], n_inputs: int
) -> FloatArray:
    loads = np.array(load_cases_N, dtype=np.float64)
    finite = np.isfinite(loads).all()
    if loads.ndim != 2 or loads.shape[1] != n_inputs or not finite:
        given = f"an array of shape {loads.shape}" if finite else "loads that are not finite"
        allowed = f"one finite load per input, (n_cases, {n_inputs})"
        raise InputError("solid_buckling, load_cases_N", given, allowed)
    return loads


def _make_prisms(mesh: Mesh, material: Material, degree: int) -> Prisms:
    height = float(mesh.region_heights[2 * mesh.n_nodes])  # of the first bond
    constants = solid_constants(material.youngs_modulus_MPa, material.poisson_ratio)
    section = make_section(degree, height)
    return make_prisms(triangulation(mesh), section, constants, mesh.thickness_mm / height)


def _factorised(
    prisms: Prisms, family: Family, regions: Regions, supports: Sequence[Support]
) -> _System:
    held = np.unique(prisms.basis.element_dofs[:, regions.held])
    points, size = np.setdiff1d(np.arange(prisms.basis.N), held), len(family.degree)
    free = (size * points[:, None] + np.arange(size)).ravel()
    body = prism_stiffness(prisms, family)
    scale = float(body.diagonal().mean())
    grounded = _supports(prisms, family, regions, supports, scale)
    solve = factorise(grounded.augmented(body)[free][:, free])
    held_vectors = grounded.held[free].toarray()
    stiffness = grounded.with_springs(body)[free][:, free]
    solve = constrained(solve, held_vectors)
    return _System(prisms, family, free, stiffness, solve, grounded)


def _supports(
    prisms: Prisms,
    family: Family,
    regions: Regions,
    supports: Sequence[Support],
    scale: float,
) -> Supports:
    """Return the supports on the unknowns of a family.

    In the plane they act on mean displacements; out of it, the mean u_z of the discs of rigid
    supports is zero.
    """
    averages = region_averages(prisms.basis, regions.disc, regions.n_nodes)
    in_plane = 2 not in family.component[family.degree == 0]
    if in_plane:
        functions = _in_family(family, averages, {0: 0, 1: 1})
        return make_supports(functions, supports, scale)
    nodes = np.unique([one.port.node for one in supports if one.is_rigid]).astype(np.int64)
    held = _in_family(family, averages[:, 2 * nodes], {0: 2})
    no_springs = sparse.csc_array((held.shape[0], 0))
    return Supports(held, no_springs, np.empty(0), scale)


def _in_family(
    family: Family, averages: sparse.csc_array, components: Mapping[int, int]
) -> sparse.csc_array:
    """Return averages in the plane as functionals of the unknowns of a family.

    Args:
        family: the family.
        averages: averages over discs, (2 n_points, n_averages).
        components: component of the displacement that each axis of the averages stands for.
    """
    n_points, size = averages.shape[0] // 2, len(family.degree)
    entries = averages.tocoo()
    points, axes = np.divmod(entries.row, 2)
    unknown = np.full(2, -1)
    for axis, component in components.items():
        unknown[axis] = family.first(component)
    used = unknown[axes] >= 0
    rows = size * points[used] + unknown[axes[used]]
    shape = (size * n_points, averages.shape[1])
    return sparse.csc_array(
        sparse.coo_array((entries.data[used], (rows, entries.col[used])), shape=shape)
    )


def _unit_forces(system: _System, regions: Regions, inputs: tuple[AnyPort, ...]) -> FloatArray:
    """Return the load vectors of unit loads at the inputs, (n_dofs, n_in).

    The mean of P_k over the thickness is 0 except for k = 0.
    """
    family = system.family
    averages = region_averages(system.prisms.basis, regions.load_node, regions.n_nodes)
    vectors = port_vectors(regions.n_nodes, inputs)
    loads = (averages @ vectors).toarray().reshape(-1, 2, len(inputs))
    forces = np.zeros((len(loads), len(family.degree), len(inputs)))
    for axis in (0, 1):
        forces[:, family.first(axis)] = loads[:, axis]
    return forces.reshape(-1, len(inputs))


def _stress(system: _System, force: FloatArray) -> _Stress | None:
    """Return the stress under a load; None if there is none."""
    field, load = np.zeros_like(force), force[system.free]
    field[system.free] = system.solve(load)
    unbalanced = np.zeros((len(force), 1))
    unbalanced[system.free, 0] = system.stiffness @ field[system.free] - load
    unbalanced -= system.supports.reactions(unbalanced)
    residual = np.abs(unbalanced[system.free]).max()
    if not residual <= MAX_RESIDUAL * np.abs(load).max():  # NaN is rejected too
        msg = "the stiffness matrix is singular, or nearly so: a motion is almost unconstrained"
        raise ToolError(msg)
    stress = prism_stress(system.prisms, system.family, field)
    size = float(np.abs(stress).max())
    if size < np.finfo(np.float64).tiny:
        return None
    # Normalised, so that very small or large loads do not under- or overflow.
    return _Stress(size, stress_integrals(system.prisms, stress / size))


def _buckling(system: _System, stresses: Sequence[_Stress | None]) -> list[Buckling]:
    """Return the lowest load factor of a family and its mode in the middle plane, per stress.

    The mode of each is the start of the next one.
    """
    prisms, family, free = system.prisms, system.family, system.free
    results = list[Buckling]()
    similar: FloatArray | None = None
    for stress in stresses:
        field = np.zeros(int(prisms.basis.N) * len(family.degree))
        factor: float | None = np.inf
        if stress is not None:
            geometric = prism_stress_stiffness(prisms, stress.integrals, family)[free][:, free]
            found = lowest_buckling(system.stiffness, geometric, system.solve, stress.size, similar)
            factor, field[free], similar = found.factor, found.mode, found.mode
        mode = middle_plane(family, field)
        mode /= np.abs(mode).max() or 1.0
        results.append(Buckling(factor, mode))
    return results


def _at(order: IntArray, buckling: Buckling) -> Buckling:
    return Buckling(buckling.factor, frozen_floats(buckling.mode[order]))
