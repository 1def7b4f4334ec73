"""What every model of a network answers: the response to unit loads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.io.display import table_html


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """The linear response of a network to unit loads at its ports.

    Bars, a continuum or a measured print all answer with this value; losses,
    metrics, gradients and comparisons take it and never ask where it came from.

    Args:
        flexibility: displacement of each output per unit load at each input,
            (n_out, n_in) mm/N.
        elongations: change of length of each bond per unit load at each input,
            (n_bonds, n_in) mm/N, positive = longer.
        adjoint_elongations: the same for unit loads at the outputs,
            (n_bonds, n_out) mm/N.
    """

    flexibility: FloatArray
    elongations: FloatArray
    adjoint_elongations: FloatArray

    def stiffness_gradient(self, flexibility_slope: FloatArray) -> FloatArray:
        """Return the exact gradient of a loss in the bond stiffnesses, (n_bonds,).

        A loss L(G) has dL/dk_b = Σ_oi (dL/dG_oi) (dG_oi/dk_b), and with the forward
        and adjoint elongations of bond b under unit loads dG_oi/dk_b = -A_bo E_bi:
        the product of two elongations (Li and Mao, eq. 6) summed over the ports.

        Args:
            flexibility_slope: dL/dG, (n_out, n_in) per mm/N.
        """
        forward = self.elongations @ flexibility_slope.T
        gradient: FloatArray = -np.vecdot(forward, self.adjoint_elongations)
        return gradient

    def _repr_html_(self) -> str:
        """Show the flexibility in a notebook."""
        n_out, n_in = self.flexibility.shape
        header = ["mm/N", *(f"input {number}" for number in range(n_in))]
        rows = [
            [f"output {number}", *(f"{value:.4f}" for value in self.flexibility[number])]
            for number in range(n_out)
        ]
        return table_html(header, rows)
