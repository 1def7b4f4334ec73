"""Rectangular strips as systems: what beam theory has closed forms for."""

from __future__ import annotations

import numpy as np
import skfem

from fem.elasticity import plane_stress_constants
from fem.system import Regions, System, make_system
from mnnfab.arrays import FloatArray

#: Modulus, Poisson's ratio 0 (so that thin strips are beams), and thickness of every strip.
MODULUS, POISSON, THICKNESS = 0.55, 0.0, 2.0
#: Length of the loaded end, mm.
END = 0.5


def strip(length: float, width: float, *, held: bool = True) -> System:
    """Return a strip along x from 0, two elements wide, with half a millimetre below 0 held.

    The load and the reading of node 1 are spread over its last half millimetre; node 0 is held.

    Args:
        length: length of the free part, mm.
        width: width, mm.
        held: whether node 0 is held.

    Raises:
        ToolError: if it is not held.
    """
    inner = np.linspace(0.0, length - END, round(2 * length / width))
    across = np.linspace(-width / 2, width / 2, 3)
    square = skfem.MeshTri.init_tensor(np.concatenate([[-0.5], inner, [length]]), across)
    middle = square.p[0][square.t].mean(axis=0)
    end = np.where(middle > length - END, 1, -1)
    node = np.where(middle < 0, 0, end)
    basis = skfem.Basis(square, skfem.ElementTriP2(), intorder=2)
    regions = Regions(disc=node, load_node=node, held=(middle < 0) & held, n_nodes=2)
    constants = plane_stress_constants(MODULUS, POISSON)
    return make_system(basis, constants, np.full(square.t.shape[1], THICKNESS), regions)


def stress_of(system: System, field: FloatArray) -> FloatArray:
    """Return the stress of a field (n_dofs,) for ν = 0, (2, 2, n_triangles, n_quadrature) MPa."""
    parts = [system.basis.interpolate(np.ascontiguousarray(field[a::2])).grad for a in (0, 1)]
    gradient = np.array(parts)
    stress: FloatArray = MODULUS * (gradient + np.swapaxes(gradient, 0, 1)) / 2
    return stress


def loaded(system: System, axis: int) -> FloatArray:
    """Return the displacement under a unit load on node 1, (n_dofs,)."""
    field: FloatArray = system.solve(system.load_vectors[:, [2 + axis]].toarray())[:, 0]
    return field


def thickness_of(system: System) -> FloatArray:
    """Return the thickness of each triangle of a strip, (n_triangles,) mm."""
    return np.full(system.basis.mesh.t.shape[1], THICKNESS)
