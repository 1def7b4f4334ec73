"""Cuts: what the iris network can still do without one of its bonds, and the atlas of all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.network.rigidity import analyse_rigidity
from mnnfab.reproduce.setting import Run, train_iris

#: Accuracy that a bond may cost and still be called redundant, or recoverable.
ALLOWED = 0.05
#: Each kind of bond and what it means, in the words of the summary.
KINDS = {
    "redundant": "without it the accuracy falls by 0.05 at the most",
    "recoverable": "it falls by more, but by 0.05 at the most after retraining",
    "critical": "it falls by more even after retraining",
    "indispensable": "without it the network has a zero mode",
}


@dataclass(frozen=True, eq=False)
class Cut:
    """A network that lost one bond.

    Args:
        nodes: of the bond.
        zero_modes: of the network without it.
        before: accuracy on all flowers before the cut, for each split, (n_splits,).
        after_cut: the same after it; empty if there are zero modes.
        retrained: the same after training on; empty if there are zero modes.
    """

    nodes: tuple[int, int]
    zero_modes: int
    before: FloatArray
    after_cut: FloatArray
    retrained: FloatArray

    @property
    def name(self) -> str:
        """Its nodes, for people."""
        return "{}–{}".format(*self.nodes)

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        if self.zero_modes:
            return "indispensable"
        least = self.before.mean() - ALLOWED
        if self.after_cut.mean() >= least:
            return "redundant"
        return "recoverable" if self.retrained.mean() >= least else "critical"


def cut_and_retrain(trained: Run, nodes: tuple[int, int], seed: int = 0) -> tuple[float, Run]:
    """Cut a bond of the iris network and train on from the widths of the others.

    Args:
        trained: the whole network.
        nodes: of the bond.
        seed: of the split, as in the training before.

    Returns:
        The accuracy on all flowers after the cut, and the training that follows. If it gets
        stuck it is started again from random widths.
    """
    bonds = trained.trainable.model.network.bonds
    kept = (np.sort(bonds) != np.sort(nodes)).any(axis=1)
    run = train_iris(seed, [nodes], trained.widths_mm[kept])
    cut = run.task.metrics(run.springs.response(trained.widths_mm[kept]))["accuracy_all"]
    assert isinstance(cut, float)
    return cut, run


def atlas_of(n_splits: int) -> tuple[Cut, ...]:
    """Train the iris network on some splits; cut each of its bonds and train on."""
    trained = [train_iris(seed) for seed in range(n_splits)]
    bonds = trained[0].trainable.model.network.bonds
    return tuple(_cut(trained, (first, second)) for first, second in bonds.tolist())


def _cut(trained: list[Run], nodes: tuple[int, int]) -> Cut:
    before = np.array([run.metric("accuracy_all")[-1] for run in trained])
    network = trained[0].trainable.model.network.without([nodes])
    zero_modes = analyse_rigidity(network).n_zero_modes
    if zero_modes:
        return Cut(nodes, zero_modes, before, np.empty(0), np.empty(0))
    found = [cut_and_retrain(run, nodes, seed) for seed, run in enumerate(trained)]
    return Cut(
        nodes,
        zero_modes,
        before,
        after_cut=np.array([cut for cut, _ in found]),
        retrained=np.array([run.metric("accuracy_all")[-1] for _, run in found]),
    )
