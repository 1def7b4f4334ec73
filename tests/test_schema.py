"""The JSON schema of design files: every key described, examples valid, mistakes found."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel

from export.formats import known_formats
from mnnfab.design.schema import design_schema, key_descriptions, sections, summary

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = design_schema(known_formats())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_section_and_key_is_described(section: type[BaseModel]) -> None:
    keys = {field.alias or name for name, field in section.model_fields.items()}
    assert keys <= set(key_descriptions(section))
    assert summary(section).endswith((".", ":"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_meet_the_schema(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(values)] == []


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("fabrication", "joint_ratio", 1.5),
        ("fabrication", "joint_ration", 0.5),
        ("task", "loss", "no-such-loss"),
        ("training", "epochs", -1),
        ("network", "rows", 0),
        ("export", "formats", "stl"),
    ],
)
def test_mistakes_do_not_meet_it(
    section: str, key: str, value: object, validator: jsonschema.Draft202012Validator
) -> None:
    values = tomllib.loads((ROOT / "examples" / "iris-lab.toml").read_text(encoding="utf-8"))
    values[section][key] = value
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(values)


def test_the_command_prints_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mnnfab", "schema"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert json.loads(printed) == design_schema(known_formats())
    target = tmp_path / "design.schema.json"
    subprocess.run([*command, "--out", str(target)], check=True, capture_output=True)
    assert json.loads(target.read_text(encoding="utf-8")) == design_schema(known_formats())


def test_the_reference_pages_are_those_of_the_code() -> None:
    """`make reference` was run."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import reference_pages
    finally:
        sys.path.pop(0)
    folder = ROOT / "docs" / "reference"
    assert (folder / "findings.md").read_text(encoding="utf-8") == reference_pages.findings_page()
    assert (folder / "design-file.md").read_text(encoding="utf-8") == reference_pages.design_page()
