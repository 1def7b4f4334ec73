"""Print errors by sampling: what the first order of the input uncertainty leaves out.

Prints are drawn as in the tolerance study of a run, and solved with large displacements by the
calibrated frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.loaded_part.prints import PrintSet, load_prints, print_outputs
from mnnfab.loaded_part.requirements import requirements_of
from mnnfab.task.task import is_scored
from mnnfab.tolerance.print_sample import draw_prints
from mnnfab.validation.print_samples import (
    MAX_LOADED_SIZE,
    MIN_LOADED,
    as_drawn,
    samples_under_loads,
)

if TYPE_CHECKING:
    from mnnfab.loaded_part.calibrated_frame import CalibratedFrame
    from mnnfab.loaded_part.prints import LoadedPrints
    from mnnfab.printed_part.part import PortPart
    from mnnfab.tolerance.print_sample import PrintSample

#: Number of prints: a standard deviation is known to 7 %.
PRINTS = 100


@dataclass(frozen=True, eq=False)
class SampledPrints:
    """Outputs and stability of print samples.

    Args:
        outputs_mm: outputs of each print, (n_prints, n_cases, n_out); NaN where lost.
        buckling: load factor of linear buckling out of the plane of each print by the frame, for
            the load case that is nearest to it, over that of the nominal part, (n_prints,); NaN
            where it does not buckle.
        case: that load case, as an index.
    """

    outputs_mm: FloatArray
    buckling: FloatArray
    case: int

    @property
    def lost(self) -> int:
        """Number of prints without a stable equilibrium in the plane under some load case."""
        return int((~np.isfinite(self.outputs_mm).all(axis=(1, 2))).sum())

    @property
    def sd_mm(self) -> FloatArray:
        """Standard deviation of each output over the prints that carry all cases, (n_cases, n_out).

        NaN if fewer than two do.
        """
        kept = self.outputs_mm[np.isfinite(self.outputs_mm).all(axis=(1, 2))]
        if len(kept) < 2:
            return np.full(self.outputs_mm.shape[1:], np.nan)
        found: FloatArray = kept.std(axis=0, ddof=1)
        return found


def read_prints(
    part: PortPart, frame: CalibratedFrame, spread: float, factor: float
) -> LoadedPrints | None:
    """Return prints of another modulus, with all uncertain inputs, under the loads of all samples.

    None for a task without a limit of its metric, without a tolerance study, and for large tasks.
    Outputs are those of the frame.

    Args:
        part: the nominal part.
        frame: its calibrated frame.
        spread: relative standard deviation of the modulus of a print in use, by the material,
            hold time and temperature.
        factor: modulus of the design over the mean one of the prints.
    """
    problem, task = part.problem, part.problem.task
    if not is_scored(task):
        return None
    errors = replace(problem.print_errors, modulus=spread)
    drawn = samples_under_loads(problem, part.widths_mm, errors)
    samples = (replace(sample, modulus=sample.modulus / factor) for sample in drawn)
    return load_prints(frame, task, requirements_of(problem), PrintSet(part.widths_mm, samples))


def sample_prints(
    part: PortPart, frame: CalibratedFrame, loads_N: FloatArray, count: int = PRINTS
) -> SampledPrints:
    """Return print samples under load cases.

    Args:
        part: the nominal part.
        frame: its calibrated frame.
        loads_N: loads of the cases, (n_cases, n_in).
        count: largest number of print samples; large networks have fewer.
    """
    problem = part.problem
    affordable = MAX_LOADED_SIZE // (problem.network.n_bonds * len(loads_N))
    nominal = frame.buckling_out_of_plane(loads_N)
    case = int(nominal.argmin())
    samples = draw_prints(
        as_drawn(problem, part.widths_mm),
        problem.print_errors,
        loads_N.shape,
        min(count, max(affordable, MIN_LOADED)),
        problem.design.schedule.seed,
    )
    outputs, buckling = [], []
    for sample in samples:
        outputs.append(print_outputs(frame, part.widths_mm, sample, loads_N))
        buckling.append(_buckling(frame, part.widths_mm, sample, loads_N[[case]]))
    factors = np.array(buckling) / nominal[case] if np.isfinite(nominal[case]) else np.nan
    known = np.where(np.isfinite(buckling), factors, np.nan)
    return SampledPrints(np.array(outputs), known, case)


def _buckling(
    frame: CalibratedFrame, widths_mm: FloatArray, sample: PrintSample, load_N: FloatArray
) -> float:
    """Return the load factor of buckling of a print out of the plane, without errors of the loads.

    Bending out of the plane is stiff by the cube of the thickness.
    """
    printed = frame.of_print(widths_mm, sample.edges_mm)
    factor = float(printed.buckling_out_of_plane(load_N)[0])
    return factor * sample.modulus * sample.thickness**3
