"""Requirements of a design on its loaded part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnnfab.task.task import is_scored

if TYPE_CHECKING:
    from mnnfab.problem.problem import PortProblem
    from mnnfab.task.task import Task

#: Strain allowed where neither design nor material states one: neo-Hookean laws fit rubber up to
#: about there (Treloar, Trans. Faraday Soc. 40 (1944) 59).
DEFAULT_STRAIN = 0.5
#: Margin on the required load factor and on the strain where a frame is evaluated instead of rubber
#: and solid, for the differences between the models.
MODEL_MARGIN = 1.15


@dataclass(frozen=True)
class Requirements:
    """Limits that a loaded part must meet.

    Args:
        resolution_mm: standard deviation of a reading.
        metric: limit of the metric as read; None for a task without a metric or without targets.
        stability: smallest load factor of instability, relative to the loads.
        strain: largest strain at the joints.
        constant_accuracy: accuracy of a prediction that is always the most frequent class, with
            the margin of chance; 0 for other tasks.
    """

    resolution_mm: float
    metric: float | None
    stability: float
    strain: float
    constant_accuracy: float = 0.0

    @property
    def metric_limit(self) -> float | None:
        """Limit of the metric as read, at least the accuracy of a constant prediction."""
        return None if self.metric is None else max(self.metric, self.constant_accuracy)


def requirements_of(problem: PortProblem) -> Requirements:
    """Return the requirements of a design on the loaded part."""
    section, task = problem.design.check, problem.task
    limits = {
        "classes": section.min_accuracy,
        "displacements": section.max_relative_error,
        "bands": section.max_target_deviation,
    }
    strain = section.max_loaded_strain or problem.material.max_strain or DEFAULT_STRAIN
    return Requirements(
        resolution_mm=section.resolution_mm,
        metric=limits[task.target_kind] if task.target_kind and task.has_targets else None,
        stability=section.min_stability_factor,
        strain=strain,
        constant_accuracy=_constant_accuracy(task),
    )


def _constant_accuracy(task: Task) -> float:
    if task.target_kind != "classes" or len(task.targets) == 1 or not is_scored(task):
        return 0.0
    return float(task.targets.mean(axis=0).max()) + task.primary_metric.baseline.chance_margin
