"""The B-rep solid against the tiling that it was made from."""

from __future__ import annotations

import cadquery
import numpy as np
import pytest

from geometry.cells import tile
from geometry.outline import outline
from geometry.solid import build_solid, is_valid
from geometry.topology import VOLUME_TOLERANCE
from mnnfab import Fabrication, Network

SEEDS = range(3)


def random_widths(network: Network, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(1.5, 2.5, network.n_bonds)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fillet", [0.0, 0.3])
def test_volume_is_area_times_thickness(
    paper_network: Network, fabrication: Fabrication, seed: int, fillet: float
) -> None:
    shape = fabrication.model_copy(update={"fillet_radius_mm": fillet})
    tiling = tile(paper_network, random_widths(paper_network, seed), shape)
    solid = build_solid(tiling)
    assert is_valid(solid)
    assert solid.Volume() == pytest.approx(tiling.area_mm2 * 2.0, rel=VOLUME_TOLERANCE)
    box = solid.BoundingBox()
    found = ((box.xmin, box.ymin, box.zmin), (box.xmax, box.ymax, box.zmax))
    np.testing.assert_allclose(found, tiling.bounding_box_mm, atol=1e-6)


def test_faces_are_caps_and_walls(paper_network: Network, fabrication: Fabrication) -> None:
    tiling = tile(paper_network, random_widths(paper_network, 0), fabrication)
    solid = build_solid(tiling)
    assert len(solid.Faces()) == 2 * tiling.n_cells + len(tiling.free_edges)
    assert len(solid.Shells()) == 1
    curved = [face for face in solid.Faces() if face.geomType() == "CYLINDER"]
    assert len(curved) == int(np.count_nonzero(tiling.bulges[tiling.free_edges]))


def test_against_an_extruded_outline(paper_network: Network, fabrication: Fabrication) -> None:
    """The kernel's own extrusion of the outline, by another road, holds the same space."""
    tiling = tile(paper_network, random_widths(paper_network, 1), fabrication)
    region = outline(tiling).polygon
    sketch = cadquery.Workplane().polyline(list(region.exterior.coords)[:-1]).close()
    for hole in region.interiors:
        sketch = sketch.polyline(list(hole.coords)[:-1]).close()
    extruded = sketch.extrude(2.0).val()
    assert isinstance(extruded, cadquery.Shape)
    # The outline has chords for arcs; the two differ by no more than that.
    assert extruded.Volume() == pytest.approx(build_solid(tiling).Volume(), rel=1e-4)
    common = build_solid(tiling).intersect(extruded)
    assert common.Volume() == pytest.approx(extruded.Volume(), rel=1e-4)
