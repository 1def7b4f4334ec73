"""Exported files, read back by a second tool."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cadquery
import numpy as np
import pytest
import trimesh

from export.formats import Format
from export.package import FORMATS, export_solid
from export.step import STEP, read_step
from export.stl import STL, read_stl
from geometry.cells import tile
from geometry.solid import build_solid
from geometry.tiling import Tiling
from mnnfab import Fabrication, Network, ToolError


@pytest.fixture(scope="module")
def tiling(paper_network: Network, fabrication: Fabrication) -> Tiling:
    widths = np.random.default_rng(0).uniform(1.5, 2.5, paper_network.n_bonds)
    return tile(paper_network, widths, fabrication)


@pytest.fixture(scope="module")
def solid(tiling: Tiling) -> cadquery.Solid:
    return build_solid(tiling)


def test_step_round_trip(tmp_path: Path, solid: cadquery.Solid, tiling: Tiling) -> None:
    (file,) = export_solid(solid, tiling, tmp_path, "part", 0.01, [STEP])
    assert file.volume_mm3 == pytest.approx(tiling.area_mm2 * 2.0, rel=1e-7)
    header = (tmp_path / "part.step").read_text()[:2000]
    assert "AP242" in header
    assert "FILE_NAME('part'" in header
    again = cadquery.importers.importStep(str(tmp_path / "part.step")).val()
    assert isinstance(again, cadquery.Solid)
    assert again.isValid()


@pytest.mark.parametrize("tolerance", [0.01, 0.05])
def test_stl_round_trip(
    tmp_path: Path, solid: cadquery.Solid, tiling: Tiling, tolerance: float
) -> None:
    (file,) = export_solid(solid, tiling, tmp_path, "part", tolerance, [STL])
    mesh = trimesh.load_mesh(tmp_path / "part.stl")
    assert mesh.is_watertight
    assert mesh.body_count == 1
    assert mesh.volume == pytest.approx(tiling.volume_mm3, rel=1e-3)
    assert file.volume_mm3 == mesh.volume
    np.testing.assert_allclose(mesh.bounds, tiling.bounding_box_mm, atol=tolerance)
    # Euler: one body with 15 holes through it has V - E + F = 2 - 2 · 15.
    assert mesh.euler_number == 2 - 2 * 15


def test_facets_keep_their_distance_from_arcs(tmp_path: Path, fabrication: Fabrication) -> None:
    """The absolute tolerance holds on a large round end: chord error r (1 - cos(θ/2))."""
    tolerance = 0.01
    wide = fabrication.model_copy(
        update={"joint_ratio": 1.0, "joint_length_mm": 12.0, "width_max_mm": 20.0}
    )
    network = Network(np.array([[0, 0], [60, 0]]), np.array([[0, 1]]), np.array([0]))
    tiling = tile(network, np.array([20.0]), wide)
    export_solid(build_solid(tiling), tiling, tmp_path, "round", tolerance, [STL])
    mesh = trimesh.load_mesh(tmp_path / "round.stl")
    walls = mesh.faces[np.abs(mesh.face_normals[:, 2]) < 0.5]
    sides = mesh.vertices[np.concatenate([walls[:, [0, 1]], walls[:, [1, 2]], walls[:, [2, 0]]])]
    left_end = (sides[:, :, 0] < 1e-6).all(axis=1)
    chords = sides[left_end & (np.ptp(sides[:, :, 2], axis=1) < 1e-6)].mean(axis=1)
    assert len(chords) > 20
    sag = 10 - np.hypot(*chords[:, :2].T)
    assert tolerance / 4 < sag.max() < tolerance * 1.01


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.suffix)
def test_wrong_volume_is_noticed(
    tmp_path: Path,
    solid: cadquery.Solid,
    tiling: Tiling,
    kind: Format,
) -> None:
    thicker = replace(tiling, thickness_mm=2.01)
    with pytest.raises(ToolError, match="volume that is off"):
        export_solid(solid, thicker, tmp_path, "part", 0.01, [kind])


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.suffix)
def test_wrong_place_is_noticed(
    tmp_path: Path, solid: cadquery.Solid, tiling: Tiling, kind: Format
) -> None:
    moved = cadquery.Solid(solid.moved(cadquery.Location((0.05, 0, 0))).wrapped)
    with pytest.raises(ToolError, match=r"bounding box that is off by 0\.05"):
        export_solid(moved, tiling, tmp_path, "part", 0.01, [kind])


def test_two_bodies_are_noticed(tmp_path: Path, solid: cadquery.Solid, tiling: Tiling) -> None:
    pair = cadquery.Compound.makeCompound([solid, solid.moved(cadquery.Location((0, 100, 0)))])
    for kind in FORMATS:
        with pytest.raises(ToolError, match="2 bodies"):
            export_solid(pair, tiling, tmp_path, "pair", 0.01, [kind])  # type: ignore[arg-type]


def test_open_shell_is_noticed(tmp_path: Path, solid: cadquery.Solid) -> None:
    path = tmp_path / "open.stl"
    STL.write(solid, path, "open", 0.01)
    mesh = trimesh.load_mesh(path)
    mesh.update_faces(np.arange(len(mesh.faces)) > 0)
    mesh.export(path)
    assert not read_stl(path).valid


@pytest.mark.parametrize(("read", "name"), [(read_step, "x.step"), (read_stl, "x.stl")])
def test_broken_files_are_noticed(tmp_path: Path, read: object, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"ISO-10303-21; nothing of the kind")
    with pytest.raises(ToolError, match="read back"):
        read(path)  # type: ignore[operator]


def test_same_solid_same_bytes(tmp_path: Path, tiling: Tiling) -> None:
    hashes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files = export_solid(build_solid(tiling), tiling, tmp_path / name, "part", 0.01)
        hashes.append([file.sha256 for file in files])
    assert hashes[0] == hashes[1]
