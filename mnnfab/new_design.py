"""`mnnfab new`: a commented design to start from."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

from mnnfab.design_file import parse_design
from mnnfab.files import write_new_file


def write_new_design(name: str, folder: Path) -> Path:
    """Write <name>.toml into `folder` and return its path; an existing file is kept.

    Raises:
        InputError: if the name is not a plain one, the file exists or cannot be written.
    """
    name = name.removesuffix(".toml")
    template = resources.files("mnnfab").joinpath("template.toml").read_text(encoding="utf-8")
    # The name is checked as any design's name is before it becomes part of a path.
    parse_design(tomllib.loads(template) | {"name": name}, source="NAME")
    path = folder / f"{name}.toml"
    write_new_file(path, template.replace('"my-network"', f'"{name}"'))
    return path
