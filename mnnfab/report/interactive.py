"""Interactive elements of the page: training slider and 3D view of the solid."""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.network.ports import nodes_of
from mnnfab.network.svg import colours

if TYPE_CHECKING:
    from mnnfab.validation.results import Results

#: Largest distance from an arc to its facets in the 3D view, mm.
FACET_MM = 0.02
#: Maximum number of triangles in the 3D view; with more the page is too large for a phone.
MAX_TRIANGLES = 150_000
#: Number of colours in the width scale.
SHADES = 32


def slider_data(results: Results) -> dict[str, Any] | None:
    """Return the network and its width history for the slider script; None without a history."""
    history = results.record.width_history
    if history is None:
        return None
    network, task = results.problem.network, results.problem.task
    marks = {"fixed": network.fixed.tolist()}
    if task is not None:
        marks |= {
            "in": sorted(nodes_of(task.inputs)),
            "out": sorted(nodes_of(task.outputs)),
        }
    return {
        "nodes": network.nodes.round(3).tolist(),
        "bonds": network.bonds.tolist(),
        "marks": marks,
        "limits": list(results.problem.width_limits_mm),
        "colours": colours(np.linspace(0, 1, SHADES)),
        "rounds": history.rounds.astype(int).tolist(),
        "epochs": history.epochs.astype(int).tolist(),
        "widths": history.widths_mm.tolist(),
    }


def as_script(data: Any) -> str:  # noqa: ANN401 - what JSON can hold
    """Return data as JSON, escaped so that it cannot close a script element."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def solid_data(results: Results) -> dict[str, str] | None:
    """Return the solid as GLB and its viewer, gzip and base64; None if it is too large."""
    from export.viewer import glb_bytes
    from geometry.facets import make_facets

    facets = make_facets(results.tiling, FACET_MM)
    if len(facets.triangles) > MAX_TRIANGLES:
        return None
    data = glb_bytes(facets, results.problem.design.name)
    return {"glb": _base64(_compressed(data)), "viewer": viewer()}


@cache
def viewer() -> str:
    """Return the compressed page of trimesh's viewer, the same in every report."""
    from export.viewer import viewer_page

    return _base64(_compressed(viewer_page().encode("utf-8")))


def _compressed(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)  # fixed time stamp: reproducible bytes


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
