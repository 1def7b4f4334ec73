"""Springs: the bar model with a stiffness law, which gives the stiffness of a bond by its width."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import sparse

from mnnfab.arrays import FloatArray
from mnnfab.model.bars import BarModel
from mnnfab.model.response import FlexibilityMatrix, LinearEquilibrium, Response
from mnnfab.model.stiffness_law import StiffnessLaw
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort


@dataclass(frozen=True, eq=False)
class SpringModel:
    """Springs between pins, a linear `WidthModel`.

    Args:
        bars: bar model, for any stiffness.
        law: stiffness of each bond as a function of its width.
    """

    bars: BarModel
    law: StiffnessLaw

    @property
    def network(self) -> Network:
        """Nodes and bonds."""
        return self.bars.network

    @property
    def inputs(self) -> tuple[AnyPort, ...]:
        """Ports where loads act."""
        return self.bars.inputs

    @property
    def outputs(self) -> tuple[AnyPort, ...]:
        """Ports where displacements are read."""
        return self.bars.outputs

    def response(self, widths_mm: FloatArray) -> Response:
        """Return the response of springs of widths (n_bonds,) mm to unit loads."""
        return self.bars.response(self.law.stiffness(widths_mm))

    def port_model(self, widths_mm: FloatArray) -> FlexibilityMatrix:
        """Return the flexibility matrix of springs of widths (n_bonds,) mm."""
        return FlexibilityMatrix(self.response(widths_mm).flexibility)

    def solve(self, widths_mm: FloatArray, loads_N: FloatArray) -> SpringEquilibrium:
        """Return the equilibria of widths (n_bonds,) mm under loads (n_samples, n_in) N.

        Raises:
            ToolError: if the stiffness matrix is not positive definite.
        """
        return SpringEquilibrium(self.response(widths_mm), loads_N, self.law.derivative(widths_mm))

    def stiffness_matrix(self, widths_mm: FloatArray) -> sparse.csr_array:
        """Return the stiffness matrix on the free degrees of freedom, N/mm."""
        return self.bars.stiffness_matrix(self.law.stiffness(widths_mm))


@dataclass(frozen=True, slots=True, eq=False)
class SpringEquilibrium(LinearEquilibrium):
    """Equilibria of springs.

    Args:
        stiffness_per_width: derivative of each stiffness in its width, (n_bonds,) N/mm².
    """

    stiffness_per_width: FloatArray

    def width_gradient(
        self, output_gradient: FloatArray, chain: FloatArray | float = 1.0
    ) -> FloatArray:
        """Return the derivative of a loss in each width, times `chain`, (n_bonds,)."""
        return self.stiffness_gradient(output_gradient) * (self.stiffness_per_width * chain)
