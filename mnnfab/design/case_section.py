"""Load cases of a behaviour in a design file: loads, and targets with tolerances."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from mnnfab.design.section import LaterKeysSection, Many, Number, Positive, Section, section_error

#: What a target may be, for messages.
TARGETS = (
    'a number, or text: "0.5 +- 0.05" (tolerance), "at least 0.3", "at most 0.3", '
    '"0.2 to 0.4" or "free"'
)
_NUMBER = r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_FORMS = (
    ("value", re.compile(rf"{_NUMBER}(?:\s*(?:±|\+-|\+/-)\s*{_NUMBER})?")),
    ("least", re.compile(rf"(?:at least|>=|≥)\s*{_NUMBER}")),
    ("most", re.compile(rf"(?:at most|<=|≤)\s*{_NUMBER}")),
    ("range", re.compile(rf"{_NUMBER}\s*(?:to|\.\.)\s*{_NUMBER}")),
)
#: Largest target: products of a few of them are finite.
LARGEST = 1e9


@dataclass(frozen=True)
class TargetBand:
    """The values that an output may have.

    Args:
        low: smallest value; -inf if there is none.
        high: largest value; inf if there is none.
        tolerance: allowed deviation from a single value; None for the default, and for ranges.
    """

    low: float
    high: float
    tolerance: float | None = None

    @property
    def is_free(self) -> bool:
        """Whether any value is allowed."""
        return self.low == -math.inf and self.high == math.inf

    @property
    def text(self) -> str:
        """The target as text, in the form of a design file."""
        if self.is_free:
            return "free"
        if self.low == self.high:
            tolerance = "" if self.tolerance is None else f" ± {self.tolerance:g}"
            return f"{self.low:g}{tolerance}"
        if self.high == math.inf:
            return f"at least {self.low:g}"
        return (
            f"at most {self.high:g}" if self.low == -math.inf else f"{self.low:g} to {self.high:g}"
        )


FREE = TargetBand(-math.inf, math.inf)


def target_band(value: object) -> TargetBand:
    """Return the band of a number or text; `TARGETS` has the forms.

    >>> target_band("0.5 +- 0.1"), target_band("at least 0.3").text
    (TargetBand(low=0.5, high=0.5, tolerance=0.1), 'at least 0.3')

    Raises:
        ValueError: if it has none of these forms.
    """
    if isinstance(value, TargetBand):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _checked(TargetBand(float(value), float(value)))
    text = " ".join(value.split()).lower().replace("−", "-") if isinstance(value, str) else ""
    if text == "free":
        return FREE
    for form, pattern in _FORMS:
        if match := pattern.fullmatch(text):
            numbers = [float(part) for part in match.groups() if part is not None]
            return _checked(_of_form(form, numbers))
    raise ValueError(TARGETS)


def _of_form(form: str, numbers: list[float]) -> TargetBand:
    match form:
        case "value":
            return TargetBand(numbers[0], numbers[0], numbers[1] if len(numbers) > 1 else None)
        case "least":
            return TargetBand(numbers[0], math.inf)
        case "most":
            return TargetBand(-math.inf, numbers[0])
    if numbers[0] >= numbers[1]:
        msg = 'the smaller number first, such as "0.2 to 0.4"'
        raise ValueError(msg)
    return TargetBand(*numbers)


def _checked(band: TargetBand) -> TargetBand:
    """Return a band whose numbers are in range."""
    ends = [abs(end) for end in (band.low, band.high, band.tolerance or 0.0) if math.isfinite(end)]
    in_range = not any(math.isnan(end) for end in (band.low, band.high)) and max(ends) <= LARGEST
    if band.tolerance is not None and band.tolerance <= 0:
        msg = 'a tolerance above 0, such as "0.5 +- 0.05"'
        raise ValueError(msg)
    if not in_range:
        msg = f"numbers from {-LARGEST:g} to {LARGEST:g}"
        raise ValueError(msg)
    return band


def _as_given(value: object) -> Any:  # noqa: ANN401 - a number or text
    target_band(value)
    return value


def _move(value: object) -> Any:  # noqa: ANN401 - a number or text
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value != "free" and not (number and abs(float(value)) <= LARGEST):  # type: ignore[arg-type]
        msg = 'a number (mm), or "free"'
        raise ValueError(msg)
    return value


#: A prescribed displacement in a design file, mm, or "free".
Move = Annotated[float | str, BeforeValidator(_move)]
#: A target in a design file, a number or text that `target_band` reads.
Target = Annotated[float | str, BeforeValidator(_as_given)]
CaseName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,60}$", strip_whitespace=True)]


class RatioSection(Section):
    """[[task.ratios]] The ratio of two outputs: a gain, or an effective Poisson's ratio.

    Args:
        name: name of the ratio in reports.
        outputs: indices of the outputs above and below the line, from 0.
    """

    name: CaseName
    outputs: Annotated[Many[Annotated[int, Field(ge=0)]], Field(min_length=2, max_length=2)]


class CaseSection(LaterKeysSection):
    """[[task.cases]] A load case of a behaviour.

    Args:
        name: name of the load case in figures and tables.
        loads_gf: load at each input, gf; positive along the axis.
        targets_mm: target of each output, mm: a number, or text such as "-0.6 +- 0.03",
            "at least 0.5", "at most 0.1", "0.2 to 0.4" or "free". Without a tolerance it is 10 %
            of the number, at least twice [check] resolution_mm.
        ratios: target of each ratio in the same form; all are free if not given. Without a
            tolerance it is 10 % of the number, at least 0.02.
        stiffness_N_per_mm: target of the stiffness of each input, its load divided by the
            displacement of the output at the same port; all are free if not given.
        prescribed_mm: prescribed displacement of each input in place of its load, mm, or "free";
            all are free if not given. An output at the same port is required.
        reactions_gf: target of the reaction of each such input, gf, in the form of other
            targets; all are free if not given.
        weight: weight of the targets of this load case in training; 1 if not given.
    """

    later_keys = frozenset({"prescribed_mm", "reactions_gf"})

    name: CaseName
    loads_gf: Many[Number]
    targets_mm: Many[Target]
    ratios: Many[Target] | None = None
    stiffness_N_per_mm: Many[Target] | None = None
    prescribed_mm: Many[Move] | None = None
    reactions_gf: Many[Target] | None = None
    weight: Positive | None = None

    @model_validator(mode="after")
    def _check_loads(self) -> Self:
        prescribed = self.prescribed_mm or ()
        moved = [one != "free" for one in prescribed]
        if not any(self.loads_gf) and all(one in {"free", 0} for one in prescribed):
            given = f"{list(self.loads_gf)}"
            raise section_error("loads_gf", given, "at least one nonzero load, or prescribed_mm")
        for load, is_moved in zip(self.loads_gf, moved, strict=False):
            if load and is_moved:
                given = f"a load of {load:g} gf at an input with a displacement"
                raise section_error("prescribed_mm", given, "0 gf there: its load is the reaction")
        return self
