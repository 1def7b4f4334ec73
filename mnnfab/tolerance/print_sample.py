"""One simulated print of a part: the design with random print errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.fabrication import Fabrication
from mnnfab.model.bars import BarModel
from mnnfab.model.joints import series_integral
from mnnfab.random_streams import Stream, random_generator
from mnnfab.tolerance.print_errors import MIN_FACTOR, PrintErrors


@dataclass(frozen=True, eq=False)
class AsDrawnBars:
    """The bar model with nominal widths, from which print samples are drawn.

    Args:
        model: bar model, calibrated or not.
        widths_mm: nominal widths, (n_bonds,).
        stiffness: nominal stiffnesses, (n_bonds,) N/mm.
        fabrication: joints and tapers.
    """

    model: BarModel
    widths_mm: FloatArray
    stiffness: FloatArray
    fabrication: Fabrication


@dataclass(frozen=True, eq=False)
class PrintSample:
    """Errors of one print and of the loads that are hung on it.

    Args:
        edges_mm: error of the width of each bond, the same all along it, (n_bonds,).
        bonds: factor on the axial stiffness of each bond by it, (n_bonds,).
        modulus: factor on the modulus of the part.
        thickness: factor on its thickness.
        load_errors_N: errors of the loads, (n_samples, n_in).
    """

    edges_mm: FloatArray
    bonds: FloatArray
    modulus: float
    thickness: float
    load_errors_N: FloatArray

    @property
    def part(self) -> float:
        """Factor on the stiffness of the whole part in its plane."""
        return self.modulus * self.thickness


def draw_prints(
    printed: AsDrawnBars, errors: PrintErrors, shape: tuple[int, ...], count: int, seed: int
) -> Iterator[PrintSample]:
    """Yield print samples; the first ones are the same for any count.

    Args:
        printed: the part with its nominal widths.
        errors: standard deviations of the errors.
        shape: shape of the loads of the task, (n_samples, n_in).
        count: number of print samples.
        seed: seed of the random numbers.
    """
    generator = random_generator(seed, Stream.TOLERANCE_STUDY)
    for _ in range(count):
        edges, bonds = _bond_errors(printed, errors, generator)
        modulus, thickness = _factors(errors, generator)
        loads = errors.load_N * generator.standard_normal(shape)
        yield PrintSample(edges, bonds, modulus, thickness, loads)


def sample_stiffness(
    printed: AsDrawnBars, errors: PrintErrors, generator: np.random.Generator
) -> FloatArray:
    """Return the stiffness of each bond of one print sample, (n_bonds,) N/mm."""
    _, bonds = _bond_errors(printed, errors, generator)
    modulus, thickness = _factors(errors, generator)
    return printed.stiffness * bonds * modulus * thickness


def _bond_errors(
    printed: AsDrawnBars, errors: PrintErrors, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return the width error of each bond, mm, and its factor on the stiffness, (n_bonds,)."""
    widths, lengths = printed.widths_mm, printed.model.network.lengths
    edges = errors.width_mm * generator.standard_normal(len(widths))
    ratio = printed.fabrication.joint_ratio
    edges = np.maximum(edges, (MIN_FACTOR - 1) * ratio * widths)
    nominal, real = (
        series_integral(widths, lengths, printed.fabrication, error) for error in (0.0, edges)
    )
    return edges, nominal / real


def _factors(errors: PrintErrors, generator: np.random.Generator) -> tuple[float, float]:
    """Return factors on modulus and thickness."""
    return _factor(errors.modulus, generator), _factor(errors.thickness, generator)


def _factor(spread: float, generator: np.random.Generator) -> float:
    """Return a random factor about 1, at least 0.1."""
    return max(1.0 + spread * float(generator.standard_normal()), MIN_FACTOR)
