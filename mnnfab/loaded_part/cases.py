"""Load cases of a part by the rubber model, and their stability by the solid model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fem.contact import self_contact
from fem.rubber.strains import joint_strains
from mnnfab.arrays import FloatArray
from mnnfab.io.short_repr import short_repr
from mnnfab.loaded_part.solid import loaded_cases_of

if TYPE_CHECKING:
    from fem.solid_buckling import SolidBuckling
    from mnnfab.printed_part.part import PortPart
    from mnnfab.task.task import LoadCase


@dataclass(frozen=True, eq=False)
class LoadedCase:
    """A load case with large displacements.

    Args:
        case: load case.
        share: share of the load up to which a stable path was followed; 1 if it carries the load.
        stable_up_to: load factor up to which a stable path was followed, at most the margin.
        outputs_mm: displacements of the outputs by the rubber model, (n_out,), at `share`.
        linear_outputs_mm: displacements by the linear continuum model under the whole load.
        joint_strains: strain at the joints of each bond, (n_bonds,), at `share`.
        contact_mm: place of self-contact, (2,); None if there is none.
        buckling: linear buckling of the solid; None if it was not computed.
    """

    case: LoadCase
    share: float
    stable_up_to: float
    outputs_mm: FloatArray
    linear_outputs_mm: FloatArray
    joint_strains: FloatArray
    contact_mm: FloatArray | None
    buckling: SolidBuckling | None

    __repr__ = short_repr

    @property
    def change(self) -> float:
        """Difference of the outputs from linear theory, relative to it; NaN if lost."""
        if self.share < 1.0:
            return np.nan
        difference = np.linalg.norm(self.outputs_mm - self.linear_outputs_mm)
        return float(difference / np.linalg.norm(self.linear_outputs_mm))


def loaded_cases(
    part: PortPart, buckling: dict[str, SolidBuckling], margin: float
) -> tuple[LoadedCase, ...]:
    """Return all load cases with loads.

    Args:
        part: the part.
        margin: load factor up to which the path of a load case is followed.
        buckling: buckling of the solid by the name of the load case, where it was computed.

    Raises:
        ToolError: if the part does not carry its own weight, or a solver fails.
    """
    return tuple(
        _loaded_case(part, case, buckling.get(case.name), margin) for case in loaded_cases_of(part)
    )


def _loaded_case(
    part: PortPart, case: LoadCase, buckling: SolidBuckling | None, margin: float
) -> LoadedCase:
    rubber, loads = part.rubber, np.array(case.loads_N)
    path = rubber.path(loads)
    field = path.end.field
    stable_up_to = path.share
    if not path.lost:
        stable_up_to = 1.0 + (margin - 1.0) * rubber.continued(path, margin * loads).share
    return LoadedCase(
        case=case,
        share=path.share,
        stable_up_to=stable_up_to,
        outputs_mm=rubber.outputs_of(field),
        linear_outputs_mm=part.continuum.response.outputs(loads[None])[0],
        joint_strains=joint_strains(rubber.body, rubber.windows, field),
        contact_mm=self_contact(part.continuum, field),
        buckling=buckling,
    )
