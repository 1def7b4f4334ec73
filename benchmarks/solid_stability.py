"""Time of linear buckling of the solid, in its plane and out of it, compared with NGSolve.

python benchmarks/solid_stability.py [ELEMENTS_ACROSS_JOINT…]. The part is `behaviour-left` with
trained widths under its load; at 2 elements it has about 94,000 unknowns. NGSolve has the same
prisms with all unknowns in one matrix, and the eigenvalue solver of SciPy. `--convergence`
prints the load factors of finer meshes and higher degrees across the thickness instead.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import resource
import runpy
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from fem.memory import predicted_bytes
from fem.mesh import Mesh, make_mesh
from fem.solid_buckling import solid_buckling
from mnnfab import load_problem, train_problem
from mnnfab.network.ports import dofs_of
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.problem.problem import require_ports

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "behaviour-left.toml"
REFERENCE = ROOT / "tests" / "ngsolve_reference.py"
REPEATS = 3
#: Modes that NGSolve computes; both kinds are among them.
N_MODES = 6
#: Elements across a joint, and degrees across the thickness, of the convergence study.
SIZES, DEGREES = (1, 2, 3, 4), (2, 3, 4)


def trained_part() -> PortPart:
    """Return the part of the example."""
    problem = load_problem(EXAMPLE)
    return PrintedPart(require_ports(problem), train_problem(problem).widths_mm)


def mesh_of(part: PortPart, across: int) -> Mesh:
    """Return the mesh with a number of elements across a joint."""
    return make_mesh(part.modelled_tiling, across, 600.0)


def factors(part: PortPart, mesh: Mesh, degree: int = 2) -> tuple[float, float, int]:
    """Return the load factors in and out of the plane, and the number of unknowns."""
    problem, task = part.problem, part.problem.task
    loads = [case.loads_N for case in task.load_cases]
    (found,) = solid_buckling(
        mesh, problem.network, problem.material, task.inputs, loads, degree=degree
    )
    assert found.in_plane.factor
    assert found.out_of_plane.factor
    return found.in_plane.factor, found.out_of_plane.factor, found.n_dofs


def compare(part: PortPart, across: int) -> None:
    """Print time and load factors of both programs."""
    mesh = mesh_of(part, across)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    factors(part, mesh)  # imports at the first call are not timed
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        in_plane, out_of_plane, n_dofs = factors(part, mesh)
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, symmetric = min(times), n_dofs * 5 // 9
    print(
        f"{n_dofs:>9,} dofs: {seconds:.2f} s (slowest of {REPEATS} {max(times):.2f} s), peak "
        f"memory {peak / 1e6:.2f} GB, increase {(peak - before) / 1e6:.2f} GB "
        f"({predicted_bytes(symmetric, 3) / 1e9:.2f} GB predicted)\n{'':>9}  load factors "
        f"{in_plane:.4f} in the plane, {out_of_plane:.4f} out",
        flush=True,
    )
    if not find_spec("ngsolve"):
        print(f"{'':>9}  ngsolve is not installed")
        return
    theirs, modes = by_ngsolve(part, mesh)
    across_share = modes[:, 1]
    print(
        f"{'':>9}  NGSolve {theirs:.2f} s, ratio to mnnfab {theirs / seconds:.1f}; load factors "
        f"{modes[across_share < 0.5, 0].min():.4f} in the plane, "
        f"{modes[across_share > 0.5, 0].min():.4f} out",
        flush=True,
    )


def by_ngsolve(part: PortPart, mesh: Mesh) -> tuple[float, np.ndarray]:
    """Return the time of NGSolve in a process of its own, without imports, and its modes."""
    task, height = part.problem.task, part.problem.design.fabrication.thickness_mm
    n_points, material = len(mesh.points), part.problem.material
    levels = [np.column_stack([mesh.points, np.full(n_points, z)]) for z in (0.0, height)]
    question: dict[str, Any] = {
        "points": np.vstack(levels),
        "elements": np.hstack([mesh.triangles, mesh.triangles + n_points]),
        "region": mesh.region,
        "share": mesh.region_heights / height,
        "elasticity": [material.youngs_modulus_MPa, material.poisson_ratio],
        "held": part.problem.network.fixed,
        "inputs": [divmod(dof, 2) for dof in dofs_of(task.inputs).tolist()],
        "buckling_N": task.load_cases[0].loads_N,
        "n_modes": N_MODES,
    }
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder) / "question.npz", Path(folder) / "answer.npz"
        np.savez(asked, allow_pickle=False, **question)
        command = [sys.executable, __file__, "--ngsolve", str(asked), str(answer)]
        subprocess.run(command, check=True)
        with np.load(answer) as found:
            return float(found["seconds"]), found["modes"]


def run_ngsolve(asked: str, answer: str) -> None:
    """Answer a question in this process, and measure the time."""
    reference = runpy.run_path(str(REFERENCE))
    with np.load(asked, allow_pickle=False) as given:
        question = dict(given)
    start = time.perf_counter()
    modes = reference["buckling"](question)
    np.savez(answer, seconds=time.perf_counter() - start, modes=modes)


def convergence(part: PortPart) -> None:
    """Print load factors by mesh size and degree."""
    for across in SIZES:
        mesh = mesh_of(part, across)
        for degree in DEGREES:
            start = time.perf_counter()
            in_plane, out_of_plane, n_dofs = factors(part, mesh, degree)
            took = time.perf_counter() - start
            print(
                f"{across} elements across a joint, degree {degree}: {n_dofs:>8,} dofs, "
                f"{in_plane:.4f} in the plane, {out_of_plane:.4f} out, {took:.1f} s",
                flush=True,
            )


def main() -> None:
    """Print the comparison, or the convergence."""
    if sys.argv[1:2] == ["--ngsolve"]:
        run_ngsolve(*sys.argv[2:])
        return
    part = trained_part()
    if sys.argv[1:2] == ["--convergence"]:
        convergence(part)
        return
    for across in sys.argv[1:] or ["2"]:
        compare(part, int(across))


if __name__ == "__main__":
    main()
