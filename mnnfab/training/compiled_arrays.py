"""Arguments of the compiled training step: named tuples of arrays and numbers."""

from __future__ import annotations

from typing import NamedTuple

from mnnfab.arrays import FloatArray, IntArray

CLAMP, LOGISTIC = 0, 1


class Bars(NamedTuple):
    """The network, reduced to its free degrees of freedom.

    Args:
        dofs: degrees of freedom of each bond, (n_bonds, 4); -1 for fixed ones.
        cosines: elongation per unit displacement of these, (n_bonds, 4).
        law: coefficients of the stiffness law, (n_bonds, degree) N/mm per power of mm.
        ports: degree of freedom of each port, inputs first, (n_ports,).
        additive: term added to the flexibility matrix, (n_out, n_in) mm/N.
        n_dofs: number of free degrees of freedom.
    """

    dofs: IntArray
    cosines: FloatArray
    law: FloatArray
    ports: IntArray
    additive: FloatArray
    n_dofs: int


class Samples(NamedTuple):
    """Loads, targets and loss.

    Args:
        loads_N: loads, (n_samples, n_in).
        targets: targets, (n_samples, n_out).
        loss: SOFTMAX, SHARE or SQUARED.
        scale_mm: scale of the loss; unused for SHARE.
    """

    loads_N: FloatArray
    targets: FloatArray
    loss: int
    scale_mm: float


class Limits(NamedTuple):
    """The width map.

    Args:
        kind: CLAMP or LOGISTIC.
        width_min_mm: lower limit.
        width_max_mm: upper limit.
        sharpness: sharpness of LOGISTIC.
    """

    kind: int
    width_min_mm: float
    width_max_mm: float
    sharpness: float


class State(NamedTuple):
    """State of Adam: latent values and both means, one row per restart, (n_restarts, n_bonds)."""

    latent: FloatArray
    mean: FloatArray
    square: FloatArray
