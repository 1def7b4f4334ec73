"""The frame of a network as a model: equilibria with large rotations under loads at the ports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points
from fem.frames.planar import PlanarStates, solve_planar
from fem.frames.tangents import small_displacements
from mnnfab.arrays import FloatArray
from mnnfab.errors import LostStateError, UnstableError
from mnnfab.model.model import Equilibrium
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, port_vectors, read_ports


@dataclass(frozen=True, eq=False)
class LoadedFrame:
    """Frame of a network with large rotations, loaded and read at its ports.

    With weight, displacements and elongations are those that the loads add to the part as it
    hangs: zero is the state under its own weight.

    Args:
        network: nodes and bonds.
        frame: one chain per bond, in their order.
        input_ports: ports of the loads.
        output_ports: ports of the displacements.
        weight: whether the part's own weight acts along -y.
    """

    network: Network
    frame: BeamFrame
    input_ports: tuple[AnyPort, ...]
    output_ports: tuple[AnyPort, ...]
    weight: bool = False

    def outputs_mm(self, states: PlanarStates) -> FloatArray:
        """Return the displacements of the outputs in some states, (n_samples, n_out) mm."""
        moved = states.points.nodes - self.unloaded.points.nodes
        return _read(self.output_ports, moved)

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm; see `solve`."""
        return self.solve(loads_N).outputs_mm

    def solve(self, loads_N: FloatArray) -> FrameEquilibrium:
        """Return the equilibria under loads at the inputs, (n_samples, n_in) N.

        Raises:
            ToolError: if a sample has no equilibrium, or it is not found or unstable in the plane.
        """
        states = self.states(loads_N)
        require_stable(states)
        return FrameEquilibrium(self, states)

    def states(
        self,
        loads_N: FloatArray,
        start: Points | None = None,
        share: FloatArray | float | None = None,
    ) -> PlanarStates:
        """Return the states of all samples; those that were not found are marked in them.

        Args:
            loads_N: loads at the inputs, (n_samples, n_in).
            start: states of as many samples from which to start; the unloaded state by default.
            share: share of the loads under which each start is in equilibrium, (n_samples,), if
                that is known.

        Raises:
            UnstableError: if the part does not carry its own weight.
        """
        loads = self.node_loads(loads_N)
        if start is None and self.weight:
            start = Points(*(np.repeat(a, len(loads), axis=0) for a in self.unloaded.points))
            share = 0.0
        return solve_planar(self.frame, loads, self._dead, start, share)

    def node_loads(self, loads_N: FloatArray) -> FloatArray:
        """Return loads at the inputs as loads on the nodes, (n_samples, n_nodes, 3) N."""
        return _node_loads(self.input_ports, loads_N, self.frame.n_nodes)

    @cached_property
    def unloaded(self) -> PlanarStates:
        """The state without loads at the inputs: at rest, or under the part's own weight.

        Raises:
            UnstableError: if the part does not carry its own weight.
        """
        found = solve_planar(self.frame, np.zeros((1, self.frame.n_nodes, 3)), self._dead)
        if not found.converged.all():
            msg = "the part does not carry its own weight: it is unstable in its plane"
            raise UnstableError(msg)
        return found

    def distances(self, points: Points) -> FloatArray:
        """Return the vectors between the nodes of each bond, (n_samples, n_bonds, 2) mm."""
        first, second = self.network.bonds.T
        places = self.network.nodes + points.nodes[..., :2]
        vectors: FloatArray = places[..., second, :] - places[..., first, :]
        return vectors

    @property
    def _dead(self) -> Points | None:
        return self.frame.weight if self.weight else None


def require_stable(states: PlanarStates) -> None:
    """Check that all samples have stable planar states.

    Raises:
        LostStateError: with the first sample that has none, and the share of its loads reached.
    """
    lost = np.flatnonzero(~states.converged)
    if not lost.size:
        return
    sample = int(lost[0])
    more = f" ({len(lost)} of {len(states.converged)} samples)" if len(lost) > 1 else ""
    msg = (
        f"sample {sample}: no stable state of the frame in its plane was found beyond "
        f"{states.reached[sample]:.3g} times its loads{more}"
    )
    raise LostStateError(msg)


@dataclass(frozen=True, eq=False)
class FrameEquilibrium(Equilibrium):
    """Equilibria of a frame.

    Args:
        model: the frame.
        states: states of all samples, all of them stable.
    """

    model: LoadedFrame
    states: PlanarStates

    @property
    def outputs_mm(self) -> FloatArray:
        """Displacements of the outputs, (n_samples, n_out)."""
        return self.model.outputs_mm(self.states)

    @property
    def elongations_mm(self) -> FloatArray:
        """Change of the distance between the nodes of each bond, (n_samples, n_bonds)."""
        model = self.model
        before, after = (model.distances(s.points) for s in (model.unloaded, self.states))
        elongations: FloatArray = np.hypot(*after.T).T - np.hypot(*before.T).T
        return elongations

    def adjoint_elongations(self, output_loads_N: FloatArray) -> FloatArray:
        """Return the elongation of each bond by small additional loads, (n_samples, n_bonds) mm.

        Args:
            output_loads_N: additional loads at the outputs of each sample, (n_samples, n_out).
        """
        changes = self.adjoint_displacements(output_loads_N).nodes
        vectors = self.model.distances(self.states.points)
        first, second = self.model.network.bonds.T
        relative = changes[:, second, :2] - changes[:, first, :2]
        elongations: FloatArray = np.vecdot(vectors, relative) / np.hypot(*vectors.T).T
        return elongations

    def load_gradient(self, output_gradient: FloatArray) -> FloatArray:
        """Return the derivative of a loss in the loads, (n_samples, n_in) per N."""
        return _read(self.model.input_ports, self.adjoint_displacements(output_gradient).nodes)

    def adjoint_displacements(self, output_loads_N: FloatArray) -> Points:
        """Return the displacements of all points by small additional loads at the outputs.

        Args:
            output_loads_N: additional loads at the outputs of each sample, (n_samples, n_out).
        """
        loads = _node_loads(self.model.output_ports, output_loads_N, self.model.frame.n_nodes)
        found = small_displacements(self.model.frame, self.states.points, loads[:, None])
        return Points(found.nodes[:, 0], found.interior[:, 0])


def _read(ports: tuple[AnyPort, ...], nodes: FloatArray) -> FloatArray:
    """Return the displacements of ports, (n_samples, n_ports), of nodes (n_samples, n_nodes, 3)."""
    return read_ports(ports, nodes[..., :2].reshape(len(nodes), -1))


def _node_loads(ports: tuple[AnyPort, ...], loads_N: FloatArray, n_nodes: int) -> FloatArray:
    """Return loads at ports, (n_samples, n_ports), as loads on nodes, (n_samples, n_nodes, 3)."""
    loads = np.zeros((len(loads_N), n_nodes, 3))
    loads[..., :2] = (loads_N @ port_vectors(n_nodes, ports).T).reshape(len(loads_N), -1, 2)
    return loads
