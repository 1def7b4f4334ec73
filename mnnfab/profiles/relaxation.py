"""Linear viscoelasticity of a material: relaxation, creep compliance, time and temperature.

The relaxation modulus is a Prony series, E(t) = E∞ + Σ E_i exp(-t / τ_i). The part hangs under
constant loads, so its displacements follow the creep compliance J(t), and its modulus at time t is
1 / J(t). This is above E(t), because E(t) J(t) <= 1. Temperature rescales time: a state at
temperature T after t is that at the reference temperature after t / a_T.

Sources: Park and Schapery, Int. J. Solids Struct. 36:1653 (1999), for the conversion of Prony
series; Ferry, Viscoelastic Properties of Polymers (1980), for the superposition of time and
temperature.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator
from scipy.optimize import brentq

from mnnfab.arrays import FloatArray
from mnnfab.design.section import Many, Positive, Section, section_error

Temperature = Annotated[float, Field(ge=-273.15, le=1000)]
_Terms = Annotated[Many[Positive], Field(min_length=1, max_length=100)]
_Temperatures = Annotated[Many[Temperature], Field(min_length=1, max_length=100)]


class Relaxation(Section):
    """Prony series of the relaxation modulus, and shift factors of temperature.

    Args:
        reference_temperature_C: temperature of the series.
        long_term_modulus_MPa: modulus after a long time, E∞.
        times_s: relaxation times τ_i, increasing, (n,).
        moduli_MPa: moduli E_i of these terms, (n,).
        shift_temperatures_C: temperatures of the shift factors, increasing, (m,).
        shift_factors: a_T, decreasing; 1 at the reference temperature, (m,).
    """

    reference_temperature_C: Temperature
    long_term_modulus_MPa: Positive
    times_s: _Terms
    moduli_MPa: _Terms
    shift_temperatures_C: _Temperatures
    shift_factors: _Terms

    @model_validator(mode="after")
    def _check(self) -> Self:
        _same_length("moduli_MPa", self.moduli_MPa, "times_s", self.times_s)
        _same_length(
            "shift_factors", self.shift_factors, "shift_temperatures_C", self.shift_temperatures_C
        )
        _increasing("times_s", self.times_s, "increasing times")
        _increasing("shift_temperatures_C", self.shift_temperatures_C, "increasing temperatures")
        # A warmer material relaxes faster.
        _increasing("shift_factors", self.shift_factors[::-1], "decreasing factors")
        reference = self.reference_temperature_C
        shifts = dict(zip(self.shift_temperatures_C, self.shift_factors, strict=True))
        if shifts.get(reference) != 1:
            given = f"no factor 1 at the reference temperature, {reference:g} °C"
            raise section_error("shift_factors", given, "shift factors relative to it")
        return self

    @property
    def temperature_range(self) -> tuple[float, float]:
        """Lowest and highest temperature with a shift factor, °C."""
        return self.shift_temperatures_C[0], self.shift_temperatures_C[-1]


def relaxation_modulus(relaxation: Relaxation, times_s: ArrayLike) -> FloatArray:
    """Return E(t) in MPa at the reference temperature for times of any shape."""
    terms = np.array(relaxation.moduli_MPa)
    decays = np.exp(-np.divide.outer(times_s, np.array(relaxation.times_s)))
    modulus: FloatArray = relaxation.long_term_modulus_MPa + decays @ terms
    return modulus


@dataclass(frozen=True)
class Retardation:
    """Creep compliance J(t) = J0 + Σ J_j (1 - exp(-t / λ_j)).

    Args:
        instantaneous_per_MPa: compliance J0 at t = 0.
        times_s: retardation times λ_j, increasing, (n,).
        compliances_per_MPa: compliances J_j of these terms, (n,).
    """

    instantaneous_per_MPa: float
    times_s: FloatArray
    compliances_per_MPa: FloatArray

    def compliance(self, times_s: ArrayLike) -> FloatArray:
        """Return J(t) in 1/MPa for times of any shape."""
        growth = -np.expm1(-np.divide.outer(times_s, self.times_s))
        compliance: FloatArray = self.instantaneous_per_MPa + growth @ self.compliances_per_MPa
        return compliance


def retardation(relaxation: Relaxation) -> Retardation:
    """Return the exact creep compliance of a Prony series; it has as many terms.

    With the Carson transform of E, Ẽ(s) = E∞ + Σ E_i s τ_i / (1 + s τ_i), that of J is 1 / Ẽ.
    Its poles -1 / λ_j are the zeros of Ẽ, one after each τ_i; its residues are J_j = λ_j / Ẽ'.
    Source: Park and Schapery (1999); Baumgaertel and Winter, Rheol. Acta 28:511 (1989).
    """
    times, moduli = np.array(relaxation.times_s), np.array(relaxation.moduli_MPa)
    long_term, viscosities = relaxation.long_term_modulus_MPa, moduli * times

    def transform(time: float) -> float:
        return float(long_term + np.sum(viscosities / (times - time)))

    # The sum of all viscosities over E∞ is the largest possible distance of the last zero.
    last = times[-1] + viscosities.sum() / long_term
    above, below = np.nextafter(times, np.inf), np.nextafter([*times[1:], 1.01 * last], 0.0)
    zeros = np.array(
        [
            brentq(transform, *ends, xtol=1e-15 * ends[0], rtol=1e-15, maxiter=500)
            for ends in zip(above, below, strict=True)
        ]
    )
    ratios = np.divide.outer(1 / zeros, 1 / times)
    return Retardation(
        instantaneous_per_MPa=float(1 / (long_term + moduli.sum())),
        times_s=zeros,
        compliances_per_MPa=zeros / ((1 - ratios) ** -2 @ viscosities),
    )


def shift_factor(relaxation: Relaxation, temperature_C: float) -> float:
    """Return a_T; its logarithm is interpolated between the temperatures of the data.

    Raises:
        ValueError: if the temperature is outside of those of the data.
    """
    low, high = relaxation.temperature_range
    if not low <= temperature_C <= high:
        msg = f"{low:g} to {high:g} °C, the temperatures with shift factors"
        raise ValueError(msg)
    logarithms = np.log(relaxation.shift_factors)
    return float(np.exp(np.interp(temperature_C, relaxation.shift_temperatures_C, logarithms)))


def held_modulus(relaxation: Relaxation, times_s: ArrayLike, temperature_C: float) -> FloatArray:
    """Return the modulus of a part under constant loads, 1 / J(t / a_T), in MPa.

    Args:
        relaxation: data of the material.
        times_s: times since the loads were applied, of any shape.
        temperature_C: temperature of the part.

    Raises:
        ValueError: as `shift_factor`.
    """
    reduced = np.asarray(times_s) / shift_factor(relaxation, temperature_C)
    modulus: FloatArray = 1 / retardation(relaxation).compliance(reduced)
    return modulus


def fitted_times_s(relaxation: Relaxation, temperature_C: float) -> tuple[float, float]:
    """Return the shortest and longest time at a temperature that the terms of the series cover.

    Raises:
        ValueError: as `shift_factor`.
    """
    factor = shift_factor(relaxation, temperature_C)
    return relaxation.times_s[0] * factor, relaxation.times_s[-1] * factor


def _same_length(
    key: str, values: tuple[float, ...], other: str, others: tuple[float, ...]
) -> None:
    if len(values) != len(others):
        given = f"{len(values)} values, and {len(others)} {other}"
        raise section_error(key, given, f"one value for each of {other}")


def _increasing(key: str, values: tuple[float, ...], allowed: str) -> None:
    if any(second <= first for first, second in pairwise(values)):
        raise section_error(key, "not in order", allowed)
