"""Print errors by sampling: what the first order of the input uncertainty leaves out.

Prints are drawn as in the tolerance study of a run, and solved with large displacements by the
calibrated frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.loaded_part.calibrated_frame import calibrated_frame
from mnnfab.loaded_part.prints import PrintSet, load_prints, print_outputs
from mnnfab.loaded_part.requirements import requirements_of
from mnnfab.task.task import is_scored
from mnnfab.tolerance.print_sample import draw_prints
from mnnfab.validation.print_samples import as_drawn, samples_under_loads

if TYPE_CHECKING:
    from mnnfab.loaded_part.prints import LoadedPrints
    from mnnfab.printed_part.part import PortPart

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
        """Standard deviation of each output over the prints that carry it, (n_cases, n_out)."""
        found: FloatArray = np.nanstd(self.outputs_mm, axis=0, ddof=1)
        return found


def read_prints(part: PortPart, spread: float, factor: float) -> LoadedPrints | None:
    """Return prints of another modulus, with all uncertain inputs, under the loads of all samples.

    None for a task without a limit of its metric, and for large tasks.

    Args:
        part: the nominal part.
        spread: relative standard deviation of the modulus of a print in use, by the material,
            hold time and temperature.
        factor: modulus of the design over the mean one of the prints.
    """
    problem, task = part.problem, part.problem.task
    if not is_scored(task):
        return None
    errors = replace(problem.print_errors, modulus=spread)
    drawn = samples_under_loads(problem, part.widths_mm, errors)
    samples = (replace(sample, part=sample.part / factor) for sample in drawn)
    prints = PrintSet(part.widths_mm, samples)
    return load_prints(calibrated_frame(part), task, requirements_of(problem), prints)


def sample_prints(part: PortPart, loads_N: FloatArray, count: int = PRINTS) -> SampledPrints:
    """Return print samples under load cases.

    Args:
        part: the nominal part.
        loads_N: loads of the cases, (n_cases, n_in).
        count: number of print samples.
    """
    problem, frame = part.problem, calibrated_frame(part)
    nominal = frame.buckling_out_of_plane(loads_N)
    case = int(nominal.argmin())
    samples = draw_prints(
        as_drawn(problem, part.widths_mm),
        problem.print_errors,
        loads_N.shape,
        count,
        problem.design.schedule.seed,
    )
    outputs, buckling = [], []
    for sample in samples:
        widths = part.widths_mm * sample.bonds
        loads = (loads_N + sample.load_errors_N) / sample.part
        outputs.append(print_outputs(frame, widths, loads))
        buckling.append(frame.with_widths(widths).buckling_out_of_plane(loads[[case]])[0])
    factors = np.array(buckling) / nominal[case]
    return SampledPrints(np.array(outputs), np.where(np.isfinite(factors), factors, np.nan), case)
