"""Print errors: what a print adds to a design, as random numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.check_section import ToleranceSection
from mnnfab.design.design import Fabrication
from mnnfab.model.joints import edge_weight
from mnnfab.profiles import Printer
from mnnfab.units import NEWTON_PER_GF

#: Nothing is drawn below this share of what it should be.
LEAST = 0.1
#: A printer's accuracy is taken for two standard deviations.
SDS_IN_ACCURACY = 2.0


@dataclass(frozen=True)
class PrintErrors:
    """Standard deviations of independent normal errors.

    Args:
        width_mm: by how much a bond is wider everywhere, each on its own.
        thickness: of the whole part, as a share.
        modulus: of the whole part, as a share.
        load_N: of every load.
    """

    width_mm: float
    thickness: float
    modulus: float
    load_N: float


def print_errors(
    section: ToleranceSection, printer: Printer, fabrication: Fabrication
) -> PrintErrors:
    """Return the errors of a design, by its printer's accuracy where it gives none."""
    usual = printer.accuracy_mm / SDS_IN_ACCURACY
    width = usual if section.width_sd_mm is None else section.width_sd_mm
    thickness = usual if section.thickness_sd_mm is None else section.thickness_sd_mm
    return PrintErrors(
        width_mm=width,
        thickness=thickness / fabrication.thickness_mm,
        modulus=section.modulus_sd,
        load_N=section.load_sd_gf * NEWTON_PER_GF,
    )


def drawn_widths(
    errors: PrintErrors,
    widths_mm: FloatArray,
    lengths_mm: FloatArray,
    fabrication: Fabrication,
    count: int,
    generator: np.random.Generator,
) -> FloatArray:
    """Return errors of the widths of some parts, (count, n_bonds) mm, to train over.

    An error of the edges weighs more in a thinned joint; to first order it acts as a larger
    one of a plain bar. They come in pairs of opposite sign, so that their mean is 0, but
    for those that would leave less than a tenth of the narrowest bond.

    Args:
        errors: of the print.
        widths_mm: about which they are weighed, (n_bonds,).
        lengths_mm: of the bonds, (n_bonds,).
        fabrication: joints and tapers.
        count: of parts, an even number.
        generator: draws them.
    """
    weight = edge_weight(widths_mm, lengths_mm, fabrication)
    half = generator.standard_normal((count // 2, len(widths_mm)))
    both = np.concatenate([half, -half])
    drawn = errors.width_mm * weight * both
    limited: FloatArray = np.maximum(drawn, (LEAST - 1) * fabrication.width_min_mm)
    return limited
