"""Request hash: one hash of everything that determines the results of a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from mnnfab.design.design import Design
from mnnfab.io.files import read_bytes
from mnnfab.problem.loading import input_bytes
from mnnfab.problem.material_state import STATE_KEYS
from mnnfab.problem.node_numbers import number_nodes
from mnnfab.problem.problem import Problem
from mnnfab.versions import versions


def request_of(problem: Problem, *, force: bool, pdf: bool) -> str:
    """Return the request hash of a problem, SHA-256 in hexadecimal."""
    return _sha256(problem.design, problem.input_bytes, problem.start_table, force=force, pdf=pdf)


def request_of_design(design: Design, folder: Path, *, force: bool, pdf: bool) -> str:
    """Return the request hash of a design with its files in `folder`, without setting it up.

    Raises:
        InputError: if a file that the design refers to cannot be read.
    """
    start = design.schedule.start
    table = None if start is None else read_bytes(folder / start)
    numbered = number_nodes(design, folder)
    files = input_bytes(numbered, folder)
    return _sha256(numbered.design, files, table, force=force, pdf=pdf)


def _sha256(
    design: Design,
    inputs: Mapping[str, bytes],
    start: bytes | None,
    *,
    force: bool,
    pdf: bool,
) -> str:
    files = {name: hashlib.sha256(data).hexdigest() for name, data in inputs.items()}
    # Without these keys a design has the hash that it had before they existed.
    absent = {key for key in STATE_KEYS if getattr(design.material, key) is None}
    values = {
        "design": design.model_dump(mode="json", by_alias=True, exclude={"material": absent}),
        "files": files,
        "start": None if start is None else hashlib.sha256(start).hexdigest(),
        "force": force,
        "pdf": pdf,
        "versions": dict(versions()),
    }
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
