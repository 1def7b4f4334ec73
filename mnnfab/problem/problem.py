"""Problem: a design with its network, task, material and printer, the input of all stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Self, TypeAlias

import numpy as np
from typing_extensions import TypeIs, TypeVar

from mnnfab.arrays import FloatArray
from mnnfab.design.design import Design
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.short_repr import short_repr
from mnnfab.model.bars import BarModel
from mnnfab.model.response import Response
from mnnfab.model.springs import SpringModel
from mnnfab.model.stiffness_law import LawName, StiffnessLaw, bar_law, calibrated_law, series_law
from mnnfab.model.surrogate import UNCORRECTED, Correction, Surrogate
from mnnfab.network.network import Network
from mnnfab.network.periodic import Periodicity
from mnnfab.network.rigidity import Rigidity
from mnnfab.problem.material_state import state_findings
from mnnfab.profiles import Material, Printer
from mnnfab.random_streams import Stream, random_generator
from mnnfab.task.task import ScoredTask, Task, is_scored
from mnnfab.tolerance.print_errors import PrintErrors, print_errors, sample_width_errors
from mnnfab.training.optimisation import Schedule, Trainable, can_record_widths
from mnnfab.training.width_maps import Clamp, Logistic, Tied, WidthMap

DEFAULT_SHARPNESS = 5.0


TaskT_co = TypeVar("TaskT_co", bound=Task | None, covariant=True, default=Task | None)
"""Type of the task of a problem: a task, a scored task, or None."""

ProblemTaskT = TypeVar("ProblemTaskT", bound=Task | None)
"""The same for a function that returns a problem of the type that it was given."""


@dataclass(frozen=True, eq=False)
class Problem(Generic[TaskT_co]):
    """A design with its network, task, material and printer.

    A `PortProblem` has ports, at which models can be compared; a `TrainableProblem` also has a
    task with a metric. `require_ports` and `require_trainable` check for them.

    Args:
        design: design as given in the file, with numbers in place of the ids of nodes.
        folder: folder of the files that the design names.
        network: rigid network.
        rigidity: rigidity of the network, with the number of self-stresses.
        material: preset with the overrides of the design; see `material_state`.
        printer: printer profile of the design.
        task: loads and targets; None if the design has no ports.
        given_widths_mm: widths given by the design, (n_bonds,) mm; None if they are trained.
        start_widths_mm: initial widths of the training, (n_bonds,) mm.
        start_table: contents of the table of initial widths, if they were read from one.
        input_bytes: contents of the files that the design names, the network as JSON.
        network_findings: findings on what was assumed or changed when the network was read.
        surrogate: calibration and correction of the bar model by continuum models.
        periodicity: the cell of a network that repeats; None if the design states no period.
    """

    design: Design
    folder: Path
    network: Network
    rigidity: Rigidity
    material: Material
    printer: Printer
    task: TaskT_co
    given_widths_mm: FloatArray | None
    start_widths_mm: FloatArray
    start_table: bytes | None
    input_bytes: Mapping[str, bytes]
    network_findings: tuple[Finding, ...] = ()
    surrogate: Surrogate = UNCORRECTED
    periodicity: Periodicity | None = None

    __repr__ = short_repr

    @property
    def input_findings(self) -> tuple[Finding, ...]:
        """Findings on what was assumed or changed when the files of the design were read."""
        task: Task | None = self.task
        material = state_findings(self.design.material, self.material)
        read = task.input_findings if task is not None else ()
        return (*self.network_findings, *material, *read)

    @property
    def law(self) -> StiffnessLaw:
        """Stiffness law of the design, with the correction if there is one.

        Raises:
            InputError: if the law is not calibrated yet.
        """
        law = self.law_named(self.design.schedule.stiffness_law)
        correction = self.surrogate.correction
        return law if correction is None else law.softened(correction.scale)

    @property
    def with_effective_joints(self) -> Self:
        """The problem with the effective joint length of printed parts, used by the models."""
        excess = self.material.joint_length_excess_mm
        if not excess:
            return self
        fabrication = self.design.fabrication
        longer = {"joint_length_mm": fabrication.joint_length_mm + excess}
        if not 0 < longer["joint_length_mm"] < self.network.lengths.min() / 2:
            raise InputError(
                "[material] joint_length_excess_mm",
                f"{excess:g}, joint length {longer['joint_length_mm']:g} mm",
                "joints longer than 0 and shorter than half a bond",
            )
        changed = fabrication.model_copy(update=longer)
        return replace(
            self,
            design=self.design.model_copy(update={"fabrication": changed}),
            material=self.material.model_copy(update={"joint_length_excess_mm": 0.0}),
        )

    @property
    def uncorrected(self) -> Self:
        """The problem with the uncorrected bar model."""
        return replace(self, surrogate=replace(self.surrogate, correction=None))

    def corrected(self, correction: Correction) -> Self:
        """Return the problem with the calibrated bar model."""
        return replace(self, surrogate=replace(self.surrogate, correction=correction))

    def law_named(self, name: LawName) -> StiffnessLaw:
        """Return a stiffness law of this network, without correction.

        Raises:
            InputError: if the law is not calibrated yet.
        """
        modulus, fabrication = (
            self.material.youngs_modulus_MPa,
            self.with_effective_joints.design.fabrication,
        )
        if name == "bar":
            return bar_law(self.network, modulus, fabrication.thickness_mm)
        series = series_law(self.network, modulus, fabrication)
        if name == "series":
            return series
        if self.surrogate.calibration is None:
            raise InputError(
                "[training] stiffness_law",
                '"calibrated", without a calibration',
                "a problem returned by `mnnfab.printed_part.calibration.calibrated`",
            )
        return calibrated_law(series, self.surrogate.calibration)

    @property
    def width_limits_mm(self) -> tuple[float, float]:
        """Lower and upper width limits."""
        fabrication = self.design.fabrication
        return fabrication.width_min_mm, fabrication.width_max_mm

    def bar_model(self: PortProblem) -> BarModel:
        """Return the bar model with the ports of the task.

        Raises:
            InputError: if the design has no ports.
        """
        task = require_ports(self).task
        correction = self.surrogate.correction
        additive = None if correction is None else correction.additive
        return BarModel(self.network, task.inputs, task.outputs, additive)

    def spring_model(self: PortProblem) -> SpringModel:
        """Return the bar model with the stiffness law, for any widths."""
        return SpringModel(self.bar_model(), self.law)

    def response(self: PortProblem, widths_mm: FloatArray) -> Response:
        """Return the response of the bar model for widths (n_bonds,) mm, with any correction."""
        return self.spring_model().response(widths_mm)

    def trainable(self: PortProblem) -> Trainable:
        """Return the trainable model of the task.

        Raises:
            InputError: if the design has no ports, or the initial widths do not suit the width map.
        """
        springs = self.spring_model()
        return Trainable(springs, self.task, _width_map(self), self._width_errors_mm)

    @property
    def print_errors(self) -> PrintErrors:
        """Print errors of the design."""
        return print_errors(self.design.tolerance, self.printer, self.design.fabrication)

    @property
    def _width_errors_mm(self) -> FloatArray | None:
        count = self.design.tolerance.train_over
        if not count:
            return None
        generator = random_generator(self.design.schedule.seed, Stream.TRAINING_PRINT_ERRORS)
        middle = np.full(self.network.n_bonds, sum(self.width_limits_mm) / 2)
        shape = (middle, self.network.lengths, self.design.fabrication)
        return sample_width_errors(self.print_errors, *shape, count, generator)

    def _repr_html_(self) -> str:
        """Show the network and its task in a notebook."""
        from mnnfab.io.display import table_html

        rows = [["name", self.design.name], ["material", self.material.name]]
        if self.task is not None:
            rows += [
                ["task", self.task.kind],
                ["inputs", ", ".join(map(str, self.task.inputs))],
                ["outputs", ", ".join(map(str, self.task.outputs))],
                ["samples", str(len(self.task.loads_N))],
            ]
        return self.network.svg() + table_html(["design", ""], rows)

    @property
    def schedule(self) -> Schedule:
        """Training schedule of the design."""
        section = self.design.schedule
        return Schedule(
            epochs=section.epochs,
            batch_size=section.batch_size,
            learning_rate=section.learning_rate,
            seed=section.seed,
            optimizer=section.optimizer,
            rule=section.rule,
            restarts=section.restarts,
            # No retries from random widths if the user gave the initial widths.
            retries=Schedule.retries if self.start_table is None else 0,
            keep_widths=can_record_widths(self.network.n_bonds, section.epochs * section.restarts),
        )


PortProblem: TypeAlias = Problem[Task]
TrainableProblem: TypeAlias = Problem[ScoredTask]


def has_ports(problem: Problem) -> TypeIs[PortProblem]:
    """Return True if a design has inputs and outputs."""
    return problem.task is not None


def is_trainable(problem: Problem) -> TypeIs[TrainableProblem]:
    """Return True if a design has a task with a metric."""
    return is_scored(problem.task)


def require_ports(problem: Problem) -> PortProblem:
    """Return the problem, typed as one with inputs and outputs.

    Raises:
        InputError: if the problem has none.
    """
    if not has_ports(problem):
        raise InputError(f"{problem.design.name}, [task]", "no ports", "inputs and outputs")
    return problem


def require_trainable(problem: Problem) -> TrainableProblem:
    """Return the problem, typed as one that has a task with a metric.

    Raises:
        InputError: if the problem has none.
    """
    if not is_trainable(problem):
        allowed = "behaviour, regression or classification"
        raise InputError(f"{problem.design.name}, [task] kind", '"none"', allowed)
    return problem


def _width_map(problem: Problem) -> WidthMap:
    base = _base_map(problem)
    periodicity = problem.periodicity
    return base if periodicity is None else Tied(base, periodicity.bond_class)


def _base_map(problem: Problem) -> WidthMap:
    section = problem.design.schedule
    lowest, highest = problem.width_limits_mm
    if section.width_map == "clamp":
        return Clamp(lowest, highest)
    initial = problem.design.fabrication.width_initial_mm
    if problem.start_table is None and initial in (lowest, highest):
        raise InputError(
            "[fabrication] width_initial_mm",
            f"{initial:g}, a limit, with width_map = 'logistic'",
            "a width between the limits: the derivative of the logistic map vanishes at a limit",
        )
    return Logistic(lowest, highest, section.sharpness or DEFAULT_SHARPNESS)
