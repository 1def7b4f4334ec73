"""Validation with published measurements: printed networks of Li and Mao (2024).

The modulus of the printed shape is calibrated on figure 1 alone, a displacement of untrained
networks. Figure 2, other loads, other outputs and trained networks, is compared with it. Each
value is the mean of three prints, whose scatter has the errors of their widths and thickness: these
are not counted again among the inputs. The trained widths are those of the paper's training as
repeated by `mnnfab reproduce`, whose displacements agree with the published ones to five digits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.printed_part.part import PrintedPart
from mnnfab.reproduce import paper
from mnnfab.reproduce.fig2 import behaviour
from mnnfab.reproduce.setting import BEHAVIOUR, GRADIENT, make
from mnnfab.units import NEWTON_PER_GF
from mnnfab.vv.comparison import Comparison
from mnnfab.vv.inputs import Source, input_uncertainty
from mnnfab.vv.part_range import PartRange, joined, range_of
from mnnfab.vv.solution import verify_solution

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import PortProblem
    from mnnfab.progress.watcher import StageTimer
    from mnnfab.task.task import Task

EXPERIMENT = "Li and Mao 2024, fig. 2"
#: Number of prints of each measurement.
N_PRINTS = 3
#: Number of measured values of figure 2, of which the error of the calibration is that.
N_VALUES = 4
#: Steps of the calibration; the displacements are nearly inverse to the modulus.
CALIBRATION_STEPS = 3


@dataclass(frozen=True)
class Calibration:
    """Modulus of the printed shape, with which the rubber model gives a measured displacement.

    Args:
        quantity: displacement of figure 1, and its load.
        measured_mm: measured value.
        modulus_MPa: calibrated modulus.
        paper_modulus_MPa: modulus of the paper, which is effective for bars of constant width.
        uncertainty: relative standard uncertainty of the modulus.
    """

    quantity: str
    measured_mm: float
    modulus_MPa: float
    paper_modulus_MPa: float
    uncertainty: float


@dataclass(frozen=True)
class PaperValidation:
    """Comparison with the measurements of figure 2.

    Args:
        calibration: modulus, from figure 1.
        comparisons: one per measured displacement.
        range: what the measured parts cover.
    """

    calibration: Calibration
    comparisons: tuple[Comparison, ...]
    range: PartRange


def validate_on_paper(timer: StageTimer) -> PaperValidation:
    """Calibrate the modulus on figure 1 and compare figure 2.

    Raises:
        ToolError: if a solver fails.
    """
    with timer.stage("the paper's networks"):
        uniform = np.full(paper.network().n_bonds, paper.WIDTH_START_MM)
        calibration = _calibrate(uniform, timer)
        modulus = Source("modulus", calibration.uncertainty, "relative", "calibration on fig. 1")
        comparisons, ranges = [], []
        for state, widths, measured in (
            ("untrained", uniform, paper.BEHAVIOUR_UNTRAINED_MEASURED_MM),
            ("trained", behaviour(0).widths_mm, paper.BEHAVIOUR_TRAINED_MEASURED_MM),
        ):
            problem = make({**BEHAVIOUR, "target_class": 0, "normalisation": "share"})
            part = PrintedPart(_with_modulus(problem, calibration.modulus_MPa), widths, timer)
            comparisons += _compare(part, state, measured, modulus)
            ranges.append(range_of(part))
    return PaperValidation(calibration, tuple(comparisons), joined(ranges))


def _compare(
    part: PortPart, state: str, measured: tuple[tuple[float, float], ...], modulus: Source
) -> list[Comparison]:
    task = part.problem.task
    simulated = part.rubber.outputs(task.loads_N)
    solution = verify_solution(part, task.loads_N, simulated)
    inputs = input_uncertainty(part, task.loads_N, modulus, of_print=False).combined_mm
    return [
        Comparison(
            EXPERIMENT,
            f"{state}, {port} under {_loads_text(task)}",
            float(simulated[0, o]),
            value,
            solution.outputs[0][o].uncertainty_mm,
            float(inputs[0, o]),
            sd / N_PRINTS**0.5,
            input_dof=N_VALUES * (N_PRINTS - 1),
            data_dof=N_PRINTS - 1,
        )
        for o, (port, (value, sd)) in enumerate(zip(task.outputs, measured, strict=True))
    ]


def _loads_text(task: Task) -> str:
    return ", ".join(
        f"{load / NEWTON_PER_GF:.3g} gf at {port}"
        for port, load in zip(task.inputs, task.loads_N[0].tolist(), strict=True)
    )


def _calibrate(widths_mm: FloatArray, timer: StageTimer) -> Calibration:
    """Return the modulus with which the rubber model gives the displacement of figure 1."""
    problem, modulus = make(GRADIENT), paper.YOUNGS_MODULUS_MPA
    task = problem.task
    for _ in range(CALIBRATION_STEPS):
        part = PrintedPart(_with_modulus(problem, modulus), widths_mm, timer)
        simulated = float(part.rubber.outputs(part.problem.task.loads_N)[0, 0])
        modulus *= simulated / paper.MEASURED_LEFT_MM
    # The paper states no error of this value. It is taken to be that of figure 2.
    figure_2 = (*paper.BEHAVIOUR_UNTRAINED_MEASURED_MM, *paper.BEHAVIOUR_TRAINED_MEASURED_MM)
    own = [sd for _, sd in figure_2]
    data = float(np.sqrt(np.mean(np.square(own)) / N_PRINTS)) / abs(paper.MEASURED_LEFT_MM)
    return Calibration(
        quantity=f"{task.outputs[0]} under {_loads_text(task)}",
        measured_mm=paper.MEASURED_LEFT_MM,
        modulus_MPa=modulus,
        paper_modulus_MPa=paper.YOUNGS_MODULUS_MPA,
        uncertainty=data,
    )


def _with_modulus(problem: PortProblem, modulus_MPa: float) -> PortProblem:
    material = problem.material.model_copy(update={"youngs_modulus_MPa": modulus_MPa})
    return replace(problem, material=material)
