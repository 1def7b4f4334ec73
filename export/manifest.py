"""The manifest: every file of a run with size and hash, part files also with their dimensions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geometry.part import Box
from mnnfab.io.files import sha256_of


@dataclass(frozen=True)
class ExportedFile:
    """A part file, with the dimensions that were read back.

    Args:
        file: file name.
        n_bytes: file size.
        sha256: SHA-256 of the content.
        bounding_box_mm: minimum and maximum x, y, z.
        volume_mm3: volume as read back; None for a drawing.
        area_mm2: area as read back from a drawing; None for a solid.
    """

    file: str
    n_bytes: int
    sha256: str
    bounding_box_mm: Box
    volume_mm3: float | None
    area_mm2: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the entry for a manifest."""
        entry = {
            "file": self.file,
            "bytes": self.n_bytes,
            "sha256": self.sha256,
            "bounding_box_mm": self.bounding_box_mm,
            "volume_mm3": self.volume_mm3,
            "area_mm2": self.area_mm2,
            "units": "mm",
        }
        return {key: value for key, value in entry.items() if value is not None}


def manifest_text(
    parts: Sequence[ExportedFile],
    folder: Path,
    others: Sequence[str],
    request_sha256: str | None = None,
    *,
    interrupted: bool = False,
) -> str:
    """Return the manifest of a folder of results as JSON text.

    Args:
        parts: the files of the part.
        folder: folder of all files.
        others: names of further files in the folder, listed with size and hash only.
        request_sha256: hash of the request, if one call made all files.
        interrupted: whether the call was stopped, so that results are missing.
    """
    entries = [part.as_json() for part in parts]
    entries += [
        {
            "file": name,
            "bytes": (folder / name).stat().st_size,
            "sha256": sha256_of(folder / name),
        }
        for name in others
    ]
    request = {} if request_sha256 is None else {"request_sha256": request_sha256}
    ended = {"interrupted": True} if interrupted else {}
    return json.dumps({"schema": 1} | request | ended | {"files": entries}, indent=2) + "\n"
