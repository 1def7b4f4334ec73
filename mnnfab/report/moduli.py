"""Effective moduli in reports: values, and a figure of all directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from mnnfab.model.known_lattices import KNOWN_LATTICES
from mnnfab.report.palette import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mnnfab.model.moduli import Moduli
    from mnnfab.validation.moduli import EffectiveModuli

#: Directions of the values in tables, degrees.
AXES_DEG = (0.0, 90.0)


def moduli_values(
    found: EffectiveModuli | None, youngs_modulus_MPa: float
) -> dict[str, Any] | None:
    """Return the moduli as JSON values, with the unit in each key; None without moduli.

    Args:
        found: the moduli.
        youngs_modulus_MPa: modulus of the material, for the values of known lattices.
    """
    if found is None:
        return None
    continuum, density = found.continuum, found.continuum.relative_density
    return {
        "period_mm": found.cell.periods_mm.tolist(),
        "nodes": found.cell.n_nodes,
        "bonds": len(found.cell.bonds),
        "relative_density": density,
        "beams": _of_model(found.beams),
        "continuum": _of_model(continuum.moduli)
        | {"dofs": continuum.n_dofs, "error": continuum.error},
        "targets": _targets(found),
        "known_lattices": [
            {
                "name": lattice.name,
                "youngs_modulus_MPa": lattice.youngs_modulus(density) * youngs_modulus_MPa,
                "poisson_ratio": lattice.poisson_ratio,
            }
            for lattice in KNOWN_LATTICES
        ],
    }


def _of_model(moduli: Moduli) -> dict[str, Any]:
    return {
        "stiffness_MPa": moduli.stiffness_MPa.tolist(),
        "youngs_modulus_MPa": [moduli.youngs_modulus(angle) for angle in AXES_DEG],
        "poisson_ratio": [moduli.poisson_ratio(angle) for angle in AXES_DEG],
        "shear_modulus_MPa": moduli.shear_modulus(),
        "anisotropy": moduli.anisotropy(),
    }


def _targets(found: EffectiveModuli) -> list[dict[str, Any]]:
    targets = found.targets
    if targets is None:
        return []
    values, beams = (targets.values(one) for one in (found.continuum.moduli, found.beams))
    return [
        {
            "name": targets.names[i],
            "target": targets.texts[i],
            "beams": float(beams[i]),
            "continuum": float(values[i]),
            "deviation": float(deviation),
        }
        for i, deviation in enumerate(targets.deviations(values))
    ]


def draw_directions(figure: Figure, found: EffectiveModuli) -> None:
    """Draw Young's modulus (left) and Poisson's ratio (right) over the direction of the load."""
    angles = np.arange(0.0, 360.5, 3.0)
    left = figure.add_subplot(1, 2, 1, projection="polar")
    right = figure.add_subplot(1, 2, 2)
    models = (("continuum model", found.continuum.moduli, "-"), ("beams", found.beams, "--"))
    for colour, (name, moduli, style) in zip((BLUE, ORANGE), models, strict=True):
        young = [moduli.youngs_modulus(float(angle)) for angle in angles]
        left.plot(np.radians(angles), young, style, color=colour, label=name)
        half = angles <= 180.0
        ratios = [moduli.poisson_ratio(float(angle)) for angle in angles[half]]
        right.plot(angles[half], ratios, style, color=colour, label=name)
    left.set_title("Young's modulus, MPa", fontsize=10)
    left.set_ylim(bottom=0.0)
    left.yaxis.set_major_locator(MaxNLocator(3))
    right.axhline(0.0, color="0.6", linewidth=0.8)
    right.set_xlim(0.0, 180.0)
    right.set_xticks(np.arange(0, 181, 30))
    right.set_xlabel("direction of the load, degrees from x")
    right.set_title("Poisson's ratio", fontsize=10)
    right.legend(frameon=False)
