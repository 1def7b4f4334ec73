"""Sag of the part under self-weight that acts in its plane."""

from __future__ import annotations

import numpy as np
from skfem import LinearForm

from fem.system import System
from mnnfab.arrays import FloatArray
from mnnfab.network.ports import AnyPort
from mnnfab.units import NEWTON_PER_GF

#: Weight of a cubic millimetre of density 1 g/cm³, N.
NEWTON_PER_MM3 = 1e-3 * NEWTON_PER_GF


def sag(
    system: System,
    density_g_per_cm3: float,
    thickness_mm: FloatArray,
    outputs: tuple[AnyPort, ...],
) -> FloatArray:
    """Return the displacements of the outputs under self-weight along -y, (n_out,) mm.

    Args:
        system: a system of triangles.
        density_g_per_cm3: density of the material.
        thickness_mm: thickness of each triangle, (n_triangles,).
        outputs: ports where the sag is read.
    """
    field = sag_field(system, density_g_per_cm3, thickness_mm)
    displacements: FloatArray = system.readings_at(outputs).T @ field
    return displacements


def sag_field(system: System, density_g_per_cm3: float, thickness_mm: FloatArray) -> FloatArray:
    """Return the displacement field under self-weight along -y, (n_dofs,) mm; see `sag`."""
    loads = weight_loads(system, density_g_per_cm3, thickness_mm)
    return system.solve(loads[:, None])[:, 0]


def weight_loads(system: System, density_g_per_cm3: float, thickness_mm: FloatArray) -> FloatArray:
    """Return the loads of self-weight along -y, (n_dofs,) N; see `sag`."""
    density = density_g_per_cm3 * NEWTON_PER_MM3 * thickness_mm
    form = LinearForm(lambda v, w: w["density"] * v)
    over_points = np.broadcast_to(density[:, None], system.basis.dx.shape)
    loads = np.zeros(system.n_dofs)
    loads[1::2] = -form.assemble(system.basis, density=over_points)
    return loads
