"""Analysis stage: from the folder of an experiment to displacements, gradient and findings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import InputError
from mnnfab.findings import Finding, Severity
from mnnfab.io.short_repr import short_repr
from mnnfab.lab.analysis.checks import check_measurement, check_swapped_shots
from mnnfab.lab.analysis.load_checks import check_loads, check_probes
from mnnfab.lab.analysis.loaded_gradients import loaded_model_gradients, with_probe_errors
from mnnfab.lab.analysis.matching import check_nodes
from mnnfab.lab.analysis.modulus import BestFit, best_fit
from mnnfab.lab.analysis.prediction import Prediction, predict
from mnnfab.lab.experiment.experiment import (
    EXPERIMENT,
    PART_DIGITS,
    Experiment,
    load_experiment,
    read_positions,
)
from mnnfab.lab.experiment.shots import Positions
from mnnfab.lab.experiment.steps import LOADED
from mnnfab.lab.measurement.gradient import MeasuredGradient, measured_gradient, reciprocity
from mnnfab.lab.measurement.loaded_gradient import loaded_gradient
from mnnfab.lab.measurement.measurement import Measurement, measure

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.lab.photo.photographs import PhotographResult
    from mnnfab.printed_part.part import PortPart, PrintedPart
    from mnnfab.problem.problem import Problem


#: Residual after best-fit scaling above which a warning is given; printed parts leave a few per
#: cent.
MAX_RESIDUAL = 0.10
#: Displacement beyond which nodes are looked for where they are expected, relative to the shortest
#: bond.
LARGE_MOVE = 0.1


@dataclass(frozen=True, eq=False)
class Analysis:
    """Results of an experiment on a part.

    Args:
        part: the part, with the modulus of the experiment.
        experiment: description read from the folder.
        measurement: displacements and elongations.
        positions: node positions of every shot.
        prediction: bar model, continuum model and rubber model for the same load steps.
        gradient: from measured elongations; None without probes or adjoint load steps, or without
            a loss.
        gradients: gradients of the models, by model name; the last is the reference.
        fit: best-fit scale of the rubber model.
        findings: checks of the measurement.
        photographs: positions found in the photographs; None for tables of positions.
    """

    part: PortPart
    experiment: Experiment
    measurement: Measurement
    positions: Positions
    prediction: Prediction
    gradient: MeasuredGradient | None
    gradients: dict[str, FloatArray]
    fit: BestFit
    findings: tuple[Finding, ...]
    photographs: PhotographResult | None

    __repr__ = short_repr


def analyse(part: PortPart, folder: Path) -> Analysis:
    """Analyse an experiment on a part.

    Args:
        part: the part.
        folder: folder of the experiment.

    Raises:
        InputError: if a file in the folder is invalid or belongs to another part.
    """
    experiment = load_experiment(folder)
    section = experiment.section
    _check_part(experiment, part)
    if section.youngs_modulus_MPa is not None:
        changed = {"youngs_modulus_MPa": section.youngs_modulus_MPa}
        material = part.problem.material.model_copy(update=changed)
        part = replace(part, problem=replace(part.problem, material=material))
    problem, task = part.problem, part.problem.task
    positions, photographs = _positions(experiment, part)
    measurement = measure(
        experiment.where,
        positions,
        experiment.steps,
        problem.network,
        section.reading,
    )
    prediction = predict(part, measurement.steps)
    stiffness = problem.uncorrected.law.stiffness(part.widths_mm)
    suspicious = check_nodes(experiment.where, positions, measurement, prediction, stiffness)
    check_loads(experiment.where, measurement, prediction, task)
    check_swapped_shots(experiment.where, positions.shots, measurement, prediction)
    check_probes(experiment.where, measurement, prediction)
    gradient, gradients, gradient_findings = _gradients(experiment, measurement, prediction)
    # Betti's theorem needs loads and displacements at the same points; eyelets are elsewhere.
    comparable = problem.design.features.eyelets is None
    betti = reciprocity(measurement, task) if comparable else None
    findings = [*positions.findings, *suspicious, *check_measurement(measurement, betti)]
    fit = best_fit(
        measurement.displacements_mm, prediction.loaded_mm, measurement.displacement_sd_mm
    )
    findings += [
        Finding("unstable-step", "warning", f"load step {name}", message)
        for name, message in prediction.unstable.items()
    ]
    findings.append(_check_scale(fit, problem))
    findings += [*gradient_findings, *_check_gradient(gradient, gradients)]
    if section.kind == "photographs" and section.camera.calibration is None:
        message = "assumed free of distortion: set [camera] calibration to photographs of the board"
        findings.append(Finding("lens", "warning", "camera", message))
    return Analysis(
        part=part,
        experiment=experiment,
        measurement=measurement,
        positions=positions,
        prediction=prediction,
        gradient=gradient,
        gradients=gradients,
        fit=fit,
        findings=tuple(findings),
        photographs=photographs,
    )


def _check_part(experiment: Experiment, part: PrintedPart) -> None:
    digest = part.shape_sha256
    stated_part = experiment.section.part
    if stated_part is not None and not digest.startswith(stated_part):
        where = f"{experiment.folder / EXPERIMENT}, part"
        allowed = f"{digest[:PART_DIGITS]}, the part of this run, or the run of the measured part"
        raise InputError(where, f"{stated_part}, another part", allowed)


def _positions(experiment: Experiment, part: PortPart) -> tuple[Positions, PhotographResult | None]:
    problem, timer = part.problem, part.timer
    if experiment.section.kind == "positions":
        with timer.stage("positions"):
            return read_positions(experiment, problem.network.n_nodes), None
    from mnnfab.lab.photo.photographs import PartGeometry, read_photographs

    fabrication = problem.design.fabrication
    subject = PartGeometry(
        problem.network,
        part.tiling,
        fabrication.disc_radius_mm,
        fabrication.joint_length_mm,
        _expected_moves(experiment, part),
    )
    photographs = read_photographs(experiment, subject, timer)
    return photographs.positions, photographs


def _expected_moves(experiment: Experiment, part: PortPart) -> dict[str, FloatArray]:
    """Return how far the nodes are expected to move in each load step, by its name.

    Empty if they move little: they are then found around their places without load.
    """
    steps = tuple(step for step in experiment.steps if step.role in LOADED)
    prediction = predict(part, steps)
    if (
        np.abs(prediction.continuum_mm).max(initial=0.0)
        < LARGE_MOVE * part.problem.network.lengths.min()
    ):
        return {}
    return {step.name: move for step, move in zip(steps, prediction.loaded_mm, strict=True)}


def _gradients(
    experiment: Experiment, measurement: Measurement, prediction: Prediction
) -> tuple[MeasuredGradient | None, dict[str, FloatArray], list[Finding]]:
    """Return the measured gradient and those of the models; None if there is no measured one.

    With probes it is that of the loaded part; otherwise that of a linear part, whose forward and
    adjoint load steps must span the loads of the samples.
    """
    task = prediction.part.problem.task
    roles = {step.role for step in measurement.steps}
    if task.primary_metric is None or not ({"forward", "adjoint"} <= roles or "probe" in roles):
        return None, {}, []
    try:
        if "probe" in roles:
            gradient = loaded_gradient(experiment.where, measurement, task)
            models = loaded_model_gradients(prediction)
            gradient = with_probe_errors(gradient, prediction, models)
            return gradient, models, []
        gradient = measured_gradient(experiment.where, measurement, task, task.train_indices)
    except InputError as error:
        message = f"not computed: {error.given}; required: {error.allowed}"
        return None, {}, [Finding("gradient", "warning", error.where, message)]
    models = {
        name: task.stiffness_gradient(model)
        for name, model in (("bars", prediction.bars), ("continuum", prediction.continuum))
    }
    return gradient, models, []


def _check_scale(fit: BestFit, problem: Problem) -> Finding:
    """Return the best-fit scale of the rubber model and the modulus that would explain it."""
    modulus = problem.material.youngs_modulus_MPa
    message = f"measured displacements are {fit.scale:.3f} times those of the rubber model, "
    if fit.reason is None:
        message += (
            f"equivalent to a modulus of {modulus / fit.scale:.3g} MPa instead of {modulus:.3g} MPa"
        )
    else:
        message += f"which no modulus explains: {fit.reason}"
    message += f"; residual after best-fit scaling {fit.residual:.1%}"
    severity: Severity = "info"
    if fit.reason is not None or fit.residual > MAX_RESIDUAL:
        severity = "warning"
        message += "; check that this part was loaded as in steps.csv"
        message += "" if fit.reason is None else ", and that the camera did not move"
    return Finding("scale", severity, "part", message, None, fit.scale)


def _check_gradient(
    gradient: MeasuredGradient | None, gradients: dict[str, FloatArray]
) -> list[Finding]:
    if gradient is None:
        return []
    findings = []
    for name, reference in gradients.items():
        agreement = gradient.compare_with(reference)
        if agreement is None:
            continue
        message = (
            f"measured gradient against {name}: cosine {agreement.cosine:.4f}, "
            f"{agreement.signs:.0%} of signs equal, relative error {agreement.relative_error:.1%}; "
            f"{_standard_errors(gradient, reference)}"
        )
        findings.append(Finding("gradient", "info", name, message, None, agreement.cosine))
    count = int(gradient.sign_undetermined.sum())
    message = (
        f"{count} of {len(gradient.gradient)} entries are below the noise; their sign is not known"
    )
    findings.append(Finding("below-noise", "info", "bonds", message, None, float(count)))
    if gradient.unspanned > 0.001:
        message = f"rounded weights leave {gradient.unspanned:.1%} of the loads ∂L/∂u unspanned"
        findings.append(
            Finding("rounding", "info", "load steps", message, None, gradient.unspanned)
        )
    return findings


def _standard_errors(gradient: MeasuredGradient, reference: FloatArray) -> str:
    """Return how far a gradient is from the measured one, in standard errors."""
    distances = np.abs(gradient.standard_errors_from(reference))
    worst = int(distances.argmax())
    rms = float(np.sqrt((distances**2).mean()))
    return (
        f"apart by {rms:.1f} standard errors (root mean square), at most {distances[worst]:.1f} "
        f"(bond {worst})"
    )


def largest_step(analysis: Analysis, role: str) -> int | None:
    """Return the index of the load step of a role with the largest displacements, if any."""
    sizes = np.linalg.norm(analysis.measurement.displacements_mm, axis=(1, 2))
    candidates = [n for n, step in enumerate(analysis.measurement.steps) if step.role == role]
    return max(candidates, key=lambda n: float(sizes[n])) if candidates else None
