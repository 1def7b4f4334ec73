"""The JSON schema of the design file, with the description of every key."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from mnnfab.design.design import Design
from mnnfab.design.export_section import ExportSection
from mnnfab.design.network_section import LATTICES, NetworkFile

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def design_schema(formats: Sequence[str]) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) that every valid design file meets.

    It cannot state the rules between keys; those are checked when a design is read.

    Args:
        formats: names of the export formats, which are not known to this package.
    """
    schema: dict[str, Any] = {"$schema": DRAFT, **Design.model_json_schema()}
    schema["title"] = "Design file of mnnfab"
    definitions = schema["$defs"]
    for model in sections():
        described = schema if model is Design else definitions.get(model.__name__)
        if described is None:
            continue
        described["description"] = summary(model)
        for key, text in key_descriptions(model).items():
            if key in described.get("properties", {}):
                described["properties"][key]["description"] = text
    definitions[ExportSection.__name__]["properties"]["formats"]["items"]["enum"] = list(formats)
    return schema


def sections() -> list[type[BaseModel]]:
    """Return the classes of all sections, each once, in the order of the design file."""
    classes: dict[type[BaseModel], None] = {}
    for model in _nested(Design):
        classes.setdefault(model)
    for lattice in LATTICES.values():
        classes.setdefault(lattice)
    classes.setdefault(NetworkFile)
    return list(classes)


def _nested(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in _models_in(field.annotation):
            yield from _nested(part)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any annotation
    if get_origin(annotation) is None:
        if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in get_args(annotation):
        yield from _models_in(argument)


def summary(model: type[BaseModel]) -> str:
    """Return the first sentence of the docstring of a section."""
    text = inspect.getdoc(model) or ""
    return " ".join(text.split("\n\n")[0].split())


def key_descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return the description of each key of a section, from the Args of its docstrings.

    A class inherits the descriptions of the keys that it inherits.
    """
    field_descriptions: dict[str, str] = {}
    for parent in reversed(model.__mro__):
        text = inspect.cleandoc(parent.__dict__.get("__doc__") or "")
        _, _, args = text.partition("\nArgs:\n")
        args = re.split(r"\n(?=\S)", args)[0]
        for entry in re.finditer(r"^    (\w+): (.+(?:\n {5,}.+)*)", args, re.MULTILINE):
            description = " ".join(entry[2].split())
            first = description[:1]
            field_descriptions[entry[1]] = (
                first.upper() if first.isascii() else first
            ) + description[1:]
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    return {
        alias: field_descriptions[name]
        for alias, name in names.items()
        if name in field_descriptions
    }
