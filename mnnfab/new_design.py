"""`mnnfab new`: a commented design to start from."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

from mnnfab.design_file import parse_design
from mnnfab.errors import InputError


def write_new_design(name: str, folder: Path) -> Path:
    """Write <name>.toml into `folder` and return its path; an existing file is kept.

    Raises:
        InputError: if the name is not a plain one, the file exists or cannot be written.
    """
    template = resources.files("mnnfab").joinpath("template.toml").read_text(encoding="utf-8")
    # The name is checked as any design's name is before it becomes part of a path.
    parse_design(tomllib.loads(template) | {"name": name}, source="NAME")
    path = folder / f"{name}.toml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template.replace('"my-network"', f'"{name}"'))
    except FileExistsError as error:
        raise InputError(str(path), "exists already", "a new name") from error
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error), "a file to write") from error
    return path
