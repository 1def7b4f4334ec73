"""Effective moduli of a periodic network of beams, and their derivatives in the widths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fem.beams import beam_stiffness, beam_stiffness_by_width, in_global_axes
from fem.homogenisation.cell_problem import CellSolution, solve_cell, uniform_strains
from mnnfab.arrays import FloatArray
from mnnfab.design.fabrication import Fabrication
from mnnfab.io.short_repr import short_repr
from mnnfab.model.moduli import Moduli
from mnnfab.network.periodic import PeriodicCell
from mnnfab.profiles import Material


@dataclass(frozen=True, eq=False)
class BeamCell:
    """A periodic cell whose bonds are the beams of `fem.beams`.

    Args:
        cell: nodes, bonds and periods.
        material: modulus and Poisson's ratio.
        fabrication: joints, tapers and thickness.
    """

    cell: PeriodicCell
    material: Material
    fabrication: Fabrication

    __repr__ = short_repr

    def moduli(self, widths_mm: FloatArray) -> Moduli:
        """Return the effective moduli for the widths of the cell's bonds, (n_bonds,) mm.

        Raises:
            ToolError: if the cell is not connected.
        """
        return Moduli(self._solve(widths_mm).energies / self._volume_mm3)

    def moduli_and_gradient(self, widths_mm: FloatArray) -> tuple[Moduli, FloatArray]:
        """Return the moduli, and the derivative of C in each width, (n_bonds, 3, 3) MPa/mm.

        The energy is least in all other unknowns, so only the stiffness of the bond itself
        counts: dC = dᵀ (dk/dw) d, with the displacements d of its ends under unit strains.
        """
        solution = self._solve(widths_mm)
        blocks = beam_stiffness_by_width(
            self.cell.lengths, widths_mm, self.material, self.fabrication
        )
        ends = solution.fields.reshape(-1, 6, 3)
        slopes = np.swapaxes(ends, 1, 2) @ in_global_axes(blocks, self._directions) @ ends
        gradient: FloatArray = slopes / self._volume_mm3
        return Moduli(solution.energies / self._volume_mm3), gradient

    @property
    def _volume_mm3(self) -> float:
        return self.cell.area_mm2 * self.fabrication.thickness_mm

    @property
    def _directions(self) -> FloatArray:
        return self.cell.vectors / self.cell.lengths[:, None]

    def _solve(self, widths_mm: FloatArray) -> CellSolution:
        """Solve the cell; every bond has six degrees of freedom of its own, those of its ends."""
        cell = self.cell
        lengths = cell.lengths
        blocks = beam_stiffness(lengths, widths_mm, self.material, self.fabrication)
        stiffness = sparse.block_diag(in_global_axes(blocks, self._directions), format="csc")
        dofs = (3 * cell.bonds[:, :, None] + np.arange(3)).ravel()
        shape = (len(dofs), 3 * cell.n_nodes)
        entries = np.ones(len(dofs)), (np.arange(len(dofs)), dofs)
        periodic = sparse.csc_array(sparse.coo_array(entries, shape=shape))
        strains = np.zeros((len(lengths), 6, 3))
        strains[:, 3:5] = uniform_strains(cell.offsets_mm)
        return solve_cell(sparse.csc_array(stiffness), periodic, strains.reshape(-1, 3))
