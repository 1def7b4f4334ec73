"""Protocols of all models: outputs and elongations under loads, and derivatives of a loss.

Tasks, losses, metrics, gradients and checks use a model only through these protocols, so a model
may be linear or nonlinear:

    PortModel    outputs under loads, sufficient for metrics
    Model        also the equilibrium under loads: elongations, derivative in the stiffness
    WidthModel   a model for any bond widths, as required by training

A linear model superposes unit loads at its ports (`mnnfab.model.response`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

    from mnnfab.arrays import FloatArray
    from mnnfab.network.network import Network


def in_situ_gradient(elongations: FloatArray, adjoint_elongations: FloatArray) -> FloatArray:
    """Return dL/dk of every bond, (n_bonds,): minus elongation times adjoint elongation.

    The in situ rule (Li and Mao, eq. 6): the loads elongate bond b by e_b, and small adjoint
    loads ∂L/∂u at the outputs, added to the loads, by a further δe_b. Then
    dL/dk_b = -Σ e_b δe_b, summed over the load cases. (The paper applies -∂L/∂u, so its product
    has no minus sign.) For springs it holds at any equilibrium, with small or large
    displacements.

    Args:
        elongations: elongations under the loads, (n_bonds, n_cases) mm.
        adjoint_elongations: elongations under the adjoint loads of the same cases,
            (n_bonds, n_cases) mm per unit of the loss. Both may have the same leading axes, for
            several measurements of the same cases.
    """
    gradient: FloatArray = -np.vecdot(elongations, adjoint_elongations)
    return gradient


class PortModel(Protocol):
    """A network reduced to its ports."""

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm.

        Args:
            loads_N: loads at the inputs, (n_samples, n_in).
        """
        ...


@dataclass(frozen=True, eq=False)
class ScaledOutputs:
    """A model whose outputs are multiplied by a factor.

    Args:
        model: model whose outputs are scaled.
        factor: factor on all outputs.
    """

    model: PortModel
    factor: float

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm."""
        return self.factor * self.model.outputs(loads_N)


class DeformedState(Protocol):
    """Displacements and elongations under the loads of some samples."""

    @property
    def outputs_mm(self) -> FloatArray:
        """Displacements of the outputs, (n_samples, n_out)."""
        ...

    @property
    def elongations_mm(self) -> FloatArray:
        """Elongation of each bond, (n_samples, n_bonds); positive if longer."""
        ...


class Equilibrium(DeformedState, Protocol):
    """The equilibria of a network under the loads of some samples.

    A nonlinear model subclasses it and inherits the gradient by the in situ rule.
    """

    def adjoint_elongations(self, output_loads_N: FloatArray) -> FloatArray:
        """Return the elongation of each bond by small additional loads, (n_samples, n_bonds) mm.

        Args:
            output_loads_N: additional loads at the outputs of each sample, (n_samples, n_out).
        """
        ...

    def load_gradient(self, output_gradient: FloatArray) -> FloatArray:
        """Return the derivative of a loss in the loads, (n_samples, n_in) per N.

        It is the displacement of the inputs by small additional loads ∂L/∂u at the outputs. Times
        the loads, summed, it is the derivative in the logarithm of the scale of all loads, and
        minus that in the logarithm of the thickness: stiffness and own weight are proportional to
        the thickness.

        Args:
            output_gradient: derivative of the loss in the outputs, (n_samples, n_out) per mm.
        """
        ...

    def stiffness_gradient(self, output_gradient: FloatArray) -> FloatArray:
        """Return the derivative of a loss in the stiffness of each bond, (n_bonds,) per N/mm.

        Args:
            output_gradient: derivative of the loss in the outputs, (n_samples, n_out) per mm.
        """
        adjoint = self.adjoint_elongations(output_gradient)
        return in_situ_gradient(self.elongations_mm.T, adjoint.T)


class Model(PortModel, Protocol):
    """A model of a network with given widths."""

    def solve(self, loads_N: FloatArray) -> Equilibrium:
        """Return the equilibria under loads at the inputs, (n_samples, n_in) N.

        Raises:
            ToolError: if there is no equilibrium, or it is not found.
        """
        ...


class WidthEquilibrium(Equilibrium, Protocol):
    """Equilibria of a network as a function of its widths."""

    def width_gradient(
        self, output_gradient: FloatArray, chain: FloatArray | float = 1.0
    ) -> FloatArray:
        """Return the derivative of a loss in each width, times `chain`, (n_bonds,).

        Args:
            output_gradient: derivative of the loss in the outputs, (n_samples, n_out) per mm.
            chain: derivative of each width in its latent value, (n_bonds,) mm.
        """
        ...


class WidthModel(Protocol):
    """A model of a network for any widths of its bonds."""

    @property
    def network(self) -> Network:
        """Nodes and bonds."""
        ...

    def port_model(self, widths_mm: FloatArray) -> PortModel:
        """Return a model of the ports only, for widths (n_bonds,) mm; small enough to be stored."""
        ...

    def solve(self, widths_mm: FloatArray, loads_N: FloatArray) -> WidthEquilibrium:
        """Return the equilibria of widths (n_bonds,) mm under loads (n_samples, n_in) N.

        Raises:
            ToolError: if there is no equilibrium, or it is not found.
        """
        ...

    def stiffness_matrix(self, widths_mm: FloatArray) -> sparse.csr_array:
        """Return the stiffness matrix at zero load on the free degrees of freedom, N/mm."""
        ...
