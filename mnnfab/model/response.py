"""Linear models, given by their response to unit loads at the ports."""

from __future__ import annotations

from dataclasses import dataclass

from mnnfab.arrays import FloatArray
from mnnfab.io.display import table_html
from mnnfab.io.short_repr import short_repr
from mnnfab.model.model import in_situ_gradient


@dataclass(frozen=True, slots=True, eq=False)
class FlexibilityMatrix:
    """A linear network reduced to its ports, given by its flexibility matrix.

    Args:
        matrix: displacement of each output per unit load at each input, (n_out, n_in) mm/N.
    """

    matrix: FloatArray

    __repr__ = short_repr

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm."""
        outputs: FloatArray = loads_N @ self.matrix.T
        return outputs


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """The linear response of a network to unit loads at its ports: a linear `Model`.

    The bar, beam, continuum and solid models and a measured part all give a `Response`. It
    requires n_in + n_out solutions for any number of samples.

    Args:
        flexibility: flexibility matrix, the displacement of each output per unit load at each
            input, (n_out, n_in) mm/N.
        elongations: elongation of each bond per unit load at each input,
            (n_bonds, n_in) mm/N, positive if longer.
        adjoint_elongations: elongation of each bond per unit load at each output,
            (n_bonds, n_out) mm/N.
    """

    flexibility: FloatArray
    elongations: FloatArray
    adjoint_elongations: FloatArray

    __repr__ = short_repr

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm."""
        outputs: FloatArray = loads_N @ self.flexibility.T
        return outputs

    def solve(self, loads_N: FloatArray) -> LinearEquilibrium:
        """Return the equilibria under loads at the inputs, (n_samples, n_in) N."""
        return LinearEquilibrium(self, loads_N)

    def _repr_html_(self) -> str:
        """Show the flexibility matrix in a notebook."""
        n_out, n_in = self.flexibility.shape
        header = ["mm/N", *(f"input {number}" for number in range(n_in))]
        rows = [
            [f"output {number}", *(f"{value:.4f}" for value in self.flexibility[number])]
            for number in range(n_out)
        ]
        return table_html(header, rows)


@dataclass(frozen=True, slots=True, eq=False)
class LinearEquilibrium:
    """Equilibria by superposition of unit loads.

    Args:
        response: response to unit loads.
        loads_N: loads at the inputs, (n_samples, n_in).
    """

    response: Response
    loads_N: FloatArray

    @property
    def outputs_mm(self) -> FloatArray:
        """Displacements of the outputs, (n_samples, n_out)."""
        return self.response.outputs(self.loads_N)

    @property
    def elongations_mm(self) -> FloatArray:
        """Elongation of each bond, (n_samples, n_bonds)."""
        elongations: FloatArray = self.loads_N @ self.response.elongations.T
        return elongations

    def adjoint_elongations(self, output_loads_N: FloatArray) -> FloatArray:
        """Return the elongations by additional loads at the outputs, (n_samples, n_bonds) mm."""
        elongations: FloatArray = output_loads_N @ self.response.adjoint_elongations.T
        return elongations

    def load_gradient(self, output_gradient: FloatArray) -> FloatArray:
        """Return the derivative of a loss in the loads, (n_samples, n_in) per N."""
        gradient: FloatArray = output_gradient @ self.response.flexibility
        return gradient

    def stiffness_gradient(self, output_gradient: FloatArray) -> FloatArray:
        """Return the derivative of a loss in the stiffness of each bond, (n_bonds,) per N/mm.

        The in situ rule with the sum over the samples evaluated first: for the elongations E and
        A under unit loads at inputs and outputs, loads f and gradients g, the derivative of bond b
        is -Σ_o (Σ_i E_bi Σ_s g_so f_si) A_bo. The cost per bond does not grow with n_samples.
        """
        forward = self.response.elongations @ (output_gradient.T @ self.loads_N).T
        return in_situ_gradient(forward, self.response.adjoint_elongations)
