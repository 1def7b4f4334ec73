"""OpenCV, imported on first use, since only photographs need it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from mnnfab.errors import InputError

Image = np.ndarray[tuple[int, ...], np.dtype[Any]]
"""Grey levels, (height, width); row 0 is the uppermost."""


def opencv(where: str = "photographs") -> ModuleType:
    """Return OpenCV.

    Raises:
        InputError: if it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        allowed = "pip install 'mnnfab[photo]'; tables of positions do not need it"
        raise InputError(where, f"OpenCV cannot be imported: {error}", allowed) from error
    return cv2
