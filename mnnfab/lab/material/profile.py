"""Measured material as a profile for designs and training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomli_w

if TYPE_CHECKING:
    from mnnfab.lab.material.creep import Creep
    from mnnfab.lab.material.identification import Identified
    from mnnfab.profiles import Material

PROFILE = "material.toml"


def profile_text(
    material: Material, identified: Identified, creep: Creep | None, sources: str
) -> str:
    """Return the profile of a material with measured modulus and joint length, as TOML.

    Args:
        material: material of the design, for values that were not measured.
        identified: identified parameters.
        creep: creep law of the same readings, if they have times.
        sources: description of the measured objects.
    """
    modulus, joint = identified.modulus_MPa, identified.joint_length_mm
    modulus_source = f"measured on {sources}: {modulus.low:.4g} to {modulus.high:.4g} MPa (95 %)"
    if creep is not None:
        modulus_source += (
            f"; one minute after loading, creep {creep.slope:.2%} ± {creep.half_width:.2%} "
            "per decade of time"
        )
    values: dict[str, object] = {
        "youngs_modulus_MPa": float(f"{modulus.value:.6g}"),
        "poisson_ratio": material.poisson_ratio,
        "density_g_per_cm3": material.density_g_per_cm3,
    }
    sources_by_key = {
        "youngs_modulus_MPa": modulus_source,
        "poisson_ratio": material.sources["poisson_ratio"],
        "density_g_per_cm3": material.sources["density_g_per_cm3"],
    }
    if not identified.joint_fixed:
        drawn = identified.drawn_joint_mm
        values["joint_length_excess_mm"] = float(f"{joint.value - drawn:.6g}")
        sources_by_key["joint_length_excess_mm"] = (
            f"measured on {sources}: effective joint length {joint.low:.4g} to {joint.high:.4g} mm "
            f"(95 %), drawn {drawn:g} mm"
        )
    return tomli_w.dumps({**values, "sources": sources_by_key})
