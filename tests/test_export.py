"""Exported files, read back by a second tool."""

from __future__ import annotations

import json
import locale
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from itertools import product
from pathlib import Path

import cadquery
import ezdxf
import lib3mf
import numpy as np
import pytest
import trimesh

from export.formats import Format, Measured, formats_named, known_formats, require_known
from export.formats.step import read_step
from export.formats.stl import read_mesh
from export.package import export_part
from geometry.cells import tile
from geometry.part import Label, SolidPart, TiledPart
from geometry.tiling import Tiling
from mnnfab import Fabrication, InputError, Network, ToolError

FORMATS = known_formats()
SOLID = [name for name in FORMATS if not formats_named([name])[0].flat]
LABEL = Label("part", "0123456789abcdef" * 4, "agilus30", "a part of a test")


@pytest.fixture(scope="module")
def tiling(paper_network: Network, fabrication: Fabrication) -> Tiling:
    widths = np.random.default_rng(0).uniform(1.5, 2.5, paper_network.n_bonds)
    return tile(paper_network, widths, fabrication)


@pytest.fixture(scope="module")
def part(tiling: Tiling) -> TiledPart:
    return TiledPart(LABEL, tiling)


def the_format(name: str) -> Format:
    return formats_named([name])[0]


def test_all_formats_are_found() -> None:
    assert set(FORMATS) == {"step", "stl", "3mf", "dxf", "svg", "glb"}
    with pytest.raises(InputError, match=r'"obj"\n  expected: "3mf", "dxf"'):
        require_known(["stl", "obj"])


@pytest.mark.parametrize("name", FORMATS)
def test_round_trip(tmp_path: Path, part: TiledPart, name: str) -> None:
    kind = the_format(name)
    (file,) = export_part(part, tmp_path, [kind], 0.01)
    found = file.area_mm2 if kind.flat else file.volume_mm3
    expected = part.tiling.area_mm2 if kind.flat else part.tiling.volume_mm3
    assert found == pytest.approx(expected, rel=1e-4)
    box = np.array(part.bounding_box_mm)
    np.testing.assert_allclose(np.array(file.bounding_box_mm)[:, :2], box[:, :2], atol=0.012)


@pytest.mark.parametrize("name", FORMATS)
def test_name_and_hash_travel(tmp_path: Path, part: TiledPart, name: str) -> None:
    export_part(part, tmp_path, [the_format(name)], 0.01)
    path = tmp_path / f"part.{name}"
    if name == "3mf":
        model = lib3mf.get_wrapper().CreateModel()
        model.QueryReader("3mf").ReadFromFile(str(path))
        group = model.GetMetaDataGroup()
        values = [group.GetMetaData(i).GetValue() for i in range(group.GetMetaDataCount())]
        assert LABEL.name in values
        assert LABEL.design_sha256 in values
        groups = model.GetBaseMaterialGroups()
        assert groups.MoveNext()
        materials = groups.GetCurrentBaseMaterialGroup()
        assert materials.GetName(materials.GetAllPropertyIDs()[0]) == "agilus30"
        return
    content = path.read_bytes()
    assert b"part" in content
    assert LABEL.design_sha256[:16].encode() in content


@pytest.mark.parametrize("name", FORMATS)
def test_folders_with_names_like_addresses_and_patterns(
    tmp_path: Path, part: TiledPart, name: str
) -> None:
    """The same bytes in a folder whose name is no address, no pattern and no valid UTF-8."""
    plain, odd = tmp_path / "plain", tmp_path / "a#b?c=[d]%20\\e*~" / "n\udce9e: \u03c3"
    plain.mkdir()
    odd.mkdir(parents=True)
    files = [export_part(part, folder, [the_format(name)], 0.01) for folder in (plain, odd)]
    assert files[0] == files[1]
    assert [path.name for path in odd.iterdir()] == [f"part.{name}"]


def test_a_library_that_fails_is_named_with_format_and_file(
    tmp_path: Path, part: TiledPart
) -> None:
    def read_back(path: Path) -> Measured:
        raise KeyError(f"no accessor in {path.suffix}")

    kind = replace(the_format("glb"), read_back=read_back)
    with pytest.raises(ToolError, match=r"part\.glb .* as GLB: KeyError: 'no accessor in \.glb'"):
        export_part(part, tmp_path, [kind], 0.01)


def test_a_broken_glb_is_told_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "x.glb"
    path.write_bytes(b"glTF nothing of the kind")
    with pytest.raises(ToolError, match=r"x\.glb could not be read back: .*Error loading"):
        the_format("glb").read_back(path)


def test_files_in_a_3mf_have_a_date_that_exists(tmp_path: Path, part: TiledPart) -> None:
    export_part(part, tmp_path, [the_format("3mf")], 0.01)
    with zipfile.ZipFile(tmp_path / "part.3mf") as archive:
        assert archive.testzip() is None
        dates = {entry.date_time for entry in archive.infolist()}
        names = archive.namelist()
    assert dates == {(1980, 1, 1, 0, 0, 0)}
    assert {"[Content_Types].xml", "_rels/.rels", "3D/3dmodel.model"} <= set(names)


def test_extents_of_a_dxf_are_those_of_its_lines(tmp_path: Path, fabrication: Fabrication) -> None:
    """Also where the outermost points are on arcs, between the corners: ends of radius 10."""
    wide = fabrication.model_copy(
        update={"joint_ratio": 1.0, "joint_length_mm": 12.0, "width_max_mm": 20.0}
    )
    network = Network(np.array([[0, 0], [60, 0]]), np.array([[0, 1]]), np.array([0]))
    rounded = TiledPart(Label("round"), tile(network, np.array([20.0]), wide))
    export_part(rounded, tmp_path, [the_format("dxf")], 0.01)
    header = ezdxf.readfile(tmp_path / "round.dxf").header
    low, high = rounded.bounding_box_mm
    assert header["$EXTMIN"] == pytest.approx((low[0], low[1], 0.0), abs=1e-9)
    assert header["$EXTMAX"] == pytest.approx((high[0], high[1], 0.0), abs=1e-9)


def test_a_glb_stands_upright_and_is_in_metres(tmp_path: Path, part: TiledPart) -> None:
    """GlTF 2.0, section 3.4: y points up, a model faces +z, the unit is the metre."""
    export_part(part, tmp_path, [the_format("glb")], 0.01)
    scene = trimesh.load_scene(tmp_path / "part.glb")
    low, high = np.array(part.bounding_box_mm) / 1000
    np.testing.assert_allclose(scene.bounds, [low, high], atol=2e-5)
    assert (high - low).argmin() == 2  # it is thin towards the viewer, not in height


def test_a_3mf_leaves_the_locale_alone(tmp_path: Path, part: TiledPart) -> None:
    before = locale.setlocale(locale.LC_ALL)
    the_format("3mf").write(part, tmp_path / "part.3mf", 0.01)
    assert locale.setlocale(locale.LC_ALL) == before


def test_step_says_schema_unit_and_product(tmp_path: Path, part: TiledPart) -> None:
    export_part(part, tmp_path, [the_format("step")], 0.01)
    text = (tmp_path / "part.step").read_text()
    assert "AP242" in text[:2000]
    assert "FILE_NAME('part'" in text
    assert "PRODUCT('part','part'" in text
    assert "SI_UNIT(.MILLI.,.METRE.)" in text
    # The kernel's own importer, which mends what it reads, agrees.
    again = cadquery.importers.importStep(str(tmp_path / "part.step")).val()
    assert isinstance(again, cadquery.Solid)
    assert again.isValid()
    assert again.Volume() == pytest.approx(part.tiling.volume_mm3, rel=1e-9)


@pytest.mark.parametrize("tolerance", [0.01, 0.05])
def test_stl_is_one_closed_surface(tmp_path: Path, part: TiledPart, tolerance: float) -> None:
    export_part(part, tmp_path, [the_format("stl")], tolerance)
    mesh = trimesh.load_mesh(tmp_path / "part.stl")
    assert mesh.is_watertight
    assert mesh.body_count == 1
    # Euler: one body with 15 holes through it has V - E + F = 2 - 2 · 15.
    assert mesh.euler_number == 2 - 2 * 15


def test_facets_keep_their_distance_from_arcs(tmp_path: Path, fabrication: Fabrication) -> None:
    """The absolute tolerance holds on a large round end: chord error r (1 - cos(θ/2))."""
    tolerance = 0.01
    wide = fabrication.model_copy(
        update={"joint_ratio": 1.0, "joint_length_mm": 12.0, "width_max_mm": 20.0}
    )
    network = Network(np.array([[0, 0], [60, 0]]), np.array([[0, 1]]), np.array([0]))
    rounded = TiledPart(Label("round"), tile(network, np.array([20.0]), wide))
    export_part(rounded, tmp_path, [the_format("stl")], tolerance)
    mesh = trimesh.load_mesh(tmp_path / "round.stl")
    walls = mesh.faces[np.abs(mesh.face_normals[:, 2]) < 0.5]
    sides = mesh.vertices[np.concatenate([walls[:, [0, 1]], walls[:, [1, 2]], walls[:, [2, 0]]])]
    left_end = (sides[:, :, 0] < 1e-6).all(axis=1)
    chords = sides[left_end & (np.ptp(sides[:, :, 2], axis=1) < 1e-6)].mean(axis=1)
    assert len(chords) > 20
    sag = 10 - np.hypot(*chords[:, :2].T)
    assert tolerance / 4 < sag.max() < tolerance * 1.01


def test_merged_caps_are_one_face_each(tmp_path: Path, tiling: Tiling) -> None:
    merged = TiledPart(LABEL, tiling, merged_caps=True)
    export_part(merged, tmp_path, [the_format("step")], 0.01)
    solid = cadquery.importers.importStep(str(tmp_path / "part.step")).val()
    assert isinstance(solid, cadquery.Solid)
    level = [face for face in solid.Faces() if abs(face.normalAt().z) > 0.5]
    assert len(level) == 2


@pytest.mark.parametrize("name", SOLID)
def test_wrong_volume_is_noticed(tmp_path: Path, tiling: Tiling, name: str) -> None:
    kind = the_format(name)
    thicker = TiledPart(LABEL, replace(tiling, thickness_mm=2.01))
    swapped = replace(
        kind, write=lambda _, path, tol: kind.write(TiledPart(LABEL, tiling), path, tol)
    )
    with pytest.raises(ToolError, match="a volume that is off"):
        export_part(thicker, tmp_path, [swapped], 0.01)


@pytest.mark.parametrize("name", FORMATS)
def test_wrong_place_is_noticed(tmp_path: Path, tiling: Tiling, name: str) -> None:
    kind = the_format(name)
    moved = TiledPart(LABEL, replace(tiling, points=tiling.points + np.array([0.05, 0])))
    swapped = replace(kind, write=lambda _, path, tol: kind.write(moved, path, tol))
    with pytest.raises(ToolError, match=r"bounding box that is off by 0\.05"):
        export_part(TiledPart(LABEL, tiling), tmp_path, [swapped], 0.01)


@pytest.mark.parametrize("name", ["stl", "3mf", "glb", "step"])
def test_two_bodies_are_noticed(tmp_path: Path, part: TiledPart, name: str) -> None:
    solid = part.solid
    pair = cadquery.Compound.makeCompound([solid, solid.moved(cadquery.Location((0, 100, 0)))])
    two = SolidPart(LABEL, pair)  # type: ignore[arg-type]
    with pytest.raises(ToolError, match=r"2 bodies|assembly of bodies"):
        export_part(two, tmp_path, [the_format(name)], 0.01)


def test_open_shell_is_noticed(tmp_path: Path, part: TiledPart) -> None:
    path = tmp_path / "open.stl"
    the_format("stl").write(part, path, 0.01)
    mesh = trimesh.load_mesh(path)
    mesh.update_faces(np.arange(len(mesh.faces)) > 0)
    mesh.export(path)
    assert not read_mesh(path).valid


def test_step_is_read_as_it_is(tmp_path: Path, part: TiledPart) -> None:
    """A face that lies wrongly is not mended away when the file is read back."""
    path = tmp_path / "part.step"
    the_format("step").write(part, path, 0.01)
    text = path.read_text()
    point = next(line for line in text.splitlines() if "CARTESIAN_POINT" in line and "2." in line)
    broken = point.replace("2.", "2.3", 1) if point.count("2.") else point
    path.write_text(text.replace(point, broken, 1))
    measured = read_step(path)
    assert not measured.valid or abs(measured.volume_mm3 / part.volume_mm3 - 1) > 1e-7  # type: ignore[operator]


@pytest.mark.parametrize("name", FORMATS)
def test_broken_files_are_noticed(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"x.{name}"
    path.write_bytes(b"ISO-10303-21; nothing of the kind")
    with pytest.raises(ToolError, match="read back"):
        the_format(name).read_back(path)


def test_a_solid_of_cadquery_has_no_drawing(tmp_path: Path) -> None:
    box = cadquery.Workplane().box(1, 2, 3).val()
    part = SolidPart(Label("box"), box)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no plane outline for DXF"):
        export_part(part, tmp_path, [the_format("dxf")], 0.01)
    for shape, name in product((box, box.moved(cadquery.Location((3, 2, 1)))), SOLID):  # type: ignore[union-attr]
        part = SolidPart(Label("box"), shape)  # type: ignore[arg-type]
        (file,) = export_part(part, tmp_path, [the_format(name)], 0.01)
        assert file.volume_mm3 == pytest.approx(6.0, rel=1e-6)


_WRITE = """
import sys
from pathlib import Path
from mnnfab.pipeline.pipeline import run
run(Path(sys.argv[1]), Path(sys.argv[2]), force=True)
"""


@pytest.mark.ci
def test_same_design_same_bytes_in_other_folders_and_processes(tmp_path: Path) -> None:
    design = (Path(__file__).parent.parent / "examples" / "paper" / "iris-lab.toml").read_text()
    design += "\n[check]\nenabled = false\n"  # the files are the same; it is faster
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "design.toml").write_text(design, encoding="utf-8")
        command = [sys.executable, "-c", _WRITE, str(folder / "design.toml"), str(folder / "out")]
        subprocess.run(command, check=True, cwd=folder)
        suffixes = {".step", ".stl", ".3mf", ".dxf", ".svg", ".glb"}
        files = (path for path in (folder / "out").iterdir() if path.suffix in suffixes)
        found.append({path.name: path.read_bytes() for path in files})
    assert (
        len(found[0]) == 3 * 6 + 2 + 1
    )  # the part, two coupons, the frame's drawings, the thumbnail
    assert found[0] == found[1]


_WRITE_WITH_KERNELS = (
    _WRITE
    + """
import json
import threadpoolctl
print(json.dumps([one["architecture"] for one in threadpoolctl.threadpool_info()
                  if one["internal_api"] == "openblas"]))
"""
)
_TRAINED = """
schema = 1
name = "lines"
[network]
lattice = "triangular-patch"
rows = 4
bond_length_mm = 16.0
fixed = [0, 4]
[fabrication]
thickness_mm = 2.0
width_min_mm = 1.5
width_max_mm = 2.5
width_initial_mm = 2.0
[task]
kind = "regression"
inputs = [{ node = 10, axis = "y" }]
outputs = [{ node = 12, axis = "y" }, { node = 13, axis = "y" }]
slopes_mm_per_N = [10.0, 14.0]
max_load_gf = 5.0
[training]
epochs = 20
[check]
enabled = false
[tolerance]
enabled = false
[export]
formats = ["stl"]
"""


@pytest.mark.ci
def test_same_part_with_other_blas_kernels(tmp_path: Path) -> None:
    """The oldest kernels of OpenBLAS, and those that it selects for this processor."""
    pairs = []
    for kernels in ("Prescott", ""):
        folder = tmp_path / f"with-{kernels}"
        folder.mkdir()
        (folder / "design.toml").write_text(_TRAINED, encoding="utf-8")
        arguments = ["-c", _WRITE_WITH_KERNELS, str(folder / "design.toml"), str(folder / "out")]
        environment = os.environ | {"OPENBLAS_CORETYPE": kernels, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE
        )
        pairs.append((process, folder / "out"))
    used = [process.communicate()[0].splitlines()[-1] for process, _ in pairs]
    assert [process.returncode for process, _ in pairs] == [0, 0]
    if not json.loads(used[0]) or used[0] == used[1]:
        pytest.skip("needs a NumPy with an OpenBLAS that has several kernels for this processor")
    one, other = (
        {name: (out / name).read_bytes() for name in ("widths.csv", "lines.stl")}
        for _, out in pairs
    )
    assert one == other
