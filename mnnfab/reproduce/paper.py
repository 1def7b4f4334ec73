"""What the paper says: its network and its published numbers, with their places.

Li and Mao, Nat. Commun. 15:10528 (2024), doi 10.1038/s41467-024-54849-z; "source data" is
the table that is published with each figure.
"""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.bars import BarModel, stiffness_per_width
from mnnfab.lattices import triangular_patch
from mnnfab.network import Network
from mnnfab.ports import Port

YOUNGS_MODULUS_MPA, THICKNESS_MM, BOND_LENGTH_MM = 0.55, 2.0, 16.0
WIDTHS_MM, WIDTH_START_MM = (1.5, 2.5), 2.0
RIGHT, LEFT, MIDDLE = Port(12, "y"), Port(13, "y"), Port(10, "y")

#: Fig. 1, measured displacement of node 13 under 10 gf at node 12 (text), mm.
MEASURED_LEFT_MM = -0.82
#: Fig. 1, weight for the adjoint field that the paper hangs, gf.
ADJOINT_WEIGHT_GF = 5.0
#: Fig. 1e, source data: simulated gradient, measured one and its error, 1e-9 m², in the
#: paper's order of bonds, which is not ours.
GRADIENT_SIMULATED = np.array(
    [
        *(17.5, -2.39, -12.3, -0.182, 4.27, 79.4, -2.39, 7.76, 4.27, 41.9, 4.27, 1.66, 7.76, 0.764),
        *(-1.51, -1.51, 4.27, 0.764, 2.61, -12.3, 4.27, 41.9, -2.39, 17.5, -2.39, 4.27, -0.182),
        79.4,
    ]
)
GRADIENT_MEASURED = np.array(
    [
        *(19.7, -3.01, -12.5, -2.11, 6.59, 75.2, -3.12, 4.53, 1.61, 38.6, 4.21, 2.32, 5.72, 0.287),
        *(-1.01, -0.203, 4.44, 1.10, 3.09, -17.0, 5.22, 33.9, 0.981, 15.8, -6.34, -2.14, 4.14),
        74.2,
    ]
)
GRADIENT_ERROR = np.array(
    [
        *(0.943, 0.353, 1.98, 0.634, 6.58, 3.62, 8.87, 1.93, 0.469, 11.5, 9.06, 0.056, 2.98, 0.12),
        *(0.934, 1.59, 8.20, 1.08, 0.684, 2.09, 0.174, 5.85, 0.65, 13.6, 0.847, 1.65, 0.615, 17.1),
    ]
)
#: Fig. 1e: the best step of the finite differences, N/m (text).
BEST_STEP_N_PER_M = 1e-6
#: Fig. 2, source data: displacements of the two outputs, mm: simulated, measured, its error.
BEHAVIOUR_UNTRAINED_MM = (-0.524292929, -0.524292929)
BEHAVIOUR_UNTRAINED_MEASURED_MM = ((-0.521159262, 0.04021075), (-0.523021, 0.011206042))
BEHAVIOUR_TRAINED_MM = (-0.625333116, -0.479973464)
BEHAVIOUR_TRAINED_MEASURED_MM = ((-0.61776526, 0.010127081), (-0.497122243, 0.010320367))


def network() -> Network:
    """Return the patch of 14 nodes and 28 bonds."""
    return triangular_patch(4, BOND_LENGTH_MM, [0, 4])


def per_width() -> FloatArray:
    """Return the stiffness per width of its bonds, (28,) N/mm²."""
    return stiffness_per_width(network(), YOUNGS_MODULUS_MPA, THICKNESS_MM)


def model(inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> BarModel:
    """Return its bars with these ports."""
    return BarModel(network(), inputs, outputs)
