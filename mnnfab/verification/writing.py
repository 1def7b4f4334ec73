"""The folder of a verification: its page and values."""

from __future__ import annotations

import json
from pathlib import Path

from mnnfab.io.folder_lock import locked_folder
from mnnfab.pipeline.writing import write_manifest
from mnnfab.runs.run_folder import run_folder
from mnnfab.verification.page import page_text
from mnnfab.verification.run import Verification
from mnnfab.verification.values import verification_values

PAGE, VALUES = "verification.html", "verification.json"


def write_verification(verification: Verification, out: Path) -> Path:
    """Write the page and the values of a verification into a folder.

    Returns:
        Path of the page.

    Raises:
        InputError: if the folder cannot be written, or another run is active in it.
    """
    values = json.dumps(verification_values(verification), indent=2, allow_nan=False)
    with locked_folder(out), run_folder(out) as staging:
        (staging / PAGE).write_text(page_text(verification), encoding="utf-8")
        (staging / VALUES).write_text(f"{values}\n", encoding="utf-8")
        write_manifest(staging, ())
    return out / PAGE
