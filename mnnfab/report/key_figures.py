"""The key figures of a part: usable loads, metric as read, print yield, mass and size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.compensation.rounds import read_metric
from mnnfab.problem.problem import is_trainable
from mnnfab.profiles.relaxation import held_modulus
from mnnfab.report.baselines import baseline_of
from mnnfab.report.loaded import finite
from mnnfab.report.readings import reference_state
from mnnfab.units import NEWTON_PER_GF
from mnnfab.validation.print_samples import MIN_YIELD

if TYPE_CHECKING:
    from mnnfab.loaded_part.assessment import LoadedPart
    from mnnfab.task.task import Task
    from mnnfab.validation.results import Results


def key_values(results: Results) -> dict[str, Any]:
    """Return the key figures as JSON values, with the unit in each key."""
    task, prints = results.problem.task, results.loaded_prints or results.print_samples
    low, high = results.tiling.bounding_box_mm
    return {
        "usable_loads": _usable_loads(task, results.loaded) if task and results.loaded else None,
        "metric_as_read": _metric_as_read(results),
        "print_yield": None if prints is None else prints.print_yield,
        "print_samples": None if prints is None else len(prints.metrics),
        "print_yield_advised": MIN_YIELD,
        "modulus": _modulus(results),
        "mass_g": results.mass_g,
        "size_mm": np.subtract(high, low).tolist(),
    }


def _usable_loads(task: Task, loaded: LoadedPart) -> dict[str, Any]:
    """Return the window of load factors in which all requirements are met."""
    envelope, largest = loaded.envelope, float(np.abs(task.loads_N).max()) / NEWTON_PER_GF
    upper = envelope.upper
    return {
        "lower_factor": envelope.lower,
        "upper_factor": upper,
        "ended_by": envelope.upper_limit,
        "margin": envelope.margin,
        "includes_design_loads": envelope.includes(1.0),
        "design_load_gf": largest,
        "largest_load_gf": None if upper is None else upper * largest,
    }


def _modulus(results: Results) -> dict[str, Any]:
    """Return the modulus of the design, and the moduli for which the part does its task.

    A modulus that is larger by a factor acts as loads that are smaller by it. The range is known
    for tasks that compare outputs with each other alone.
    """
    problem, loaded = results.problem, results.loaded
    own, relaxation = problem.material.youngs_modulus_MPa, problem.material.relaxation
    lowest = highest = None
    if loaded and problem.task is not None and problem.task.compares_outputs_alone:
        lower, upper = loaded.envelope.lower, loaded.envelope.upper
        if lower is not None and upper is not None:
            lowest, highest = own / upper, own / lower
    values = {"design_MPa": own, "lowest_MPa": lowest, "highest_MPa": highest}
    if relaxation is None:
        return values | dict.fromkeys(("relaxation_MPa", "time_s", "temperature_C"))
    at = reference_state(problem, relaxation)
    held = float(held_modulus(relaxation, at.time_s, at.temperature_C))
    return values | {
        "relaxation_MPa": held,
        "time_s": at.time_s,
        "temperature_C": at.temperature_C,
    }


def _sampling_sd(accuracy: float | None, number: int) -> float | None:
    """Return the standard deviation of an accuracy that a number of samples tells.

    That of the beta distribution with a uniform prior (Laplace): not 0 if all are right.
    """
    if accuracy is None:
        return None
    mean = (accuracy * number + 1) / (number + 2)
    return float(np.sqrt(mean * (1 - mean) / (number + 3)))


def _metric_as_read(results: Results) -> dict[str, Any] | None:
    """Return the metric of the loaded part as it is read, with its requirement and baseline."""
    problem, loaded = results.problem, results.loaded
    if loaded is None or loaded.read is None or not is_trainable(problem):
        return None
    read, task = loaded.read, problem.task
    test = task.split.test
    on_test = read_metric(problem, loaded.outputs_mm, test) if len(test) else None
    return {
        "name": read.name,
        "label": read.label,
        "better": "higher" if read.higher_is_better else "lower",
        "value": finite(read.value),
        "sd": finite(read.sd) if read.n_samples > 1 else None,
        "exact": finite(read.exact),
        "test_samples": finite(on_test),
        "test_sd": _sampling_sd(on_test, len(test)) if read.name == "accuracy" else None,
        "test_number": len(test),
        "required": loaded.requirements.metric_limit,
        "baseline": finite(baseline_of(task, task.primary_metric.name)),
        "resolution_mm": loaded.requirements.resolution_mm,
    }
