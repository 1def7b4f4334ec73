"""Uncertainty of the outputs by the inputs of the model, to first order about the loaded part.

Exact derivatives at the equilibria under the loads: by the loads those of the rubber model, by the
widths those of the calibrated frame. Modulus and thickness act as the inverse of a factor on the
loads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fem.frames.width_model import FrameWidthModel
from mnnfab.arrays import FloatArray
from mnnfab.loaded_part.calibrated_frame import calibrated_frame
from mnnfab.model.joints import edge_sensitivity
from mnnfab.profiles.relaxation import held_modulus
from mnnfab.report.readings import reference_state

if TYPE_CHECKING:
    from mnnfab.model.model import Equilibrium, WidthEquilibrium
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import PortProblem

#: Step of the differences of the modulus over the time, relative, and the temperature, K.
TIME_STEP, TEMPERATURE_STEP_K = 1e-3, 0.1
#: The first sources are those of a print sample.
N_PRINT_SOURCES = 4


@dataclass(frozen=True)
class Source:
    """An uncertain input.

    Args:
        name: name of the input.
        value: standard uncertainty.
        unit: its unit.
        basis: where the value comes from.
        modulus: relative standard uncertainty of the modulus by it; None if it does not act so.
    """

    name: str
    value: float
    unit: str
    basis: str
    modulus: float | None = None


@dataclass(frozen=True, eq=False)
class InputUncertainty:
    """Standard uncertainties of the outputs by each input.

    Args:
        sources: the uncertain inputs.
        contributions_mm: (n_sources, n_cases, n_out).
        modulus: relative standard uncertainty of the modulus with hold time and temperature.
        factor: that of the factor on the loads as which these and the thickness act together.
    """

    sources: tuple[Source, ...]
    contributions_mm: FloatArray
    modulus: float
    factor: float

    @property
    def print_mm(self) -> FloatArray:
        """Standard uncertainty by widths, thickness, modulus and weights, (n_cases, n_out)."""
        return _combined(self.contributions_mm[:N_PRINT_SOURCES])

    @property
    def of_material_mm(self) -> FloatArray:
        """Standard uncertainty by hold time and temperature, (n_cases, n_out)."""
        return _combined(self.contributions_mm[N_PRINT_SOURCES:])

    @property
    def combined_mm(self) -> FloatArray:
        """Standard uncertainty u_input by all inputs to first order, (n_cases, n_out)."""
        return _combined(self.contributions_mm)


def _combined(contributions_mm: FloatArray) -> FloatArray:
    """Return the root of the sum of squares of independent contributions, (n_cases, n_out)."""
    combined: FloatArray = np.sqrt(np.square(contributions_mm).sum(axis=0))
    return combined


def input_uncertainty(
    part: PortPart, loads_N: FloatArray, modulus: Source | None = None, *, of_print: bool = True
) -> InputUncertainty:
    """Return the uncertainty of the outputs of load cases by the inputs.

    Args:
        part: the part.
        loads_N: loads of the cases, (n_cases, n_in).
        modulus: relative uncertainty of the modulus; that of the design if not given. A modulus
            that was measured on prints includes time and temperature of the measurement.
        of_print: whether to include the errors of a print, of widths and thickness; they are in
            the scatter of a measurement of several prints.

    Raises:
        ToolError: if the path of a load case is lost.
    """
    errors = part.problem.print_errors
    if not of_print:
        errors = replace(errors, width_mm=0.0, thickness=0.0)
    slopes = _sensitivities(part, loads_N)
    sources = [
        Source("bond widths", errors.width_mm, "mm", _basis(part.problem, "width_sd_mm")),
        Source("thickness", errors.thickness, "relative", _basis(part.problem, "thickness_sd_mm")),
        modulus
        or Source("modulus", errors.modulus, "relative", _basis(part.problem, "modulus_sd")),
        Source("applied weights", errors.load_N, "N", _basis(part.problem, "load_sd_gf")),
    ]
    contributions = [
        slopes.widths * errors.width_mm,
        slopes.factor * errors.thickness,
        slopes.factor * sources[2].value,
        slopes.loads * errors.load_N,
    ]
    relative = [sources[2].value]
    for source in _material_sources(part.problem) if modulus is None else ():
        sources.append(source)
        relative.append(source.modulus or 0.0)
        contributions.append(slopes.factor * relative[-1])
    together = float(np.linalg.norm(relative))
    factor = float(np.hypot(together, errors.thickness))
    return InputUncertainty(tuple(sources), np.array(contributions), together, factor)


def _basis(problem: PortProblem, key: str) -> str:
    """Return where an error comes from."""
    section = problem.design.tolerance
    value = getattr(section, key)
    if value is None:
        return f"half of the accuracy of the printer, {problem.printer.accuracy_mm:g} mm"
    # A run writes the values of all keys into its design.
    usual = value == type(section).model_fields[key].default
    return f"assumed, default of [tolerance] {key}" if usual else f"[tolerance] {key} of the design"


@dataclass(frozen=True, eq=False)
class _Sensitivities:
    """Derivatives of the outputs, each (n_cases, n_out).

    Args:
        widths: by the errors of all widths, root of the sum of squares, mm/mm.
        factor: by the logarithm of a factor on the loads, mm.
        loads: by all loads, root of the sum of squares, mm/N.
    """

    widths: FloatArray
    factor: FloatArray
    loads: FloatArray


def _sensitivities(part: PortPart, loads_N: FloatArray) -> _Sensitivities:
    problem, task, rubber = part.problem, part.problem.task, part.rubber
    frames = calibrated_frame(part).frames
    frame = FrameWidthModel(frames, task.inputs, task.outputs, weight=True)
    # An error of the edges of a bond changes its thinned joints by a larger share than its middle:
    # it acts like a proportional change of the width that is larger, as in the print samples.
    fabrication = problem.with_effective_joints.design.fabrication
    weight = edge_sensitivity(part.widths_mm, problem.network.lengths, fabrication)
    found = []
    for loads in loads_N:
        states = rubber.solve(loads[None]), frame.solve(part.widths_mm, loads[None])
        outputs = np.eye(len(task.outputs))
        found.append([_of_output(*states, one[None], weight, loads) for one in outputs])
    widths, factor, by_loads = np.moveaxis(np.array(found), -1, 0)
    return _Sensitivities(widths, factor, by_loads)


def _of_output(
    rubber: Equilibrium,
    frame: WidthEquilibrium,
    output: FloatArray,
    weight: FloatArray,
    loads_N: FloatArray,
) -> tuple[float, float, float]:
    """Return the derivatives of one output under one load, in the order of `_Sensitivities`."""
    by_loads = rubber.load_gradient(output)[0]
    by_widths = weight * frame.width_gradient(output)
    return (
        float(np.linalg.norm(by_widths)),
        abs(float(by_loads @ loads_N)),
        float(np.linalg.norm(by_loads)),
    )


def _material_sources(problem: PortProblem) -> Sequence[Source]:
    """Return hold time and temperature; none without relaxation data."""
    relaxation = problem.material.relaxation
    if relaxation is None:
        return ()
    at, section = reference_state(problem, relaxation), problem.design.tolerance

    def log_modulus(time_s: float, temperature_C: float) -> float:
        return float(np.log(held_modulus(relaxation, time_s, temperature_C)))

    step = TIME_STEP * at.time_s
    by_time = (
        log_modulus(at.time_s + step, at.temperature_C)
        - log_modulus(at.time_s - step, at.temperature_C)
    ) / (2 * step)
    low, high = relaxation.temperature_range
    cold = max(at.temperature_C - TEMPERATURE_STEP_K, low)
    warm = min(at.temperature_C + TEMPERATURE_STEP_K, high)
    by_warmth = 0.0
    if warm > cold:
        change = log_modulus(at.time_s, warm) - log_modulus(at.time_s, cold)
        by_warmth = change / (warm - cold)
    state = f"about {at.time_s:g} s and {at.temperature_C:g} °C"
    times, warmths = (_basis(problem, key) for key in ("hold_time_sd_s", "temperature_sd_C"))
    time, warmth = section.hold_time_sd_s, section.temperature_sd_C
    sources = (
        ("hold time", time, "s", f"{times}; {state}", abs(by_time) * time),
        ("temperature", warmth, "K", f"{warmths}; {state}", abs(by_warmth) * warmth),
    )
    return tuple(Source(*one) for one in sources)
