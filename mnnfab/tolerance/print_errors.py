"""Print errors: random deviations of a printed part from its design."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.check_section import ToleranceSection
from mnnfab.design.fabrication import Fabrication
from mnnfab.model.joints import edge_sensitivity
from mnnfab.profiles import Printer
from mnnfab.units import NEWTON_PER_GF

#: Lower limit of sampled values as a fraction of the nominal value.
MIN_FACTOR = 0.1
#: Number of standard deviations that the accuracy of a printer is assumed to be.
SDS_IN_ACCURACY = 2.0


@dataclass(frozen=True)
class PrintErrors:
    """Standard deviations of independent normal errors.

    Args:
        width_mm: width error of a bond, constant along it and independent between bonds.
        thickness: relative error of the thickness of the part.
        modulus: relative error of the modulus of the part.
        load_N: error of every load.
    """

    width_mm: float
    thickness: float
    modulus: float
    load_N: float


def print_errors(
    section: ToleranceSection, printer: Printer, fabrication: Fabrication
) -> PrintErrors:
    """Return the errors of a design; missing values follow from the accuracy of the printer."""
    usual = printer.accuracy_mm / SDS_IN_ACCURACY
    width = usual if section.width_sd_mm is None else section.width_sd_mm
    thickness = usual if section.thickness_sd_mm is None else section.thickness_sd_mm
    return PrintErrors(
        width_mm=width,
        thickness=thickness / fabrication.thickness_mm,
        modulus=section.modulus_sd,
        load_N=section.load_sd_gf * NEWTON_PER_GF,
    )


def sample_width_errors(
    errors: PrintErrors,
    widths_mm: FloatArray,
    lengths_mm: FloatArray,
    fabrication: Fabrication,
    count: int,
    generator: np.random.Generator,
) -> FloatArray:
    """Return width errors of print samples for training, (count, n_bonds) mm.

    An edge error has a larger effect in a thinned joint; to first order it acts like a larger
    error of a plain bar (`edge_sensitivity`). The errors are drawn in pairs of opposite sign, so
    their mean is 0, except where they are limited so that a bond keeps at least a tenth of
    width_min_mm.

    Args:
        errors: standard deviations of the print errors.
        widths_mm: widths at which the edge weights are evaluated, (n_bonds,).
        lengths_mm: lengths of the bonds, (n_bonds,).
        fabrication: joints, tapers and width limits.
        count: number of samples, even.
        generator: random number generator.
    """
    weight = edge_sensitivity(widths_mm, lengths_mm, fabrication)
    half = generator.standard_normal((count // 2, len(widths_mm)))
    both = np.concatenate([half, -half])
    drawn = errors.width_mm * weight * both
    limited: FloatArray = np.maximum(drawn, (MIN_FACTOR - 1) * fabrication.width_min_mm)
    return limited
