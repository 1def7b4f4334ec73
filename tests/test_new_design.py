"""The template of `mnnfab new`: alternatives in comments are valid and not the default."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from mnnfab import make_problem, parse_design
from mnnfab.design.design import Design
from mnnfab.problem.new_design import KINDS, Start, new_design_text
from mnnfab.problem.problem import Problem

HEADER = re.compile(r"(# )?\[([\w.]+)\]")
KEY = re.compile(r"(# )?(\w+) = (\[[^#]*\]|\"[^\"]*\"|[^#\s]+)")
#: Alternatives at the end of a line: `or "a", "b" (…)`, or `also "c"`, but not the files that
#: a user has to write.
INLINE = re.compile(r"# (?:.*, )?(?:or|also|true:) .*")
STARTS = [
    *(Start(kind) for kind in KINDS),
    Start("regression", material="ninjaflex-85a", printer="prusa-mk4s", compensate=True),
    Start("classification", material="formlabs-elastic-50a", printer="formlabs-form-4"),
    Start("classification", "wine"),
    Start(rows=7),
]


def template_text(start: Start) -> str:
    return new_design_text("mine", Path(), start)


def problem_of(text: str) -> Problem:
    return make_problem(parse_design(tomllib.loads(text)), Path())


def commented(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield section, key and the text with each key that is a comment made a key.

    A section whose keys are all defaults, such as [features.dots], has the key "".
    """
    lines = [*text.splitlines(), ""]
    section, header_line = "", 0
    for number, (line, after) in enumerate(pairwise(lines)):
        header, key = HEADER.match(line), KEY.match(line)
        if header:
            section, header_line = header[2], number
        offered = key or (None if KEY.match(after) else header)
        if offered and offered[1]:
            name = key[2] if key else ""
            yield section, name, _used(lines, {header_line, number}, name)


def _used(lines: list[str], places: set[int], key: str) -> str:
    """Return the text with lines that are no comments any more, and what their comment demands."""
    used = [line.removeprefix("# ") if n in places else line for n, line in enumerate(lines)]
    if key == "targets_mm":  # "instead of target_class"
        used = [line for line in used if not line.startswith("target_class")]
    if key == "bias_gf":  # "add an input for it"
        used.insert(used.index("]", used.index("inputs = [")), '    { node = 8, axis = "y" },')
    return "\n".join(used)


def inline(text: str) -> Iterator[tuple[str, list[str], str, str]]:
    """Yield key, its names, an alternative, and the text with it, for each one in a line."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        key, offered = KEY.match(line), INLINE.search(line)
        if key is None or key[1] or offered is None:
            continue
        dropped = re.search(r"without (\w+)(?: and (\w+))?", offered[0])
        keys = tuple(f"{name} =" for name in dropped.groups() if name) if dropped else ()
        for word in re.findall(r'"[^"]+"|true(?=:)', offered[0]):
            if word.endswith(('.toml"', '.csv"')):
                continue
            changed = list(lines)
            changed[number] = f"{key[2]} = " + (f"[{word}]" if key[3].startswith("[") else word)
            left = [one for one in changed if not (keys and one.startswith(keys))]
            yield key[2], re.findall(r'"[^"]+"|true|false', key[3]), word, "\n".join(left)


def value_of(design: Design, section: str, key: str) -> Any:  # noqa: ANN401 - any value of a design
    found: Any = design
    for part in [*section.split("."), key]:
        if found is None or not part:
            return found
        found = getattr(found, part)
    return found


def default_of(section: str, key: str) -> Any:  # noqa: ANN401 - any value of a design
    """Return the default of a key if its section has one class; None otherwise."""
    model: Any = Design
    for part in section.split("."):
        annotation = model.model_fields[part].annotation
        classes = [one for one in (annotation, *get_args(annotation)) if _is_model(one)]
        if len(classes) != 1:
            return None
        (model,) = classes
    return model.model_fields[key].default if key else None


def _is_model(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_what_is_commented_out_is_valid_and_not_the_default(start: Start) -> None:
    text = template_text(start)
    before, seen = problem_of(text), set()
    for section, key, changed_text in commented(text):
        after = problem_of(changed_text)
        found = value_of(after.design, section, key)
        where = f"[{section}] {key}: {found}"
        assert found is not None, where
        assert found != value_of(before.design, section, key), where
        assert found != default_of(section, key), where
        seen.add((section, key))
        if section == "material":  # a default that the preset gives
            changed = "youngs_modulus_MPa" if key == "hold_time_s" else key
            assert getattr(before.material, changed) != getattr(after.material, changed), where
        if key == "width_sd_mm":  # a default that the printer gives
            assert before.print_errors != after.print_errors, where
    expected = {("features.pads", "radius_mm"), ("check", "max_sag_share"), ("network", "damage")}
    if start.task != "none":
        expected |= {("compensate.search", "ports"), ("training", "restarts")}
    assert expected <= seen


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_alternatives_in_a_line_are_valid_and_not_its_value(start: Start) -> None:
    seen = set()
    for key, names, alternative, changed_text in inline(template_text(start)):
        assert alternative not in names, key
        parse_design(tomllib.loads(changed_text))
        seen.add(key)
    expected = {"preset", "printer", "mesh_formats", "formats", "merged_caps"}
    expected |= {"optimizer", "width_map", "stiffness_law"} if start.task != "none" else set()
    assert expected <= seen
