"""A program of its own: the flexibility of a mesh by NGSolve, with nothing of mnnfab.

`python ngsolve_reference.py QUESTION.npz ANSWER.npz`. In one process with cvxopt the two would
share a BLAS and be less independent. A port is a region of the mesh and an axis: its unit load
is a body force spread evenly over the region, its displacement the mean over the region.
Elements of held regions do not move at all.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import netgen.meshing as netgen
import ngsolve as ng
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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

    def mean(region: int, axis: int) -> Any:  # noqa: ANN401 - a vector of NGSolve
        place = mesh.Materials(_name([region]))
        size = ng.Integrate(ng.CF(1), mesh, definedon=place)
        return ng.LinearForm(v[axis] / size * ng.dx(definedon=place)).Assemble().vec

    fields = [(inverse * mean(*port)).Evaluate() for port in question["inputs"].tolist()]
    means = [mean(*port) for port in question["outputs"].tolist()]
    return np.array([[ng.InnerProduct(average, field) for field in fields] for average in means])


def _name(regions: Sequence[int]) -> str:
    return "|".join(f"region{number}" for number in regions)


def _mesh(points: Floats, elements: Ints, region: Ints) -> Any:  # noqa: ANN401 - a mesh of NGSolve
    dim = points.shape[1]
    mesh = netgen.Mesh(dim=dim)
    mesh.AddPoints(np.array(points, dtype=np.float64, order="C"))
    for index in range(1, int(region.max()) + 2):
        if dim == 2:
            mesh.Add(netgen.FaceDescriptor(surfnr=index, domin=index, bc=index))
        mesh.SetMaterial(index, _name([index - 1]))
        corners = np.array(elements[region == index - 1], dtype=np.int32, order="C")
        mesh.AddElements(dim=dim, index=index, data=corners, base=0)
    return ng.Mesh(mesh)  # it knows no geometry, so sides stay straight


if __name__ == "__main__":
    with np.load(sys.argv[1], allow_pickle=False) as given:
        answer = flexibility(dict(given))
    np.save(sys.argv[2], answer)
