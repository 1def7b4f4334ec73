"""NGSolve, of the extra `peers`: asked in a process of its own, or skipped where it is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fem.mesh import Mesh
from mnnfab.arrays import FloatArray
from mnnfab.network.supports import Support

REFERENCE = Path(__file__).with_name("ngsolve_reference.py")

needs_ngsolve = pytest.mark.skipif(
    not find_spec("ngsolve") and os.environ.get("MNNFAB_PEERS") != "required",
    reason="ngsolve, of the extra `peers`, is not installed",
)


def ask_ngsolve(folder: Path, **question: Any) -> FloatArray:  # noqa: ANN401 - arrays
    asked, answer = folder / "question.npz", folder / "answer.npy"
    np.savez(asked, allow_pickle=False, **question)
    subprocess.run([sys.executable, "-P", str(REFERENCE), str(asked), str(answer)], check=True)
    found: FloatArray = np.load(answer, allow_pickle=False)
    return found


def mesh_values(mesh: Mesh) -> dict[str, Any]:
    """Return a mesh as a part of a question."""
    return {
        "points": mesh.points,
        "elements": mesh.triangles,
        "region": mesh.region,
        "heights": mesh.region_heights,
    }


def support_rows(supports: Sequence[Support]) -> FloatArray:
    """Return node, direction and stiffness (inf if rigid) of supports, (n, 4)."""
    return np.array(
        [(one.port.node, *one.port.vector, one.stiffness_N_per_mm or np.inf) for one in supports]
    )
