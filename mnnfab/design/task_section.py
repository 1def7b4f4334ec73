"""The [task] section of a design file: one class per kind of task."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    Strict,
    model_serializer,
    model_validator,
)

from mnnfab.design.behaviour_section import Behaviour
from mnnfab.design.port_section import Ports, PortSection
from mnnfab.design.section import (
    FileName,
    Many,
    NotNegative,
    Number,
    Positive,
    Section,
    relative_file_name,
    section_error,
)
from mnnfab.design.task_rules import (
    ClassLoss,
    DisplacementLoss,
    ReadoutName,
    require_length,
    scale_needs_softmax,
    times,
)
from mnnfab.errors import InputError
from mnnfab.losses.readout import readout_kinds

#: Readout of designs without the key, which they had before it existed.
DEFAULT_READOUT = "largest-magnitude"


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
        scale_needs_softmax(self.loss, self.normalisation, self.loss_scale_mm)
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
        loads = times(given, factor) if isinstance(given, tuple) else times((given,), factor)[0]
        constant = None if bias is None else times((bias,), factor)[0]
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
        require_length(
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
        return self.model_copy(update={"max_load_gf": times((self.max_load_gf,), factor)[0]})


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


TaskSection = Annotated[
    Classification | Regression | Behaviour | NoTask, Field(discriminator="kind")
]
