"""The [task] section of a design file: one class for each kind of task."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from mnnfab.design.section import (
    FileName,
    Many,
    NodeNumber,
    NotNegative,
    Number,
    Positive,
    Section,
    inside_the_folder,
    refusal,
)
from mnnfab.network.ports import Port


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
    """[task] the output that moves most, |u| taken, names the class.

    Args:
        dataset: "iris", "wine", "breast-cancer", or a table (CSV or Parquet): one column a
            feature, then the class.
        features: names of the features to use, in the order of the inputs; all if not given.
        inputs: one a feature, and after them one for the bias weight if there is one.
        outputs: one a class.
        scaling: what of a feature becomes 1: "maximum" divides by the largest |value|;
            "range" takes the smallest value to 0 and the largest to 1; "standard" takes the
            mean to 0 and the farthest value to ±1, so weights must pull both ways. All rows
            count, also those kept for the test: it says how heavy the set of weights must be.
        load_at_max_gf: load of a scaled feature of 1: one number, or one a feature.
        bias_gf: a constant weight on the last input.
        round_to_gf: weights are made in steps of this; loads are rounded to it.
    """

    kind: Literal["classification"]
    dataset: Annotated[str, AfterValidator(inside_the_folder)]
    features: Annotated[Many[str], Field(min_length=1)] | None = None
    inputs: Ports
    outputs: Annotated[Ports, Field(min_length=2)]
    scaling: Literal["maximum", "range", "standard"] = "maximum"
    load_at_max_gf: Number | Annotated[Many[Number], Field(min_length=1)]
    bias_gf: Number | None = None
    round_to_gf: Positive | None = None
    loss: Literal["cross-entropy"] = "cross-entropy"
    normalisation: Literal["softmax", "share"] = "softmax"
    loss_scale_mm: Positive | None = None

    @model_validator(mode="after")
    def _needs_a_load(self) -> Self:
        if 0 in self.loads_at_max_gf:
            raise refusal("load_at_max_gf", "0", "a number other than 0; negative is down")
        if self.bias_gf == 0:
            raise refusal("bias_gf", "0", "a number other than 0, or no such key")
        if self.bias_gf is not None and len(self.inputs) < 2:
            raise refusal("inputs", "1 port with bias_gf", "a port a feature and one for the bias")
        if len(self.loads_at_max_gf) not in {1, self.n_features}:
            raise refusal(
                "load_at_max_gf",
                f"{len(self.loads_at_max_gf)} numbers",
                f"one, or {self.n_features}, one a feature",
            )
        if self.features is not None and len(set(self.features)) < len(self.features):
            raise refusal("features", f"{list(self.features)}", "each feature once")
        _scale_needs_softmax(self)
        return self

    @property
    def loads_at_max_gf(self) -> tuple[float, ...]:
        """One number, or one a feature."""
        given = self.load_at_max_gf
        return given if isinstance(given, tuple) else (given,)

    @property
    def n_features(self) -> int:
        """Inputs that carry a feature."""
        return len(self.inputs) - (self.bias_gf is not None)


class Regression(Section):
    """[task] outputs follow straight lines in the load, or a table."""

    kind: Literal["regression"]
    inputs: Ports
    outputs: Ports
    dataset: FileName | None = None
    slopes_mm_per_N: Many[Number] | None = None
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
                raise refusal(given[0], "given beside dataset", "slopes or a dataset, not both")
            return self
        missing = [key for key in ("slopes_mm_per_N", "max_load_gf") if lines[key] is None]
        if missing:
            raise refusal(missing[0], "missing", "slopes_mm_per_N and max_load_gf, or a dataset")
        if len(self.inputs) != 1:
            raise refusal("inputs", f"{len(self.inputs)} ports", "one input; a dataset takes more")
        _require_length(
            "slopes_mm_per_N", self.slopes_mm_per_N or (), len(self.outputs), "one an output"
        )
        return self


class Behaviour(Section):
    """[task] one load, and what the outputs should do under it."""

    kind: Literal["behaviour"]
    inputs: Ports
    outputs: Ports
    loads_gf: Many[Number]
    target_class: NodeNumber | None = None
    targets_mm: Many[Number] | None = None
    loss: Literal["cross-entropy", "mse"] | None = None
    normalisation: Literal["softmax", "share"] | None = None
    loss_scale_mm: Positive | None = None

    @model_validator(mode="after")
    def _one_kind_of_target(self) -> Self:
        if (self.target_class is None) == (self.targets_mm is None):
            raise refusal(
                "target_class",
                "both" if self.target_class is not None else "neither of the two",
                "either target_class (an output's place) or targets_mm (one an output)",
            )
        _require_length("loads_gf", self.loads_gf, len(self.inputs), "one an input")
        if not any(self.loads_gf):
            raise refusal("loads_gf", f"{list(self.loads_gf)}", "a load other than 0")
        if self.targets_mm is not None:
            return self._check_targets(self.targets_mm)
        return self._check_class()

    def _check_targets(self, targets_mm: tuple[float, ...]) -> Self:
        _require_length("targets_mm", targets_mm, len(self.outputs), "one an output")
        if self.loss == "cross-entropy":
            raise refusal("loss", '"cross-entropy" with targets_mm', '"mse"')
        if self.normalisation is not None:
            raise refusal("normalisation", "given with targets_mm", "only with target_class")
        return self

    def _check_class(self) -> Self:
        if self.loss == "mse":
            raise refusal("loss", '"mse" with target_class', '"cross-entropy"')
        if len(self.outputs) < 2 or (self.target_class or 0) >= len(self.outputs):
            raise refusal(
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
            raise refusal("inputs", "only one of inputs and outputs", "both or neither")
        return self


TaskSection = Annotated[
    Classification | Regression | Behaviour | NoTask, Field(discriminator="kind")
]


def _scale_needs_softmax(section: Classification | Behaviour) -> None:
    softmax = section.normalisation == "softmax"
    if section.loss_scale_mm is not None and not softmax:
        raise refusal(
            "loss_scale_mm", "given without softmax", 'only with normalisation = "softmax"'
        )


def _require_length(key: str, values: tuple[float, ...], length: int, each: str) -> None:
    if len(values) != length:
        raise refusal(key, f"{len(values)} number(s)", f"{length}, {each}")
