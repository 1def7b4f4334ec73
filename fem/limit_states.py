"""Limit states of a part: the limits of linear theory and of the part itself.

Strain at the joints, in-plane buckling, sag under self-weight, end of the linear range and
self-contact, evaluated for each load case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fem.buckling import Buckling, buckle
from fem.contact import contact_factor
from fem.nonlinear_bars import LinearRange, NonlinearBars, linear_range
from fem.resultants import bond_resultants, joint_stresses
from fem.weight import sag
from mnnfab.io.short_repr import short_repr
from mnnfab.network.ports import unit_loads

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from mnnfab.arrays import FloatArray
    from mnnfab.design.fabrication import Fabrication
    from mnnfab.network.network import Network
    from mnnfab.profiles import Material
    from mnnfab.task.task import LoadCase, Task

#: Largest number of unknowns for which buckling is computed; beyond it, buckling takes longer than
#: all other computations.
MAX_BUCKLING_DOFS = 300_000


@dataclass(frozen=True, eq=False)
class Bonds:
    """The bonds of a part.

    Args:
        network: nodes and bonds.
        widths_mm: width of each bond, (n_bonds,).
        stiffness: stiffness of each bond, (n_bonds,) N/mm.
        fabrication: joints and tapers, with the effective joint length of printed parts.
    """

    network: Network
    widths_mm: FloatArray
    stiffness: FloatArray
    fabrication: Fabrication


@dataclass(frozen=True, eq=False)
class LoadCaseLimits:
    """Limit states of one load case.

    Args:
        case: load case.
        buckling: in-plane buckling of the continuum model; None if the model is too large.
        linear: end of the linear range.
        contact: load factor of self-contact; infinite if there is none.
        contact_position: location of self-contact, mm; None if there is none.
        outputs_mm: displacements of the outputs, (n_out,).
    """

    case: LoadCase
    buckling: Buckling | None
    linear: LinearRange
    contact: float
    contact_position: FloatArray | None
    outputs_mm: FloatArray

    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class LimitStates:
    """Limit states of a part.

    Args:
        cases: limit states of each load case.
        sag_mm: displacements of the outputs under self-weight, (n_out,).
        joint_strains: largest nominal strain at the two joints of each bond over all samples,
            (n_bonds,).
    """

    cases: tuple[LoadCaseLimits, ...]
    sag_mm: FloatArray
    joint_strains: FloatArray

    __repr__ = short_repr


def assess_limit_states(
    continuum: Continuum, bonds: Bonds, material: Material, task: Task
) -> LimitStates:
    """Return the limit states of a part.

    Args:
        continuum: solved continuum model.
        bonds: bonds of the part.
        material: material of the part.
        task: load cases and samples.
    """
    resultants = bond_resultants(continuum, bonds.network, bonds.fabrication)
    stresses = joint_stresses(
        resultants, task.loads_N, bonds.widths_mm, bonds.network, bonds.fabrication
    )
    return LimitStates(
        cases=_assess_cases(continuum, bonds, task),
        sag_mm=sag(
            continuum.system,
            material.density_g_per_cm3,
            continuum.mesh.thickness_mm,
            task.outputs,
        ),
        joint_strains=stresses.max(axis=0) / material.youngs_modulus_MPa,
    )


def _assess_cases(continuum: Continuum, bonds: Bonds, task: Task) -> tuple[LoadCaseLimits, ...]:
    found, similar = list[LoadCaseLimits](), None
    for case in task.load_cases:
        if any(case.loads_N):  # the mean load of a class may be 0
            found.append(_assess_case(continuum, bonds, task, case, similar))
            buckling = found[-1].buckling
            similar = buckling.mode if buckling else None
    return tuple(found)


def _assess_case(
    continuum: Continuum, bonds: Bonds, task: Task, case: LoadCase, similar: FloatArray | None
) -> LoadCaseLimits:
    loads = np.array(case.loads_N)
    buckling = None
    if continuum.n_dofs <= MAX_BUCKLING_DOFS:
        stress = continuum.stress(continuum.fields @ loads)
        buckling = buckle(continuum.system, stress, continuum.mesh.thickness_mm, similar)
    contact, contact_position = contact_factor(continuum, loads)
    return LoadCaseLimits(
        case=case,
        buckling=buckling,
        linear=linear_range(
            NonlinearBars(bonds.network, bonds.stiffness),
            unit_loads(bonds.network.n_nodes, task.inputs) @ loads,
            task.outputs,
        ),
        contact=contact,
        contact_position=contact_position,
        outputs_mm=continuum.response.outputs(loads[None])[0],
    )


def bond_of_largest_deflection(network: Network, continuum: Continuum, buckling: Buckling) -> int:
    """Return the bond with the largest lateral deflection of its middle, relative to its ends."""
    ends = (continuum.system.readings.T @ buckling.mode).reshape(-1, 2)[network.bonds]
    points, mode_displacements = continuum.quadratic_points, continuum.at_points(buckling.mode)
    middles = network.nodes[network.bonds].mean(axis=1)
    nearest = np.array([((points - middle) ** 2).sum(axis=1).argmin() for middle in middles])
    deflections = mode_displacements[nearest] - ends.mean(axis=1)
    return int(np.hypot(*deflections.T).argmax())
