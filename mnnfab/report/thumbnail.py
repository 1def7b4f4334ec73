"""Thumbnails: a network in a few lines of SVG, its bonds as wide as they are."""

from __future__ import annotations

import base64
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.io.files import read_bytes
from mnnfab.runs.run_folder import THUMBNAIL


def pictures_of(*folders: Path) -> list[str | None]:
    """Return the thumbnails that runs left, as data addresses; nothing where there is none."""
    found: list[str | None] = []
    for folder in folders:
        try:
            data = read_bytes(folder / THUMBNAIL)
        except InputError:
            found.append(None)
        else:
            found.append(f"data:image/svg+xml;base64,{base64.b64encode(data).decode('ascii')}")
    return found
