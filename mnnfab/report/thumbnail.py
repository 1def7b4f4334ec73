"""Thumbnails of networks as small SVG images, with bond widths to scale."""

from __future__ import annotations

import base64
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.io.files import read_bytes
from mnnfab.runs.run_folder import THUMBNAIL


def thumbnails_of(*folders: Path) -> list[str | None]:
    """Return the thumbnails of runs as data URIs; None where there is no thumbnail."""
    thumbnails: list[str | None] = []
    for folder in folders:
        try:
            data = read_bytes(folder / THUMBNAIL)
        except InputError:
            thumbnails.append(None)
        else:
            thumbnails.append(f"data:image/svg+xml;base64,{base64.b64encode(data).decode('ascii')}")
    return thumbnails
