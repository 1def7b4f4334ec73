"""The [task] section of a design file: one class per kind of task."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    Strict,
    model_serializer,
    model_validator,
)

from mnnfab.design.case_section import CaseSection, RatioSection, target_band
from mnnfab.design.modulus_section import ModulusSection
from mnnfab.design.port_section import Ports, PortSection
from mnnfab.design.section import (
    FileName,
    LaterKeysSection,
    Many,
    NodeNumber,
    NotNegative,
    Number,
    Positive,
    Section,
    relative_file_name,
    section_error,
)
from mnnfab.errors import InputError
from mnnfab.losses.loss import TargetKind, loss_kinds, losses_for
from mnnfab.losses.readout import readout_kinds

if TYPE_CHECKING:
    ClassLoss = str
    DisplacementLoss = str
    ReadoutName = str
else:  # one name for each module of `mnnfab.losses.kinds` and `mnnfab.losses.readouts`
    ClassLoss = Literal[tuple(losses_for("classes"))]
    DisplacementLoss = Literal[tuple(losses_for("displacements"))]
    ReadoutName = Literal[tuple(readout_kinds())]
#: Readout of designs without the key, which they had before it existed.
DEFAULT_READOUT = "largest-magnitude"
#: Largest number of load cases of a behaviour.
MAX_CASES = 1000
#: Significant digits of loads that a factor has changed.
LOAD_DIGITS = 10


Limits = Annotated[tuple[Number, Number], Strict(strict=False)]


class Classification(Section):
    """[task] Classification: features are loads, and the displacements are read as a class.

    Args:
        dataset: a built-in data set, such as "iris" (`mnnfab new --help` lists them), or a table
            (CSV or Parquet) with one column per feature, then the class.
        features: names of the features to use, in the order of the inputs; all if not given.
        class_column: name of the class column of a table; the last column if not given.
        missing: rows of a table with missing values are refused ("refuse") or left out ("drop").
        inputs: one per feature, with scaling "lever" two, followed by one for the bias weight if
            there is one.
        outputs: one per class; a single one with readout "threshold".
        readout: rule by which displacements become a class: "largest-magnitude", the output with
            the largest |u|, is the class; "largest", that with the largest signed displacement;
            "threshold", for two classes: the second class is read where the only output is above
            threshold_mm.
        threshold_mm: displacement between the classes with readout "threshold"; 0 if not given.
        scaling: scaling of the features: "maximum" divides by the largest |value|; "range" maps
            the smallest value to 0 and the largest to 1; "standard" maps the mean to 0 and the
            value farthest from it to ±1, so loads of both signs are needed; "lever" scales as
            "range" to s and hangs the weight of a feature on a beam between two nodes: s of it is
            the load of the first, 1 - s of the second input of the feature. The scaling uses all
            samples including the test set, because it determines the largest weight.
        feature_limits: smallest and largest value of every feature for scaling "range" or "lever",
            [[min, max], …]; values outside are clipped to them. Those of the data if not given.
        load_at_max_gf: load of a scaled feature of 1: one number, or one per feature.
        bias_gf: constant weight on the last input.
        round_to_gf: increment of the available weights; loads are rounded to it.
        kind: "classification".
        loss: "cross-entropy" of the displacements, or "as-read", that of readings with an error:
            the mean of -log P, with the probability P that the right class is read.
        normalisation: "softmax", the form in the text of the paper, or "share", that of its code,
            which has magnitudes only.
        loss_scale_mm: τ of softmax, mm, 0.04 if not given; for "as-read", the standard deviation
            of a reading, [check] resolution_mm if not given.
    """

    kind: Literal["classification"]
    dataset: Annotated[str, AfterValidator(relative_file_name)]
    features: Annotated[Many[str], Field(min_length=1)] | None = None
    class_column: str | None = None
    missing: Literal["refuse", "drop"] = "refuse"
    inputs: Ports
    outputs: Ports
    readout: ReadoutName = DEFAULT_READOUT
    threshold_mm: Number | None = None
    scaling: Literal["maximum", "range", "standard", "lever"] = "maximum"
    feature_limits: Annotated[Many[Limits], Field(min_length=1)] | None = None
    load_at_max_gf: Number | Annotated[Many[Number], Field(min_length=1)]
    bias_gf: Number | None = None
    round_to_gf: Positive | None = None
    loss: ClassLoss = "cross-entropy"
    normalisation: Literal["softmax", "share"] = "softmax"
    loss_scale_mm: Positive | None = None

    @model_validator(mode="after")
    def _check_load(self) -> Self:
        if 0 in self.loads_at_max_gf:
            raise section_error(
                "load_at_max_gf", "0", "a nonzero number; negative loads act downwards"
            )
        if self.bias_gf == 0:
            raise section_error("bias_gf", "0", "a nonzero number, or leave the key out")
        if self.bias_gf is not None and len(self.inputs) < 2:
            raise section_error(
                "inputs", "1 port with bias_gf", "one port per feature and one for bias"
            )
        if self.scaling == "lever" and (self._n_feature_inputs % 2 or not self._n_feature_inputs):
            given = f'{self._n_feature_inputs} ports for features with scaling = "lever"'
            raise section_error("inputs", given, "two ports per feature")
        if len(self.loads_at_max_gf) not in {1, self.n_features}:
            raise section_error(
                "load_at_max_gf",
                f"{len(self.loads_at_max_gf)} numbers",
                f"one, or {self.n_features}, one per feature",
            )
        self._check_limits()
        if self.features is not None and len(set(self.features)) < len(self.features):
            raise section_error("features", f"{list(self.features)}", "each feature once")
        if self.class_column is not None and self.class_column in (self.features or ()):
            given = f'"{self.class_column}", also in features'
            raise section_error("class_column", given, "a column that is no feature")
        _scale_needs_softmax(self)
        self._check_readout()
        return self

    @model_serializer(mode="wrap")
    def _without_default_readout(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the default readout: a design without the key has the hash it always had."""
        values: dict[str, Any] = serialise(self)
        if self.readout == DEFAULT_READOUT:
            values.pop("readout", None)
        if self.threshold_mm is None:
            values.pop("threshold_mm", None)
        return values

    def _check_readout(self) -> None:
        kind = readout_kinds()[self.readout]
        if kind.n_outputs is None and len(self.outputs) < 2:
            raise section_error("outputs", "1 port", "one port per class, two or more")
        if kind.n_outputs not in {None, len(self.outputs)}:
            given = f'{len(self.outputs)} ports with readout = "{self.readout}"'
            raise section_error("outputs", given, f"{kind.n_outputs}")
        if self.threshold_mm is not None and not kind.has_threshold:
            names = [f'"{one.name}"' for one in readout_kinds().values() if one.has_threshold]
            given = f'given with readout = "{self.readout}"'
            raise section_error("threshold_mm", given, f"only with readout = {' or '.join(names)}")
        if self.normalisation == "share" and self.loss != "cross-entropy":
            given = f'"share" with loss = "{self.loss}"'
            raise section_error("normalisation", given, 'only with loss = "cross-entropy"')
        if self.normalisation == "share" and not kind.make(0.0).magnitudes:
            given = f'"share" with readout = "{self.readout}"'
            raise section_error("normalisation", given, '"softmax": shares are of magnitudes')

    def _check_limits(self) -> None:
        if self.feature_limits is None:
            return
        if self.scaling not in {"range", "lever"}:
            given = f'given with scaling = "{self.scaling}"'
            raise section_error("feature_limits", given, 'only with scaling = "range" or "lever"')
        if len(self.feature_limits) != self.n_features:
            given = f"{len(self.feature_limits)} pairs"
            raise section_error("feature_limits", given, f"{self.n_features}, one per feature")
        for lowest, highest in self.feature_limits:
            if lowest >= highest:
                given = f"[{lowest:g}, {highest:g}]"
                raise section_error("feature_limits", given, "[min, max] with min below max")

    def with_load_factor(self, factor: float) -> Self:
        """Return the section with all loads, that of the bias included, times a factor.

        Lengths such as threshold_mm and loss_scale_mm stay the same.
        """
        given, bias = self.load_at_max_gf, self.bias_gf
        loads = _times(given, factor) if isinstance(given, tuple) else _times((given,), factor)[0]
        constant = None if bias is None else _times((bias,), factor)[0]
        return self.model_copy(update={"load_at_max_gf": loads, "bias_gf": constant})

    @property
    def loads_at_max_gf(self) -> tuple[float, ...]:
        """Loads of a scaled feature of 1: one number, or one per feature."""
        given = self.load_at_max_gf
        return given if isinstance(given, tuple) else (given,)

    @property
    def n_features(self) -> int:
        """Number of features, by the number of inputs."""
        return self._n_feature_inputs // (2 if self.scaling == "lever" else 1)

    @property
    def _n_feature_inputs(self) -> int:
        return len(self.inputs) - (self.bias_gf is not None)


class Regression(Section):
    """[task] Regression: the outputs follow linear functions of the load, or a table.

    Args:
        kind: "regression".
        inputs: ports where the loads act.
        outputs: ports whose displacements are read.
        dataset: table of loads (columns ending in _gf) and displacements (_mm).
        missing: rows of a table with missing values are refused ("refuse") or left out ("drop").
        slopes_mm_per_N: displacement of each output per unit load, without a table.
        max_load_gf: largest load, of either sign, without a table, gf.
        samples: number of loads that are drawn without a table; 100 if not given.
        noise_mm: standard deviation of the noise on the displacements, mm.
        loss: loss function.
        loss_scale_mm: displacement whose error counts as 1, mm; size of the targets if not given.
    """

    kind: Literal["regression"]
    inputs: Ports
    outputs: Ports
    dataset: FileName | None = None
    missing: Literal["refuse", "drop"] = "refuse"
    slopes_mm_per_N: Many[Number] | None = None
    max_load_gf: Positive | None = None
    samples: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    noise_mm: NotNegative | None = None
    loss: DisplacementLoss = "mse"
    loss_scale_mm: Positive | None = None

    @model_validator(mode="after")
    def _check_target_source(self) -> Self:
        lines = {
            "slopes_mm_per_N": self.slopes_mm_per_N,
            "max_load_gf": self.max_load_gf,
            "samples": self.samples,
            "noise_mm": self.noise_mm,
        }
        if self.dataset is not None:
            given = [key for key, value in lines.items() if value is not None]
            if given:
                raise section_error(given[0], "given with dataset", "slopes or a dataset, not both")
            return self
        if self.missing == "drop":
            raise section_error("missing", '"drop" without a dataset', "only with a dataset")
        absent = [key for key in ("slopes_mm_per_N", "max_load_gf") if lines[key] is None]
        if absent:
            raise section_error(
                absent[0], "missing", "slopes_mm_per_N and max_load_gf, or a dataset"
            )
        if len(self.inputs) != 1:
            raise section_error("inputs", f"{len(self.inputs)} ports", "one input, or a dataset")
        _require_length(
            "slopes_mm_per_N", self.slopes_mm_per_N or (), len(self.outputs), "one per output"
        )
        return self

    def with_load_factor(self, factor: float) -> Self:
        """Return the section with the largest load times a factor; its slopes stay the same.

        Raises:
            InputError: if the loads are those of a table.
        """
        if self.max_load_gf is None:
            raise InputError("[task]", "a factor on the loads of a table", "loads of the design")
        return self.model_copy(update={"max_load_gf": _times((self.max_load_gf,), factor)[0]})


class Behaviour(LaterKeysSection):
    """[task] Behaviour: load cases with targets for the outputs.

    One load case has its loads and targets in this section; several are in [[task.cases]], or in a
    table.

    Args:
        kind: "behaviour".
        inputs: ports where the loads act.
        outputs: ports whose displacements are read.
        loads_gf: load at each input of a single load case, gf; positive along the axis.
        target_class: index of the output that shall have the largest displacement, from 0.
        targets_mm: displacement that each output shall have, mm.
        cases: load cases, each with a name, loads and targets.
        dataset: table of load cases instead: a column "case" with their names, loads (columns
            ending in _gf), targets (_mm), and optionally a column "weight", one per ratio with its
            name, stiffnesses (_N_per_mm), prescribed displacements (_moved_mm) and targets of
            the loads that move them (_reaction_gf).
        ratios: ratios of outputs, which may have targets in the load cases.
        moduli: targets of the effective moduli of a network that repeats.
        loss: loss function; by default the one that fits the kind of target.
        normalisation: of the cross-entropy, "softmax" or "share"; "share" if not given.
        loss_scale_mm: τ of softmax, the standard deviation of a reading for "as-read", or the
            displacement whose error counts as 1, mm.
    """

    later_keys = frozenset({"loads_gf", "cases", "dataset", "ratios", "moduli"})

    kind: Literal["behaviour"]
    inputs: Ports
    outputs: Ports
    loads_gf: Many[Number] | None = None
    target_class: NodeNumber | None = None
    targets_mm: Many[Number] | None = None
    cases: Annotated[Many[CaseSection], Field(min_length=1, max_length=MAX_CASES)] | None = None
    dataset: FileName | None = None
    ratios: Annotated[Many[RatioSection], Field(min_length=1, max_length=MAX_CASES)] | None = None
    moduli: Annotated[Many[ModulusSection], Field(min_length=1, max_length=MAX_CASES)] | None = None
    loss: ClassLoss | DisplacementLoss | None = None
    normalisation: Literal["softmax", "share"] | None = None
    loss_scale_mm: Positive | None = None

    @property
    def has_cases(self) -> bool:
        """Whether the load cases are given one by one, or in a table."""
        return self.cases is not None or self.dataset is not None

    @model_validator(mode="after")
    def _check_target_kind(self) -> Self:
        if self.has_cases:
            return self._check_cases()
        if (self.target_class is None) == (self.targets_mm is None):
            raise section_error(
                "target_class",
                "both" if self.target_class is not None else "neither of the two",
                "either target_class (index of an output) or targets_mm (one per output)",
            )
        if self.loads_gf is None:
            raise section_error("loads_gf", "missing", "one load per input, or cases")
        if self.ratios is not None:
            raise section_error("ratios", "given without cases", "load cases in [[task.cases]]")
        if self.moduli is not None:
            raise section_error("moduli", "given without cases", "load cases in [[task.cases]]")
        _require_length("loads_gf", self.loads_gf, len(self.inputs), "one per input")
        if not any(self.loads_gf):
            raise section_error("loads_gf", f"{list(self.loads_gf)}", "at least one nonzero load")
        if self.targets_mm is not None:
            return self._check_targets(self.targets_mm)
        return self._check_class()

    def with_load_factor(self, factor: float) -> Self:
        """Return the section with its loads times a factor; its targets stay the same.

        Raises:
            InputError: if the loads are those of a table.
        """
        if self.cases is not None:
            cases = tuple(
                case.model_copy(update={"loads_gf": _times(case.loads_gf, factor)})
                for case in self.cases
            )
            return self.model_copy(update={"cases": cases})
        if self.loads_gf is None:
            raise InputError("[task]", "a factor on the loads of a table", "loads of the design")
        return self.model_copy(update={"loads_gf": _times(self.loads_gf, factor)})

    def _check_cases(self) -> Self:
        if self.cases is not None and self.dataset is not None:
            raise section_error("cases", "given with dataset", "load cases here or in a table")
        place = "cases" if self.cases is not None else "dataset"
        single = ("loads_gf", "target_class", "targets_mm", "loss", "normalisation")
        for key in (*single, "loss_scale_mm"):
            if getattr(self, key) is not None:
                raise section_error(key, f"given with {place}", f"{place} alone")
        names = [ratio.name for ratio in self.ratios or ()]
        for number, ratio in enumerate(self.ratios or ()):
            column = ratio.name in {"case", "weight"} or ratio.name.endswith(("_gf", "_mm"))
            if names.count(ratio.name) > 1 or column:
                allowed = 'a name of its own, not "case", "weight", or ending in a unit'
                raise section_error(f"ratios[{number}].name", f'"{ratio.name}"', allowed)
            above, below = ratio.outputs
            if above == below or max(ratio.outputs) >= len(self.outputs):
                given = f"{list(ratio.outputs)}, of {len(self.outputs)} outputs"
                allowed = "the indices of two different outputs, counted from 0"
                raise section_error(f"ratios[{number}].outputs", given, allowed)
        check_cases(self.cases or (), self)
        return self

    def _check_targets(self, targets_mm: tuple[float, ...]) -> Self:
        _require_length("targets_mm", targets_mm, len(self.outputs), "one per output")
        _require_loss(self.loss, "displacements", "targets_mm")
        if self.normalisation is not None:
            raise section_error("normalisation", "given with targets_mm", "only with target_class")
        return self

    def _check_class(self) -> Self:
        _require_loss(self.loss, "classes", "target_class")
        if self.normalisation is not None and self.loss == "as-read":
            given = f'"{self.normalisation}" with loss = "as-read"'
            raise section_error("normalisation", given, 'only with loss = "cross-entropy"')
        if len(self.outputs) < 2 or (self.target_class or 0) >= len(self.outputs):
            raise section_error(
                "target_class",
                f"{self.target_class}, but the task has {len(self.outputs)} outputs",
                "the index of one of two or more outputs, counted from 0",
            )
        _scale_needs_softmax(self)
        return self


class NoTask(Section):
    """[task] No training; the models are compared at the ports, if ports are given.

    Args:
        kind: "none".
        inputs: ports where unit loads act to compare the models.
        outputs: ports where the models are compared.
    """

    kind: Literal["none"]
    inputs: Many[PortSection] = ()
    outputs: Many[PortSection] = ()

    @model_validator(mode="after")
    def _check_ports(self) -> Self:
        if bool(self.inputs) != bool(self.outputs):
            raise section_error(
                "inputs", "only one of inputs and outputs", "both, or neither of them"
            )
        return self

    def with_load_factor(self, _: float) -> Self:
        """Raise an `InputError`: the section has no loads."""
        raise InputError("[task]", 'a factor on loads with kind = "none"', "a task with loads")


def check_cases(cases: Sequence[CaseSection], section: Behaviour) -> None:
    """Check that load cases fit the ports and ratios of their section.

    Raises:
        ValueError: with key, given and allowed value, as `section_error`.
    """
    names = list[str]()
    n_ratios = len(section.ratios or ())
    for number, case in enumerate(cases):
        for key, values, length, each in (
            ("loads_gf", case.loads_gf, len(section.inputs), "one per input"),
            ("targets_mm", case.targets_mm, len(section.outputs), "one per output"),
            ("ratios", case.ratios, n_ratios, "one per ratio"),
            ("stiffness_N_per_mm", case.stiffness_N_per_mm, len(section.inputs), "one per input"),
            ("moves_mm", case.moves_mm, len(section.inputs), "one per input"),
            ("reactions_gf", case.reactions_gf, len(section.inputs), "one per input"),
        ):
            if values is not None:
                _require_length(f"cases[{number}].{key}", values, length, each)
        of_inputs = (*(case.stiffness_N_per_mm or ()), *(case.reactions_gf or ()))
        bands = [*case.targets_mm, *(case.ratios or ()), *of_inputs]
        _check_reactions(f"cases[{number}].reactions_gf", case)
        if section.moduli is None and all(target_band(one).is_free for one in bands):
            given = "all free"
            raise section_error(f"cases[{number}].targets_mm", given, "at least one target")
        if case.name in names:
            given = f'"{case.name}", the name of another load case'
            raise section_error(f"cases[{number}].name", given, "a name of its own")
        names.append(case.name)


def _check_reactions(key: str, case: CaseSection) -> None:
    """Check that inputs with a target of their reaction are moved."""
    moves = case.moves_mm or ("free",) * len(case.loads_gf)
    wanted = case.reactions_gf or ("free",) * len(moves)
    for number, (one, move) in enumerate(zip(wanted, moves, strict=True)):
        if move == "free" and not target_band(one).is_free:
            given = "a target of an input that is loaded"
            raise section_error(f"{key}[{number}]", given, "an input with moves_mm")


TaskSection = Annotated[
    Classification | Regression | Behaviour | NoTask, Field(discriminator="kind")
]


def _times(loads_gf: tuple[float, ...], factor: float) -> tuple[float, ...]:
    """Return loads times a factor, without the rounding errors of the product."""
    return tuple(float(f"{load * factor:.{LOAD_DIGITS}g}") for load in loads_gf)


def _scale_needs_softmax(section: Classification | Behaviour) -> None:
    kind = loss_kinds()[section.loss or "cross-entropy"]
    if section.loss_scale_mm is not None and not kind.has_scale(section.normalisation):
        raise section_error(
            "loss_scale_mm", "given without softmax", 'only with normalisation = "softmax"'
        )


def _require_length(key: str, values: Sized, length: int, each: str) -> None:
    if len(values) != length:
        raise section_error(key, f"{len(values)} numbers", f"{length}, {each}")


def _require_loss(name: str | None, targets: TargetKind, key: str) -> None:
    """Refuse a loss that does not compare outputs with targets of this kind."""
    allowed = losses_for(targets)
    if name is not None and name not in allowed:
        names = ", ".join(f'"{one}"' for one in allowed)
        raise section_error("loss", f'"{name}" with {key}', names)
