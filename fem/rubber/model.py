"""The rubber model of a part: all samples of a task, each along a stable path of its loads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fem.continuum import Continuum
from fem.loaded_states import LoadedStates, require_followed
from fem.rubber.body import RubberBody, make_rubber
from fem.rubber.newton import Tangent
from fem.rubber.paths import Path, State, at_rest, follow
from fem.rubber.strains import JointWindows, joint_strains, joint_windows
from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.design.fabrication import Fabrication
from mnnfab.errors import UnstableError
from mnnfab.io.short_repr import short_repr
from mnnfab.model.model import Equilibrium
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, read_ports
from mnnfab.profiles import Material


@dataclass(frozen=True, eq=False)
class RubberModel:
    """A rubber body with ports: a nonlinear `Model` whose zero is the hanging part.

    Args:
        body: the rubber body.
        network: nodes and bonds.
        inputs: ports where loads act.
        outputs_at: ports where displacements are read.
        windows: places at the joints where strains are evaluated.
    """

    body: RubberBody
    network: Network
    inputs: tuple[AnyPort, ...]
    outputs_at: tuple[AnyPort, ...]
    windows: JointWindows

    __repr__ = short_repr

    @property
    def n_dofs(self) -> int:
        """Number of degrees of freedom."""
        return self.body.n_dofs

    @cached_property
    def hanging(self) -> Path:
        """Path from rest to the equilibrium under the weight of the part."""
        return follow(self._tangent, at_rest(self._tangent), self.body.weight)

    @cached_property
    def unloaded(self) -> State:
        """The hanging part.

        Raises:
            UnstableError: if the part does not carry its own weight.
        """
        if self.hanging.lost:
            share = self.hanging.share
            msg = f"the part is unstable in its plane beyond {share:.3g} times its own weight"
            raise UnstableError(msg)
        return self.hanging.end

    @cached_property
    def hanging_nodes(self) -> FloatArray:
        """Positions of the nodes of the hanging part, (n_nodes, 2) mm.

        Raises:
            UnstableError: if the part does not carry its own weight.
        """
        sag = self.body.system.readings.T @ self.unloaded.field
        return frozen_floats(self.network.nodes + sag.reshape(-1, 2))

    def path(self, loads_N: FloatArray, first_step: float = 1.0) -> Path:
        """Return the path from the hanging part to loads at the inputs, (n_in,) N.

        Raises:
            UnstableError: if the part does not carry its own weight.
        """
        start = self.unloaded
        self._tangent.factorise(start.field)
        return follow(self._tangent, start, self._dead_loads(loads_N), first_step)

    def continued(self, path: Path, loads_N: FloatArray) -> Path:
        """Return the path from the end of another to other loads at the inputs, (n_in,) N."""
        self._tangent.factorise(path.end.field)
        return follow(self._tangent, path.end, self._dead_loads(loads_N))

    def states(self, loads_N: FloatArray) -> LoadedStates:
        """Return the states under loads at the inputs, (n_samples, n_in) N.

        Raises:
            UnstableError: if the part does not carry its own weight.
        """
        return self._follow_samples(loads_N, _discard)

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n_samples, n_out) mm.

        Raises:
            ToolError: if the stable path of a sample is lost before its load.
        """
        return require_followed(self.states(loads_N)).outputs_mm(self.outputs_at)

    def solve(self, loads_N: FloatArray) -> RubberEquilibrium:
        """Return the equilibria under loads at the inputs, (n_samples, n_in) N.

        Raises:
            ToolError: if the stable path of a sample is lost before its load.
        """
        fields = np.empty((len(loads_N), self.n_dofs))

        def keep(sample: int, state: State) -> None:
            fields[sample] = state.field

        states = require_followed(self._follow_samples(loads_N, keep))
        return RubberEquilibrium(self, states, fields)

    def node_displacements(self, field: FloatArray) -> FloatArray:
        """Return mean displacements of the load discs from the hanging part, (2 n_nodes,) mm."""
        change = field - self.unloaded.field
        displacements: FloatArray = self.body.system.readings.T @ change
        return displacements

    def outputs_of(self, field: FloatArray) -> FloatArray:
        """Return the displacements of the outputs from the hanging part, (n_out,) mm."""
        return read_ports(self.outputs_at, self.node_displacements(field))

    def _follow_samples(
        self, loads_N: FloatArray, on_state: Callable[[int, State], None]
    ) -> LoadedStates:
        """Follow the path of each sample from a sample with similar loads."""
        n_samples, network = len(loads_N), self.network
        nodes = np.full((n_samples, 2 * network.n_nodes), np.nan)
        strains = np.full((n_samples, network.n_bonds), np.nan)
        shares = np.zeros(n_samples)
        state: State | None = None
        for sample in neighbour_order(loads_N).tolist():
            path = self._sample_path(loads_N[sample], state)
            state, shares[sample] = (None if path.lost else path.end), path.share
            if state is not None:
                nodes[sample] = self.node_displacements(state.field)
                strains[sample] = joint_strains(self.body, self.windows, state.field)
                on_state(sample, state)
        return LoadedStates(frozen_floats(nodes), frozen_floats(shares), frozen_floats(strains))

    def _sample_path(self, loads_N: FloatArray, neighbour: State | None) -> Path:
        """Return the path from a neighbour, or from the hanging part if that is lost."""
        if neighbour is not None:
            path = follow(self._tangent, neighbour, self._dead_loads(loads_N))
            if not path.lost:
                return path
        return self.path(loads_N)

    def _dead_loads(self, loads_N: FloatArray) -> FloatArray:
        dead_loads: FloatArray = self.body.weight + self._load_vectors @ loads_N
        return dead_loads

    @cached_property
    def _load_vectors(self) -> FloatArray:
        vectors: FloatArray = self.body.system.loads_at(self.inputs).toarray()
        return vectors

    @cached_property
    def _tangent(self) -> Tangent:
        return Tangent(self.body)


@dataclass(frozen=True, eq=False)
class RubberEquilibrium(Equilibrium):
    """Equilibria of a rubber model.

    Args:
        model: the model.
        states: states of the samples.
        fields: displacement fields, (n_samples, n_dofs) mm.
    """

    model: RubberModel
    states: LoadedStates
    fields: FloatArray

    __repr__ = short_repr

    @property
    def outputs_mm(self) -> FloatArray:
        """Displacements of the outputs, (n_samples, n_out)."""
        return self.states.outputs_mm(self.model.outputs_at)

    @property
    def elongations_mm(self) -> FloatArray:
        """Change of the distance of the ends of each bond, (n_samples, n_bonds)."""
        network, hanging = self.model.network, self.model.hanging_nodes
        first, second = network.bonds.T
        before = np.linalg.norm(hanging[second] - hanging[first], axis=-1)
        places = hanging + self.states.nodes_mm.reshape(-1, network.n_nodes, 2)
        after = np.linalg.norm(places[:, second] - places[:, first], axis=-1)
        elongations: FloatArray = after - before
        return elongations

    def adjoint_elongations(self, output_loads_N: FloatArray) -> FloatArray:
        """Return the elongations by small additional loads at the outputs, (n_samples, n_bonds)."""
        model = self.model
        first, second = model.network.bonds.T
        fields = self.adjoint_fields(output_loads_N)
        moved = (fields @ model.body.system.readings).reshape(len(fields), -1, 2)
        places = model.hanging_nodes + self.states.nodes_mm.reshape(moved.shape)
        lines = places[:, second] - places[:, first]
        directions = lines / np.linalg.norm(lines, axis=-1, keepdims=True)
        elongations: FloatArray = np.vecdot(moved[:, second] - moved[:, first], directions)
        return elongations

    def load_gradient(self, output_gradient: FloatArray) -> FloatArray:
        """Return the derivative of a loss in the loads, (n_samples, n_in) per N."""
        vectors = self.model.body.system.loads_at(self.model.inputs)
        gradient: FloatArray = self.adjoint_fields(output_gradient) @ vectors
        return gradient

    def adjoint_fields(self, output_loads_N: FloatArray) -> FloatArray:
        """Return the displacements by small additional loads at the outputs, (n_samples, n_dofs).

        Raises:
            ToolError: if a state is unstable.
        """
        model = self.model
        readings = model.body.system.readings_at(model.outputs_at)
        loads, tangent = output_loads_N @ readings.T, Tangent(model.body)
        return np.array(
            [
                tangent.small_displacements(field, own)
                for field, own in zip(self.fields, loads, strict=True)
            ]
        )


def _discard(sample: int, state: State) -> None:
    """Keep nothing of a state."""


def make_rubber_model(
    continuum: Continuum,
    network: Network,
    widths_mm: FloatArray,
    material: Material,
    fabrication: Fabrication,
    ports: tuple[tuple[AnyPort, ...], tuple[AnyPort, ...]],
) -> RubberModel:
    """Return the rubber model on the mesh of a continuum model.

    Args:
        continuum: solved continuum model.
        network: nodes and bonds.
        widths_mm: width of each bond, (n_bonds,).
        material: Young's modulus, Poisson's ratio and density.
        fabrication: joints, as they are modelled.
        ports: inputs and outputs.
    """
    return RubberModel(
        body=make_rubber(
            continuum.system,
            continuum.mesh.thickness_mm,
            (material.youngs_modulus_MPa, material.poisson_ratio),
            material.density_g_per_cm3,
        ),
        network=network,
        inputs=ports[0],
        outputs_at=ports[1],
        windows=joint_windows(continuum, network, widths_mm, fabrication),
    )


def neighbour_order(loads_N: FloatArray) -> IntArray:
    """Return an order of samples in which successive loads are close, (n_samples,).

    It starts at the smallest load; each sample is followed by the nearest one that is left.
    """
    left = np.ones(len(loads_N), dtype=bool)
    order = np.empty(len(loads_N), dtype=np.int64)
    place = np.zeros(loads_N.shape[1])
    for position in range(len(loads_N)):
        distances = np.where(left, ((loads_N - place) ** 2).sum(axis=1), np.inf)
        order[position] = nearest = int(distances.argmin())
        left[nearest], place = False, loads_N[nearest]
    return order
