"""Rectangular strips as meshes of the solid model."""

from __future__ import annotations

import numpy as np
import skfem

from fem.mesh import Mesh
from mnnfab.network.network import Network

#: Mean position of the load before the end of a strip, mm.
BEFORE_END = 0.125
#: Length of every network; node 0 is fixed, the load acts at node 1.
NETWORK = Network(np.array([[0.0, 0.0], [40.0, 0.0]]), np.array([[0, 1]]), np.array([0]))


def solid_strip(length: float, width: float, thickness: float, size: float, n_across: int) -> Mesh:
    """Return a strip along x with its first half millimetre held and its last quarter loaded.

    Args:
        length: length of the free part, mm.
        width: width, mm.
        thickness: thickness, mm.
        size: length of the elements along the strip, mm.
        n_across: number of elements across the width.
    """
    inner = np.linspace(0.0, length - 2 * BEFORE_END, round(length / size) + 1)
    across = np.linspace(-width / 2, width / 2, n_across + 1)
    grid = skfem.MeshTri.init_tensor(np.concatenate([[-0.5], inner, [length]]), across)
    middle = grid.p[0][grid.t].mean(axis=0)
    region = np.where(middle > length - 2 * BEFORE_END, 1, np.where(middle < 0, 0, 4))
    names = ("disc_0", "disc_1", "hub_0", "hub_1", "bond_0")
    return Mesh(grid.p.T, grid.t.T, region, names, np.full(5, thickness), n_nodes=2)
