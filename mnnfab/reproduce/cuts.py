"""Cuts: accuracy of the iris network after the removal of one bond, and an atlas of all bonds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.network.rigidity import analyse_rigidity
from mnnfab.reproduce.setting import Run, train_iris

#: Largest decrease of the accuracy for a redundant or recoverable bond.
MAX_ACCURACY_DROP = 0.05
#: Classes of bonds and their definitions for the summary.
KINDS = {
    "redundant": "the accuracy decreases by at most 0.05 without it",
    "recoverable": "the accuracy decreases by more, but by at most 0.05 after retraining",
    "critical": "the accuracy decreases by more than 0.05 even after retraining",
    "indispensable": "the network has a zero mode without it",
}


@dataclass(frozen=True, eq=False)
class Cut:
    """A network without one bond.

    Args:
        nodes: nodes of the bond.
        zero_modes: number of zero modes of the network without the bond.
        before: accuracy on all flowers before the cut for each split, (n_splits,).
        after_cut: the same after the cut; empty if there are zero modes.
        retrained: the same after retraining; empty if there are zero modes.
    """

    nodes: tuple[int, int]
    zero_modes: int
    before: FloatArray
    after_cut: FloatArray
    retrained: FloatArray

    @property
    def name(self) -> str:
        """Node numbers of the bond as text."""
        return "{}–{}".format(*self.nodes)

    @property
    def kind(self) -> str:
        """Class of the bond, a key of `KINDS`."""
        if self.zero_modes:
            return "indispensable"
        min_accuracy = self.before.mean() - MAX_ACCURACY_DROP
        if self.after_cut.mean() >= min_accuracy:
            return "redundant"
        return "recoverable" if self.retrained.mean() >= min_accuracy else "critical"


def cut_and_retrain(trained: Run, nodes: tuple[int, int], seed: int = 0) -> tuple[float, Run]:
    """Cut a bond of the iris network and retrain from the widths of the other bonds.

    Args:
        trained: training of the complete network.
        nodes: nodes of the bond.
        seed: seed of the split, as in the previous training.

    Returns:
        The accuracy on all flowers after the cut, and the retraining. If the retraining stalls,
        it is restarted from random widths.
    """
    bonds = trained.trainable.model.network.bonds
    remaining = (np.sort(bonds) != np.sort(nodes)).any(axis=1)
    run = train_iris(seed, [nodes], trained.widths_mm[remaining])
    cut = run.task.metrics(run.springs.response(trained.widths_mm[remaining]))["accuracy_all"]
    assert isinstance(cut, float)
    return cut, run


def remove_each_bond(n_splits: int) -> tuple[Cut, ...]:
    """Train the iris network on several splits; cut each of its bonds and retrain."""
    trained = [train_iris(seed) for seed in range(n_splits)]
    bonds = trained[0].trainable.model.network.bonds
    return tuple(_cut(trained, (first, second)) for first, second in bonds.tolist())


def _cut(trained: list[Run], nodes: tuple[int, int]) -> Cut:
    before = np.array([run.metric("accuracy_all")[-1] for run in trained])
    network = trained[0].trainable.model.network.without([nodes])
    zero_modes = analyse_rigidity(network).n_zero_modes
    if zero_modes:
        return Cut(nodes, zero_modes, before, np.empty(0), np.empty(0))
    retrainings = [cut_and_retrain(run, nodes, seed) for seed, run in enumerate(trained)]
    return Cut(
        nodes,
        zero_modes,
        before,
        after_cut=np.array([cut for cut, _ in retrainings]),
        retrained=np.array([run.metric("accuracy_all")[-1] for _, run in retrainings]),
    )
