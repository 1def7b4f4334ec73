"""Time from a tiling to verified files for 28 to 10,920 bonds, compared with plain CadQuery.

Plain CadQuery: every bond extruded and fused (161 bonds), or one planar face with holes extruded
(161 and 705). `--quick` leaves out the largest size. The first line is a complete `mnnfab run` of
2,945 bonds in a separate process.
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

from export.formats import formats_named
from export.package import export_part
from geometry.cells import tile
from geometry.outline import merged
from geometry.part import Label, TiledPart
from geometry.solid import build_solid
from geometry.tiling import Tiling
from mnnfab import Fabrication, triangular_parallelogram, triangular_patch
from mnnfab.network.network import Network

FORMATS = ("step", "stl", "3mf")
FUSED = 161
FLAT = (161, 705)
DESIGN = Path(__file__).with_name("lattice-32.toml")


def networks(*, quick: bool) -> list[Network]:
    """Return the networks to be built."""
    sizes = (8, 16, 32) if quick else (8, 16, 32, 61)
    lattices = [triangular_parallelogram(size, size, 16.0, [0, size - 1]) for size in sizes]
    return [triangular_patch(4, 16.0, [0, 4]), *lattices]


def make_tiling(network: Network) -> Tiling:
    """Return the tiling of a network with random widths."""
    fabrication = Fabrication(
        thickness_mm=2.0, width_min_mm=1.5, width_max_mm=2.5, width_initial_mm=2.0
    )
    widths = np.random.default_rng(0).uniform(1.5, 2.5, network.n_bonds)
    return tile(network, widths, fabrication)


def fuse(tiling: Tiling) -> None:
    """Extrude every cell separately and fuse all solids, the usual way in CadQuery."""
    solids = [
        cadquery.Workplane().polyline(list(cell.exterior.coords)[:-1]).close().extrude(2.0).val()
        for cell in tiling.polygons
    ]
    first, *others = (solid for solid in solids if isinstance(solid, cadquery.Solid))
    first.fuse(*others)


def time_files(part: TiledPart) -> dict[str, float]:
    """Return the time to write and read back each format, s."""
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in zip(FORMATS, formats_named(FORMATS), strict=True):
            start = time.perf_counter()
            export_part(part, Path(folder), [kind], 0.01)
            times[name] = time.perf_counter() - start
    return times


def time_part(network: Network) -> dict[str, float]:
    """Return the time of each stage, s; STEP includes the construction of the solid."""
    start = time.perf_counter()
    tiling = make_tiling(network)
    times = {"tile": time.perf_counter() - start}
    return times | time_files(TiledPart(Label("lattice"), tiling))


def compare_by_hand(network: Network, ours: dict[str, float]) -> None:
    """Print the time of the same part in plain CadQuery."""
    tiling = make_tiling(network)
    start = time.perf_counter()
    build_solid(tiling)
    built = time.perf_counter() - start
    print(f"      tiling to checked solid: {built:.2f} s")
    if network.n_bonds == FUSED:
        start = time.perf_counter()
        fuse(tiling)
        took = time.perf_counter() - start
        print(f"      plain CadQuery fuse, unchecked: {took:.2f} s, {took / built:.1f} times")
    start = time.perf_counter()
    build_solid(merged(tiling))
    took = time.perf_counter() - start
    print(f"      one planar face with holes, checked: {took:.2f} s, {took / built:.1f} times")
    step = time_files(TiledPart(Label("flat"), tiling, merged_caps=True))["step"]
    print(f"      STEP of this solid: {step:.2f} s, {step / ours['step']:.1f} times")


def main() -> None:
    """Print the table."""
    quick = "--quick" in sys.argv
    run_whole()  # first: a child process starts with the memory of its parent
    print("bonds      tile     STEP*      STL      3MF      total   (* includes the solid)")
    found = {}
    time_part(networks(quick=True)[0])  # imports and first calls
    for network in networks(quick=quick):
        times = time_part(network)
        found[network.n_bonds] = sum(times.values())
        columns = " ".join(f"{seconds:8.2f}" for seconds in times.values())
        print(f"{network.n_bonds:5d}  {columns} {found[network.n_bonds]:10.2f} s", flush=True)
        if network.n_bonds in FLAT:
            compare_by_hand(network, times)
    sizes = [n for n in found if n >= FUSED]
    slope = np.polyfit(np.log(sizes), np.log([found[n] for n in sizes]), 1)[0]
    ends = np.log(found[sizes[-1]] / found[sizes[0]]) / np.log(sizes[-1] / sizes[0])
    print(f"growth exponent from {sizes[0]} to {sizes[-1]} bonds: {ends:.2f}, fitted {slope:.2f}")


def run_whole() -> None:
    """Print time and peak memory of `mnnfab run` from a design file to checked files."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [sys.executable, "-m", "mnnfab", "run", str(DESIGN), "--out", folder]
        subprocess.run(command, check=True)
        took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"mnnfab run {DESIGN.name}: {took:.1f} s, peak memory {peak:.2f} GB")


if __name__ == "__main__":
    main()
