"""The tiling: area against an independent union of shapes, symmetry, and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geometry.cells import tile
from geometry.outline import outline
from mnnfab import Fabrication, GeometryError, InputError, Network, triangular_patch
from mnnfab.arrays import FloatArray

PATCH = triangular_patch(4, 16.0, [0, 4])
WIDTHS = hnp.arrays(np.float64, PATCH.n_bonds, elements=st.floats(1.5, 2.5))
#: Chords instead of arcs take away less than this share of the area.
CHORDS = 1e-4


def make(**changes: float) -> Fabrication:
    values = {
        "thickness_mm": 2.0,
        "width_min_mm": 1.5,
        "width_max_mm": 2.5,
        "width_initial_mm": 2.0,
    }
    return Fabrication(**{**values, **changes})  # type: ignore[arg-type]


def union_of_shapes(network: Network, width: float, fabrication: Fabrication) -> shapely.Polygon:
    """The part of uniform width another way: strips, trapezia, bars and round ends, united."""
    half = width / 2
    joint = fabrication.joint_ratio * half
    stations = np.cumsum([0, fabrication.joint_length_mm, fabrication.taper_length_mm])
    shapes = [shapely.Point(*node).buffer(joint, quad_segs=200) for node in network.nodes]
    for (first, second), length in zip(network.bonds, network.lengths, strict=True):
        s = [*stations, *(length - stations[::-1])]
        h = [joint, joint, half, half, joint, joint]
        profile = np.array(
            [*zip(s, h, strict=True), *zip(s[::-1], np.negative(h[::-1]), strict=True)]
        )
        along = (network.nodes[second] - network.nodes[first]) / length
        turn = np.array([along, [-along[1], along[0]]])
        shapes.append(shapely.Polygon(profile @ turn + network.nodes[first]))
    whole = shapely.union_all(shapes)
    assert isinstance(whole, shapely.Polygon)
    return whole


@pytest.mark.parametrize("width", [1.5, 2.0, 2.5])
@pytest.mark.parametrize("joint_ratio", [0.5, 0.7])
def test_area_and_shape_against_a_union(width: float, joint_ratio: float) -> None:
    fabrication = make(joint_ratio=joint_ratio)
    tiling = tile(PATCH, np.full(PATCH.n_bonds, width), fabrication)
    expected = union_of_shapes(PATCH, width, fabrication)
    assert tiling.area_mm2 == pytest.approx(expected.area, rel=1e-6)
    assert shapely.symmetric_difference(outline(tiling).polygon, expected).area < CHORDS * 700


def test_area_of_one_bond_in_closed_form() -> None:
    """A bond with two round ends: two half discs, two joints, two tapers, a middle."""
    network = Network(np.array([[0, 0], [20, 5]]), np.array([[0, 1]]), np.array([0]))
    length, width, joint = math.hypot(20, 5), 2.0, 1.0
    expected = math.pi * (joint / 2) ** 2 + 2 * 2.0 * joint + 2 * (width + joint) / 2
    expected += (length - 6.0) * width
    tiling = tile(network, np.array([width]), make())
    assert tiling.area_mm2 == pytest.approx(expected, rel=1e-12)
    assert tiling.volume_mm3 == pytest.approx(2 * expected, rel=1e-12)


def test_fillet_adds_the_area_between_the_arc_and_the_corner() -> None:
    # In a corner of angle φ a fillet of radius r fills r² (1/tan(φ/2) - (π - φ)/2).
    sharp = tile(PATCH, np.full(PATCH.n_bonds, 2.0), make())
    round_ = tile(PATCH, np.full(PATCH.n_bonds, 2.0), make(fillet_radius_mm=0.3))
    corners = 15 * 3  # every triangle of the patch has three corners of 60°
    phi = math.pi / 3
    each = 0.3**2 * (1 / math.tan(phi / 2) - (math.pi - phi) / 2)
    assert round_.area_mm2 - sharp.area_mm2 == pytest.approx(corners * each, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(widths=WIDTHS)
def test_cells_tile_for_any_widths(widths: FloatArray) -> None:
    tiling = tile(PATCH, widths, make())
    polygons = tiling.polygons
    whole = shapely.union_all(polygons)
    assert isinstance(whole, shapely.Polygon)
    assert whole.area == pytest.approx(sum(polygon.area for polygon in polygons), rel=1e-9)
    assert whole.area == pytest.approx(tiling.area_mm2, rel=CHORDS)
    assert len(whole.interiors) == len(outline(tiling).holes) == 15
    shared = np.bincount(tiling.cell_edges, minlength=len(tiling.edges))
    assert set(shared) == {1, 2}
    assert int((shared == 2).sum()) == 2 * PATCH.n_bonds


@settings(max_examples=20, deadline=None)
@given(widths=WIDTHS, bond=st.integers(0, PATCH.n_bonds - 1))
def test_area_grows_with_every_width(widths: FloatArray, bond: int) -> None:
    wider = widths.copy()
    wider[bond] += 0.05
    assert tile(PATCH, wider, make()).area_mm2 > tile(PATCH, widths, make()).area_mm2


@settings(max_examples=10, deadline=None)
@given(widths=WIDTHS)
def test_mirrored_network_gives_the_mirrored_part(widths: FloatArray) -> None:
    mirrored = Network(PATCH.nodes * [-1, 1], PATCH.bonds, PATCH.fixed)
    part = outline(tile(PATCH, widths, make())).polygon
    image = outline(tile(mirrored, widths, make())).polygon
    flipped = shapely.transform(part, lambda points: points * [-1, 1])
    assert shapely.symmetric_difference(image, flipped).area < 1e-6


@settings(max_examples=10, deadline=None)
@given(widths=WIDTHS, seed=st.integers(0, 1000))
def test_order_and_direction_of_bonds_do_not_matter(widths: FloatArray, seed: int) -> None:
    generator = np.random.default_rng(seed)
    order = generator.permutation(PATCH.n_bonds)
    bonds = PATCH.bonds[order]
    turned = np.where(generator.random(len(bonds))[:, None] < 0.5, bonds, bonds[:, ::-1])
    shuffled = tile(Network(PATCH.nodes, turned, PATCH.fixed), widths[order], make())
    assert shuffled.area_mm2 == pytest.approx(tile(PATCH, widths, make()).area_mm2, rel=1e-12)


def test_nearly_equal_joints_in_line_leave_no_short_edge() -> None:
    """Two joints in a straight line whose widths differ by next to nothing."""
    line = Network(np.array([[0, 0], [10, 0], [20, 0]]), np.array([[0, 1], [1, 2]]), np.array([0]))
    for difference in (0.0, 1e-13, 1e-9, 1e-6, 1e-3, 0.1):
        tiling = tile(line, np.array([2.0, 2.0 + difference]), make())
        ends = tiling.points[tiling.edges]
        assert np.hypot(*(ends[:, 1] - ends[:, 0]).T).min() > 5e-4


def test_bounding_box_counts_the_bulge_of_arcs() -> None:
    network = Network(np.array([[0, 0], [0, 20]]), np.array([[0, 1]]), np.array([0]))
    low, high = tile(network, np.array([2.0]), make()).bounding_box_mm
    np.testing.assert_allclose(low, [-1.0, -0.5, 0.0], atol=1e-12)
    np.testing.assert_allclose(high, [1.0, 20.5, 2.0], atol=1e-12)


def test_plain_bars_without_taper() -> None:
    network = Network(np.array([[0, 0], [20, 0]]), np.array([[0, 1]]), np.array([0]))
    tiling = tile(network, np.array([2.0]), make(joint_ratio=1.0, taper_length_mm=0.0))
    assert tiling.area_mm2 == pytest.approx(20 * 2 + math.pi, rel=1e-12)


def star(degrees: float, length: float = 20.0) -> Network:
    angle = math.radians(degrees)
    tip = [length * math.cos(angle), length * math.sin(angle)]
    return Network(np.array([[0, 0], [length, 0], tip]), np.array([[0, 1], [0, 2]]), np.array([0]))


@pytest.mark.parametrize(
    ("network", "changes", "message"),
    [
        (PATCH, {"joint_length_mm": 7.5}, r"bond 0 \(0–1\): 16 mm long, shorter than its joints"),
        (
            star(15),
            {},
            r"node 0, bond 0 \(0–1\) and bond 1 \(0–2\): overlap of joints .* at 15.0° extends",
        ),
        (PATCH, {"fillet_radius_mm": 3.0}, "node 0.*the fillet"),
        (PATCH, {"load_disc_radius_mm": 0.6}, "load_disc_radius_mm, node 0"),
        (
            Network(
                np.array([[0, 0], [20, 20], [20, 0], [0, 20]]),
                np.array([[0, 1], [2, 3], [0, 2]]),
                np.array([0]),
            ),
            {},
            r"bond 0 \(0–1\) and bond 1 \(2–3\): cross",
        ),
        (
            Network(
                np.array([[0, 0], [20, 0], [0, 50], [20, 50]]),
                np.array([[0, 1], [2, 3]]),
                np.array([0, 2]),
            ),
            {},
            "2 separate pieces: nodes 2, 3 are not connected to node 0",
        ),
        (
            # A loop whose two ends run side by side, their full widths a ten-thousandth apart.
            Network(
                np.array(
                    [
                        *([0, 0], [40, 0], [50, 20], [75, 25], [95, -1]),
                        *([75, -27], [50, -22], [40, -2.0001], [0, -2.0001]),
                    ]
                ),
                np.array([[node, node + 1] for node in range(8)]),
                np.array([0]),
            ),
            {"joint_length_mm": 1.0, "taper_length_mm": 0.1, "joint_ratio": 0.1},
            r"bond 0 \(0–1\) and bond 7 \(7–8\): touch",
        ),
        (
            Network(
                np.array([[0, 0], [20, 0], [40, 0]]), np.array([[0, 1], [0, 2]]), np.array([0])
            ),
            {},
            r"node 0, bond 0 \(0–1\) and bond 1 \(0–2\): overlap of joints .* at 0.0° extends",
        ),
        # The joints clear each other, the full widths behind them do not.
        (star(32), {"joint_ratio": 0.3}, r"bond 0 \(0–1\) and bond 1 \(0–2\): overlap"),
    ],
    ids=[
        *("short bond", "acute joints", "large fillet", "large disc", "crossing"),
        *("two pieces", "touching", "one direction", "acute bonds"),
    ],
)
def test_bad_outlines_are_refused(
    network: Network, changes: dict[str, float], message: str
) -> None:
    with pytest.raises(GeometryError, match=f"(?s){message}"):
        tile(network, np.full(network.n_bonds, 2.0), make(**changes))


@pytest.mark.parametrize("widths", [np.full(27, 2.0), np.full(28, np.nan), np.full(28, -1.0)])
def test_bad_widths_are_refused(widths: FloatArray) -> None:
    with pytest.raises(InputError, match="width"):
        tile(PATCH, widths, make())
