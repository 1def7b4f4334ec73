"""Network and published values of the paper, with their sources.

Li and Mao, Nat. Commun. 15:10528 (2024), doi 10.1038/s41467-024-54849-z; "source data" is
the table published with each figure.
"""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.model.bars import BarModel, stiffness_per_width
from mnnfab.network.lattices import triangular_patch
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, Port

YOUNGS_MODULUS_MPA, THICKNESS_MM, BOND_LENGTH_MM = 0.55, 2.0, 16.0
WIDTHS_MM, WIDTH_START_MM = (1.5, 2.5), 2.0
RIGHT, LEFT, MIDDLE = Port(12, "y"), Port(13, "y"), Port(10, "y")

#: Fig. 1, measured displacement of node 13 under 10 gf at node 12 (text), mm.
MEASURED_LEFT_MM = -0.82
#: Fig. 1, weight applied for the adjoint field, gf.
ADJOINT_WEIGHT_GF = 5.0
#: Fig. 1e, source data: simulated gradient, measured gradient and its error, 1e-9 m², in the
#: bond order of the paper, which differs from that of mnnfab.
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
#: Fig. 1e: best step of the finite differences (text).
BEST_STEP = 1e-6
#: Fig. 1e, source data: error of the finite differences at some steps, including the largest
#: and the best.
FINITE_DIFFERENCE_ERRORS = {
    9.98e-9: 1.53e-11,
    1.00e-7: 8.67e-14,
    1.00e-6: 1.33e-15,
    9.92e-6: 2.73e-14,
    9.95e-5: 2.69e-12,
    9.99e-4: 2.70e-10,
    1.00e-2: 2.70e-8,
    1.01e-1: 2.53e-6,
    9.93e-1: 1.353e-4,
    9.97: 1.049e-3,
    100.0: 1.554e-3,
}
#: Fig. 2, source data: displacements of the two outputs, mm: simulated; measured with error.
BEHAVIOUR_UNTRAINED_MM = (-0.524292929, -0.524292929)
BEHAVIOUR_UNTRAINED_MEASURED_MM = ((-0.521159262, 0.04021075), (-0.523021, 0.011206042))
BEHAVIOUR_TRAINED_MM = (-0.625333116, -0.479973464)
BEHAVIOUR_TRAINED_MEASURED_MM = ((-0.61776526, 0.010127081), (-0.497122243, 0.010320367))

#: Fig. 3, equation 9: slopes of u_x and u_y of node 12, then of node 13, over the load.
SLOPES_MM_PER_N = [0.0, 16.0, 4.0, 16.0]
#: Fig. 3, text: noise of the targets, mm.
NOISE_MM = 0.1
#: Fig. 3b, source data: mean loss after some epochs, m², noise-free and noisy.
REGRESSION_LOSS_M2 = {
    1: (7.57e-8, 2.52e-7),
    10: (2.36e-9, 3.25e-8),
    100: (6.01e-10, 2.01e-8),
    1000: (3.79e-10, 1.77e-8),
    5000: (3.75e-10, 1.73e-8),
}
#: Fig. 4b, source data: loss and accuracies on the training and the test set after some
#: epochs, each as mean, minimum and maximum. (The table gives the spread as mean minus maximum
#: and mean minus minimum: only with this interpretation no accuracy exceeds 1.)
IRIS_CURVES = {
    1: ((1.318, 1.227, 1.500), (0.383, 0.305, 0.562), (0.373, 0.222, 0.578)),
    10: ((0.730, 0.689, 0.832), (0.659, 0.333, 0.886), (0.642, 0.267, 0.889)),
    20: ((0.690, 0.673, 0.742), (0.872, 0.705, 0.962), (0.867, 0.667, 0.978)),
    50: ((0.662, 0.654, 0.681), (0.936, 0.895, 0.971), (0.942, 0.889, 0.978)),
    100: ((0.652, 0.646, 0.661), (0.950, 0.933, 0.962), (0.964, 0.933, 1.000)),
}


def network() -> Network:
    """Return the network of the paper, a patch of 14 nodes and 28 bonds."""
    return triangular_patch(4, BOND_LENGTH_MM, [0, 4])


def per_width() -> FloatArray:
    """Return the stiffness per width of the bonds of the network, (28,) N/mm²."""
    return stiffness_per_width(network(), YOUNGS_MODULUS_MPA, THICKNESS_MM)


def model(inputs: tuple[AnyPort, ...], outputs: tuple[AnyPort, ...]) -> BarModel:
    """Return the bar model of the network with these ports."""
    return BarModel(network(), inputs, outputs)
