"""Material and printer profiles: numbers with units and sources, kept as data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from mnnfab.errors import InputError


@dataclass(frozen=True)
class Material:
    """A linear elastic material.

    Args:
        youngs_modulus_MPa: small-strain modulus, N/mm².
        poisson_ratio: between 0 and 0.5.
        density_g_per_cm3: for the mass of the part.
    """

    youngs_modulus_MPa: float
    poisson_ratio: float
    density_g_per_cm3: float


@dataclass(frozen=True)
class Printer:
    """What a printer can make.

    Args:
        name: its key in the profile file.
        tray_mm: build volume, x, y, z.
        accuracy_mm: typical deviation of an edge.
        advised_wall_mm: thinnest wall that the maker recommends.
        printable_wall_mm: thinnest wall that comes out at all.
    """

    name: str
    tray_mm: tuple[float, float, float]
    accuracy_mm: float
    advised_wall_mm: float
    printable_wall_mm: float


def material(preset: str) -> Material:
    """Return the material of that name.

    >>> material("agilus30").youngs_modulus_MPa
    0.55
    """
    return Material(**_entry("materials", "[material] preset", preset))


def printer(name: str) -> Printer:
    """Return the printer of that name."""
    entry = _entry("printers", "[fabrication] printer", name)
    return Printer(name=name, **{**entry, "tray_mm": tuple(entry["tray_mm"])})


def _entry(file: str, where: str, name: str) -> dict[str, Any]:
    profiles = _profiles(file)
    if name not in profiles:
        raise InputError(where, f'"{name}"', " or ".join(f'"{known}"' for known in profiles))
    return {key: value for key, value in profiles[name].items() if key != "sources"}


@cache
def _profiles(file: str) -> dict[str, dict[str, Any]]:
    text = resources.files(__name__).joinpath(f"{file}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
