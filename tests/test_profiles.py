"""Profiles of printers and materials: ours and a user's own."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest
import tomli_w
from small import COARSE

from mnnfab import InputError, load_problem
from mnnfab.pipeline.pipeline import export, run
from mnnfab.profiles import Material, Printer, material, printer

EXAMPLES = Path(__file__).parent.parent / "examples"


def shipped(kind: str) -> dict[str, dict[str, object]]:
    text = resources.files("mnnfab.profiles").joinpath(f"{kind}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@pytest.mark.parametrize("name", shipped("printers"))
def test_every_number_of_a_printer_has_a_source(name: str) -> None:
    found = printer(name)
    assert found.name == name
    assert set(found.sources) == set(Printer.model_fields) - {"name", "sources"}


@pytest.mark.parametrize("name", shipped("materials"))
def test_every_number_of_a_material_has_a_source(name: str) -> None:
    found = material(name)
    numbers = {key for key, field in Material.model_fields.items() if field.is_required()}
    assert set(found.sources) == (numbers | found.model_fields_set) - {"name", "sources"}


def test_an_optional_number_needs_a_source_where_it_is_given(tmp_path: Path) -> None:
    rubber = shipped("materials")["agilus30"] | {"joint_length_excess_mm": 0.2}
    (tmp_path / "mine.toml").write_text(tomli_w.dumps(rubber), encoding="utf-8")
    with pytest.raises(InputError, match=r"sources\.joint_length_excess_mm"):
        material("mine.toml", tmp_path)


def own(folder: Path, change: dict[str, object]) -> None:
    """Write a design with a printer and a material of its own."""
    values = shipped("printers")["prusa-mk4s"] | change
    values = {key: value for key, value in values.items() if value is not None}
    (folder / "mine.toml").write_text(tomli_w.dumps(values), encoding="utf-8")
    rubber = shipped("materials")["agilus30"] | {"density_g_per_cm3": 2.0}
    (folder / "rubber.toml").write_text(tomli_w.dumps(rubber), encoding="utf-8")
    design = tomllib.loads((EXAMPLES / "paper" / "behaviour-left.toml").read_text(encoding="utf-8"))
    design["fabrication"]["printer"] = "mine.toml"
    design["material"] = {"preset": "rubber.toml"}
    design["check"] = COARSE
    (folder / "design.toml").write_text(tomli_w.dumps(design), encoding="utf-8")


@pytest.mark.ci
def test_own_profiles_are_used_and_kept(tmp_path: Path) -> None:
    own(tmp_path, {"printable_wall_mm": 0.7})
    outcome = run(tmp_path / "design.toml", tmp_path / "out", force=True)
    wall = next(f for f in outcome.findings if f.code == "wall")
    assert "printable on mine" in wall.message
    mass = next(f for f in outcome.findings if f.code == "mass")
    assert "of rubber" in mass.message
    before = (tmp_path / "out" / "paper-behaviour-left.stl").read_bytes()
    (tmp_path / "mine.toml").unlink()
    (tmp_path / "rubber.toml").unlink()
    again = export(tmp_path / "out", force=True)  # stands on its own, and is the same part
    assert (tmp_path / "out" / "paper-behaviour-left.stl").read_bytes() == before
    assert again.verdict == outcome.verdict


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gap_mm": None}, "gap_mm: missing"),
        ({"gap_mm": -1.0}, "gap_mm: "),
        ({"gap": 1.0}, "gap: unknown key"),
        ({"sources": {}}, r"sources\.\w+: missing\n  expected: the source"),
        (
            {"printable_wall_mm": 5.0},
            "printable_wall_mm: 5\n  expected: at most advised_wall_mm",
        ),
        ({"tray_mm": [1.0, 2.0]}, "tray_mm"),
        ({"name": "x"}, "a key `name`"),
        ({"layer_mm": [0.3, 0.1]}, "the thinnest before the thickest"),
    ],
)
def test_faults_of_own_profiles_are_told(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    own(tmp_path, change)
    with pytest.raises(InputError, match=message) as caught:
        load_problem(tmp_path / "design.toml")
    assert "mine.toml" in caught.value.where


@pytest.mark.parametrize("name", ["../mine.toml", "/etc/mine.toml", "missing.toml", "nobody"])
def test_profiles_that_are_not_there_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        printer(name, tmp_path)


@pytest.mark.ci
def test_profiles_of_one_file_name_do_not_mix(tmp_path: Path) -> None:
    own(tmp_path, {})
    for folder, name in (("p", "mine.toml"), ("m", "rubber.toml")):
        (tmp_path / folder).mkdir()
        (tmp_path / name).rename(tmp_path / folder / "own.toml")
    text = (tmp_path / "design.toml").read_text(encoding="utf-8")
    text = text.replace("mine.toml", "p/own.toml").replace("rubber.toml", "m/own.toml")
    (tmp_path / "design.toml").write_text(text, encoding="utf-8")
    run(tmp_path / "design.toml", tmp_path / "out")
    problem = load_problem(tmp_path / "out" / "design.toml")
    assert (problem.printer.name, problem.material.name) == ("own", "own")
    assert problem.material.density_g_per_cm3 == 2.0


def test_names_that_are_no_plain_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="letters, digits"):
        printer("my printer.toml", tmp_path)
