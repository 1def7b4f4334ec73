"""A program of its own: a mesh solved by NGSolve, with nothing of mnnfab.

`python ngsolve_reference.py QUESTION.npz ANSWER.npz`. In one process with cvxopt the two would
share a BLAS and be less independent. A port is a region of the mesh and an axis: its unit load
is a body force spread evenly over the region, its displacement the mean over the region.
Elements of held regions do not move at all. Asked with `loads_N` or `cases_N`, it answers
with what regions of rubber move by; asked with `buckling_N`, with the lowest load factors of a
body in space; else with a flexibility.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import netgen.meshing as netgen
import ngsolve as ng
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, eigsh, splu

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Kind of identified points of netgen.
PERIODIC = 2


def flexibility(question: dict[str, Any]) -> Floats:
    """Return the flexibility, (n_out, n_in), with straight quadratic triangles or tetrahedra.

    In the plane the law is that of plane stress, and every region has its height.
    """
    points = question["points"]
    modulus, poisson = question["elasticity"].tolist()
    in_the_plane = points.shape[1] == 2
    lame = modulus * poisson / (1 + poisson) / (1 - poisson * (1 if in_the_plane else 2))
    shear = modulus / (2 * (1 + poisson))
    mesh = _mesh(points, question["elements"], question["region"])
    heights = question["heights"].tolist() if in_the_plane else []
    height = ng.CF(1)
    if in_the_plane:
        height = mesh.MaterialCF({_name([r]): value for r, value in enumerate(heights)})
    space = ng.VectorH1(mesh, order=2)
    u, v = space.TnT()
    strain = ng.Sym(ng.Grad(u))
    stress = height * (lame * ng.Trace(strain) * ng.Id(mesh.dim) + 2 * shear * strain)
    form = ng.BilinearForm(ng.InnerProduct(stress, ng.Sym(ng.Grad(v))) * ng.dx, symmetric=True)
    free = ~space.GetDofs(mesh.Materials(_name(question["held"].tolist())))
    inverse = form.Assemble().mat.Inverse(free, inverse="sparsecholesky")

    fields = [(inverse * _mean(space, *port)).Evaluate() for port in question["inputs"].tolist()]
    means = [_mean(space, *port) for port in question["outputs"].tolist()]
    return np.array([[ng.InnerProduct(average, field) for field in fields] for average in means])


def supported(question: dict[str, Any]) -> Floats:
    """Return the flexibility, (n_out, n_in), of a plane part with supports of single directions.

    A support is a region, a direction and a stiffness, inf for a rigid one. Its reaction R is an
    unknown of its own: the body and R are in equilibrium, and the mean displacement of the region
    along the direction is -R over the stiffness. SciPy solves the saddle-point system. Asked with
    `prescribed_mm` of the supports and `forces` of the inputs, it answers with the displacements
    of the outputs, followed by the forces that move the supports.
    """
    modulus, poisson = question["elasticity"].tolist()
    lame, shear = modulus * poisson / (1 - poisson**2), modulus / (2 * (1 + poisson))
    mesh = _mesh(question["points"], question["elements"], question["region"])
    heights = {_name([r]): value for r, value in enumerate(question["heights"].tolist())}
    space = ng.VectorH1(mesh, order=2)
    u, v = space.TnT()
    strain = ng.Sym(ng.Grad(u))
    stress = lame * ng.Trace(strain) * ng.Id(2) + 2 * shear * strain
    work = ng.InnerProduct(mesh.MaterialCF(heights) * stress, ng.Sym(ng.Grad(v)))
    body = ng.BilinearForm(work * ng.dx).Assemble().mat
    held = space.GetDofs(mesh.Materials(_name(question["held"].tolist())))
    free = np.flatnonzero(~np.array(list(held)))

    def mean(region: float, axis: int) -> Floats:
        return np.array(_mean(space, int(region), axis).FV().NumPy())[free]

    supports = question["supports"].tolist()
    along = np.array([x * mean(r, 0) + y * mean(r, 1) for r, x, y, _ in supports]).T
    soft = np.diag([-1.0 / stiffness for *_, stiffness in supports])
    rows, columns, values = body.COO()
    pairs = (np.array(values), (np.array(rows), np.array(columns)))
    matrix = sparse.csr_array(pairs, (body.height, body.width))[free][:, free]
    blocks: Any = [[matrix, along], [along.T, soft]]
    system = sparse.csc_array(sparse.block_array(blocks))
    loads = np.array([mean(*port) for port in question["inputs"].tolist()]).T
    readings = np.array([mean(*port) for port in question["outputs"].tolist()])
    if "prescribed_mm" in question:  # distances by which supports are displaced, with given loads
        given = np.concatenate([loads @ question["forces"], question["prescribed_mm"]])
        solved = splu(system).solve(given)
        return np.concatenate([readings @ solved[: len(free)], -solved[len(free) :]])
    padded = np.vstack([loads, np.zeros((len(supports), loads.shape[1]))])
    return readings @ splu(system).solve(padded)[: len(free)]


def periodic(question: dict[str, Any]) -> Floats:
    """Return the energies of one period under three unit strains, (3, 3), in plane stress.

    NGSolve identifies the pairs of points; its space of periodic functions does the rest.
    """
    modulus, poisson = question["elasticity"].tolist()
    lame, shear = modulus * poisson / (1 - poisson**2), modulus / (2 * (1 + poisson))
    pairs = [(number, one, other) for number, one, other in question["pairs"].tolist()]
    regions = np.zeros(len(question["elements"]), dtype=np.int64)
    mesh = _mesh(question["points"], question["elements"], regions, pairs)
    space = ng.Periodic(ng.VectorH1(mesh, order=2))
    u, v = space.TnT()

    def stress(strain: Any) -> Any:  # noqa: ANN401 - of NGSolve
        return lame * ng.Trace(strain) * ng.Id(2) + 2 * shear * strain

    def strain_of(field: Any) -> Any:  # noqa: ANN401 - of NGSolve
        return ng.Sym(ng.Grad(field))

    form = ng.BilinearForm(ng.InnerProduct(stress(strain_of(u)), strain_of(v)) * ng.dx).Assemble()
    free = space.FreeDofs()
    for dof in space.GetDofNrs(ng.NodeId(ng.VERTEX, 0)):
        free.Clear(dof)
    inverse = form.mat.Inverse(free, inverse="sparsecholesky")
    fields = []
    for entries in ((1, 0, 0, 0), (0, 0, 0, 1), (0, 0.5, 0.5, 0)):
        mean = ng.CF(entries, dims=(2, 2))
        load = ng.LinearForm(-ng.InnerProduct(stress(mean), strain_of(v)) * ng.dx).Assemble().vec
        field = ng.GridFunction(space)
        field.vec.data = inverse * load
        fields.append(mean + strain_of(field))
    return np.array(
        [[ng.Integrate(ng.InnerProduct(stress(a), b), mesh) for a in fields] for b in fields]
    )


def rubber(question: dict[str, Any]) -> Floats:
    """Return what regions 0 to n move by, (n_loads, 2, n, 2): linear theory, large displacements.

    Plane stress of an incompressible neo-Hookean material: its energy per area of the undeformed
    plane is h E/6 (F:F + det(F)⁻² - 3). Loads keep their directions.
    """
    mesh = _mesh(question["points"], question["elements"], question["region"])
    heights = {_name([r]): value for r, value in enumerate(question["heights"].tolist())}
    space = ng.VectorH1(mesh, order=2)
    u = space.TrialFunction()
    free = ~space.GetDofs(mesh.Materials(_name(question["held"].tolist())))
    stretch = ng.Id(2) + ng.Grad(u)
    energy = ng.InnerProduct(stretch, stretch) + ng.Det(stretch) ** -2 - 3
    form = ng.BilinearForm(space, symmetric=True)
    form += ng.Variation(mesh.MaterialCF(heights) * question["modulus"].item() / 6 * energy * ng.dx)

    means = [
        [_mean(space, region, axis) for axis in (0, 1)] for region in range(int(question["n"]))
    ]

    def read(field: Any) -> list[list[float]]:  # noqa: ANN401 - a vector of NGSolve
        return [[ng.InnerProduct(one, field) for one in axes] for axes in means]

    def solve(load: Any, state: Any) -> Any:  # noqa: ANN401 - vectors of NGSolve
        forces = state.CreateVector()
        form.Apply(state, forces)
        form.AssembleLinearization(state)
        return (form.mat.Inverse(free, inverse="sparsecholesky") * (load - forces)).Evaluate()

    answer = []
    for (region, axis), size in zip(
        question["inputs"].tolist(), question["loads_N"].tolist(), strict=True
    ):
        load = (size * _mean(space, region, axis)).Evaluate()
        state = ng.GridFunction(space).vec
        state[:] = 0.0
        linear = read(solve(load, state))
        for share in (0.25, 0.5, 0.75, 1.0):
            change = solve((share * load).Evaluate(), state)
            while change.Norm() > 1e-9 * state.Norm():
                state.data += change
                change = solve((share * load).Evaluate(), state)
        answer.append((linear, read(state)))
    return np.array(answer)


def loaded(question: dict[str, Any]) -> Floats:
    """Return what regions 0 to n move by under loads of several inputs at once, (n_loads, n, 2).

    Plane stress of a neo-Hookean material of any Poisson's ratio, with the same three points of
    integration a triangle as ours. The weight acts along -y; movements are counted from the
    state under the weight alone.
    """
    form, free, weight, inputs, means = rubber_system(question)

    def equilibrium(loads: Sequence[float]) -> Floats:
        state = weight.CreateVector()
        state[:] = 0.0
        for share in (0.5, 1.0):
            load = (share * weight).Evaluate()
            for size, vector in zip(loads, inputs, strict=True):
                load.data += share * size * vector
            for _ in range(30):
                forces = state.CreateVector()
                form.Apply(state, forces)
                form.AssembleLinearization(state)
                inverse = form.mat.Inverse(free, inverse="sparsecholesky")
                change = (inverse * (load - forces)).Evaluate()
                state.data += change
                if change.Norm() <= 1e-12 * state.Norm():
                    break
        return np.array([[ng.InnerProduct(one, state) for one in axes] for axes in means])

    hanging = equilibrium([0.0] * len(inputs))
    return np.array([equilibrium(loads) - hanging for loads in question["cases_N"].tolist()])


def rubber_system(question: dict[str, Any]) -> tuple[Any, Any, Any, list[Any], list[list[Any]]]:
    """Return the form of `loaded`, free unknowns, weight, loads of the inputs, and readings."""
    mesh = _mesh(question["points"], question["elements"], question["region"])
    heights = {_name([r]): value for r, value in enumerate(question["heights"].tolist())}
    height = mesh.MaterialCF(heights)
    modulus, poisson = question["elasticity"].tolist()
    ratio = poisson / (1 - poisson)
    space = ng.VectorH1(mesh, order=2)
    u, v = space.TnT()
    free = ~space.GetDofs(mesh.Materials(_name(question["held"].tolist())))
    stretch = ng.Id(2) + ng.Grad(u)
    energy = ng.InnerProduct(stretch, stretch) + (ng.Det(stretch) ** (-2 * ratio) - 1) / ratio
    points = [(1 / 6, 1 / 6), (2 / 3, 1 / 6), (1 / 6, 2 / 3)]
    rule = {ng.TRIG: ng.IntegrationRule(points=points, weights=[1 / 6] * 3)}
    form = ng.BilinearForm(space, symmetric=True)
    form += ng.Variation(height * modulus / (4 * (1 + poisson)) * energy * ng.dx(intrules=rule))
    weight = ng.LinearForm(-question["weight_N_per_mm3"].item() * height * v[1] * ng.dx)
    inputs = [_mean(space, region, axis) for region, axis in question["inputs"].tolist()]
    means = [
        [_mean(space, region, axis) for axis in (0, 1)] for region in range(int(question["n"]))
    ]
    return form, free, weight.Assemble().vec, inputs, means


def buckling(question: dict[str, Any]) -> Floats:
    """Return the lowest positive factors of (K + λ K_σ) φ = 0 and their modes' shares of u_z.

    K_σ is ∫ σ_ab ∂a u_c ∂b v_c with the stress σ under the loads `buckling_N`. The answer is
    (n_modes, 2); a share is ∫ u_z² over ∫ |u|².
    """
    modulus, poisson = question["elasticity"].tolist()
    lame = modulus * poisson / ((1 + poisson) * (1 - 2 * poisson))
    shear = modulus / (2 * (1 + poisson))
    mesh = _mesh(question["points"], question["elements"], question["region"])
    share = mesh.MaterialCF({_name([r]): v for r, v in enumerate(question["share"].tolist())})
    space = ng.VectorH1(mesh, order=2)
    u, v = space.TnT()

    def law(field: Any) -> Any:  # noqa: ANN401 - of NGSolve
        strain = ng.Sym(ng.Grad(field))
        return share * (lame * ng.Trace(strain) * ng.Id(3) + 2 * shear * strain)

    stiffness = ng.BilinearForm(ng.InnerProduct(law(u), ng.Grad(v)) * ng.dx).Assemble().mat
    free = ~space.GetDofs(mesh.Materials(_name(question["held"].tolist())))
    inverse = stiffness.Inverse(free, inverse="sparsecholesky")
    state = ng.GridFunction(space)
    state.vec[:] = 0.0
    ports = zip(question["inputs"].tolist(), question["buckling_N"].tolist(), strict=True)
    for (region, axis), size in ports:
        state.vec.data += size * (inverse * _mean(space, region, axis))
    work = ng.InnerProduct(ng.Grad(u) * law(state), ng.Grad(v))
    geometric = ng.BilinearForm(work * ng.dx(bonus_intorder=4)).Assemble().mat

    places = np.flatnonzero(np.array(list(free)))

    def solve(load: Floats) -> Floats:
        vector = state.vec.CreateVector()
        vector[:] = 0.0
        vector.FV().NumPy()[places] = load.ravel()
        return np.array((inverse * vector).Evaluate().FV().NumPy()[places])

    def reduced(matrix: Any) -> sparse.csr_array:  # noqa: ANN401 - of NGSolve
        rows, columns, values = matrix.COO()
        shape = (matrix.height, matrix.width)
        whole = sparse.csr_array((np.array(values), (np.array(rows), np.array(columns))), shape)
        return whole[places][:, places]

    values, modes = eigsh(
        -reduced(geometric),
        k=int(question["n_modes"]),
        M=reduced(stiffness),
        Minv=LinearOperator((len(places), len(places)), matvec=solve, dtype=np.float64),
        which="LA",
        v0=solve(np.random.default_rng(1).standard_normal(len(places))),
        tol=1e-9,
    )
    answer = []
    for value, mode in zip(values[::-1], modes.T[::-1], strict=True):
        state.vec.FV().NumPy()[places] = mode
        squares = [ng.Integrate(state[axis] ** 2, mesh) for axis in range(3)]
        answer.append((1 / value, squares[2] / sum(squares)))
    return np.array(answer)


def _mean(space: Any, region: int, axis: int) -> Any:  # noqa: ANN401 - of NGSolve
    """Return what takes the mean of a field over a region, and is a load spread over it."""
    mesh, place = space.mesh, space.mesh.Materials(_name([region]))
    size = ng.Integrate(ng.CF(1), mesh, definedon=place)
    return ng.LinearForm(space.TestFunction()[axis] / size * ng.dx(definedon=place)).Assemble().vec


def _name(regions: Sequence[int]) -> str:
    return "|".join(f"region{number}" for number in regions)


def _mesh(
    points: Floats, elements: Ints, region: Ints, pairs: Sequence[tuple[int, int, int]] = ()
) -> Any:  # noqa: ANN401 - a mesh of NGSolve
    dim = points.shape[1]
    mesh = netgen.Mesh(dim=dim)
    mesh.AddPoints(np.array(points, dtype=np.float64, order="C"))
    for index in range(1, int(region.max()) + 2):
        if dim == 2:
            mesh.Add(netgen.FaceDescriptor(surfnr=index, domin=index, bc=index))
        mesh.SetMaterial(index, _name([index - 1]))
        corners = np.array(elements[region == index - 1], dtype=np.int32, order="C")
        mesh.AddElements(dim=dim, index=index, data=corners, base=0)
    for number, one, other in pairs:
        mesh.AddPointIdentification(one + 1, other + 1, number + 1, PERIODIC)
    return ng.Mesh(mesh)  # it knows no geometry, so sides stay straight


if __name__ == "__main__":
    with np.load(sys.argv[1], allow_pickle=False) as given:
        by_key = {"loads_N": rubber, "cases_N": loaded, "buckling_N": buckling}
        by_key |= {"supports": supported, "pairs": periodic}
        ask = next((by_key[key] for key in by_key if key in given), flexibility)
        answer = ask(dict(given))
    np.save(sys.argv[2], answer)
