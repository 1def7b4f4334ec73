"""The interface of all models: loads in, outputs and elongations out, slopes of a loss back.

Tasks, losses, metrics, gradients and checks ask a model through these protocols alone, so that
a model may be linear or not:

    PortModel    outputs for loads: what a metric needs
    Model        the equilibrium under loads as well: elongations, and the slope in stiffness
    WidthModel   a model of any bond widths: what training changes

A linear model answers from unit loads at its ports (`mnnfab.model.response`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

    from mnnfab.arrays import FloatArray
    from mnnfab.network.network import Network
    from mnnfab.network.ports import Port


def in_situ_slope(elongations: FloatArray, adjoint_elongations: FloatArray) -> FloatArray:
    """Return dL/dk of every bond, (n_bonds,): minus elongation times adjoint elongation.

    The in situ rule (Li and Mao, eq. 6): where the loads lengthen bond b by e_b, and small
    weights ∂L/∂u on the outputs, hung on top of the loads, by a further δe_b,
    dL/dk_b = -Σ e_b δe_b, summed over the load cases. (The paper hangs -∂L/∂u, so its product
    has no sign.) For springs it holds at any equilibrium, small displacements or large.

    Args:
        elongations: (n_bonds, n_cases) mm.
        adjoint_elongations: of the same cases, (n_bonds, n_cases) mm per unit of the loss.
    """
    slope: FloatArray = -np.vecdot(elongations, adjoint_elongations)
    return slope


class PortModel(Protocol):
    """A network seen from its ports."""

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm.

        Args:
            loads_N: at the inputs, (n_samples, n_in).
        """
        ...


@dataclass(frozen=True, eq=False)
class ScaledOutputs:
    """A model whose outputs are multiplied by a factor.

    Args:
        model: whose outputs.
        factor: on all of them.
    """

    model: PortModel
    factor: float

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm."""
        return self.factor * self.model.outputs(loads_N)


class Equilibrium(Protocol):
    """The equilibria of a network under the loads of some samples."""

    @property
    def outputs_mm(self) -> FloatArray:
        """Displacements of the outputs, (n_samples, n_out)."""
        ...

    @property
    def elongations_mm(self) -> FloatArray:
        """Change of length of each bond, (n_samples, n_bonds); positive is longer."""
        ...

    def stiffness_slope(self, outputs_slope: FloatArray) -> FloatArray:
        """Return the derivative of a loss in the stiffness of each bond, (n_bonds,) per N/mm.

        Args:
            outputs_slope: derivative of the loss in the outputs, (n_samples, n_out) per mm.
        """
        ...


class Model(PortModel, Protocol):
    """A network of given widths."""

    def solve(self, loads_N: FloatArray) -> Equilibrium:
        """Return the equilibria under loads at the inputs, (n_samples, n_in) N.

        Raises:
            ToolError: if there is none, or it is not found.
        """
        ...


class WidthEquilibrium(Equilibrium, Protocol):
    """Equilibria of a network whose widths are free."""

    def width_slope(self, outputs_slope: FloatArray, chain: FloatArray | float = 1.0) -> FloatArray:
        """Return the derivative of a loss in each width, times `chain`, (n_bonds,).

        Args:
            outputs_slope: derivative of the loss in the outputs, (n_samples, n_out) per mm.
            chain: derivative of each width in what is trained in its place, (n_bonds,) mm.
        """
        ...


class WidthModel(Protocol):
    """A model of a network for any widths of its bonds."""

    @property
    def network(self) -> Network:
        """Nodes and bonds."""
        ...

    @property
    def inputs(self) -> Sequence[Port]:
        """Where loads act."""
        ...

    @property
    def outputs(self) -> Sequence[Port]:
        """Where displacements are read."""
        ...

    def port_model(self, widths_mm: FloatArray) -> PortModel:
        """Return what the ports of a network of widths (n_bonds,) mm do, for keeping."""
        ...

    def solve(self, widths_mm: FloatArray, loads_N: FloatArray) -> WidthEquilibrium:
        """Return the equilibria of widths (n_bonds,) mm under loads (n_samples, n_in) N.

        Raises:
            ToolError: if there is none, or it is not found.
        """
        ...

    def stiffness_matrix(self, widths_mm: FloatArray) -> sparse.csr_array:
        """Return the stiffness at rest on the free degrees of freedom, N/mm."""
        ...
