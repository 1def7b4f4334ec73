"""The loaded part in the reports: values of `report.json`, and the chart of the envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.report.palette import BLUE, GREEN, GREY, ORANGE, RED
from mnnfab.task.task import is_scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.arrays import FloatArray
    from mnnfab.loaded_part.assessment import LoadedPart
    from mnnfab.loaded_part.cases import LoadedCase
    from mnnfab.loaded_part.envelope import Envelope
    from mnnfab.task.reading import ReadMetric
    from mnnfab.task.task import Task


def loaded_values(task: Task | None, loaded: LoadedPart | None) -> dict[str, Any] | None:
    """Return the loaded part as JSON values, with the unit in each key."""
    if loaded is None or task is None:
        return None
    return {
        "cases": [_case(case) for case in loaded.cases],
        "metrics": _metrics(task, loaded),
        "metrics_as_read": _as_read(loaded.read),
        "linear_metrics_as_read": _as_read(loaded.linear_read),
        "discretisation_error": finite(loaded.discretisation_error),
        "resolution_mm": loaded.requirements.resolution_mm,
        "required_metric": loaded.requirements.metric_limit,
        "allowed_strain": loaded.requirements.strain,
        "samples": {
            "number": len(loaded.outputs_mm),
            "unstable": int((~loaded.at_loads.stable).sum()),
            "by_rubber": loaded.checked.samples.tolist(),
            "frame_error": finite(loaded.checked.difference),
        },
        "frame_at_rest": {
            "residual": loaded.frame.agreement.displacement_residual,
            "hub_stiffness": loaded.frame.frames.hub_stiffness,
        },
        "envelope": _envelope(loaded.envelope),
        "remedies": [remedy.message for remedy in loaded.remedies],
    }


def finite(value: float | None) -> float | None:
    """Return a finite number, or None: JSON has no infinity."""
    return float(value) if value is not None and np.isfinite(value) else None


def _case(found: LoadedCase) -> dict[str, Any]:
    lost, buckling = found.share < 1.0, found.buckling
    return {
        "name": found.case.name,
        "loads_N": list(found.case.loads_N),
        "outputs_mm": None if lost else found.outputs_mm.tolist(),
        "linear_outputs_mm": found.linear_outputs_mm.tolist(),
        "change": finite(found.change),
        "stable_up_to": found.stable_up_to,
        "buckling": {
            "in_plane": finite(buckling.in_plane.factor) if buckling else None,
            "out_of_plane": finite(buckling.out_of_plane.factor) if buckling else None,
        },
        "largest_strain": float(found.joint_strains.max()),
        "self_contact": found.contact_mm is not None,
    }


def _metrics(task: Task, loaded: LoadedPart) -> dict[str, Any]:
    """Return the exact metrics of the loaded part; only the primary one if samples are lost."""
    if not is_scored(task) or loaded.read is None:
        return {}
    if np.isfinite(loaded.outputs_mm).all():
        return task.evaluate(task, loaded.outputs_mm)
    return {loaded.read.name: finite(loaded.read.exact)}


def _as_read(read: ReadMetric | None) -> dict[str, float | None]:
    if read is None:
        return {}
    return {read.name: finite(read.value), f"{read.name}_sd": finite(read.sd)}


def _envelope(envelope: Envelope) -> dict[str, Any]:
    return {
        "load_factor": envelope.factors.tolist(),
        "metric_as_read": [finite(metric.value) for metric in envelope.read],
        "metric_exact": [finite(metric.exact) for metric in envelope.read],
        "linear_metric_as_read": [finite(metric.value) for metric in envelope.linear],
        "largest_strain": [finite(strain) for strain in envelope.strains],
        "unstable_in_plane": finite(envelope.in_plane),
        "unstable_out_of_plane": finite(envelope.out_of_plane),
        "strain_factor": finite(envelope.strain_factor),
        "lower": envelope.lower,
        "upper": envelope.upper,
        "best": envelope.best,
    }


def draw_envelope(axes: Axes, loaded: LoadedPart) -> None:
    """Draw metrics and limit states over the load factor, on a logarithmic axis."""
    envelope = loaded.envelope
    factors = envelope.factors
    axes.set_xscale("log")
    if envelope.lower is not None and envelope.upper is not None:
        axes.axvspan(envelope.lower, envelope.upper, color=GREEN, alpha=0.15, lw=0, label="window")
    if envelope.read:
        _draw_metrics(axes, envelope, loaded.requirements.metric_limit)
    else:
        axes.plot(factors, envelope.strains, color=BLUE, label="largest strain at a joint")
        axes.set_ylabel("strain")
    beyond = float(factors[-1])
    for limit, label, style in (
        (envelope.in_plane, "unstable in the plane", "-"),
        (envelope.out_of_plane, "unstable out of the plane", "--"),
        (envelope.strain_factor, "strain limit", ":"),
    ):
        if limit <= beyond:
            text = f"{label}, {limit:.2f}"
            axes.axvline(limit, color=RED, ls=style, lw=1.4, label=text)
    axes.axvline(1.0, color="black", lw=0.8)
    axes.set_xlim(factors[0], beyond)
    ticks = [tick for tick in (0.125, 0.25, 0.5, 1, 2, 4, 8) if factors[0] <= tick <= beyond]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("load factor (1: loads of the design)")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)


def _draw_metrics(axes: Axes, envelope: Envelope, limit: float | None) -> None:
    factors = envelope.factors
    value, sd, exact = (
        np.array([getattr(metric, name) for metric in envelope.read])
        for name in ("value", "sd", "exact")
    )
    axes.fill_between(factors, value - sd, value + sd, color=BLUE, alpha=0.2, lw=0)
    axes.plot(factors, value, color=BLUE, lw=2, label="as read")
    axes.plot(factors, exact, color=ORANGE, lw=1.2, label="read exactly")
    linear = [metric.value for metric in envelope.linear]
    axes.plot(factors, linear, color=GREY, lw=1.2, label="linear theory, as read")
    if limit is not None:
        axes.axhline(limit, color="black", lw=0.8, ls=(0, (4, 3)), label=f"required, {limit:g}")
    _set_metric_range(axes, envelope, np.concatenate([value, exact]))
    axes.set_ylabel(envelope.read[0].label)


def _set_metric_range(axes: Axes, envelope: Envelope, values: FloatArray) -> None:
    if envelope.read[0].higher_is_better:
        axes.set_ylim(0, 1.02)
        return
    found = values[np.isfinite(values)]
    if found.size and found.max() > 0:
        axes.set_ylim(0, min(1.0, 1.1 * float(found.max())))
