"""Print samples of a part under the loads of its task, by the calibrated frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import UnstableError
from mnnfab.io.short_repr import short_repr
from mnnfab.task.reading import ReadMetric, metric_as_read

if TYPE_CHECKING:
    from mnnfab.loaded_part.calibrated_frame import CalibratedFrame
    from mnnfab.loaded_part.requirements import Requirements
    from mnnfab.task.task import ScoredTask
    from mnnfab.tolerance.print_sample import PrintSample

#: Confidence of the interval of the print yield.
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class PrintSet:
    """Prints of a part.

    Args:
        widths_mm: nominal widths, (n_bonds,).
        samples: errors of each print.
        offsets_mm: outputs of a better model of the nominal part minus those of its frame, which
            are added to the outputs of every print, (n_samples, n_out).
    """

    widths_mm: FloatArray
    samples: Iterable[PrintSample]
    offsets_mm: FloatArray | float = 0.0


@dataclass(frozen=True, eq=False)
class LoadedPrints:
    """Print samples under the loads of the task, as they are read.

    Args:
        metrics: metric as read of each print, (n_prints,); the worst value, 0 or infinity, where
            lost samples leave it undefined.
        lost: number of samples without a stable equilibrium in the plane, (n_prints,).
        limit: limit of the metric.
        higher_is_better: whether a larger metric is better.
    """

    metrics: FloatArray
    lost: IntArray
    limit: float
    higher_is_better: bool

    __repr__ = short_repr

    @property
    def good(self) -> np.ndarray:
        """Whether each print carries all samples and meets the limit, (n_prints,)."""
        met = self.metrics >= self.limit if self.higher_is_better else self.metrics <= self.limit
        good: np.ndarray = met & (self.lost == 0)
        return good

    @property
    def print_yield(self) -> float:
        """Estimated print yield: fraction of good prints."""
        return float(self.good.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Interval of the print yield with 95 % confidence (Clopper and Pearson, 1934)."""
        good, count, tail = int(self.good.sum()), len(self.good), (1 - CONFIDENCE) / 2
        low = float(betaincinv(good, count - good + 1, tail)) if good else 0.0
        high = float(betaincinv(good + 1, count - good, 1 - tail)) if good < count else 1.0
        return low, high


def load_prints(
    frame: CalibratedFrame,
    task: ScoredTask,
    requirements: Requirements,
    prints: PrintSet,
) -> LoadedPrints | None:
    """Return the metric as read of prints; None without a limit of the metric, or without prints.

    The frame of each print is solved under the loads. Errors of modulus and thickness act as the
    inverse factor on the loads; their effect on the part as it hangs without loads is neglected.
    Stability out of the plane is not evaluated.

    Args:
        frame: calibrated frame of the nominal part.
        task: its task, under fixed loads.
        requirements: requirements on the loaded part.
        prints: the prints.
    """
    limit = requirements.metric_limit
    if limit is None:
        return None
    found, lost = list[ReadMetric](), list[int]()
    for sample in prints.samples:
        outputs = print_outputs(frame, prints.widths_mm, sample, task.loads_N) + prints.offsets_mm
        found.append(metric_as_read(task, outputs, requirements.resolution_mm))
        lost.append(int((~np.isfinite(outputs).all(axis=1)).sum()))
    if not found:
        return None
    higher = found[0].higher_is_better
    worst = 0.0 if higher else np.inf
    values = np.array([worst if np.isnan(one.value) else one.value for one in found])
    return LoadedPrints(values, np.array(lost), limit, higher)


def print_outputs(
    frame: CalibratedFrame, widths_mm: FloatArray, sample: PrintSample, loads_N: FloatArray
) -> FloatArray:
    """Return the outputs of a print, (n_samples, n_out) mm; NaN where no stable state was found.

    Args:
        frame: calibrated frame of the nominal part.
        widths_mm: nominal widths, (n_bonds,).
        sample: errors of the print.
        loads_N: loads without errors, (n_samples, n_in).
    """
    loads = (loads_N + sample.load_errors_N) / sample.part
    try:
        return frame.of_print(widths_mm, sample.edges_mm).outputs(loads)
    except UnstableError:  # it does not carry its own weight
        return np.full((len(loads_N), len(frame.correction)), np.nan)
