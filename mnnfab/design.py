"""The design file's sections: frozen values, checked when they are made.

Each class is one section of the file, each field one key; the unit is in the
name. Unknown keys are refused. `mnnfab.design_file` reads and writes them.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    model_validator,
)

from mnnfab.ports import Port

T = TypeVar("T")
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
NodeNumber = Annotated[int, Field(ge=0)]
Many = Annotated[tuple[T, ...], Strict(strict=False)]


def _inside_the_folder(name: str) -> str:
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    leaves = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts
    if leaves or not posix.name:
        msg = "a file in the design file's folder or below it, without .."
        raise ValueError(msg)
    return name


def _plain_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name):
        msg = "letters, digits, '.', '_' and '-' (at most 80, starting with a letter or digit)"
        raise ValueError(msg)
    return name


FileName = Annotated[str, AfterValidator(_inside_the_folder)]


class Section(BaseModel):
    """Base of all sections: frozen, strict about types, no unknown keys, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class TriangularPatch(Section):
    """[network] the paper's triangular patch."""

    lattice: Literal["triangular-patch"]
    rows: Annotated[int, Field(ge=1, le=1000)]
    bond_length_mm: Positive
    fixed: Many[NodeNumber]


class TriangularParallelogram(Section):
    """[network] a triangular lattice of rows × columns nodes."""

    lattice: Literal["triangular-parallelogram"]
    rows: Annotated[int, Field(ge=1, le=1000)]
    columns: Annotated[int, Field(ge=1, le=1000)]
    bond_length_mm: Positive
    fixed: Many[NodeNumber]


class NetworkFile(Section):
    """[network] nodes, bonds and fixed nodes from a JSON file."""

    file: FileName


def _network_tag(value: Any) -> str:  # noqa: ANN401 - pydantic hands over whatever was written
    if not isinstance(value, dict):
        return "file" if isinstance(value, NetworkFile) else getattr(value, "lattice", "")
    return "file" if "file" in value else str(value.get("lattice", ""))


NetworkSection = Annotated[
    Annotated[TriangularPatch, Tag("triangular-patch")]
    | Annotated[TriangularParallelogram, Tag("triangular-parallelogram")]
    | Annotated[NetworkFile, Tag("file")],
    Discriminator(
        _network_tag,
        custom_error_type="network_kind",
        custom_error_message='lattice = "triangular-patch" or "triangular-parallelogram", '
        'or file = "network.json"',
    ),
]


class MaterialSection(Section):
    """[material] a preset, any number of which may be overridden."""

    preset: str = "agilus30"
    youngs_modulus_MPa: Positive | None = None
    poisson_ratio: Annotated[float, Field(gt=-1, lt=0.5)] | None = None
    density_g_per_cm3: Positive | None = None


class Fabrication(Section):
    r"""[fabrication] the shape of a bond and what the printer allows.

    Half of a bond, from its node to its middle::

                           ______________ _ _
          _______________/                     width
        o  joint_length   taper_length
          ----------------\______________ _ _
          joint width = joint_ratio × width

    Args:
        thickness_mm: of the whole part, out of the plane.
        width_min_mm: narrowest middle of a bond that training may choose.
        width_max_mm: widest.
        width_initial_mm: where training starts.
        joint_ratio: width of the joint over the width of the middle.
        joint_length_mm: from the node to where the taper begins.
        taper_length_mm: from the joint to the full width.
        fillet_radius_mm: rounds the corners between neighbouring joints; 0 leaves them sharp.
        load_disc_radius_mm: of the circle over which loads act and displacements are
            read; by default nine tenths of half the narrowest joint that training may choose:
            a string is tied around the joint and a glued joint is held whole, so the
            disc should be as large as a hub has room for.
        printer: name of a printer profile.
    """

    thickness_mm: Positive
    width_min_mm: Positive
    width_max_mm: Positive
    width_initial_mm: Positive
    joint_ratio: Annotated[float, Field(gt=0, le=1)] = 0.5
    joint_length_mm: Positive = 2.0
    taper_length_mm: NotNegative = 1.0
    fillet_radius_mm: NotNegative = 0.0
    load_disc_radius_mm: Positive | None = None
    printer: str = "stratasys-j850-digital-anatomy"

    @property
    def disc_radius_mm(self) -> float:
        """Radius of the load discs, the same whatever the widths become."""
        if self.load_disc_radius_mm is not None:
            return self.load_disc_radius_mm
        return 0.9 * self.joint_ratio * self.width_min_mm / 2

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if self.width_min_mm >= self.width_max_mm:
            raise _refusal(
                "width_min_mm",
                f"{self.width_min_mm:g}, with width_max_mm = {self.width_max_mm:g}",
                "a minimum below the maximum",
            )
        if not self.width_min_mm <= self.width_initial_mm <= self.width_max_mm:
            raise _refusal(
                "width_initial_mm",
                f"{self.width_initial_mm:g}",
                f"width_min_mm to width_max_mm: {self.width_min_mm:g} to {self.width_max_mm:g}",
            )
        return self


class PortSection(Section):
    """A node and an axis."""

    node: NodeNumber
    axis: Literal["x", "y"]

    @property
    def port(self) -> Port:
        """The port itself."""
        return Port(self.node, self.axis)


Ports = Annotated[tuple[PortSection, ...], Strict(strict=False), Field(min_length=1)]


class Classification(Section):
    """[task] the output that moves most, |u| taken, names the class."""

    kind: Literal["classification"]
    dataset: Annotated[str, AfterValidator(_inside_the_folder)]
    inputs: Ports
    outputs: Annotated[Ports, Field(min_length=2)]
    load_at_max_gf: float
    loss: Literal["cross-entropy"] = "cross-entropy"
    normalisation: Literal["softmax", "share"] = "softmax"
    loss_scale_mm: Positive | None = None

    @model_validator(mode="after")
    def _needs_a_load(self) -> Self:
        if self.load_at_max_gf == 0:
            raise _refusal("load_at_max_gf", "0", "a number other than 0; negative is down")
        _scale_needs_softmax(self)
        return self


class Regression(Section):
    """[task] outputs follow straight lines in the load, or a table."""

    kind: Literal["regression"]
    inputs: Ports
    outputs: Ports
    dataset: FileName | None = None
    slopes_mm_per_N: Many[float] | None = None
    max_load_gf: Positive | None = None
    samples: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    noise_mm: NotNegative | None = None
    loss: Literal["mse"] = "mse"
    loss_scale_mm: Positive | None = None

    @model_validator(mode="after")
    def _lines_or_table(self) -> Self:
        lines = {
            "slopes_mm_per_N": self.slopes_mm_per_N,
            "max_load_gf": self.max_load_gf,
            "samples": self.samples,
            "noise_mm": self.noise_mm,
        }
        if self.dataset is not None:
            given = [key for key, value in lines.items() if value is not None]
            if given:
                raise _refusal(given[0], "given beside dataset", "slopes or a dataset, not both")
            return self
        missing = [key for key in ("slopes_mm_per_N", "max_load_gf") if lines[key] is None]
        if missing:
            raise _refusal(missing[0], "missing", "slopes_mm_per_N and max_load_gf, or a dataset")
        if len(self.inputs) != 1:
            raise _refusal("inputs", f"{len(self.inputs)} ports", "one input; a dataset takes more")
        _require_length(
            "slopes_mm_per_N", self.slopes_mm_per_N or (), len(self.outputs), "one an output"
        )
        return self


class Behaviour(Section):
    """[task] one load, and what the outputs should do under it."""

    kind: Literal["behaviour"]
    inputs: Ports
    outputs: Ports
    loads_gf: Many[float]
    target_class: NodeNumber | None = None
    targets_mm: Many[float] | None = None
    loss: Literal["cross-entropy", "mse"] | None = None
    normalisation: Literal["softmax", "share"] | None = None
    loss_scale_mm: Positive | None = None

    @model_validator(mode="after")
    def _one_kind_of_target(self) -> Self:
        if (self.target_class is None) == (self.targets_mm is None):
            raise _refusal(
                "target_class",
                "both" if self.target_class is not None else "neither of the two",
                "either target_class (an output's place) or targets_mm (one an output)",
            )
        _require_length("loads_gf", self.loads_gf, len(self.inputs), "one an input")
        if not any(self.loads_gf):
            raise _refusal("loads_gf", f"{list(self.loads_gf)}", "a load other than 0")
        if self.targets_mm is not None:
            return self._check_targets(self.targets_mm)
        return self._check_class()

    def _check_targets(self, targets_mm: tuple[float, ...]) -> Self:
        _require_length("targets_mm", targets_mm, len(self.outputs), "one an output")
        if self.loss == "cross-entropy":
            raise _refusal("loss", '"cross-entropy" with targets_mm', '"mse"')
        if self.normalisation is not None:
            raise _refusal("normalisation", "given with targets_mm", "only with target_class")
        return self

    def _check_class(self) -> Self:
        if self.loss == "mse":
            raise _refusal("loss", '"mse" with target_class', '"cross-entropy"')
        if len(self.outputs) < 2 or (self.target_class or 0) >= len(self.outputs):
            raise _refusal(
                "target_class",
                f"{self.target_class} with {len(self.outputs)} output(s)",
                "the place of one of two or more outputs, counted from 0",
            )
        _scale_needs_softmax(self)
        return self


class NoTask(Section):
    """[task] no training; ports, if given, are compared between the models."""

    kind: Literal["none"]
    inputs: Many[PortSection] = ()
    outputs: Many[PortSection] = ()

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.inputs) != bool(self.outputs):
            raise _refusal("inputs", "only one of inputs and outputs", "both or neither")
        return self


TaskSection = Annotated[
    Classification | Regression | Behaviour | NoTask, Field(discriminator="kind")
]


class WidthsSection(Section):
    """[widths] given instead of trained."""

    uniform_mm: Positive | None = None
    file: FileName | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.uniform_mm is None) == (self.file is None):
            raise _refusal("widths", "both or neither of the keys", "uniform_mm or file")
        return self


class TrainingSection(Section):
    """[training] how the widths are trained.

    Args:
        optimizer: Adam.
        width_map: "clamp" steps straight and stops at the limits; "logistic" approaches them.
        sharpness: of the logistic map; 5 if not given.
        learning_rate: Adam's step in the map's latent value; for the clamp, the share of
            the range of widths that one step may cover.
        epochs: passes over the training samples.
        batch_size: samples a step.
        test_fraction: share of the samples kept apart; 0.3 if not given.
        seed: decides split, order and noise.
    """

    optimizer: Literal["adam"] = "adam"
    width_map: Literal["clamp", "logistic"] = "clamp"
    sharpness: Positive | None = None
    learning_rate: Positive = 0.006
    epochs: Annotated[int, Field(ge=0, le=10_000_000)] = 100
    batch_size: Count = 16
    test_fraction: Share | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @model_validator(mode="after")
    def _sharpness_needs_logistic(self) -> Self:
        if self.sharpness is not None and self.width_map != "logistic":
            raise _refusal(
                "sharpness", f"given with width_map = {self.width_map!r}", 'only with "logistic"'
            )
        return self


class CheckSection(Section):
    """[check] the continuum check and the limits of the gate.

    Args:
        enabled: false skips the continuum and the gate; what the printability check
            finds is then advice.
        elements_across_joint: size of the mesh, counted across the narrowest place.
        mesher_deadline_s: a mesher that runs longer is stopped and reported.
        max_displacement_residual: what may be left of the flexibility's pattern after one
            factor was fitted, as a share.
        max_elongation_residual: the same for the elongations of the bonds.
        max_metric_drop: how much worse the task's metric may be than on bars.
        max_bond_strain: largest elongation over length on the continuum; rubber's modulus
            changes by about its strain, so beyond a tenth linear models mislead.
    """

    enabled: bool = True
    elements_across_joint: Annotated[int, Field(ge=1, le=50)] = 4
    mesher_deadline_s: Positive = 120.0
    max_displacement_residual: Positive = 0.05
    max_elongation_residual: Positive = 0.10
    max_metric_drop: NotNegative = 0.10
    max_bond_strain: Positive = 0.10


class ExportSection(Section):
    """[export] how the files are written.

    Args:
        stl_tolerance_mm: largest distance between an arc and the facets that stand for it.
    """

    stl_tolerance_mm: Annotated[float, Field(ge=1e-4, le=1.0)] = 0.01


class Design(Section):
    """A whole design file."""

    # "schema" is the file's word; pydantic keeps that name for itself.
    format: Annotated[Literal[1], Field(alias="schema")]
    name: Annotated[str, AfterValidator(_plain_name)]
    network: NetworkSection
    material: MaterialSection = MaterialSection()
    fabrication: Fabrication
    task: TaskSection
    widths: WidthsSection | None = None
    training: TrainingSection | None = None
    check: CheckSection = CheckSection()
    export: ExportSection = ExportSection()

    @model_validator(mode="after")
    def _trained_or_given(self) -> Self:
        if self.widths is not None and self.training is not None:
            raise _refusal("training", "given beside [widths]", "[training] or [widths], not both")
        if self.widths is None and isinstance(self.task, NoTask):
            raise _refusal("widths", 'missing, with task kind = "none"', "a section [widths]")
        return self

    @property
    def schedule(self) -> TrainingSection:
        """The training section, or its defaults."""
        return self.training or TrainingSection()


def _refusal(key: str, given: str, allowed: str) -> ValueError:
    """Return an error that `design_file` takes apart again into its three parts."""
    return ValueError(key, given, allowed)


def _scale_needs_softmax(section: Classification | Behaviour) -> None:
    softmax = section.normalisation == "softmax"
    if section.loss_scale_mm is not None and not softmax:
        raise _refusal(
            "loss_scale_mm", "given without softmax", 'only with normalisation = "softmax"'
        )


def _require_length(key: str, values: tuple[float, ...], length: int, each: str) -> None:
    if len(values) != length:
        raise _refusal(key, f"{len(values)} number(s)", f"{length}, {each}")
