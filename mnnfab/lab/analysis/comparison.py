"""Comparison of experiments with predictions: one table and one figure of all measured values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnnfab.lab.analysis.observations import OBSERVATIONS, Observation, observations_text
from mnnfab.lab.folder import write_files

PAGE, PICTURE = "validation.html", "validation.svg"


@dataclass(frozen=True)
class Factor:
    """Agreement of a model with the values of one experiment in one unit.

    Args:
        experiment: name of the experiment.
        unit: unit of the values.
        model: "bars" or "continuum".
        count: number of values.
        factor: best-fit scale of the model; NaN if the measured values are opposite to it.
        left_percent: residual after best-fit scaling, per cent of the measurement.
        within: number of values within two standard deviations, without scaling.
    """

    experiment: str
    unit: str
    model: str
    count: int
    factor: float
    left_percent: float
    within: int


def factors_of(observations: Sequence[Observation]) -> list[Factor]:
    """Return the agreement of both models for every experiment and unit."""
    groups: dict[tuple[str, str], list[Observation]] = {}
    for observation in observations:
        groups.setdefault((observation.experiment, observation.unit), []).append(observation)
    factors = []
    for (experiment, unit), members in groups.items():
        measured = np.array([observation.measured for observation in members])
        for model in ("bars", "continuum"):
            predicted = np.array([getattr(observation, model) for observation in members])
            spread = np.array([getattr(observation, f"{model}_sd") for observation in members])
            error = np.hypot(spread, [observation.measured_sd for observation in members])
            factor = float(predicted @ measured / max(float(predicted @ predicted), 1e-300))
            factor = factor if factor > 0 else 0.0
            residual = np.linalg.norm(measured - factor * predicted)
            size = max(float(np.linalg.norm(measured)), 1e-300)
            within = int((np.abs(measured - predicted) <= 2 * error).sum())
            factors.append(
                Factor(
                    experiment,
                    unit,
                    model,
                    len(members),
                    factor or np.nan,
                    float(100 * residual / size),
                    within,
                )
            )
    return factors


def factors_text(factors: Sequence[Factor]) -> str:
    """Return the agreement of the models as a table for the terminal."""
    names = f"{'experiment':<44} {'unit':<8} {'model':<10}"
    rows = [f"{names} {'scale':>7} {'residual':>10} {'in 2 sd':>9}"]
    rows += [
        f"{factor.experiment[:44]:<44} {factor.unit:<8} {factor.model:<10} "
        f"{f'{factor.factor:.3f}' if factor.factor > 0 else 'none':>7} "
        f"{factor.left_percent:>8.1f} % {factor.within:>3} of {factor.count}"
        for factor in factors
    ]
    return "\n".join(rows)


def write_validation(staging: Path, observations: list[Observation]) -> None:
    """Write table, figure and HTML page into a folder."""
    from matplotlib.figure import Figure

    from mnnfab.lab.analysis.pages import MAX_DRAWN, draw_observations
    from mnnfab.report.figures import address_of, figure_bytes
    from mnnfab.report.template import render

    height = 1.5 + 0.32 * min(len(observations), MAX_DRAWN)
    figure = Figure(figsize=(10, height), layout="constrained")
    draw_observations(figure.subplots(), observations)
    page = render(
        "validation.html",
        title="Experiments and predictions",
        factors=factors_of(observations),
        observations=observations,
        picture=address_of(figure, "svg"),
    )
    table = observations_text(observations)
    write_files(
        staging,
        {OBSERVATIONS: table, PICTURE: figure_bytes(figure, "svg").decode("utf-8"), PAGE: page},
    )
