"""Loaded frames of a network for any widths of its bonds, as required by training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fem.frames.gradients import width_gradient
from fem.frames.kernels.arrays import make_factors
from fem.frames.kernels.dense import assemble
from fem.frames.kernels.newton import linearise
from fem.frames.model import FrameEquilibrium, LoadedFrame, require_stable
from fem.frames.network_frame import NetworkFrames
from mnnfab.arrays import FloatArray
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort


@dataclass(frozen=True, eq=False)
class FrameWidthModel:
    """A `WidthModel` of frames with large rotations.

    Args:
        frames: frames of the network, with calibrated hubs.
        input_ports: ports of the loads.
        output_ports: ports of the displacements.
        weight: whether the part's own weight acts along -y.
    """

    frames: NetworkFrames
    input_ports: tuple[AnyPort, ...]
    output_ports: tuple[AnyPort, ...]
    weight: bool = False

    @property
    def network(self) -> Network:
        """Nodes and bonds."""
        return self.frames.network

    def port_model(self, widths_mm: FloatArray) -> LoadedFrame:
        """Return the loaded frame of widths (n_bonds,) mm."""
        frame = self.frames.frame(widths_mm)
        return LoadedFrame(self.network, frame, self.input_ports, self.output_ports, self.weight)

    def solve(self, widths_mm: FloatArray, loads_N: FloatArray) -> WidthFrameEquilibrium:
        """Return the equilibria of widths (n_bonds,) mm under loads (n_samples, n_in) N.

        Raises:
            ToolError: if a sample has no stable state in the plane, or it is not found.
        """
        model = self.port_model(widths_mm)
        states = model.states(loads_N)
        require_stable(states)
        return WidthFrameEquilibrium(model, states, widths_mm)

    def stiffness_matrix(self, widths_mm: FloatArray) -> sparse.csr_array:
        """Return the stiffness matrix at rest on the free displacements of the nodes, N/mm.

        Rotations are eliminated: the nodes are free of moments.
        """
        frame = self.frames.frame(widths_mm)
        factors = make_factors(frame.chains, 0)
        linearise(frame.chains, frame.planar, frame.no_loads, factors, frame.no_loads)
        upper = np.zeros((frame.planar.n_free,) * 2)
        assemble(frame.chains, frame.planar.dofs, factors.condensed, upper)
        matrix = upper + np.triu(upper, 1).T
        rotation = np.zeros(frame.held.shape, dtype=bool)
        rotation[:, 2] = True
        turns = np.flatnonzero(rotation[~frame.held])
        moves = np.flatnonzero(~rotation[~frame.held])
        coupling = matrix[np.ix_(turns, moves)]
        relieved = coupling.T @ np.linalg.solve(matrix[np.ix_(turns, turns)], coupling)
        return sparse.csr_array(matrix[np.ix_(moves, moves)] - relieved)


@dataclass(frozen=True, eq=False)
class WidthFrameEquilibrium(FrameEquilibrium):
    """Equilibria of a frame as a function of its widths.

    Args:
        widths_mm: widths of the bonds, (n_bonds,).
    """

    widths_mm: FloatArray

    def width_gradient(
        self, output_gradient: FloatArray, chain: FloatArray | float = 1.0
    ) -> FloatArray:
        """Return the derivative of a loss in each width, times `chain`, (n_bonds,)."""
        return width_gradient(self, self.widths_mm, output_gradient) * chain
