"""The [task] section of a behaviour: load cases with targets for the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mnnfab.design.case_section import CaseSection, RatioSection, target_band
from mnnfab.design.modulus_section import ModulusSection
from mnnfab.design.port_section import Ports
from mnnfab.design.section import (
    FileName,
    LaterKeysSection,
    Many,
    NodeNumber,
    Number,
    Positive,
    section_error,
)
from mnnfab.design.task_rules import (
    ClassLoss,
    DisplacementLoss,
    require_length,
    require_loss,
    scale_needs_softmax,
    times,
)
from mnnfab.errors import InputError

#: Largest number of load cases of a behaviour.
MAX_CASES = 1000


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
            name, stiffnesses (_N_per_mm), prescribed displacements (_prescribed_mm) and targets of
            their reactions (_reaction_gf).
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
        require_length("loads_gf", self.loads_gf, len(self.inputs), "one per input")
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
                case.model_copy(update={"loads_gf": times(case.loads_gf, factor)})
                for case in self.cases
            )
            return self.model_copy(update={"cases": cases})
        if self.loads_gf is None:
            raise InputError("[task]", "a factor on the loads of a table", "loads of the design")
        return self.model_copy(update={"loads_gf": times(self.loads_gf, factor)})

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
        require_length("targets_mm", targets_mm, len(self.outputs), "one per output")
        require_loss(self.loss, "displacements", "targets_mm")
        if self.normalisation is not None:
            raise section_error("normalisation", "given with targets_mm", "only with target_class")
        return self

    def _check_class(self) -> Self:
        require_loss(self.loss, "classes", "target_class")
        if self.normalisation is not None and self.loss == "as-read":
            given = f'"{self.normalisation}" with loss = "as-read"'
            raise section_error("normalisation", given, 'only with loss = "cross-entropy"')
        if len(self.outputs) < 2 or (self.target_class or 0) >= len(self.outputs):
            raise section_error(
                "target_class",
                f"{self.target_class}, but the task has {len(self.outputs)} outputs",
                "the index of one of two or more outputs, counted from 0",
            )
        scale_needs_softmax(self.loss, self.normalisation, self.loss_scale_mm)
        return self


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
            ("prescribed_mm", case.prescribed_mm, len(section.inputs), "one per input"),
            ("reactions_gf", case.reactions_gf, len(section.inputs), "one per input"),
        ):
            if values is not None:
                require_length(f"cases[{number}].{key}", values, length, each)
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
    prescribed = case.prescribed_mm or ("free",) * len(case.loads_gf)
    wanted = case.reactions_gf or ("free",) * len(prescribed)
    for number, (one, move) in enumerate(zip(wanted, prescribed, strict=True)):
        if move == "free" and not target_band(one).is_free:
            given = "a target of an input that is loaded"
            raise section_error(f"{key}[{number}]", given, "an input with prescribed_mm")
