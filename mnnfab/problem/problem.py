"""A problem: everything that a design file says, as values that the stages take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Self, TypeAlias

import numpy as np
from typing_extensions import TypeIs, TypeVar

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.design.design import Design
from mnnfab.design.design_file import load_design
from mnnfab.design.network_section import NetworkFile, NetworkSection
from mnnfab.errors import InputError
from mnnfab.io.files import read_bytes
from mnnfab.model.bars import BarModel
from mnnfab.model.response import Response
from mnnfab.model.springs import SpringModel
from mnnfab.model.stiffness_law import LawName, StiffnessLaw, bar_law, calibrated_law, series_law
from mnnfab.model.surrogate import PLAIN, Correction, Surrogate
from mnnfab.network.network import Network
from mnnfab.network.network_file import load_network
from mnnfab.network.rigidity import Rigidity, require_rigid
from mnnfab.network.widths_file import check_widths, load_start, load_widths
from mnnfab.profiles import Material, Printer, is_file, material, printer
from mnnfab.random_streams import Stream, random_generator
from mnnfab.task.datasets import BUILT_IN
from mnnfab.task.factory import make_task
from mnnfab.task.task import ScoredTask, Task, is_scored
from mnnfab.tolerance.print_errors import PrintErrors, print_errors, sample_width_errors
from mnnfab.training.optimisation import Schedule, Trainable, can_record_widths
from mnnfab.training.training import Progress, Training, train
from mnnfab.training.width_maps import Clamp, Logistic, WidthMap

DEFAULT_SHARPNESS = 5.0
#: Outputs that move less than this share of what the bonds do, do not move.
UNCOUPLED = 1e-10


TaskT_co = TypeVar("TaskT_co", bound=Task | None, covariant=True, default=Task | None)
"""What a problem asks of its network: a task, a scored one, or nothing."""


@dataclass(frozen=True, eq=False)
class Problem(Generic[TaskT_co]):
    """A design with its network, task and material worked out.

    A `PortProblem` has ports, so that models can be compared; a `TrainableProblem` has a task
    with a metric too. `require_ports` and `require_trainable` tell them apart, once.

    Args:
        design: as the file says it.
        folder: where the design's files are.
        network: a rigid one.
        rigidity: its count of self-stresses.
        material: preset and overrides together.
        printer: the profile that the design names.
        task: loads and targets; none if the design has no ports.
        given_widths_mm: (n_bonds,) mm if the design gives them instead of training.
        start_widths_mm: (n_bonds,) mm where training starts.
        start_table: the table that they were read from, if they were.
        input_bytes: the files that the design names, as they were read.
        surrogate: what is known from continua of the bars.
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
    surrogate: Surrogate = PLAIN

    @property
    def law(self) -> StiffnessLaw:
        """Stiffness of each bond by its width, as the design wants it, corrected or not.

        Raises:
            InputError: if it must be calibrated first.
        """
        law = self.law_named(self.design.schedule.stiffness_law)
        correction = self.surrogate.correction
        return law if correction is None else law.softened(correction.scale)

    @property
    def as_measured(self) -> Self:
        """The problem with joints as long as they act in a print: what models are made of."""
        excess = self.material.joint_length_excess_mm
        if not excess:
            return self
        fabrication = self.design.fabrication
        longer = {"joint_length_mm": fabrication.joint_length_mm + excess}
        if not 0 < longer["joint_length_mm"] < self.network.lengths.min() / 2:
            raise InputError(
                "[material] joint_length_excess_mm",
                f"{excess:g}, joints of {longer['joint_length_mm']:g} mm",
                "joints that are longer than nothing and shorter than half a bond",
            )
        changed = fabrication.model_copy(update=longer)
        return replace(
            self,
            design=self.design.model_copy(update={"fabrication": changed}),
            material=self.material.model_copy(update={"joint_length_excess_mm": 0.0}),
        )

    @property
    def uncorrected(self) -> Self:
        """The problem with bars as its stiffness law says, before any correction."""
        return replace(self, surrogate=replace(self.surrogate, correction=None))

    def corrected(self, correction: Correction) -> Self:
        """Return the problem with its bars corrected."""
        return replace(self, surrogate=replace(self.surrogate, correction=correction))

    def law_named(self, name: LawName) -> StiffnessLaw:
        """Return a stiffness law of this network without any correction.

        Raises:
            InputError: if it must be calibrated first.
        """
        modulus, fabrication = self.material.youngs_modulus_MPa, self.as_measured.design.fabrication
        if name == "bar":
            return bar_law(self.network, modulus, fabrication.thickness_mm)
        series = series_law(self.network, modulus, fabrication)
        if name == "series":
            return series
        if self.surrogate.calibration is None:
            raise InputError(
                "[training] stiffness_law",
                '"calibrated", and no calibration yet',
                "a problem that `mnnfab.printed_part.continuum.calibrated` has made",
            )
        return calibrated_law(series, self.surrogate.calibration)

    @property
    def width_limits_mm(self) -> tuple[float, float]:
        """Narrowest and widest bond."""
        fabrication = self.design.fabrication
        return fabrication.width_min_mm, fabrication.width_max_mm

    def bar_model(self, task: Task) -> BarModel:
        """Return the bars with the ports of `task`."""
        correction = self.surrogate.correction
        additive = None if correction is None else correction.additive
        return BarModel(self.network, task.inputs, task.outputs, additive)

    def spring_model(self, task: Task) -> SpringModel:
        """Return the bars with the ports of `task` and the stiffness law, for any widths."""
        return SpringModel(self.bar_model(task), self.law)

    def response(self, task: Task, widths_mm: FloatArray) -> Response:
        """Return the response of bars of these widths, (n_bonds,) mm, corrected or not."""
        return self.spring_model(task).response(widths_mm)

    def trainable(self, task: Task) -> Trainable:
        """Return what is trained for `task`.

        Raises:
            InputError: if the start does not suit the width map.
        """
        return Trainable(self.spring_model(task), task, _width_map(self), self._width_errors_mm)

    @property
    def print_errors(self) -> PrintErrors:
        """What a print adds."""
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
        """Show the network and what is asked of it in a notebook."""
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
        """How the design wants to be trained."""
        section = self.design.schedule
        return Schedule(
            epochs=section.epochs,
            batch_size=section.batch_size,
            learning_rate=section.learning_rate,
            seed=section.seed,
            optimizer=section.optimizer,
            rule=section.rule,
            restarts=section.restarts,
            # Random widths would throw away a start that was asked for.
            retries=Schedule.retries if self.start_table is None else 0,
            keep_widths=can_record_widths(self.network.n_bonds, section.epochs * section.restarts),
        )


PortProblem: TypeAlias = Problem[Task]
TrainableProblem: TypeAlias = Problem[ScoredTask]


def has_ports(problem: Problem) -> TypeIs[PortProblem]:
    """Return whether a design has inputs and outputs."""
    return problem.task is not None


def is_trainable(problem: Problem) -> TypeIs[TrainableProblem]:
    """Return whether a design has a task with a metric."""
    return is_scored(problem.task)


def require_ports(problem: Problem) -> PortProblem:
    """Return the problem, known to have inputs and outputs.

    Raises:
        InputError: if it has none.
    """
    if not has_ports(problem):
        raise InputError(f"{problem.design.name}, [task]", "no ports", "inputs and outputs")
    return problem


def require_trainable(problem: Problem) -> TrainableProblem:
    """Return the problem, known to have a task with a metric.

    Raises:
        InputError: if it has none.
    """
    if not is_trainable(problem):
        allowed = "behaviour, regression or classification"
        raise InputError(f"{problem.design.name}, [task] kind", '"none"', allowed)
    return problem


def load_problem(path: Path | str, start: Path | None = None) -> Problem:
    """Read a design file and everything it names, and check all of it.

    Args:
        path: the design file.
        start: table of widths to start the training from, whatever the design says.

    Raises:
        InputError: for anything that cannot be used; `MechanismError` if the network
            has zero modes.
    """
    path = Path(path)
    return make_problem(load_design(path), path.parent, start)


def make_problem(design: Design, folder: Path, start: Path | None = None) -> Problem:
    """Work out a design whose files are in `folder`.

    Raises:
        InputError: as `load_problem`.
    """
    network = _network(design.network, folder).without(design.network.damage)
    start = _start_of(design, folder, start)
    problem = Problem(
        design=design,
        folder=folder,
        network=network,
        rigidity=require_rigid(network),
        material=_material(design, folder),
        printer=printer(design.fabrication.printer, folder),
        task=make_task(design, network, folder),
        given_widths_mm=_given_widths(design, network, folder),
        start_widths_mm=_start_widths(design, network, start),
        start_table=read_bytes(start) if start else None,
        input_bytes=read_inputs(design, folder),
    )
    if has_ports(problem):
        _check_coupling(problem)
    return problem


def train_problem(problem: Problem, progress: Progress | None = None) -> Training:
    """Train the widths, or take those that the design gives.

    If every training got stuck it is started again from random widths, unless the design
    says where to start; `Training.restarts` tells.

    Raises:
        InputError: if the start does not suit the width map.
    """
    if problem.given_widths_mm is not None:
        return Training(widths_mm=problem.given_widths_mm, history=())
    trainable = problem.trainable(require_ports(problem).task)
    return train(trainable, problem.start_widths_mm, problem.schedule, progress)


def _check_coupling(problem: PortProblem) -> None:
    """Refuse outputs that no input moves: nothing can be trained or compared there."""
    response = problem.bar_model(problem.task).response(np.ones(problem.network.n_bonds))
    own = np.abs(response.elongations).max(axis=0)
    still = np.abs(response.flexibility).max(axis=1) <= UNCOUPLED * own.max()
    if still.all():
        raise InputError(
            "[task] outputs", "no input moves any of them", "ports between which the bonds act"
        )


def _width_map(problem: Problem) -> WidthMap:
    section = problem.design.schedule
    lowest, highest = problem.width_limits_mm
    if section.width_map == "clamp":
        return Clamp(lowest, highest)
    initial = problem.design.fabrication.width_initial_mm
    if problem.start_table is None and initial in (lowest, highest):
        raise InputError(
            "[fabrication] width_initial_mm",
            f"{initial:g}, a limit, with width_map = 'logistic'",
            "a width between the limits: near one the logistic map hardly moves",
        )
    return Logistic(lowest, highest, section.sharpness or DEFAULT_SHARPNESS)


def read_inputs(design: Design, folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file that a design names, but for a start, by its name there.

    Raises:
        InputError: if one cannot be read.
    """
    named = (
        getattr(design.network, "file", None),
        getattr(design.task, "dataset", None),
        *filter(is_file, (design.material.preset, design.fabrication.printer)),
    )
    return {name: read_bytes(folder / name) for name in named if name and name not in BUILT_IN}


def _start_of(design: Design, folder: Path, start: Path | None) -> Path | None:
    if start is not None and design.widths is not None:
        raise InputError("[widths]", f"given, and a start from {start}", "one of the two")
    if start is not None and design.schedule.start is not None:
        raise InputError("[training] start", f"given, and a start from {start}", "one of the two")
    if start is not None or design.schedule.start is None:
        return start
    return folder / design.schedule.start


def _start_widths(design: Design, network: Network, start: Path | None) -> FloatArray:
    fabrication = design.fabrication
    if start is None:
        return frozen_floats(np.full(network.n_bonds, fabrication.width_initial_mm))
    lowest, highest = fabrication.width_min_mm, fabrication.width_max_mm
    widths = load_start(start, network)
    check_widths(str(start), widths, (lowest, highest))
    return widths


def _network(section: NetworkSection, folder: Path) -> Network:
    if isinstance(section, NetworkFile):
        return load_network(folder / section.file, section.fixed)
    return section.network()


def _material(design: Design, folder: Path) -> Material:
    section = design.material
    overrides = section.model_dump(exclude={"preset"}, exclude_none=True)
    return material(section.preset, folder).model_copy(update=overrides)


def _given_widths(design: Design, network: Network, folder: Path) -> FloatArray | None:
    section = design.widths
    if section is None:
        return None
    limits = (design.fabrication.width_min_mm, design.fabrication.width_max_mm)
    if section.file is not None:
        widths, where = load_widths(folder / section.file, network), section.file
    else:
        widths = frozen_floats(np.full(network.n_bonds, section.uniform_mm))
        where = "[widths] uniform_mm"
    check_widths(where, widths, limits)
    return widths
