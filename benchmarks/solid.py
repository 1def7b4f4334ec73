"""From a tiling to files that were read back, at three sizes, beside a plain fuse at 161 bonds.

The last line is the whole of `mnnfab run` on 2,945 bonds in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cadquery
import numpy as np

from export.package import export_solid
from geometry.cells import tile
from geometry.polygons import cell_polygons
from geometry.solid import build_solid
from geometry.tiling import Tiling
from mnnfab import Fabrication, triangular_parallelogram

SIZES = (8, 16, 32)
FUSED = 8
DESIGN = Path(__file__).with_name("lattice-32.toml")


def make_tiling(size: int) -> tuple[int, Tiling]:
    """Return the number of bonds and the tiling of a lattice of random widths."""
    network = triangular_parallelogram(size, size, 16.0, [0, size - 1])
    fabrication = Fabrication(
        thickness_mm=2.0, width_min_mm=1.5, width_max_mm=2.5, width_initial_mm=2.0
    )
    widths = np.random.default_rng(0).uniform(1.5, 2.5, network.n_bonds)
    return network.n_bonds, tile(network, widths, fabrication)


def fuse(tiling: Tiling) -> cadquery.Shape:
    """Extrude every cell by itself and fuse them: how it is done by hand."""
    solids = [
        cadquery.Workplane().polyline(list(cell.exterior.coords)[:-1]).close().extrude(2.0).val()
        for cell in cell_polygons(tiling)
    ]
    first, *others = (solid for solid in solids if isinstance(solid, cadquery.Solid))
    return first.fuse(*others)


def main() -> None:
    """Print the table."""
    print("bonds   tile and build   files, read back   together")
    times = {}
    for size in SIZES:
        start = time.perf_counter()
        n_bonds, tiling = make_tiling(size)
        solid = build_solid(tiling)
        built = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            export_solid(solid, tiling, Path(folder), "lattice", 0.01)
        done = time.perf_counter()
        times[n_bonds] = (built - start, done - start)
        print(f"{n_bonds:5d} {built - start:12.2f} s {done - built:16.2f} s {done - start:10.2f} s")
        if size == FUSED:
            start = time.perf_counter()
            fuse(tiling)
            took = time.perf_counter() - start
            ratio = took / times[n_bonds][0]
            print(
                f"      plain cadquery fuse of the same: {took:.2f} s, {ratio:.0f} times the build"
            )
    (small, (_, first)), *_, (large, (_, last)) = times.items()
    print(f"growth exponent {np.log(last / first) / np.log(large / small):.2f}")
    run_whole()


def run_whole() -> None:
    """Time `mnnfab run` from a design file to checked files."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [sys.executable, "-m", "mnnfab", "run", str(DESIGN), "--out", folder]
        subprocess.run(command, check=True)
        took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"mnnfab run {DESIGN.name}: {took:.1f} s, {peak:.2f} GB at the most")


if __name__ == "__main__":
    main()
