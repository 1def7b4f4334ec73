"""Readings at other times and temperatures, for a material with relaxation data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.problem.material_state import HoldState, hold_state
from mnnfab.problem.problem import Problem
from mnnfab.profiles.relaxation import Relaxation, fitted_times_s, held_modulus
from mnnfab.report.palette import BLUE, GREEN, RED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Times of the readings, and changes of the temperature.
TIMES_S = (10.0, 60.0, 300.0, 3600.0)
CHANGES_C = (-5.0, 5.0)
#: State of the readings if the design selects none; measurements refer to the same time.
DEFAULT_TIME_S = 60.0


@dataclass(frozen=True)
class Reading:
    """A reading of the part at another time or temperature.

    Args:
        time_s: time since the loads were applied.
        temperature_C: temperature of the part.
        modulus_MPa: modulus of the relaxation data at this reading.
        displacement_ratio: displacements over those of the state of reference.
        fitted: whether the relaxation data cover this time.
    """

    time_s: float
    temperature_C: float
    modulus_MPa: float
    displacement_ratio: float
    fitted: bool


def material_summary(problem: Problem) -> dict[str, Any]:
    """Return the modulus of a problem and the readings, as JSON values."""
    material, section = problem.material, problem.design.material
    relaxation = material.relaxation
    state = None if relaxation is None else hold_state(section, relaxation)
    values: dict[str, Any] = {
        "name": material.name,
        "youngs_modulus_MPa": material.youngs_modulus_MPa,
        "hold_time_s": None if state is None else state.time_s,
        "temperature_C": None if state is None else state.temperature_C,
    }
    if relaxation is None:
        return values | {"readings_relative_to": None, "readings": []}
    reference = reference_state(problem, relaxation)
    found = [asdict(reading) for reading in readings(relaxation, reference)]
    return values | {"readings_relative_to": asdict(reference), "readings": found}


def reference_state(problem: Problem, relaxation: Relaxation) -> HoldState:
    """Return the state that the design selects, or one minute at the reference temperature."""
    state = hold_state(problem.design.material, relaxation)
    return state or HoldState(DEFAULT_TIME_S, relaxation.reference_temperature_C)


def readings(relaxation: Relaxation, reference: HoldState) -> list[Reading]:
    """Return the readings at other times, and at other temperatures with relaxation data."""
    own = float(held_modulus(relaxation, reference.time_s, reference.temperature_C))
    found = []
    for state in _states(relaxation, reference):
        low, high = fitted_times_s(relaxation, state.temperature_C)
        modulus = float(held_modulus(relaxation, state.time_s, state.temperature_C))
        fitted = low <= state.time_s <= high
        found.append(Reading(state.time_s, state.temperature_C, modulus, own / modulus, fitted))
    return found


def _states(relaxation: Relaxation, reference: HoldState) -> Iterator[HoldState]:
    for time in sorted({*TIMES_S, reference.time_s}):
        yield HoldState(time, reference.temperature_C)
    for temperature in _temperatures(relaxation, reference):
        if temperature != reference.temperature_C:
            yield HoldState(reference.time_s, temperature)


def _temperatures(relaxation: Relaxation, reference: HoldState) -> list[float]:
    """Return the temperature of reference and those beside it that have relaxation data."""
    low, high = relaxation.temperature_range
    others = (reference.temperature_C + change for change in (0.0, *CHANGES_C))
    return sorted(value for value in others if low <= value <= high)


def draw_moduli(axes: Axes, relaxation: Relaxation, reference: HoldState) -> None:
    """Draw the modulus under constant loads over time, dashed where the data do not reach."""
    times = np.geomspace(min(1.0, reference.time_s), max(1e4, reference.time_s), 200)
    temperatures = _temperatures(relaxation, reference)
    colours = {-1: BLUE, 0: GREEN, 1: RED}
    for temperature in temperatures:
        colour = colours[int(np.sign(temperature - reference.temperature_C))]
        low, high = fitted_times_s(relaxation, temperature)
        moduli = held_modulus(relaxation, times, temperature)
        fitted = np.where((times >= low) & (times <= high), moduli, np.nan)
        axes.plot(times, moduli, color=colour, ls="--", lw=1)
        axes.plot(times, fitted, color=colour, label=f"{temperature:g} °C")
    own = held_modulus(relaxation, reference.time_s, reference.temperature_C)
    axes.plot(reference.time_s, own, "o", color=GREEN)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")  # not as a formula
    axes.set_xlabel("time under constant loads, s")
    axes.set_ylabel("modulus, MPa")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
