"""NGSolve, of the extra `peers`: asked in a process of its own, or skipped where it is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnnfab.arrays import FloatArray

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
