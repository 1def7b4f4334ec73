"""Pads, eyelets, dots, the id and coupons: where they lie, and what they do to the part."""

from __future__ import annotations

import math
from pathlib import Path

import cadquery
import numpy as np
import pytest
import shapely
from pydantic import ValidationError

from fem.continuum import solve_continuum
from fem.mesh import make_mesh
from geometry.cells import tile
from geometry.coupon import coupons
from geometry.drawing import DRILL, frame_drawing
from geometry.facets import make_facets
from geometry.features import Features
from geometry.lettering import MIN_STROKE_MM, letters, stroke_mm
from geometry.outline import outline
from geometry.placing import Load, place_features
from geometry.solid import build_solid
from geometry.tiling import Tiling
from mnnfab import Fabrication, GeometryError, InputError, Network, Port, compare
from mnnfab.design.features_section import (
    CouponSection,
    DotsSection,
    EyeletsSection,
    FeaturesSection,
    IdSection,
    PadsSection,
)
from mnnfab.model.bars import BarModel, stiffness_per_width
from mnnfab.profiles import material

DOWN = -math.pi / 2
LOADS = [Load(node, DOWN) for node in (13, 12)]
ALL = FeaturesSection(
    pads=PadsSection(), eyelets=EyeletsSection(), dots=DotsSection(), id=IdSection()
)
WORDS = "iris 3f9a2c"


def place(
    network: Network, fabrication: Fabrication, section: FeaturesSection, words: str = WORDS
) -> Features:
    return place_features(network, fabrication, section, LOADS, words, words)


@pytest.fixture(scope="module")
def full(paper_network: Network, fabrication: Fabrication) -> Tiling:
    features = place(paper_network, fabrication, ALL)
    widths = np.random.default_rng(0).uniform(1.5, 2.5, 28)
    return tile(paper_network, widths, fabrication, features)


def test_solid_and_facets_hold_the_volume_of_the_tiling(full: Tiling) -> None:
    raised = [r for r in full.reliefs if r.height_mm > 0]
    assert {r.kind for r in raised} == {"dot", "letter"}
    solid = build_solid(full)
    assert solid.Volume() == pytest.approx(full.volume_mm3, rel=1e-9)
    assert solid.BoundingBox().zmax == pytest.approx(2.5, abs=1e-6)
    assert make_facets(full, 1e-4).volume_mm3 == pytest.approx(full.volume_mm3, rel=1e-5)


def test_volume_against_extruded_letters(full: Tiling) -> None:
    """Letters and dots by another way: shapely's areas times their height."""
    areas = [full.region(relief.loops).area for relief in full.reliefs if relief.kind == "letter"]
    dots = 14 * math.pi * full.disc_radius_mm**2
    expected = full.area_mm2 * 2.0 + 0.5 * (sum(areas) + dots)
    assert full.volume_mm3 == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("height", [0.5, -0.5])
def test_sunk_and_raised_differ_by_twice_their_volume(
    paper_network: Network, fabrication: Fabrication, height: float
) -> None:
    plain = tile(paper_network, np.full(28, 2.0), fabrication)
    section = FeaturesSection(dots=DotsSection(height_mm=height))
    dotted = tile(
        paper_network, np.full(28, 2.0), fabrication, place(paper_network, fabrication, section)
    )
    added = build_solid(dotted).Volume() - build_solid(plain).Volume()
    assert added == pytest.approx(14 * math.pi * 0.35**2 * height, rel=1e-9)


def test_features_keep_clear_of_the_network(full: Tiling) -> None:
    polygons = full.polygons
    for i, first in enumerate(full.names):
        for j, second in enumerate(full.names):
            if first.kind in {"pad", "eyelet", "tab"} and second.kind == "bond" and i != j:
                assert polygons[i].distance(polygons[j]) > 0.4


def test_eyelets_hang_in_line_with_their_load(
    paper_network: Network, fabrication: Fabrication
) -> None:
    features = place(paper_network, fabrication, FeaturesSection(eyelets=EyeletsSection()))
    assert {lug.node for lug in features.lugs} == {12, 13}
    for lug in features.lugs:
        x, y = lug.centre(paper_network.place(lug.node))
        assert x == pytest.approx(paper_network.nodes[lug.node, 0], abs=1e-9)
        assert y < paper_network.nodes[lug.node, 1] - 3


def test_inner_nodes_have_no_room_for_an_eyelet(
    paper_network: Network, fabrication: Fabrication
) -> None:
    section = FeaturesSection(eyelets=EyeletsSection(nodes=(6,)))
    with pytest.raises(GeometryError, match="eyelet of node 6: no direction has room"):
        place(paper_network, fabrication, section)


def test_an_eyelet_at_no_node_is_refused(paper_network: Network, fabrication: Fabrication) -> None:
    section = FeaturesSection(eyelets=EyeletsSection(nodes=(14,)))
    with pytest.raises(GeometryError, match=r"eyelets\] nodes: 14\n  expected: nodes 0 to 13"):
        place(paper_network, fabrication, section)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dots": {"height_mm": -1.7}}, r"dots\] height_mm: -1.7, in a part 2 mm thick"),
        ({"pads": {}, "id": {"height_mm": -2.0}}, r"id\] height_mm: -2"),
        ({"pads": {}, "id": {"text": "@%&8", "letter_mm": 1.0}}, "letters of .* merge"),
        ({"pads": {}, "id": {"text": "\u2800"}}, "visible letters"),
    ],
)
def test_what_cannot_be_made_is_refused(
    paper_network: Network, fabrication: Fabrication, values: dict[str, object], message: str
) -> None:
    section = FeaturesSection.model_validate(values)
    with pytest.raises(InputError, match=message):
        place(paper_network, fabrication, section, section.id.text if section.id else "")


@pytest.mark.parametrize(
    "values",
    [
        {"dots": {"height_mm": 0.0}},
        {"dots": {"height_mm": 1e-9}},
        {"id": {"text": " "}},
        {"id": {"text": "two\nlines"}},
        {"id": {"text": "x" * 61}},
        {"pads": {"radius_mm": 1.0, "bolt_hole_mm": 1.95}},
        {"eyelets": {"hole_mm": 10.0, "wall_mm": 0.1}},
        {"pads": {"diameter_mm": 3.0}},
    ],
)
def test_sections_refuse_what_makes_no_sense(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FeaturesSection.model_validate(values)


def test_loads_in_two_directions_or_none_give_no_eyelet(
    paper_network: Network, fabrication: Fabrication
) -> None:
    section = FeaturesSection(eyelets=EyeletsSection())
    two = [Load(12, DOWN), Load(12, 0.0)]
    for loads, message in ((two, "loads in two directions"), ([], "no node to attach one to")):
        with pytest.raises(GeometryError, match=message):
            place_features(paper_network, fabrication, section, loads, "", "")


def test_an_id_needs_a_pad(paper_network: Network, fabrication: Fabrication) -> None:
    with pytest.raises(GeometryError, match="without"):
        place(paper_network, fabrication, FeaturesSection(id=IdSection()))


def test_places_do_not_depend_on_widths_or_order(
    paper_network: Network, fabrication: Fabrication
) -> None:
    order = np.random.default_rng(1).permutation(28)
    shuffled = Network(paper_network.nodes, paper_network.bonds[order][:, ::-1], [0, 4])  # type: ignore[arg-type]
    first, second = (place(n, fabrication, ALL) for n in (paper_network, shuffled))
    assert first.lugs == second.lugs
    assert first.tab == second.tab


def test_mirrored_network_has_mirrored_pads(
    paper_network: Network, fabrication: Fabrication
) -> None:
    mirrored = Network(paper_network.nodes * [-1, 1], paper_network.bonds, paper_network.fixed)
    section = FeaturesSection(pads=PadsSection(), eyelets=EyeletsSection())
    parts = []
    for network in (paper_network, mirrored):
        features = place(network, fabrication, section)
        parts.append(outline(tile(network, np.full(28, 2.0), fabrication, features)).polygon)
    flipped = shapely.transform(parts[0], lambda points: points * [-1, 1])
    assert shapely.symmetric_difference(parts[1], flipped).area < 1e-6


@pytest.mark.parametrize("text", ["iris 3f9a2c", "AaBbGg8&@%", "0123456789", "ijl|-_."])
def test_letters_are_thick_enough_and_apart(text: str) -> None:
    found = letters(text, 4.0)
    assert min(map(stroke_mm, found)) >= MIN_STROKE_MM - 0.01
    assert min(a.distance(b) for i, a in enumerate(found) for b in found[i + 1 :]) > 0.2


def test_letters_of_no_face_are_refused() -> None:
    with pytest.raises(InputError, match="'漢', missing in DejaVu Sans"):
        letters("漢", 4.0)


def test_letter_stroke_of_a_bar_and_a_ring() -> None:
    ring = shapely.Point(0, 0).buffer(3, quad_segs=64) - shapely.Point(0, 0).buffer(2, quad_segs=64)
    assert stroke_mm(shapely.box(0, 0, 10, 0.8)) == pytest.approx(0.8, abs=2e-3)
    assert isinstance(ring, shapely.Polygon)
    assert stroke_mm(ring) == pytest.approx(1.0, abs=5e-3)


def test_the_frame_is_drilled_where_the_pads_are(full: Tiling, paper_network: Network) -> None:
    drawing = frame_drawing(full, paper_network)
    circles = [circle for circle in drawing.circles if circle.layer == DRILL]
    assert [circle.radius for circle in circles] == pytest.approx([1.6, 1.6])
    pads = [full.areas[cell] for cell, name in enumerate(full.names) if name.kind == "pad"]
    assert len(pads) == 2
    (x0, y0), (x1, y1) = (circle.centre for circle in circles)
    assert (y0, x0 - x1) == pytest.approx((y1, 64 + 2 * (x0 - 0.0)), abs=1e-5)
    assert any("diameter 3.2" in text.text for text in drawing.texts)


@pytest.mark.parametrize("features", [False, True])
def test_dots_and_pads_hardly_change_what_the_part_does(
    paper_network: Network, fabrication: Fabrication, *, features: bool
) -> None:
    """Pads and dots lie where nothing is strained: flexibility moves by less than 2 %."""
    section = FeaturesSection(pads=PadsSection(), dots=DotsSection()) if features else None
    placed = place(paper_network, fabrication, section or FeaturesSection())
    tiling = tile(paper_network, np.full(28, 2.0), fabrication, placed)
    inputs, outputs = (Port(10, "y"),), (Port(12, "y"), Port(13, "y"))
    mesh = make_mesh(tiling, 3, 60.0)
    agilus = material("agilus30")
    continuum = solve_continuum(mesh, paper_network, agilus, inputs, outputs)
    bars = BarModel(paper_network, inputs, outputs)
    per_width = stiffness_per_width(paper_network, agilus.youngs_modulus_MPa, 2.0)
    agreement = compare(bars.response(per_width * 2.0), continuum.response, np.eye(len(inputs)))
    assert agreement.scale == pytest.approx(1.267, rel=0.02)
    assert agreement.displacement_residual < 0.006


def test_a_load_on_an_eyelet_in_line_moves_its_node_as_before(
    paper_network: Network, fabrication: Fabrication
) -> None:
    """The line of action goes through the node: only the neck's own stretch comes to it."""
    outputs = (Port(10, "y"), Port(13, "y"))
    found = []
    for section in (FeaturesSection(), FeaturesSection(eyelets=EyeletsSection(nodes=(12,)))):
        features = place_features(paper_network, fabrication, section, [Load(12, DOWN)], "", "")
        tiling = tile(paper_network, np.full(28, 2.0), fabrication, features)
        mesh = make_mesh(tiling, 3, 60.0)
        solved = solve_continuum(
            mesh, paper_network, material("agilus30"), (Port(12, "y"),), outputs
        )
        found.append(solved.response.flexibility)
    np.testing.assert_allclose(found[1], found[0], rtol=0.02)
    assert set(mesh.region_names) >= {"eyelet_12"}
    assert int((mesh.load_node == 12).sum()) == int(
        (mesh.region == mesh.region_names.index("eyelet_12")).sum()
    )


def test_the_mesh_leaves_out_the_tab_alone(full: Tiling) -> None:
    mesh = make_mesh(full, 2, 60.0)
    present = {mesh.region_names[region] for region in np.unique(mesh.region)}
    assert {name for name in mesh.region_names if name not in present} == {"tab_0"}
    assert set(np.unique(mesh.thickness_mm)) == {2.0, 2.5}  # dots are as large as load discs
    assert set(mesh.disc[mesh.thickness_mm == 2.5]) == set(range(14))


def test_coupons_are_parts_of_their_own(paper_network: Network, fabrication: Fabrication) -> None:
    made = {
        made.name: (made.tiling, made.description)
        for made in coupons(paper_network, fabrication, CouponSection(), PadsSection())
    }
    bond, _ = made["coupon-bond"]
    bar, _ = made["coupon-bar"]
    middle = [bond.areas[cell] for cell in bond.bond_cells]
    # Taper, middle, taper of a 2 mm bond, 16 mm from node to node.
    assert middle == pytest.approx([2 * 1.0 * (1 + 2) / 2 + 10 * 2.0])
    straight = [bar.areas[cell] for cell in bar.bond_cells]
    assert straight == pytest.approx([(40 - 2 * 4) * 4.0])
    for tiling, _ in made.values():
        assert [name.kind for name in tiling.names].count("pad") == 2
        assert isinstance(build_solid(tiling), cadquery.Solid)


@pytest.mark.ci
def test_a_run_finds_its_own_id_again(tmp_path: Path) -> None:
    """`export` of a finished run says the same hash as the run did."""
    from mnnfab.pipeline.pipeline import export, run

    example = Path(__file__).parent.parent / "examples" / "paper" / "iris-lab.toml"
    design, out = tmp_path / "design.toml", tmp_path / "out"
    text = (
        example.read_text(encoding="utf-8").replace("paper-iris-lab", "iris-lab")
        + "\n[check]\nenabled = false\n"
    )
    design.write_text(text, encoding="utf-8")
    run(design, out)
    before = (out / "iris-lab.stl").read_bytes()
    export(out)
    assert (out / "iris-lab.stl").read_bytes() == before
