"""The [training] and [widths] sections of a design file."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from mnnfab.design.section import (
    Count,
    FileName,
    Positive,
    Section,
    Share,
    section_error,
)

#: Keys of [training] that only Adam uses.
ADAM_KEYS = ("learning_rate", "batch_size")


class WidthsSection(Section):
    """[widths] Prescribed widths, which replace training.

    Args:
        uniform_mm: one width for all bonds, mm.
        file: table of widths, one row per bond, as widths.csv of a run.
    """

    uniform_mm: Positive | None = None
    file: FileName | None = None

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        if (self.uniform_mm is None) == (self.file is None):
            raise section_error(
                "widths", "both or neither of the keys", "either uniform_mm or file"
            )
        return self


class TrainingSection(Section):
    """[training] Training of the widths.

    Args:
        model: model on which the widths are trained: "bars", linear and fast, or "frame", beams
            with large rotations under the weight of the part and the loads of the samples.
        optimizer: "adam" on mini-batches, or "l-bfgs-b", SciPy's bounded quasi-Newton
            method on all training samples at once, with at most `epochs` iterations.
        stiffness_law: stiffness of a bond as a function of its width: "bar" (E w t / a),
            "series" (thinned joints as springs in series, about a quarter softer) or
            "calibrated" (the series law, calibrated on continuum models of the uniform network
            at three widths). With the model "frame" it is that of the bar model in the checks.
        rule: gradient of the loss: "adjoint" is exact; "coupled-learning" and
            "finite-differences" are provided for comparison.
        width_map: "clamp" projects the widths onto the limits; "logistic" approaches the limits
            smoothly.
        sharpness: sharpness of the logistic map; 5 if not given.
        learning_rate: step size of Adam in the latent value of the map; for the clamp, the
            largest change per step as a fraction of the width range. Not with "l-bfgs-b".
        epochs: number of passes over the training samples.
        batch_size: samples per step of Adam. Not with "l-bfgs-b".
        test_fraction: fraction of the samples in the test set; 0.3 if not given.
        restarts: number of training runs from different start widths: the first from
            width_initial_mm, the others from random widths. The run with the best result on the
            validation samples is kept.
        validation_fraction: fraction of the training samples that select the best restart; 0.2
            if not given, 0 with a single training.
        start: table of start widths in the format of widths.csv, which replaces
            width_initial_mm; `mnnfab train --from DIR` takes them from an earlier run. The
            logistic map starts at least a thousandth of the width range away from a limit.
        seed: seed of the data split, the sample order, the random starts and the noise.
        remove_below_mm: bonds that a first training makes thinner than this are removed, as far as
            the network stays rigid and does its task; at most width_min_mm. None are if not given.
    """

    later_keys: ClassVar[frozenset[str]] = frozenset({"remove_below_mm"})

    model: Literal["bars", "frame"] = "bars"
    optimizer: Literal["adam", "l-bfgs-b"] = "adam"
    stiffness_law: Literal["bar", "series", "calibrated"] = "bar"
    rule: Literal["adjoint", "coupled-learning", "finite-differences"] = "adjoint"
    width_map: Literal["clamp", "logistic"] = "clamp"
    sharpness: Positive | None = None
    learning_rate: Positive = 0.006
    epochs: Annotated[int, Field(ge=0, le=10_000_000)] = 100
    batch_size: Count = 16
    test_fraction: Share | None = None
    restarts: Annotated[int, Field(ge=1, le=10_000)] = 1
    validation_fraction: Share | None = None
    start: FileName | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    remove_below_mm: Positive | None = None

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        if self.sharpness is not None and self.width_map != "logistic":
            raise section_error(
                "sharpness", f"given with width_map = {self.width_map!r}", 'only with "logistic"'
            )
        if self.model == "frame" and self.rule != "adjoint":
            raise section_error(
                "rule", f'"{self.rule}" with model = "frame"', '"adjoint", or model = "bars"'
            )
        if self.optimizer == "l-bfgs-b" and self.rule != "adjoint":
            raise section_error(
                "rule", f'"{self.rule}" with optimizer = "l-bfgs-b"', '"adjoint", or "adam"'
            )
        if self.optimizer == "l-bfgs-b":
            for key in ADAM_KEYS:
                if key in self.model_fields_set:
                    given = f"{getattr(self, key):g}"
                    text = f'{given} with optimizer = "l-bfgs-b", which does not use it'
                    raise section_error(key, text, 'only with optimizer = "adam"')
        if self.validation_fraction and self.restarts == 1:
            raise section_error(
                "validation_fraction", "given with restarts = 1", "only with restarts above 1"
            )
        return self

    @model_validator(mode="after")
    def _check_start(self) -> Self:
        if self.remove_below_mm is not None and self.start is not None:
            given = f"{self.remove_below_mm:g}, with a table of start widths"
            raise section_error("remove_below_mm", given, "only without start")
        return self

    @model_serializer(mode="wrap")
    def _without_unused_keys(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the keys that must not be given, so that what is written can be read again."""
        values: dict[str, Any] = serialise(self)
        unused = set(ADAM_KEYS) if self.optimizer == "l-bfgs-b" else set()
        unused |= {key for key in self.later_keys if values.get(key) is None}
        return {key: value for key, value in values.items() if key not in unused}
