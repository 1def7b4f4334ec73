"""Material of a design: profile, overrides, and the modulus for a hold time and a temperature."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mnnfab.design.fabrication import MaterialSection
from mnnfab.errors import InputError
from mnnfab.findings import Finding, Severity
from mnnfab.profiles import Material, material
from mnnfab.profiles.relaxation import Relaxation, fitted_times_s, held_modulus

#: Keys of [material] that select a modulus instead of overriding a property.
STATE_KEYS = ("hold_time_s", "temperature_C")


@dataclass(frozen=True)
class HoldState:
    """Time under constant loads and temperature at which a part is read.

    Args:
        time_s: time since the loads were applied.
        temperature_C: temperature of the part.
    """

    time_s: float
    temperature_C: float


def hold_state(section: MaterialSection, relaxation: Relaxation) -> HoldState | None:
    """Return the state that a design selects; None if it selects none."""
    time, temperature = section.hold_time_s, section.temperature_C
    if time is None:
        return None
    return HoldState(
        time, relaxation.reference_temperature_C if temperature is None else temperature
    )


def material_of(section: MaterialSection, folder: Path) -> Material:
    """Return the material of a design: its profile with the overrides of the design.

    With `hold_time_s` the modulus is that of a part under constant loads at that time.

    Raises:
        InputError: if there is no such profile, or its data do not give the modulus.
    """
    profile = material(section.preset, folder)
    overrides = section.model_dump(exclude={"preset", *STATE_KEYS}, exclude_none=True)
    if section.hold_time_s is not None and profile.relaxation is None:
        raise InputError(
            "[material] hold_time_s",
            f"{section.hold_time_s:g}, but the profile {profile.name} has no relaxation data",
            "a profile with a table `relaxation`, or youngs_modulus_MPa instead",
        )
    state = None if profile.relaxation is None else hold_state(section, profile.relaxation)
    if state is not None and profile.relaxation is not None:
        overrides["youngs_modulus_MPa"] = _modulus(profile.relaxation, state)
    return profile.model_copy(update=overrides)


def _modulus(relaxation: Relaxation, state: HoldState) -> float:
    try:
        return float(held_modulus(relaxation, state.time_s, state.temperature_C))
    except ValueError as error:
        given = f"{state.temperature_C:g}"
        raise InputError("[material] temperature_C", given, str(error)) from error


def state_findings(section: MaterialSection, used: Material) -> tuple[Finding, ...]:
    """Return the finding on the selected modulus: a warning outside of the fitted times."""
    relaxation = used.relaxation
    state = None if relaxation is None else hold_state(section, relaxation)
    if relaxation is None or state is None:
        return ()
    low, high = fitted_times_s(relaxation, state.temperature_C)
    message = (
        f"modulus {used.youngs_modulus_MPa:.3g} MPa after {state.time_s:g} s under constant loads "
        f"at {state.temperature_C:g} °C; the relaxation data of {used.name} cover "
        f"{_short(low)} to {_short(high)} s at this temperature"
    )
    severity: Severity = "info" if low <= state.time_s <= high else "warning"
    return (Finding("hold-time", severity, "[material] hold_time_s", message, None, state.time_s),)


def _short(value: float) -> str:
    """Return a number with three digits, without a power of ten."""
    return f"{float(f'{value:.3g}'):g}"
