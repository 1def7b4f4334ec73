"""Limit states of a part: where linear theory or the part itself comes to an end.

Strain at the joints, buckling in the plane, sag under self-weight, the linear range and
self-contact, a load case at a time.
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
from mnnfab.network.ports import dofs_of, unit_loads

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from mnnfab.arrays import FloatArray
    from mnnfab.design.fabrication import Fabrication
    from mnnfab.network.network import Network
    from mnnfab.profiles import Material
    from mnnfab.task.task import LoadCase, Task

#: Beyond this many unknowns buckling takes longer than all the rest.
MOST_DOFS = 300_000


@dataclass(frozen=True, eq=False)
class Bonds:
    """The bonds of a part.

    Args:
        network: nodes and bonds.
        widths_mm: of each bond, (n_bonds,).
        stiffness: of each bond, (n_bonds,) N/mm.
        fabrication: joints and tapers, as they act.
    """

    network: Network
    widths_mm: FloatArray
    stiffness: FloatArray
    fabrication: Fabrication


@dataclass(frozen=True, eq=False)
class LoadCaseLimits:
    """What was found of one load case.

    Args:
        case: the loads.
        buckling: of the continuum in its plane; none if it is too large for that.
        linear: how far linear theory holds.
        contact: times the load at which free sides would meet; infinite if none do.
        contact_place: where they do, mm.
        outputs_mm: displacement of the outputs, (n_out,).
    """

    case: LoadCase
    buckling: Buckling | None
    linear: LinearRange
    contact: float
    contact_place: FloatArray | None
    outputs_mm: FloatArray


@dataclass(frozen=True, eq=False)
class LimitStates:
    """What was found of a design.

    Args:
        cases: one a load case.
        sag_mm: displacement of the outputs by the part's own weight, (n_out,).
        joint_strains: nominal strain at the worse joint of each bond, the largest of all
            samples, (n_bonds,).
    """

    cases: tuple[LoadCaseLimits, ...]
    sag_mm: FloatArray
    joint_strains: FloatArray


def assess_limit_states(
    continuum: Continuum, bonds: Bonds, material: Material, task: Task
) -> LimitStates:
    """Return the limit states of a part.

    Args:
        continuum: solved.
        bonds: of the same part.
        material: of the part.
        task: its load cases and samples.
    """
    resultants = bond_resultants(continuum, bonds.network, bonds.fabrication)
    stresses = joint_stresses(
        resultants, task.loads_N, bonds.widths_mm, bonds.network, bonds.fabrication
    )
    return LimitStates(
        cases=tuple(
            _assess_case(continuum, bonds, task, case)
            for case in task.load_cases
            if any(case.loads_N)  # the mean of a class may hang nothing
        ),
        sag_mm=sag(
            continuum.system,
            material.density_g_per_cm3,
            continuum.mesh.thickness_mm,
            task.outputs,
        ),
        joint_strains=stresses.max(axis=0) / material.youngs_modulus_MPa,
    )


def _assess_case(continuum: Continuum, bonds: Bonds, task: Task, case: LoadCase) -> LoadCaseLimits:
    loads = np.array(case.loads_N)
    buckling = None
    if continuum.n_dofs <= MOST_DOFS:
        stress = continuum.stress(continuum.fields @ loads)
        buckling = buckle(continuum.system, stress, continuum.mesh.thickness_mm)
    contact, place = contact_factor(continuum, loads)
    return LoadCaseLimits(
        case=case,
        buckling=buckling,
        linear=linear_range(
            NonlinearBars(bonds.network, bonds.stiffness),
            unit_loads(bonds.network, task.inputs) @ loads,
            dofs_of(task.outputs),
        ),
        contact=contact,
        contact_place=place,
        outputs_mm=continuum.response.outputs(loads),
    )


def bowed_bond(network: Network, continuum: Continuum, buckling: Buckling) -> int:
    """Return the bond whose middle leaves the line between its ends most in a mode."""
    ends = (continuum.system.readings.T @ buckling.mode).reshape(-1, 2)[network.bonds]
    points, moved = continuum.quadratic_points, continuum.at_points(buckling.mode)
    middles = network.nodes[network.bonds].mean(axis=1)
    nearest = np.array([((points - middle) ** 2).sum(axis=1).argmin() for middle in middles])
    bow = moved[nearest] - ends.mean(axis=1)
    return int(np.hypot(*bow.T).argmax())
