"""Experiments beside predictions: one table and one picture of all measured numbers."""

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
    """How a model does on the numbers of one experiment in one unit.

    Args:
        experiment: whose they are.
        unit: of the numbers.
        model: "bars" or "continuum".
        count: of the numbers.
        factor: that lays the model over the measurement best.
        left_percent: what is left after it, over the measurement, per cent.
        within: numbers within two standard deviations without the factor.
    """

    experiment: str
    unit: str
    model: str
    count: int
    factor: float
    left_percent: float
    within: int


def factors_of(observations: Sequence[Observation]) -> list[Factor]:
    """Return the factors of both models for every experiment and unit."""
    groups: dict[tuple[str, str], list[Observation]] = {}
    for one in observations:
        groups.setdefault((one.experiment, one.unit), []).append(one)
    found = []
    for (experiment, unit), members in groups.items():
        measured = np.array([one.measured for one in members])
        for model in ("bars", "continuum"):
            foreseen = np.array([getattr(one, model) for one in members])
            spread = np.array([getattr(one, f"{model}_sd") for one in members])
            error = np.hypot(spread, [one.measured_sd for one in members])
            factor = float(foreseen @ measured / max(float(foreseen @ foreseen), 1e-300))
            left = np.linalg.norm(measured - factor * foreseen)
            size = max(float(np.linalg.norm(measured)), 1e-300)
            within = int((np.abs(measured - foreseen) <= 2 * error).sum())
            found.append(
                Factor(
                    experiment, unit, model, len(members), factor, float(100 * left / size), within
                )
            )
    return found


def factors_text(factors: Sequence[Factor]) -> str:
    """Return factors as a table for a terminal."""
    names = f"{'experiment':<44} {'unit':<8} {'model':<10}"
    rows = [f"{names} {'factor':>7} {'left over':>10} {'in 2 sd':>9}"]
    rows += [
        f"{one.experiment[:44]:<44} {one.unit:<8} {one.model:<10} {one.factor:>7.3f} "
        f"{one.left_percent:>8.1f} % {one.within:>3} of {one.count}"
        for one in factors
    ]
    return "\n".join(rows)


def write_validation(staging: Path, observations: list[Observation]) -> None:
    """Write table, picture and page into a folder."""
    import io

    from matplotlib.figure import Figure

    from mnnfab.lab.analysis.pages import MOST_DRAWN, draw_observations
    from mnnfab.report.figures import address_of
    from mnnfab.report.template import render

    height = 1.5 + 0.32 * min(len(observations), MOST_DRAWN)
    figure = Figure(figsize=(10, height), layout="constrained")
    draw_observations(figure.subplots(), observations)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    page = render(
        "validation.html",
        title="Experiments beside predictions",
        factors=factors_of(observations),
        observations=observations,
        picture=address_of(figure, "svg"),
    )
    table = observations_text(observations)
    write_files(staging, {OBSERVATIONS: table, PICTURE: buffer.getvalue(), PAGE: page})
