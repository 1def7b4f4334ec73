"""Loss of the effective moduli of a network that repeats, as a function of its widths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fem.homogenisation.beams import BeamCell
from mnnfab.errors import InputError
from mnnfab.io.short_repr import short_repr
from mnnfab.training.loss_terms import MissedTarget

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.network.periodic import Periodicity
    from mnnfab.problem.problem import Problem
    from mnnfab.task.modulus_targets import ModulusTargets


@dataclass(frozen=True, eq=False)
class ModulusLoss:
    """Sum of weight · (excess / tolerance)² over the targets of moduli: a `WidthLoss`.

    Moduli are those of beams, with differences that make them those of the continuum model.

    Args:
        beams: the cell.
        periodicity: the bonds that are images of each bond of the cell.
        targets: the targets.
        differences: values by the continuum model minus those by beams, (n_targets,).
    """

    beams: BeamCell
    periodicity: Periodicity
    targets: ModulusTargets
    differences: FloatArray

    __repr__ = short_repr

    def values(self, widths_mm: FloatArray) -> FloatArray:
        """Return the values that have targets, (n_targets,)."""
        moduli = self.beams.moduli(self.periodicity.cell_widths(widths_mm))
        values: FloatArray = self.targets.values(moduli) + self.differences
        return values

    def __call__(self, widths_mm: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss and its derivative in each width, (n_bonds,)."""
        moduli, by_width = self.beams.moduli_and_gradient(self.periodicity.cell_widths(widths_mm))
        bands = self.targets.bands
        values = self.targets.values(moduli) + self.differences
        excess = bands.excess(values[None])[0] / bands.tolerance[0]
        slopes = 2 * bands.weight[0] * excess / bands.tolerance[0]
        by_stiffness = np.einsum("t,tij->ij", slopes, self.targets.gradients(moduli))
        by_cell = np.einsum("bij,ij->b", by_width, by_stiffness)
        # The width of the cell is the mean of its images.
        images = np.bincount(self.periodicity.bond_class)
        gradient: FloatArray = (by_cell / images)[self.periodicity.bond_class]
        return float((bands.weight[0] * excess**2).sum()), gradient

    def deviations(self, widths_mm: FloatArray) -> FloatArray:
        """Return the deviations from the targets in tolerances, (n_targets,)."""
        return self.targets.deviations(self.values(widths_mm))

    def missed(self, widths_mm: FloatArray) -> list[MissedTarget]:
        """Return the targets that widths, (n_bonds,), do not meet."""
        values = self.values(widths_mm)
        deviations = self.targets.deviations(values)
        return [
            MissedTarget(
                case="network",
                measure=self.targets.names[i],
                value=float(values[i]),
                wanted=self.targets.texts[i],
                deviation=float(deviations[i]),
            )
            for i in np.flatnonzero(deviations > 1.0)
        ]


def modulus_loss(problem: Problem) -> ModulusLoss | None:
    """Return the loss of the moduli of a problem; None if it has no such targets."""
    targets = problem.task.moduli if problem.task is not None else None
    if targets is None:
        return None
    if problem.periodicity is None:
        raise InputError("[task] moduli", "given without a period", "[network] period_mm")
    found = problem.surrogate.modulus_differences
    differences = np.zeros(len(targets.measures)) if found is None else found
    return ModulusLoss(
        beam_cell(problem, problem.periodicity), problem.periodicity, targets, differences
    )


def beam_cell(problem: Problem, periodicity: Periodicity) -> BeamCell:
    """Return the cell of a problem as beams with the joints of printed parts."""
    fabrication = problem.with_effective_joints.design.fabrication
    return BeamCell(periodicity.cell, problem.material, fabrication)
