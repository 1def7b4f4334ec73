"""Error messages of invalid design files: the key, the given value and the allowed values.

The words of the messages are those of `mnnfab.design.section_errors`; this module knows the
sections of a design file and their keys.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from mnnfab.design.behaviour_section import Behaviour
from mnnfab.design.case_section import CaseSection, RatioSection
from mnnfab.design.check_section import (
    CheckSection,
    CompensateSection,
    SearchSection,
    ToleranceSection,
)
from mnnfab.design.design import Design
from mnnfab.design.export_section import ExportSection
from mnnfab.design.fabrication import Fabrication, MaterialSection
from mnnfab.design.features_section import (
    CouponSection,
    DotsSection,
    EyeletsSection,
    FeaturesSection,
    IdSection,
    PadsSection,
)
from mnnfab.design.modulus_section import ModulusSection
from mnnfab.design.network_section import LATTICES, NetworkFile
from mnnfab.design.port_section import PortSection, TermSection
from mnnfab.design.section_errors import (
    as_toml,
    expected_by_rule,
    expected_value,
    given_value,
    rule_between_keys,
)
from mnnfab.design.support_section import SupportSection
from mnnfab.design.task_section import Classification, NoTask, Regression
from mnnfab.design.training_section import TrainingSection, WidthsSection
from mnnfab.errors import InputError

Location = tuple[int | str, ...]

#: The class that defines the keys of a section, by the location that pydantic reports.
_SECTIONS: Mapping[Location, type[BaseModel]] = {
    (): Design,
    **{("network", name): lattice for name, lattice in LATTICES.items()},
    ("network", "file"): NetworkFile,
    ("material",): MaterialSection,
    ("fabrication",): Fabrication,
    ("features",): FeaturesSection,
    ("features", "pads"): PadsSection,
    ("features", "eyelets"): EyeletsSection,
    ("features", "dots"): DotsSection,
    ("features", "id"): IdSection,
    ("features", "coupon"): CouponSection,
    ("task", "classification"): Classification,
    ("task", "regression"): Regression,
    ("task", "behaviour"): Behaviour,
    ("task", "none"): NoTask,
    ("widths",): WidthsSection,
    ("training",): TrainingSection,
    ("check",): CheckSection,
    ("compensate",): CompensateSection,
    ("compensate", "search"): SearchSection,
    ("tolerance",): ToleranceSection,
    ("export",): ExportSection,
}
#: The class of the entries of a list, by its key.
_ENTRIES: Mapping[str, type[BaseModel]] = {
    "inputs": PortSection,
    "outputs": PortSection,
    "terms": TermSection,
    "cases": CaseSection,
    "ratios": RatioSection,
    "moduli": ModulusSection,
    "supports": SupportSection,
}


def input_error_of(source: str, detail: ErrorDetails) -> InputError:
    """Return the `InputError` of one error reported by pydantic.

    Args:
        source: name of the design file for the message.
        detail: the reported error.
    """
    handler = _HANDLERS.get(detail["type"], _any_error)
    return handler(source, detail)


def _unknown_key(source: str, detail: ErrorDetails) -> InputError:
    location = detail["loc"]
    names = tuple(part for part in location[:-1] if isinstance(part, str))
    section = _ENTRIES.get(names[-1] if names else "") or _SECTIONS[names]
    known = [info.alias or name for name, info in section.model_fields.items()]
    nearest = _most_similar(str(location[-1]), known)
    hint = f"; did you mean {nearest}?" if nearest else ""
    return InputError(_where(source, location), f"unknown key{hint}", f"one of {', '.join(known)}")


def _most_similar(key: str, known: list[str]) -> str | None:
    """Return the known key that is most similar, one with the same unit if there is any."""
    same_unit = [
        candidate for candidate in known if candidate.rpartition("_")[2] == key.rpartition("_")[2]
    ]
    matches = difflib.get_close_matches(key, same_unit, n=1, cutoff=0.5)
    matches = matches or difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return matches[0] if matches else None


def _broken_rule(source: str, detail: ErrorDetails) -> InputError:
    """Return the error of a mnnfab validator; rules between keys raise (key, given, allowed)."""
    location, rule = detail["loc"], rule_between_keys(detail)
    if rule is None:
        allowed = expected_by_rule(detail) or expected_value(detail)
        return InputError(_where(source, location), given_value(detail), allowed)
    key, given, allowed = rule
    full_location = location if location[-1:] == (key,) else (*location, key)
    return InputError(_where(source, full_location), given, allowed)


def _wrong_kind(source: str, detail: ErrorDetails) -> InputError:
    value = detail["input"]
    given = as_toml(value["kind"]) if isinstance(value, dict) and "kind" in value else "missing"
    allowed = '"classification", "regression", "behaviour" or "none"'
    return InputError(_where(source, (*detail["loc"], "kind")), given, allowed)


def _any_error(source: str, detail: ErrorDetails) -> InputError:
    allowed = expected_value(detail)
    if detail["type"] == "too_short" and detail["loc"][1:] == ("classification", "outputs"):
        allowed += " (one per class)"
    return InputError(_where(source, detail["loc"]), given_value(detail), allowed)


def _unknown_lattice(source: str, detail: ErrorDetails) -> InputError:
    value = detail["input"]
    name = value.get("lattice") if isinstance(value, dict) else None
    given = "missing" if name is None else as_toml(name)
    names = ", ".join(f'"{lattice}"' for lattice in LATTICES)
    where = _where(source, (*detail["loc"], "lattice"))
    return InputError(where, given, f'{names}, or file = "network.json"')


_HANDLERS: Mapping[str, Callable[[str, ErrorDetails], InputError]] = {
    "extra_forbidden": _unknown_key,
    "value_error": _broken_rule,
    "network_kind": _unknown_lattice,
    "union_tag_not_found": _wrong_kind,
    "union_tag_invalid": _wrong_kind,
}


def _where(source: str, location: Iterable[int | str]) -> str:
    """Return a location as `file, [section] key[3].part`, without the union tags of pydantic."""
    full_location = tuple(location)
    nested = full_location[:1] == ("features",) or full_location[:2] == ("compensate", "search")
    if nested and len(full_location) > 2:  # a nested section
        full_location = (f"{full_location[0]}.{full_location[1]}", *full_location[2:])
    parts = (
        [*full_location[:1], *full_location[2:]]
        if full_location[:2] in _SECTIONS
        else list(full_location)
    )
    if not parts:
        return source
    section = f"[{parts[0]}] " if len(parts) > 1 else ""
    keys = parts[1:] if len(parts) > 1 else parts
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in keys)
    return f"{source}, {section}{text.removeprefix('.')}"
