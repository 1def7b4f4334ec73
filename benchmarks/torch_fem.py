"""Time of a rubber sheet, compared with torch-fem.

python benchmarks/torch_fem.py PEER_PYTHON. The Python given has torch-fem, and pypardiso for its
direct solver; see `peers/torch_fem_rubber.py`. A sheet of 18,370 degrees of freedom, quadratic
triangles, is

- bent as a cantilever by a dead load to more than half of its length; torch-fem has the same
  triangles, quadrature, law in plane stress and loads;
- stretched to ten times its length in plane stress, by a dead load, beside the benchmark that
  torch-fem publishes: a box of 18,375 degrees of freedom in space, stretched as much by
  prescribed displacements. Both states are uniform.

One thread each, time of the processor, which other programs disturb less than that of the clock.
torch-fem ends at its default tolerance of 1e-8, mnnfab at 1e-11. The faster linear solver of
torch-fem counts.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import skfem
from scipy import sparse

from fem.rubber.body import RubberBody, make_rubber
from fem.rubber.newton import Tangent
from fem.rubber.paths import Path as LoadPath
from fem.rubber.paths import at_rest, follow
from fem.supports import make_supports
from fem.system import System
from mnnfab.arrays import FloatArray, IntArray

PEER = Path(__file__).resolve().parent / "peers" / "torch_fem_rubber.py"
#: The sheet, mm, its divisions, thickness, Young's modulus (MPa) and Poisson's ratio.
LENGTH, WIDTH, DIVISIONS, THICKNESS, ELASTICITY = 30.0, 10.0, (83, 27), 1.0, (1000.0, 0.3)
#: The bending load, P L² / EI, and the stretch.
BENDING, STRETCH = 2.0, 10.0
#: Rounds of mnnfab; the shortest time counts.
REPEATS = 3


def sheet_basis() -> skfem.Basis:
    """Return quadratic triangles on the sheet."""
    along, across = (
        np.linspace(0.0, size, count + 1)
        for size, count in zip((LENGTH, WIDTH), DIVISIONS, strict=True)
    )
    mesh = skfem.MeshTri.init_tensor(along, across)
    return skfem.Basis(mesh, skfem.ElementTriP2(), intorder=2)


def make_body(basis: skfem.Basis, free: IntArray) -> RubberBody:
    """Return the rubber body; it has no ports, and its linear system is not solved."""
    n_dofs = 2 * int(basis.N)
    nothing = sparse.csc_array((n_dofs, 0))
    system = System(
        basis=basis,
        stiffness=sparse.csc_array((n_dofs, n_dofs)),
        free=free,
        supports=make_supports(nothing, (), 1.0),
        readings=nothing,
        load_vectors=nothing,
        solve_free=lambda loads: loads,
    )
    return make_rubber(system, np.full(basis.mesh.t.shape[1], THICKNESS), ELASTICITY)


def end_load(basis: skfem.Basis, axis: int) -> FloatArray:
    """Return a unit load spread evenly over the end of the sheet, (n_dofs,)."""
    end = skfem.FacetBasis(
        basis.mesh,
        basis.elem,
        facets=basis.mesh.facets_satisfying(lambda x: np.isclose(x[0], LENGTH)),
        intorder=2,
    )
    loads = np.zeros(2 * int(basis.N))
    loads[axis::2] = skfem.LinearForm(lambda v, _: v / WIDTH).assemble(end)
    return loads


def solve(basis: skfem.Basis, held: FloatArray, loads: FloatArray) -> tuple[float, LoadPath]:
    """Return the shortest time of assembly and load path, and the path."""
    free = np.flatnonzero(~held.ravel().astype(bool))
    times = []
    for _ in range(REPEATS + 1):  # the first one compiles
        start = time.process_time()
        tangent = Tangent(make_body(basis, free))
        path = follow(tangent, at_rest(tangent), loads)
        times.append(time.process_time() - start)
    assert not path.lost
    return min(times[1:]), path


def by_torch_fem(python: str, **question: Any) -> tuple[FloatArray, FloatArray]:
    """Return the time of each linear solver of torch-fem, and the displacements of the nodes."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder) / "question.npz", Path(folder) / "answer.npz"
        np.savez(asked, allow_pickle=False, **question)
        subprocess.run([python, str(PEER), str(asked), str(answer)], check=True)
        with np.load(answer, allow_pickle=False) as found:
            return found["seconds"], found["moved"]


def corners_and_middles(basis: skfem.Basis) -> IntArray:
    """Return the points of each triangle, counter-clockwise, (n_triangles, 6)."""
    points: IntArray = basis.element_dofs.T.copy()
    first, second, third = (basis.doflocs.T[points[:, i]] for i in range(3))
    (ax, ay), (bx, by) = (second - first).T, (third - first).T
    turned = ax * by < ay * bx
    points[turned] = points[turned][:, [0, 2, 1, 5, 4, 3]]
    return points


def report(name: str, ours: float, theirs: FloatArray) -> None:
    """Print the times of one case."""
    best = float(theirs.min())
    print(
        f"{name}: mnnfab {ours:.2f} s; torch-fem {theirs[0]:.1f} s by its default solver, "
        f"{theirs[1]:.1f} s by its direct one, ratio to mnnfab {best / ours:.1f}",
        flush=True,
    )


def main() -> None:
    """Print both comparisons."""
    python, basis = sys.argv[1], sheet_basis()
    places = basis.doflocs.T
    print(f"{2 * len(places):,} dofs")
    clamped = np.repeat(np.isclose(places[:, :1], 0.0), 2, axis=1)
    modulus = ELASTICITY[0]
    load = BENDING * modulus * THICKNESS * WIDTH**3 / 12 / LENGTH**2
    loads = -load * end_load(basis, 1)
    ours, path = solve(basis, clamped, loads)
    theirs, moved = by_torch_fem(
        python,
        nodes=places,
        elements=corners_and_middles(basis),
        forces=loads.reshape(-1, 2),
        held=clamped,
        elasticity=ELASTICITY,
    )
    found = path.end.field.reshape(-1, 2)
    report(f"bent to {np.abs(found).max():.1f} mm of {LENGTH:g} mm", ours, theirs)
    print(f"  displacements differ by {np.abs(found - moved).max():.1e} mm", flush=True)

    symmetric = np.stack([np.isclose(places[:, 0], 0.0), np.isclose(places[:, 1], 0.0)], axis=1)
    shear, power = modulus / (2 * (1 + ELASTICITY[1])), 1 + 2 * ELASTICITY[1]
    force = shear * (STRETCH - STRETCH**-power) * WIDTH * THICKNESS
    ours, path = solve(basis, symmetric, force * end_load(basis, 0))
    reached = 1 + path.end.field[::2].max() / LENGTH
    theirs, _ = by_torch_fem(python)
    report(f"stretched to {reached:.6f}, {len(path.states) - 1} load steps", ours, theirs)
    print(f"load average of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
