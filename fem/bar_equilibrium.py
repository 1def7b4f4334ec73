"""Bars of true length as a model: equilibria with large displacements, and the in situ rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem.nonlinear_bars import NonlinearBars
from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError
from mnnfab.io.short_repr import short_repr
from mnnfab.model.model import Equilibrium
from mnnfab.network.ports import AnyPort, read_ports, unit_loads

#: Smallest step of the load, as a share of it; a path that needs smaller ones is lost.
MIN_STEP = 1 / 64


@dataclass(frozen=True, eq=False)
class TrueLengthBars:
    """Springs between pins with their true lengths in the deformed network: a `Model`.

    Args:
        bars: the springs.
        inputs: ports where loads act.
        outputs_at: ports where displacements are read.
    """

    bars: NonlinearBars
    inputs: tuple[AnyPort, ...]
    outputs_at: tuple[AnyPort, ...]

    @property
    def readings(self) -> FloatArray:
        """Unit loads at the outputs, (2 n_nodes, n_out) N."""
        return unit_loads(self.bars.network.n_nodes, self.outputs_at)

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm; see `solve`."""
        return self.solve(loads_N).outputs_mm

    def solve(self, loads_N: FloatArray) -> BarEquilibrium:
        """Return the equilibria under loads at the inputs, (n_samples, n_in) N.

        Raises:
            ToolError: if no stable equilibrium of a sample was found.
        """
        loads = loads_N @ unit_loads(self.bars.network.n_nodes, self.inputs).T
        found = [self._follow(sample, load) for sample, load in enumerate(loads)]
        return BarEquilibrium(self, np.array(found))

    def _follow(self, sample: int, loads: FloatArray) -> FloatArray:
        """Return the displacements at the end of a path of loads, (2 n_nodes,) mm."""
        state, share, step = np.zeros_like(loads), 0.0, 1.0
        while share < 1.0:
            ahead = min(share + step, 1.0)
            found = self.bars.displacements(ahead * loads, state)
            if found is not None:
                state, share = found, ahead
                continue
            step /= 2
            if step < MIN_STEP:
                msg = f"sample {sample}: bars unstable beyond {share:.3g} times its load"
                raise ToolError(msg)
        return state


@dataclass(frozen=True, eq=False)
class BarEquilibrium(Equilibrium):
    """Equilibria of bars of true length.

    Args:
        model: the bars.
        displacements: displacements of the nodes, (n_samples, 2 n_nodes) mm.
    """

    model: TrueLengthBars
    displacements: FloatArray

    __repr__ = short_repr

    @property
    def outputs_mm(self) -> FloatArray:
        """Displacements of the outputs, (n_samples, n_out)."""
        return read_ports(self.model.outputs_at, self.displacements)

    @property
    def elongations_mm(self) -> FloatArray:
        """Elongation of each bond, (n_samples, n_bonds)."""
        network = self.model.bars.network
        elongations: FloatArray = np.linalg.norm(self._lines, axis=-1) - network.lengths
        return elongations

    def adjoint_elongations(self, output_loads_N: FloatArray) -> FloatArray:
        """Return the elongations by small additional loads at the outputs, (n_samples, n_bonds)."""
        bars, readings = self.model.bars, self.model.readings
        first, second = bars.network.bonds.T
        directions = self._lines / np.linalg.norm(self._lines, axis=-1, keepdims=True)
        found = []
        for state, loads, along in zip(
            self.displacements, output_loads_N @ readings.T, directions, strict=True
        ):
            moved = bars.small_displacements(state, loads).reshape(-1, 2)
            found.append(np.vecdot(moved[second] - moved[first], along))
        return np.array(found)

    def load_gradient(self, output_gradient: FloatArray) -> FloatArray:
        """Return the derivative of a loss in the loads, (n_samples, n_in) per N."""
        bars, readings = self.model.bars, self.model.readings
        loads = output_gradient @ readings.T
        moved = [
            bars.small_displacements(state, own)
            for state, own in zip(self.displacements, loads, strict=True)
        ]
        return read_ports(self.model.inputs, np.array(moved))

    @property
    def _lines(self) -> FloatArray:
        """Vectors between the ends of each bond, (n_samples, n_bonds, 2) mm."""
        network = self.model.bars.network
        places = network.nodes + self.displacements.reshape(len(self.displacements), -1, 2)
        first, second = network.bonds.T
        lines: FloatArray = places[:, second] - places[:, first]
        return lines
