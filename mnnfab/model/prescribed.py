"""Prescribed displacements: inputs that are moved by given distances, and their reactions.

A moved input has an output at the same port. The load at it, its reaction, is that with which the
output has the given displacement. A model is used under loads only, so any model can be moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.io.short_repr import short_repr
from mnnfab.model.model import Equilibrium, PortModel


@dataclass(frozen=True, eq=False)
class PrescribedDisplacements:
    """The prescribed displacements of some samples.

    Args:
        inputs: inputs that are moved in any sample, as indices, (n_moved,).
        outputs: output at the port of each of them, as indices, (n_moved,).
        displacements_mm: displacements, (n_samples, n_moved); NaN where the input is loaded.
    """

    inputs: IntArray
    outputs: IntArray
    displacements_mm: FloatArray

    __repr__ = short_repr

    def take(self, samples: IntArray | slice) -> PrescribedDisplacements:
        """Return those of some samples."""
        return PrescribedDisplacements(self.inputs, self.outputs, self.displacements_mm[samples])

    def loads(self, model: PortModel, loads_N: FloatArray) -> FloatArray:
        """Return the loads with the reactions of a linear model, (n_samples, n_in) N.

        Args:
            model: a linear model.
            loads_N: loads, (n_samples, n_in); those of moved inputs are replaced.
        """
        loads = np.where(self._moved(loads_N.shape[1]), 0.0, loads_N)
        missing = self.displacements_mm - model.outputs(loads)[:, self.outputs]
        unit = np.zeros((len(self.inputs), loads_N.shape[1]))
        unit[np.arange(len(self.inputs)), self.inputs] = 1.0
        flexibility = model.outputs(unit)[:, self.outputs].T
        for sample, moved in self._samples():
            block = flexibility[np.ix_(moved, moved)]
            loads[sample, self.inputs[moved]] = np.linalg.solve(block, missing[sample, moved])
        return loads

    def corrected(self, equilibrium: Equilibrium, loads_N: FloatArray) -> FloatArray:
        """Return loads nearer to those with the prescribed displacements: a step of Newton.

        Args:
            equilibrium: equilibria of any model under the loads.
            loads_N: the loads, (n_samples, n_in).
        """
        slopes = self._slopes(equilibrium)
        missing = self.missing(equilibrium.outputs_mm)
        found = loads_N.copy()
        for sample, moved in self._samples():
            block = slopes[sample][np.ix_(moved, moved)]
            found[sample, self.inputs[moved]] += np.linalg.solve(block, missing[sample, moved])
        return found

    def missing(self, outputs_mm: FloatArray) -> FloatArray:
        """Return the prescribed minus the actual displacements, (n_samples, n_moved); 0 if free."""
        return np.nan_to_num(self.displacements_mm - outputs_mm[:, self.outputs])

    def output_gradient(
        self, equilibrium: Equilibrium, output_gradient: FloatArray, load_gradient: FloatArray
    ) -> FloatArray:
        """Return the gradient in the outputs that has the reactions in it, (n_samples, n_out).

        The reactions f change with the part so that the moved outputs u_m stay. With
        J = ∂u_m/∂f and the derivative of the loss in them, g = ∂L/∂f + (∂u/∂f)ᵀ ∂L/∂u, that of
        the loss in the part is the derivative under fixed loads, with -J⁻ᵀ g added to ∂L/∂u_m.

        Args:
            equilibrium: equilibria under the loads with the reactions.
            output_gradient: ∂L/∂u, (n_samples, n_out) per mm.
            load_gradient: ∂L/∂f, (n_samples, n_in) per N.
        """
        slopes = self._slopes(equilibrium)
        total = equilibrium.load_gradient(output_gradient) + load_gradient
        found = output_gradient.copy()
        for sample, moved in self._samples():
            block = slopes[sample][np.ix_(moved, moved)]
            own = total[sample, self.inputs[moved]]
            found[sample, self.outputs[moved]] -= np.linalg.solve(block.T, own)
        return found

    def _slopes(self, equilibrium: Equilibrium) -> FloatArray:
        """Return ∂u_m/∂f of the moved outputs and inputs, (n_samples, n_moved, n_moved) mm/N."""
        shape = equilibrium.outputs_mm.shape
        rows = []
        for output in self.outputs.tolist():
            unit = np.zeros(shape)
            unit[:, output] = 1.0
            rows.append(equilibrium.load_gradient(unit)[:, self.inputs])
        return np.stack(rows, axis=1)

    def _moved(self, n_inputs: int) -> np.ndarray:
        """Return whether each input of each sample is moved, (n_samples, n_in)."""
        moved = np.zeros((len(self.displacements_mm), n_inputs), dtype=bool)
        moved[:, self.inputs] = ~np.isnan(self.displacements_mm)
        return moved

    def _samples(self) -> Iterator[tuple[int, IntArray]]:
        """Yield each sample with any, and the places of its moved inputs."""
        for sample, row in enumerate(~np.isnan(self.displacements_mm)):
            if row.any():
                yield sample, np.flatnonzero(row)
