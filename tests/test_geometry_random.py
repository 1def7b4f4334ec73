"""Laws over random networks: a valid closed part, or a refusal that names its reason."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
import trimesh
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay, QhullError

from geometry.cells import tile
from geometry.facets import make_facets
from geometry.outline import merged, outline
from geometry.solid import build_solid
from mnnfab import Fabrication, GeometryError, InputError, Network
from mnnfab.arrays import FloatArray
from mnnfab.network import lattices

VOLUME = 1e-7
TOLERANCE_MM = 0.01


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Random points in the plane, joined by some sides of their Delaunay triangulation."""
    seed = draw(st.integers(0, 10_000))
    n_nodes = draw(st.integers(2, 9))
    spread = draw(st.floats(8.0, 60.0))
    generator = np.random.default_rng(seed)
    nodes = np.round(generator.uniform(0, spread, (n_nodes, 2)), draw(st.sampled_from([0, 1, 6])))
    pairs = list(itertools.combinations(range(n_nodes), 2))
    if n_nodes > 3 and draw(st.booleans()):
        try:
            triangles = Delaunay(nodes).simplices
        except QhullError:
            assume(False)
        sides = np.sort(
            np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]])
        )
        pairs = [(int(a), int(b)) for a, b in np.unique(sides, axis=0)]
    kept = [pair for pair in pairs if generator.random() < draw(st.sampled_from([0.4, 0.8, 1.0]))]
    try:
        return Network(nodes, np.array(kept or pairs), np.array([0]))
    except InputError:
        assume(False)
        raise


@st.composite
def fabrications(draw: st.DrawFn) -> Fabrication:
    joint = draw(st.floats(0.5, 4.0))
    return Fabrication(
        thickness_mm=draw(st.sampled_from([0.5, 2.0, 7.3])),
        width_min_mm=0.4,
        width_max_mm=4.0,
        width_initial_mm=2.0,
        joint_ratio=draw(st.sampled_from([0.3, 0.5, 0.77, 1.0])),
        joint_length_mm=joint,
        taper_length_mm=draw(st.sampled_from([0.0, 0.5, 1.0])),
        fillet_radius_mm=draw(st.sampled_from([0.0, 0.2, 0.6])),
        load_disc_radius_mm=0.05,
    )


@settings(max_examples=100, deadline=None)
@given(network=networks(), fabrication=fabrications(), seed=st.integers(0, 1000))
def test_a_valid_part_or_a_named_refusal(
    network: Network, fabrication: Fabrication, seed: int
) -> None:
    widths = np.random.default_rng(seed).uniform(0.4, 4.0, network.n_bonds)
    try:
        tiling = tile(network, widths, fabrication)
        whole = outline(tiling)
    except GeometryError as error:
        refused = error.where
    else:
        refused = ""
    if refused:
        assert any(word in refused for word in ("bond", "node", "network", "outline", "part"))
        return
    solid = build_solid(tiling)  # raises if the kernel finds it invalid
    expected = tiling.area_mm2 * fabrication.thickness_mm
    assert solid.Volume() == pytest.approx(expected, rel=VOLUME)
    assert len(solid.Shells()) == 1
    facets = make_facets(tiling, TOLERANCE_MM)
    mesh = trimesh.Trimesh(facets.vertices, facets.triangles, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.body_count == 1
    assert mesh.euler_number == 2 - 2 * len(whole.holes)
    assert mesh.volume == pytest.approx(expected, rel=0.02)


@settings(max_examples=40, deadline=None)
@given(network=networks(), fabrication=fabrications(), seed=st.integers(0, 1000))
def test_mirrored_in_is_mirrored_out_and_order_does_not_matter(
    network: Network, fabrication: Fabrication, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    widths = generator.uniform(0.4, 4.0, network.n_bonds)
    order = generator.permutation(network.n_bonds)
    shuffled = Network(network.nodes, network.bonds[order][:, ::-1], network.fixed)
    mirrored = Network(network.nodes * [-1, 1], network.bonds, network.fixed)
    found = [
        polygon_of(net, w, fabrication)
        for net, w in ((network, widths), (shuffled, widths[order]), (mirrored, widths))
    ]
    if found[0] is None:
        assert found == [None] * 3
        return
    flipped = shapely.transform(found[0], lambda points: points * [-1, 1])
    for other, reference in ((found[1], found[0]), (found[2], flipped)):
        assert other is not None
        assert shapely.symmetric_difference(other, reference).area < 1e-4 * reference.area


def polygon_of(
    network: Network, widths: FloatArray, fabrication: Fabrication
) -> shapely.Polygon | None:
    try:
        return outline(tile(network, widths, fabrication)).polygon
    except GeometryError:
        return None


LATTICES = {
    "patch": lattices.triangular_patch(4, 16.0, [0]),
    "hexagon": lattices.triangular_hexagon(3, 16.0, [0]),
    "square": lattices.square_braced(4, 5, 16.0, [0]),
    "kagome": lattices.kagome_braced(2, 3, 16.0, [0]),
    "delaunay": lattices.delaunay(90.0, 60.0, 18.0, 3, [0]),
    "tip": Network(np.array([[0.0, 0], [16, 0], [16, 16]]), np.array([[0, 1], [1, 2]]), [0]),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", LATTICES)
@pytest.mark.parametrize(("fillet", "limits"), [(0.2, (1.5, 2.5)), (0.0, (0.8, 3.0))])
def test_every_lattice_becomes_a_part(
    name: str, fillet: float, limits: tuple[float, float]
) -> None:
    network = LATTICES[name]
    fabrication = Fabrication(
        thickness_mm=2.0,
        width_min_mm=limits[0],
        width_max_mm=limits[1],
        width_initial_mm=2.0,
        joint_length_mm=3.0 if name in {"patch", "hexagon", "tip"} else 4.0,
        taper_length_mm=1.0,
        fillet_radius_mm=fillet,
    )
    widths = np.random.default_rng(5).uniform(*limits, network.n_bonds)
    tiling = tile(network, widths, fabrication)
    solid = build_solid(tiling)
    assert solid.Volume() == pytest.approx(tiling.volume_mm3, rel=VOLUME)
    assert build_solid(merged(tiling)).Volume() == pytest.approx(tiling.volume_mm3, rel=VOLUME)
    arcs = [face for face in solid.Faces() if face.geomType() == "CYLINDER"]
    if fillet:
        corners = np.count_nonzero(tiling.bulges[tiling.free_edges])
        assert len(arcs) == corners > 0
