"""The triangle mesh of a tiling, with numbered load discs, hubs and bonds."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from fem.memory import require_memory
from geometry.tiling import BoolArray, Tiling
from mnnfab.arrays import FloatArray, IntArray, frozen_floats, frozen_ints
from mnnfab.errors import ToolError
from mnnfab.io.short_repr import short_repr
from mnnfab.io.signals import uninterrupted

log = logging.getLogger(__name__)

#: Elements across the middle of a bond per element across its joint: the middle has uniform
#: strain and needs fewer.
MIDDLE_SHARE = 0.5
#: Elements around a load disc.
DISC_ELEMENTS = 16

#: Estimate of the number of triangles, measured on uniform networks with 1 to 16 elements across
#: a joint: a fraction of the equilateral triangles that fill the area, plus a number per load disc.
FILL_FACTOR, TRIANGLES_PER_DISC = 0.8, 220.0
#: Quadratic vector elements: two degrees of freedom at each of about two points per triangle.
DOFS_PER_TRIANGLE = 4.3

Arrays = dict[str, np.ndarray]

MESHER = Path(__file__).with_name("mesher.py")


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh of a part in the plane.

    Args:
        points: (n_points, 2) mm.
        triangles: (n_triangles, 3), counter-clockwise.
        region: region of each triangle, as an index of `region_names`, (n_triangles,): load
            disc n is n, the rest of hub n is n_nodes + n, bond b is 2 n_nodes + b, pads and
            eyelets follow.
        region_names: names of the load discs (`disc_3`) followed by those of the cells.
        region_heights: thickness of the part in each region, mm.
        n_nodes: number of nodes of the network.
    """

    points: FloatArray
    triangles: IntArray
    region: IntArray
    region_names: tuple[str, ...]
    region_heights: FloatArray
    n_nodes: int

    __repr__ = short_repr

    @property
    def disc(self) -> IntArray:
        """The load disc of each triangle, (n_triangles,); -1 outside of all discs."""
        return np.where(self.region < self.n_nodes, self.region, -1)

    @cached_property
    def load_node(self) -> IntArray:
        """The node whose load acts on each triangle, (n_triangles,); -1 if none.

        A load acts on the eyelet of its node, or on the load disc if there is none.
        """
        nodes = np.full(len(self.region_names), -1)
        nodes[: self.n_nodes] = np.arange(self.n_nodes)
        for region, node in self._regions("eyelet"):
            nodes[node], nodes[region] = -1, node
        return nodes[self.region]

    def held(self, fixed: IntArray) -> BoolArray:
        """Return a mask of the held triangles: the load discs and pads of fixed nodes."""
        regions = [*fixed.tolist(), *(r for r, node in self._regions("pad") if node in fixed)]
        return np.isin(self.region, regions)

    def _regions(self, kind: str) -> list[tuple[int, int]]:
        """Return region and node of all regions of a kind."""
        split = [name.rsplit("_", 1) for name in self.region_names]
        return [
            (r, int(number)) for r, (region_kind, number) in enumerate(split) if region_kind == kind
        ]

    @property
    def thickness_mm(self) -> FloatArray:
        """Thickness of the part at each triangle, (n_triangles,)."""
        heights: FloatArray = self.region_heights[self.region]
        return heights


def make_mesh(tiling: Tiling, elements_across_joint: int, deadline_s: float) -> Mesh:
    """Mesh a tiling without its tab, in a separate process.

    Args:
        tiling: the cells.
        elements_across_joint: element size, as the number of elements across the narrowest
            place nearby.
        deadline_s: time after which the mesher is stopped, s.

    Raises:
        ToolError: if memory is insufficient to solve on the mesh, or the mesher fails or does
            not finish in time.
    """
    require_memory(round(DOFS_PER_TRIANGLE * predicted_triangles(tiling, elements_across_joint)), 2)
    arrays = triangulate(tiling, meshed_cells(tiling), elements_across_joint, deadline_s)
    mesh = Mesh(
        points=frozen_floats(arrays["points"]),
        triangles=frozen_ints(arrays["triangles"]),
        region=frozen_ints(arrays["region"]),
        region_names=(
            *(f"disc_{node}" for node in range(tiling.n_hubs)),
            *map(str, tiling.names),
        ),
        region_heights=frozen_floats(_heights(tiling)),
        n_nodes=tiling.n_hubs,
    )
    check_area(tiling, mesh)
    log.info("mesh: %d triangles", len(mesh.triangles))
    return mesh


def triangulate(
    tiling: Tiling,
    cells: Sequence[int],
    elements_across_joint: int,
    deadline_s: float,
    n_discs: int | None = None,
) -> Arrays:
    """Return the arrays of a mesh of some cells, as `fem.mesher.mesh` returns them.

    Args:
        tiling: the cells.
        cells: numbers of the cells that are meshed: hubs 0 to n_discs - 1 first.
        elements_across_joint: element size, as in `make_mesh`.
        deadline_s: time after which the mesher is stopped, s.
        n_discs: number of hubs that are meshed with their load discs; all if None.

    Raises:
        ToolError: if the mesher fails or does not finish in time.
    """
    request = _request(tiling, elements_across_joint)
    request |= {"cells": np.array(cells), "nodes": tiling.nodes[:n_discs]}
    try:
        return _exchange(request, deadline_s)
    except OSError as error:
        msg = f"the mesher could not be started: {error.strerror or error}"
        raise ToolError(msg) from error


def predicted_triangles(tiling: Tiling, elements_across_joint: int) -> float:
    """Return the estimated number of triangles of a mesh, accurate to about one third.

    Equilateral triangles of the target size fill the cells; those around each load disc are
    added.
    """
    sizes = _sizes(tiling, elements_across_joint)
    starts = tiling.loop_offsets[tiling.cell_offsets[:-1]]
    corners = tiling.edges[tiling.cell_edges]
    totals = np.add.reduceat(sizes[corners].mean(axis=1), starts)
    means = totals / np.diff(np.append(starts, len(corners)))
    meshed = meshed_cells(tiling)
    n_filling = (tiling.areas[meshed] / (np.sqrt(3) / 4 * means[meshed] ** 2)).sum()
    return float(FILL_FACTOR * n_filling + TRIANGLES_PER_DISC * tiling.n_hubs)


def _exchange(request: Arrays, deadline_s: float) -> Arrays:
    """Pass arrays to the mesher and return its arrays, through pipes."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **request)
    answer = _run_mesher(archive.getvalue(), deadline_s)
    with np.load(io.BytesIO(answer), allow_pickle=False) as arrays:
        return dict(arrays)


def _request(tiling: Tiling, elements_across_joint: int) -> Arrays:
    curved = np.flatnonzero(tiling.bulges)
    centres = np.zeros((len(tiling.edges), 2))
    for edge in curved:
        centres[edge] = tiling.arc(int(edge)).centre
    return {
        "points": tiling.points,
        "sizes": _sizes(tiling, elements_across_joint),
        "edges": tiling.edges,
        "bulges": tiling.bulges,
        "arc_centres": centres,
        "cell_offsets": tiling.cell_offsets,
        "loop_offsets": tiling.loop_offsets,
        "cell_edges": tiling.cell_edges,
        "cell_forward": tiling.cell_forward,
        "disc_radius": np.array(tiling.disc_radius_mm),
        "disc_size": np.array(2 * np.pi * tiling.disc_radius_mm / DISC_ELEMENTS),
    }


def meshed_cells(tiling: Tiling) -> list[int]:
    """Return the cells that are meshed: all except the tab, which is attached to a held pad."""
    return [cell for cell, name in enumerate(tiling.names) if name.kind != "tab"]


def _heights(tiling: Tiling) -> FloatArray:
    """Return the thickness of each region; dots have the size of the load discs."""
    heights = np.full(tiling.n_hubs + tiling.n_cells, tiling.thickness_mm)
    for relief in tiling.reliefs:
        if relief.kind == "dot":
            heights[relief.number] += relief.height_mm
    return heights


def _sizes(tiling: Tiling, elements_across_joint: int) -> FloatArray:
    """Return the target element size at each point, (n_points,) mm."""
    sizes = tiling.local_widths / elements_across_joint
    in_hub = np.zeros(len(sizes), dtype=bool)
    hub_entries = tiling.cell_edges[: tiling.loop_offsets[tiling.cell_offsets[tiling.n_hubs]]]
    in_hub[tiling.edges[hub_entries]] = True
    return np.where(in_hub, sizes, sizes / MIDDLE_SHARE)


def _run_mesher(request: bytes, deadline_s: float) -> bytes:
    """Run the mesher in a separate process, and stop it at its deadline.

    If the mesher is already imported, as in the processes of a batch, the process is forked,
    which takes milliseconds; otherwise a new program imports gmsh.

    Args:
        request: archive of arrays, as of `numpy.savez`.
        deadline_s: time limit, s.

    Returns:
        Archive of the arrays of the mesh.

    Raises:
        ToolError: if the mesher fails or does not finish.
    """
    mesher = sys.modules.get("fem.mesher")
    if mesher is None:
        return _spawn(request, deadline_s)
    return _fork(mesher.answer, request, deadline_s)


def _spawn(request: bytes, deadline_s: float) -> bytes:
    # -P: a file in the current folder must not shadow a library.
    command = [sys.executable, "-P", str(MESHER)]
    with uninterrupted():  # or a Ctrl-C could lose the process that is being started
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    try:
        answer, errors = process.communicate(request, timeout=deadline_s)
    except subprocess.TimeoutExpired as error:
        raise _timeout(deadline_s) from error
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with suppress(OSError):  # the mesher ended before it had read its request
                pipe.close()  # type: ignore[union-attr]
    if process.returncode != 0:
        lines = errors.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        msg = f"the mesher failed: {lines[-1]}"
        raise ToolError(msg)
    return answer


def _fork(answer: Callable[[bytes], bytes], request: bytes, deadline_s: float) -> bytes:
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def mesh() -> None:
        try:
            sender.send((True, answer(request)))
        except Exception as error:
            sender.send((False, f"{type(error).__name__}: {error}"))

    process = context.Process(target=mesh)
    process.start()
    sender.close()
    try:
        if not receiver.poll(deadline_s):
            raise _timeout(deadline_s)
        succeeded, result = receiver.recv()
    except EOFError:
        process.join()
        succeeded, result = False, f"its process ended with status {process.exitcode}"
    finally:
        receiver.close()
        process.kill()
        process.join()
    if not succeeded:
        msg = f"the mesher failed: {result}"
        raise ToolError(msg)
    found: bytes = result
    return found


def _timeout(deadline_s: float) -> ToolError:
    return ToolError(
        f"the mesher did not finish within {deadline_s:g} s and was stopped; "
        "raise [check] mesher_deadline_s or lower elements_across_joint"
    )


def check_area(tiling: Tiling, mesh: Mesh) -> None:
    """Check that the mesh covers the part: the mesher can drop a surface without an error."""
    corners = mesh.points[mesh.triangles]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    double_areas = ax * by - ay * bx
    area = float(tiling.areas[meshed_cells(tiling)].sum())
    missing = area - float(double_areas.sum()) / 2
    # Elements replace arcs by chords; no other area may be missing.
    allowed = tiling.arc_area_mm2 + 1e-6 * area
    if double_areas.min() <= 0 or abs(missing) > allowed:
        msg = f"the mesh misses {missing:.3g} mm² of the part or has inverted triangles"
        raise ToolError(msg)
