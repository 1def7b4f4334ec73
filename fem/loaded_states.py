"""States of a part under the loads of samples, by any model with large displacements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError
from mnnfab.io.short_repr import short_repr
from mnnfab.network.ports import AnyPort, read_ports


@dataclass(frozen=True, eq=False)
class LoadedStates:
    """States of a part under the loads of samples, measured from the hanging part.

    Args:
        nodes_mm: displacements of the nodes, (n_samples, 2 n_nodes); NaN if the path was lost.
        shares: share of the load up to which a stable path was followed, (n_samples,); 1 if it
            reaches the load.
        joint_strains: largest strain at the joints of each bond, (n_samples, n_bonds); NaN if the
            path was lost.
    """

    nodes_mm: FloatArray
    shares: FloatArray
    joint_strains: FloatArray

    __repr__ = short_repr

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.shares)

    @property
    def lost(self) -> IntArray:
        """Samples for which no stable path leads to the load, as indices."""
        return np.flatnonzero(self.shares < 1.0)

    def outputs_mm(self, outputs: tuple[AnyPort, ...]) -> FloatArray:
        """Return the displacements of ports, (n_samples, n_out)."""
        return read_ports(outputs, self.nodes_mm)


def require_followed(states: LoadedStates) -> LoadedStates:
    """Return the states after a check that the path of every sample reaches its load.

    Raises:
        ToolError: if a path was lost; the message has the sample and the share of its load.
    """
    if len(states.lost):
        worst = int(states.shares.argmin())
        msg = (
            f"no stable equilibrium of sample {worst} beyond {states.shares[worst]:.3g} times its "
            f"load ({len(states.lost)} of {states.n_samples} samples are unstable): lower the loads"
        )
        raise ToolError(msg)
    return states
