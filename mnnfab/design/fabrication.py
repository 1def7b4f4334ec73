"""The [fabrication] and [material] sections of a design file."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from mnnfab.design.section import (
    NotNegative,
    Positive,
    Section,
    section_error,
)

#: From a reading at once to one after months.
HoldTime = Annotated[float, Field(ge=0.01, le=1e7)]


class MaterialSection(Section):
    """[material] Material preset; each of its properties can be overridden.

    Args:
        preset: name of a material profile, or a TOML file next to the design.
        youngs_modulus_MPa: small-strain Young's modulus, MPa; that of the preset if not given.
        poisson_ratio: Poisson's ratio; that of the preset if not given.
        density_g_per_cm3: density, g/cm³; that of the preset if not given.
        hold_time_s: time from hanging the loads to reading the displacements, s; selects the
            modulus of the preset's relaxation data instead of youngs_modulus_MPa.
        temperature_C: temperature of the part, °C, with hold_time_s; by default the reference
            temperature of the relaxation data.
    """

    preset: str = "agilus30"
    youngs_modulus_MPa: Positive | None = None
    poisson_ratio: Annotated[float, Field(gt=-1, lt=0.5)] | None = None
    density_g_per_cm3: Positive | None = None
    hold_time_s: HoldTime | None = None
    temperature_C: Annotated[float, Field(ge=-273.15, le=1000)] | None = None

    @model_validator(mode="after")
    def _check_state(self) -> Self:
        if self.hold_time_s is not None and self.youngs_modulus_MPa is not None:
            given = f"{self.hold_time_s:g}, together with youngs_modulus_MPa"
            raise section_error("hold_time_s", given, "one of the two: each gives the modulus")
        if self.temperature_C is not None and self.hold_time_s is None:
            given = f"{self.temperature_C:g}, without hold_time_s"
            raise section_error("temperature_C", given, "together with hold_time_s")
        return self


class Fabrication(Section):
    r"""[fabrication] Shape of the bonds and limits of their widths.

    Half of a bond, from its node to its middle::

                           ______________ _ _
          _______________/                     width
        o  joint_length   taper_length
          ----------------\______________ _ _
          joint width = joint_ratio × width

    Args:
        thickness_mm: thickness of the part, out of the plane.
        width_min_mm: lower limit of the trained width, at the middle of a bond.
        width_max_mm: upper limit of the trained width.
        width_initial_mm: width at the start of training.
        joint_ratio: width of the joint divided by the width of the middle.
        joint_length_mm: distance from the node to the start of the taper.
        taper_length_mm: length of the taper, from the joint to the full width.
        fillet_radius_mm: radius of the corners between neighbouring joints; 0: sharp corners.
        load_disc_radius_mm: radius of the disc over which loads act and displacements are
            averaged; by default nine tenths of half the width of the narrowest possible joint.
            A string is tied around the joint and a glued joint is held as a whole, so the
            disc should be as large as the hub allows.
        printer: name of a printer profile.
    """

    thickness_mm: Positive
    width_min_mm: Positive
    width_max_mm: Positive
    width_initial_mm: Positive
    joint_ratio: Annotated[float, Field(gt=0, le=1)] = 0.5
    joint_length_mm: Positive = 2.0
    taper_length_mm: NotNegative = 1.0
    fillet_radius_mm: NotNegative = 0.0
    load_disc_radius_mm: Positive | None = None
    printer: str = "stratasys-j850-digital-anatomy"

    @property
    def disc_radius_mm(self) -> float:
        """Radius of the load discs, independent of the trained widths, mm."""
        if self.load_disc_radius_mm is not None:
            return self.load_disc_radius_mm
        return 0.9 * self.joint_ratio * self.width_min_mm / 2

    @model_validator(mode="after")
    def _check_width_order(self) -> Self:
        if self.width_min_mm >= self.width_max_mm:
            raise section_error(
                "width_min_mm",
                f"{self.width_min_mm:g}, with width_max_mm = {self.width_max_mm:g}",
                "a value below width_max_mm",
            )
        if not self.width_min_mm <= self.width_initial_mm <= self.width_max_mm:
            raise section_error(
                "width_initial_mm",
                f"{self.width_initial_mm:g}",
                f"width_min_mm to width_max_mm: {self.width_min_mm:g} to {self.width_max_mm:g}",
            )
        return self
