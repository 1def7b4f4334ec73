"""Taylor tests of gradients: the remainder of a first-order expansion falls with step²."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.losses.loss import Loss, LossOptions, loss_kinds, losses_for
from mnnfab.losses.readout import readout_kinds

ORDER = 2.0
#: The third order, and the tolerance of the solutions, change the observed order by less.
ORDER_ERROR = 0.1


def losses() -> dict[str, Loss]:
    """Return every loss with every normalisation and readout of an output per class, by name.

    Their scales are tenths of a millimetre.
    """
    plain = LossOptions(None, None, 0.1, 0.05)
    found = {name: loss_kinds()[name].make(plain) for name in losses_for("displacements")}
    for readout in (kind.make(0.0) for kind in readout_kinds().values() if not kind.n_outputs):
        for name in losses_for("classes"):
            kind = loss_kinds()[name]
            has_shares = kind.normalised and readout.magnitudes
            for normalisation in ("softmax", "share") if has_shares else ("softmax",):
                options = LossOptions(normalisation, None, 0.1, 0.05, readout)
                found[f"{name}, {normalisation}, {readout.rule}"] = kind.make(options)
    return found


def taylor_orders(value: Callable[[float], float], slope: float, steps: list[float]) -> FloatArray:
    """Return the observed orders of the remainder of a first-order expansion at 0."""
    start = value(0.0)
    remainders = [abs(value(step) - start - step * slope) for step in steps]
    orders: FloatArray = np.diff(np.log(remainders)) / np.diff(np.log(steps))
    return orders
