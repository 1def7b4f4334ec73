"""Small additional displacements about the states of a frame."""

from __future__ import annotations

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points
from fem.frames.solvers import make_solver
from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.model.response import Response
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, read_ports, unit_loads


def small_displacements(frame: BeamFrame, states: Points, loads: FloatArray) -> Points:
    """Return the displacements by small additional loads on the nodes, by the tangents.

    Args:
        frame: the frame.
        states: states, (n_samples, n_nodes, 3) and (n_samples, n_interior, 3).
        loads: additional loads, (n_samples, n_loads, n_nodes, 3) N, N mm.

    Returns:
        Displacements of nodes, (n_samples, n_loads, n_nodes, 3), and of interior points.
    """
    n_samples, n_loads = loads.shape[:2]
    solution = Points(
        np.array(loads, dtype=float, order="C"),
        np.zeros((n_samples, n_loads, frame.n_interior, 3)),
    )
    solver = make_solver(frame)
    for sample in range(n_samples):
        solve = solver.planar_solve(Points(states.nodes[sample], states.interior[sample]))
        for nodes, interior in zip(*(array[sample] for array in solution), strict=True):
            solve(Points(nodes, interior))
    return solution


def rest_response(
    frame: BeamFrame, network: Network, inputs: tuple[AnyPort, ...], outputs: tuple[AnyPort, ...]
) -> Response:
    """Return the response of the frame of a network to small loads at its ports."""
    ports, n_in = [*inputs, *outputs], len(inputs)
    loads = np.zeros((1, len(ports), frame.n_nodes, 3))
    loads[0, :, :, :2] = unit_loads(network.n_nodes, ports).T.reshape(len(ports), -1, 2)
    rest = Points(np.zeros((1, frame.n_nodes, 3)), np.zeros((1, frame.n_interior, 3)))
    displacements = small_displacements(frame, rest, loads).nodes[0]
    in_the_plane = displacements[..., :2].reshape(len(ports), -1)
    elongations = compatibility_matrix(network) @ in_the_plane.T
    return Response(
        flexibility=frozen_floats(read_ports(outputs, in_the_plane[:n_in]).T),
        elongations=frozen_floats(elongations[:, :n_in]),
        adjoint_elongations=frozen_floats(elongations[:, n_in:]),
    )
