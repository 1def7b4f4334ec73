"""Material and printer profiles: numbers with units and sources, stored as data.

A name selects a built-in profile; a name that ends in .toml is a user's file next to the design,
with the same keys.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from mnnfab.design.section import (
    Number,
    Positive,
    Section,
    relative_file_name,
    section_error,
    valid_name,
)
from mnnfab.design.section_errors import first_error
from mnnfab.errors import InputError
from mnnfab.io.files import read_toml
from mnnfab.profiles.relaxation import Relaxation


class Profile(Section):
    """Fields shared by all profiles.

    Args:
        name: key in the built-in file, or the name of the user's file.
        sources: source of each number, by its key.
    """

    name: str
    sources: Mapping[str, str]

    @model_validator(mode="after")
    def _has_sources(self) -> Self:
        known = type(self).model_fields
        optional = {key for key, one in known.items() if not one.is_required()}
        numbers = known.keys() - {"name", "sources"} - (optional - self.model_fields_set)
        for key in sorted(numbers):
            if not self.sources.get(key, "").strip():
                raise section_error(f"sources.{key}", "missing", "the source of the number as text")
        for key in sorted(self.sources.keys() - numbers):
            raise section_error(f"sources.{key}", "given", "sources of the numbers of this profile")
        return self


class Material(Profile):
    """A linear elastic material.

    Args:
        youngs_modulus_MPa: small-strain modulus, N/mm².
        poisson_ratio: between 0 and 0.5.
        density_g_per_cm3: density, for the mass of the part.
        joint_length_excess_mm: effective joint length of the printed part minus the drawn length;
            added in the models, not in the exported part.
        max_strain: largest strain for which the material model holds and that the material bears
            with a margin; limits the strain at the joints of the loaded part.
        relaxation: dependence of the modulus on time and temperature.
    """

    youngs_modulus_MPa: Positive
    poisson_ratio: Annotated[float, Field(gt=-1, lt=0.5)]
    density_g_per_cm3: Positive
    joint_length_excess_mm: Number = 0.0
    max_strain: Positive | None = None
    relaxation: Relaxation | None = None


class Printer(Profile):
    """Limits of a printer.

    Args:
        tray_mm: build volume, x, y, z.
        layer_mm: thinnest and thickest layer.
        accuracy_mm: typical deviation of an edge.
        advised_wall_mm: minimum wall that the manufacturer recommends.
        printable_wall_mm: minimum wall that can be printed.
        gap_mm: narrowest gap that stays open.
        hole_mm: diameter of the smallest hole.
        emboss_mm: minimum width and height of raised and sunk details.
    """

    tray_mm: Annotated[tuple[Positive, Positive, Positive], Field(strict=False)]
    layer_mm: Annotated[tuple[Positive, Positive], Field(strict=False)]
    accuracy_mm: Positive
    advised_wall_mm: Positive
    printable_wall_mm: Positive
    gap_mm: Positive
    hole_mm: Positive
    emboss_mm: Positive

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.layer_mm[0] > self.layer_mm[1]:
            raise section_error(
                "layer_mm", f"{list(self.layer_mm)}", "the thinnest before the thickest"
            )
        if self.printable_wall_mm > self.advised_wall_mm:
            raise section_error(
                "printable_wall_mm", f"{self.printable_wall_mm:g}", "at most advised_wall_mm"
            )
        return self


_Kind = TypeVar("_Kind", bound=Profile)


def material(preset: str, folder: Path = Path()) -> Material:
    """Return the built-in material of that name, or the one of a file in `folder`.

    >>> material("agilus30").youngs_modulus_MPa
    0.55
    """
    return _profile(Material, "materials", "[material] preset", preset, folder)


def printer(name: str, folder: Path = Path()) -> Printer:
    """Return the built-in printer of that name, or the one of a file in `folder`.

    >>> printer("prusa-mk4s").gap_mm
    0.3
    """
    return _profile(Printer, "printers", "[fabrication] printer", name, folder)


def is_file(name: str) -> bool:
    """Return whether a profile name refers to a user's file."""
    return name.endswith(".toml")


def _profile(kind: type[_Kind], file: str, where: str, name: str, folder: Path) -> _Kind:
    if is_file(name):
        return _own_profile(kind, where, name, folder)
    profiles = _profiles(file)
    if name not in profiles:
        known = " or ".join(f'"{known}"' for known in profiles)
        raise InputError(where, f'"{name}"', f"{known}, or the path of a .toml file")
    return kind(name=name, **profiles[name])


def profile_name(file: str) -> str:
    """Return the name of the profile in a file; copies of the file in run folders keep it.

    >>> profile_name("lab/mine.toml"), profile_name("inputs/mine.printer.toml")
    ('mine', 'mine')
    """
    stem = PurePosixPath(file).stem
    return stem.removesuffix(".printer").removesuffix(".preset")


def _own_profile(kind: type[_Kind], where: str, name: str, folder: Path) -> _Kind:
    try:
        path = folder / relative_file_name(name)
        valid_name(profile_name(name))
    except ValueError as error:
        raise InputError(where, f'"{name}"', str(error)) from error
    values = read_toml(path, "a profile in TOML")
    keys = f"the keys {_keys(kind)}"
    if "name" in values:
        raise InputError(str(path), "a key `name`, but the name is that of the file", keys)
    try:
        return kind(name=profile_name(name), **values)
    except ValidationError as error:
        raise first_error(path, error, keys) from error


def _keys(kind: type[Profile]) -> str:
    keys = [key for key in kind.model_fields if key not in {"name", "sources"}]
    return ", ".join(keys) + ", and sources.<key> for each"


@cache
def _profiles(file: str) -> dict[str, dict[str, Any]]:
    text = resources.files(__name__).joinpath(f"{file}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
