"""The tray: parts side by side, each of them whole, none on another."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import lib3mf
import numpy as np
import pytest
import shapely
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from export.nesting import nest
from mnnfab import InputError
from mnnfab.pipeline.pipeline import run, tray

EXAMPLES = Path(__file__).parent.parent / "examples"
TRAY_MM = (490.0, 390.0)

_PLAIN = """
schema = 1
name = "{name}"
[network]
lattice = "triangular-patch"
rows = 3
bond_length_mm = 16.0
fixed = [0, 3]
[fabrication]
thickness_mm = 2.0
width_min_mm = 1.5
width_max_mm = 2.5
width_initial_mm = 2.0
printer = "{printer}"
[task]
kind = "none"
[widths]
uniform_mm = {width}
[check]
enabled = false
[export]
formats = ["stl"]
"""


def made(folder: Path, name: str, width: float = 2.0, printer: str = "prusa-mk4s") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    design = folder / f"{name}.toml"
    text = _PLAIN.format(name=name, width=width, printer=printer)
    design.write_text(text, encoding="utf-8")
    return run(design, folder / name).folder


SIDE = st.floats(0.5, 200.0)


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.tuples(SIDE, SIDE), min_size=1, max_size=25), gap=st.floats(0.0, 10.0))
def test_rectangles_keep_their_gap_and_stay_on_the_tray(
    sizes: list[tuple[float, float]], gap: float
) -> None:
    spots = nest(sizes, TRAY_MM, gap)
    boxes = []
    for (x, y), spot in zip(sizes, spots, strict=True):
        left, low = spot.corner_mm
        wide, deep = (y, x) if spot.rotated else (x, y)
        assert min(left, low) >= gap - 1e-9
        assert left + wide <= TRAY_MM[0] - gap + 1e-9
        assert low + deep <= TRAY_MM[1] - gap + 1e-9
        boxes.append(shapely.box(left, low, left + wide, low + deep))
    for i, first in enumerate(boxes):
        for j in range(i):
            if spots[i].tray == spots[j].tray:
                assert first.distance(boxes[j]) >= gap - 2e-3
                assert first.intersection(boxes[j]).area < 1e-6


@pytest.mark.parametrize("size", [(491.0, 10.0), (10.0, 491.0), (400.0, 400.0), (481.0, 381.0)])
def test_what_is_too_large_is_refused(size: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="a gap of 5 mm"):
        nest([(10.0, 10.0), size], TRAY_MM, 5.0)


def test_a_part_may_be_turned_to_fit() -> None:
    (spot,) = nest([(380.0, 480.0)], TRAY_MM, 5.0)
    assert spot.rotated


def test_parts_of_runs_lie_apart(tmp_path: Path) -> None:
    folders = [made(tmp_path, "one"), made(tmp_path, "two", 1.6)]
    out = tmp_path / "tray"
    files = tray(folders, out, copies=5, gap_mm=4.0)
    assert files == ("tray-1.3mf", "tray-1.stl")
    mesh = trimesh.load_mesh(out / "tray-1.stl")
    assert mesh.is_watertight
    assert mesh.body_count == 10
    each = [trimesh.load_mesh(folder / f"{folder.name}.stl").volume for folder in folders]
    assert mesh.volume == pytest.approx(5 * sum(each), rel=1e-5)
    pieces = [np.array(piece.bounds)[:, :2] for piece in mesh.split()]
    for i, first in enumerate(pieces):
        for second in pieces[:i]:
            room = np.maximum(first[0] - second[1], second[0] - first[1])
            assert room.max() >= 4.0 - 2e-3
    model = lib3mf.get_wrapper().CreateModel()
    model.QueryReader("3mf").ReadFromFile(str(out / "tray-1.3mf"))
    assert model.GetBuildItems().Count() == 10
    with zipfile.ZipFile(out / "tray-1.3mf") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    listed = json.loads((out / "tray.json").read_text())["parts"]
    assert sorted(entry["part"] for entry in listed) == ["one"] * 5 + ["two"] * 5
    assert all(len(entry["sha256"]) == 64 for entry in listed)


def test_many_parts_go_on_several_trays(tmp_path: Path) -> None:
    out = tmp_path / "tray"
    files = tray([made(tmp_path, "one")], out, copies=25)
    assert files[-1] == f"tray-{len(files) // 2}.stl"
    assert len(files) > 2
    bodies = sum(trimesh.load_mesh(out / name).body_count for name in files if "stl" in name)
    assert bodies == 25


def test_what_is_no_run_and_what_failed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"design\.toml: no such file"):
        tray([tmp_path / "empty"], tmp_path / "tray")
    folder = made(tmp_path, "one")
    report = folder / "report.json"
    report.write_text(report.read_text().replace('"verdict": "pass"', '"verdict": "fail"'))
    with pytest.raises(InputError, match="does not meet the acceptance criteria"):
        tray([folder], tmp_path / "tray")
    assert not (tmp_path / "tray").exists()
    with pytest.raises(InputError, match="the folder of a run"):
        tray([folder], folder, force=True)
    assert tray([folder], tmp_path / "tray", force=True)


def test_one_tray_is_for_one_printer(tmp_path: Path) -> None:
    folders = [made(tmp_path, "one"), made(tmp_path, "two", printer="formlabs-form-4")]
    with pytest.raises(
        InputError, match=r"two: printer: formlabs-form-4\n  expected: that of .*prusa-mk4s"
    ):
        tray(folders, tmp_path / "tray")


def test_what_was_changed_since_its_check_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path, "one")
    widths = folder / "widths.csv"
    widths.write_text(widths.read_text().replace(",2.0\n", ",2.1\n", 1))
    with pytest.raises(InputError, match="changed since the check"):
        tray([folder], tmp_path / "tray")
    widths.write_text(widths.read_text().replace(",2.1\n", ",0.01\n", 1))
    with pytest.raises(InputError, match=r"0\.01"):
        tray([folder], tmp_path / "tray", force=True)


def test_parts_higher_than_the_tray_are_refused(tmp_path: Path) -> None:
    folder = made(tmp_path, "one")
    design = folder / "design.toml"
    design.write_text(design.read_text().replace("thickness_mm = 2.0", "thickness_mm = 300.0"))
    with pytest.raises(InputError, match="300 mm high"):
        tray([folder], tmp_path / "tray", force=True)
