"""Drawings of the report: numbers and texts that can be read, by their boxes."""

from __future__ import annotations

import tomllib
from itertools import combinations, cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from matplotlib.figure import Figure
from matplotlib.text import Text

from mnnfab import make_problem, parse_design
from mnnfab.findings import Finding
from mnnfab.network.network import Network
from mnnfab.printed_part.part import PrintedPart
from mnnfab.report.drawing import draw_network
from mnnfab.report.labels import Label, boxes_of_circles, place_labels
from mnnfab.report.node_numbers import number_places

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def example(name: str, **network: Any) -> dict[str, Any]:  # noqa: ANN401 - any key of the section
    values = tomllib.loads((EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))
    values["network"] |= network
    return values


def box_of(text: Text) -> shapely.Polygon:
    return shapely.box(*text.get_window_extent().extents)


@pytest.mark.parametrize(
    "values",
    [example("iris"), example("iris-lab"), example("iris", rows=8, fixed=[0, 8])],
    ids=["plain", "lab", "dense"],
)
def test_no_number_is_under_a_marker_a_bond_or_a_text(values: dict[str, Any]) -> None:
    """The widest bonds, the markers of the ports and the texts of findings beside the nodes."""
    problem = make_problem(parse_design(values), EXAMPLES)
    network = problem.network
    widths = np.full(network.n_bonds, 2.5)
    figure = Figure(figsize=(8.5, 6))
    axes = figure.add_subplot()
    marked = network.nodes[:3].tolist()
    findings = [Finding("wall", "warning", "", "", (x - 2.0, y)) for x, y in marked]
    tiling = PrintedPart(problem, widths).tiling
    assert draw_network(axes, problem, widths, tiling, findings) == 0
    numbers = [text for text in axes.texts if text.get_text().isdecimal()]
    assert len(numbers) == network.n_nodes
    figure.draw_without_rendering()
    in_pixels, pixels_per_point = axes.transData.transform, figure.dpi / 72
    boxes = [box_of(text) for text in numbers]
    bonds = [
        shapely.transform(tiling.polygons[cell], in_pixels) for cell in tiling.bond_cells.tolist()
    ]
    markers = [
        shapely.Point(in_pixels(place)).buffer(pixels_per_point * np.sqrt(size) / 2)
        for collection in axes.collections
        if hasattr(collection, "get_sizes")
        for place, size in zip(
            np.asarray(collection.get_offsets()), cycle(collection.get_sizes()), strict=False
        )
    ]
    assert len(markers) >= 2 + 4 + 3 + len(marked)
    for number, box in enumerate(boxes):
        assert not shapely.intersects(bonds, box).any(), number
        assert not shapely.intersects(markers, box).any(), number
    frame = shapely.box(*axes.get_window_extent().extents)
    assert all(frame.contains(box) for box in boxes)
    texts = [text for text in axes.texts if text.get_text()]  # others are arrows
    for one, other in combinations(map(box_of, texts), 2):
        assert not one.intersects(other)


def test_numbers_are_between_the_bonds_as_near_to_the_top_as_possible() -> None:
    """A node with bonds to the right and down: any direction from up to left is free."""
    nodes = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, -10.0], [10.0, -10.0]])
    bonds = np.array([[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]])
    found = number_places(Network(nodes, bonds, np.array([0, 1])))
    directions = [direction for _, direction in found]
    np.testing.assert_allclose(directions, [[0, 1], [0, 1], [-1, 0], [1, 0]], atol=1e-12)


def test_labels_cover_neither_each_other_nor_obstacles() -> None:
    """Twelve labels of one place, around an obstacle: all of them placed, none on another."""
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    obstacle = boxes_of_circles(axes, np.array([[0.5, 0.5]]), 20.0)
    labels = [Label(f"label {number}", (0.5, 0.5)) for number in range(12)]
    assert place_labels(axes, labels, obstacle) == 0
    boxes = [box_of(text) for text in axes.texts if text.get_text()]
    assert len(boxes) == 12
    for one, other in combinations([*boxes, shapely.box(*obstacle[0])], 2):
        assert not one.intersects(other)
    frame = shapely.box(*axes.get_window_extent().extents)
    assert all(frame.contains(box) for box in boxes)


def test_labels_without_space_are_counted_and_left_out() -> None:
    figure = Figure(figsize=(1, 0.6))
    axes = figure.add_subplot()
    labels = [Label("a label that is too long", (0.5, 0.5)) for _ in range(3)]
    assert place_labels(axes, labels, np.empty((0, 4))) == 3
    assert not axes.texts
