"""Taylor tests of gradients: the remainder of a first-order expansion falls with step²."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.losses.bands import Bands
from mnnfab.losses.loss import Loss, LossOptions, loss_kinds, losses_for
from mnnfab.losses.readout import Readout, readout_kinds

ORDER = 2.0
#: The third order, and the tolerance of the solutions, change the observed order by less.
ORDER_ERROR = 0.1


def losses() -> dict[str, Loss]:
    """Return every loss with every normalisation and readout of an output per class, by name.

    The size of target displacements is 0.1 mm, the error of a reading 0.05 mm, and the scale of
    the softmax that of a design without one.
    """
    found = {
        name: loss_kinds()[name].make(LossOptions(None, None, 0.1, 0.05))
        for name in losses_for("displacements")
    }
    for name in losses_for("bands"):
        options = LossOptions(None, None, 0.1, 0.05, ratios=((0, 1),))
        found[name] = loss_kinds()[name].make(options)
    per_class = [kind.make(0.0) for kind in readout_kinds().values() if not kind.n_outputs]
    return found | _losses_of_classes(per_class)


def targets_for(loss: Loss, targets: FloatArray) -> FloatArray:
    """Return targets of the kind of a loss, (n_samples, 3) or bands of three outputs and a ratio.

    The bands are a value, a lower and an upper end and the ratio of the first two outputs, all of
    which displacements of less than 1 mm miss.
    """
    if loss.targets != "bands":
        return targets
    ones, none = np.ones(len(targets)), np.full(len(targets), np.inf)
    low = np.column_stack([targets[:, 0], ones, -none, 5 * ones])
    high = np.column_stack([targets[:, 0], none, -ones, 6 * ones])
    shape = np.ones_like(low)
    return Bands(low, high, 0.1 * shape, shape).as_targets


def threshold_losses() -> dict[str, Loss]:
    """Return every loss with every readout of a single output, with a threshold of 0.01 mm."""
    return _losses_of_classes(
        [kind.make(0.01) for kind in readout_kinds().values() if kind.n_outputs == 1]
    )


def _losses_of_classes(readouts: Iterable[Readout]) -> dict[str, Loss]:
    found = {}
    for readout, name in product(readouts, losses_for("classes")):
        kind = loss_kinds()[name]
        both = kind.normalised and readout.magnitudes
        for normalisation in ("softmax", "share") if both else ("softmax",):
            options = LossOptions(normalisation, None, 0.1, 0.05, readout)
            label = f"{name}, {normalisation}" if kind.normalised else name
            found[f"{label}, {readout.rule}"] = kind.make(options)
    return found


def taylor_orders(value: Callable[[float], float], slope: float, steps: list[float]) -> FloatArray:
    """Return the observed orders of the remainder of a first-order expansion at 0."""
    start = value(0.0)
    remainders = [abs(value(step) - start - step * slope) for step in steps]
    orders: FloatArray = np.diff(np.log(remainders)) / np.diff(np.log(steps))
    return orders
