"""Time of one flexibility matrix of continuum and solid, compared with scikit-fem's default.

python benchmarks/continuum.py [SIZE…]. A size is the number of elements across a joint. Each size
runs in a separate process, so that its peak memory is measured separately. The default of
scikit-fem is a vector form and SciPy's `spsolve`; beyond 150,000 unknowns that takes minutes and
is left out.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import skfem
from skfem.helpers import ddot, sym_grad

from fem.averages import region_averages
from fem.continuum import regions_of, solve_continuum, triangulation
from fem.convergence import solve_to_tolerance
from fem.elasticity import plane_stress_constants, stress_law
from fem.extrusion import solve_solid
from fem.memory import predicted_bytes
from fem.mesh import Mesh, make_mesh
from geometry.cells import tile
from mnnfab import Problem, load_problem
from mnnfab.arrays import FloatArray
from mnnfab.network.ports import dofs_of

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "iris.toml"
#: The uniform iris network from 39,000 to more than 800,000 unknowns.
SIZES = (4, 6, 12, 26)
MOST_FOR_SPSOLVE = 150_000


def main() -> None:
    """Run every size in a separate process."""
    if sys.argv[1:2] == ["--one"]:
        one(int(sys.argv[2]))
        return
    for size in sys.argv[1:] or map(str, SIZES):
        subprocess.run([sys.executable, __file__, "--one", size], check=True)


def one(size: int) -> None:
    """Measure one size; for the smallest size also the solid and the refined meshes."""
    problem = load_problem(EXAMPLE)
    tiling = tile(problem.network, np.full(28, 2.0), problem.design.fabrication)
    start = time.perf_counter()
    mesh = make_mesh(tiling, size, 600.0)
    meshing = time.perf_counter() - start
    task = problem.task
    assert task is not None
    question = (mesh, problem.network, problem.material, task.inputs, task.outputs)
    if size <= SIZES[0]:
        solve_continuum(*question)  # imports at the first call are not timed
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    ours = solve_continuum(*question)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{ours.n_dofs:>9,} dofs: flexibility matrix {seconds:.2f} s ({len(task.inputs)} inputs, "
        f"{len(task.outputs)} outputs), peak memory {peak / 1e6:.2f} GB, increase "
        f"{(peak - before) / 1e6:.2f} GB ({predicted_bytes(ours.n_dofs, 2) / 1e9:.2f} GB "
        f"predicted); meshing {meshing:.2f} s"
    )
    if ours.n_dofs <= MOST_FOR_SPSOLVE:
        start = time.perf_counter()
        theirs = by_default(problem, mesh)
        default = time.perf_counter() - start
        difference = np.abs(theirs - ours.response.flexibility).max() / np.abs(theirs).max()
        print(
            f"{'':>9}  scikit-fem's default {default:.2f} s, ratio to mnnfab "
            f"{default / seconds:.1f}; largest relative difference {difference:.0e}"
        )
    if size == SIZES[0]:
        others(problem, seconds)


def by_default(problem: Problem, mesh: Mesh) -> FloatArray:
    """Return the flexibility matrix by a vector form, `condense` and `solve`, as in tutorials."""
    constants = plane_stress_constants(
        problem.material.youngs_modulus_MPa, problem.material.poisson_ratio
    )
    basis = skfem.Basis(triangulation(mesh), skfem.ElementVector(skfem.ElementTriP2()), intorder=2)

    @skfem.BilinearForm
    def form(u, v, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return w["t"] * ddot(stress_law(*constants, sym_grad(u)), sym_grad(v))

    thickness = np.broadcast_to(mesh.thickness_mm[:, None], basis.dx.shape)
    stiffness = form.assemble(basis, t=thickness)
    # Loads and outputs use the same region averages as mnnfab.
    scalar = skfem.Basis(basis.mesh, skfem.ElementTriP2(), intorder=2)
    regions = regions_of(mesh, problem.network)
    held = np.unique(basis.element_dofs[:, regions.held])
    columns = region_averages(scalar, regions.disc, mesh.n_nodes)
    task = problem.task
    assert task is not None
    rows = []
    for column in columns[:, dofs_of(task.inputs)].T.toarray():
        field = skfem.solve(*skfem.condense(stiffness, column, D=held))
        rows.append(columns[:, dofs_of(task.outputs)].T @ field)
    return np.array(rows).T


def others(problem: Problem, seconds: float) -> None:
    """Measure the sequence of refined meshes and a solid model of about 120,000 unknowns."""
    task, section = problem.task, problem.design.check
    assert task is not None
    tiling = tile(problem.network, np.full(28, 2.0), problem.design.fabrication)
    coarse = make_mesh(tiling, section.elements_across_joint, 600.0)
    start = time.perf_counter()
    ports = (task.inputs, task.outputs)
    _, told = solve_to_tolerance(
        coarse, problem.network, problem.material, ports, section.discretisation_tolerance
    )
    sequence = time.perf_counter() - start
    dofs = ", ".join(f"{level.n_dofs:,}" for level in told.levels)
    print(
        f"{'':>9}  refined to {told.tolerance:.1%} ({dofs} dofs, estimated error "
        f"{told.error:.2%}): {sequence:.2f} s, {sequence / seconds:.1f} times one solution"
    )
    finer = make_mesh(tiling, 3, 600.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    solid = solve_solid(finer, problem.network, problem.material, *ports)
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sheet = solve_continuum(finer, problem.network, problem.material, *ports)
    scale = np.vdot(sheet.response.flexibility, solid.response.flexibility)
    scale /= np.vdot(sheet.response.flexibility, sheet.response.flexibility)
    print(
        f"{solid.n_dofs:>9,} dofs in 3D: {took:.2f} s, peak memory {peak / 1e6:.2f} GB, increase "
        f"{(peak - before) / 1e6:.2f} GB ({predicted_bytes(solid.n_dofs, 3) / 1e9:.2f} GB "
        f"predicted); best-fit scale to plane stress {scale:.4f}"
    )


if __name__ == "__main__":
    main()
