"""Every finding on printability: a design that triggers it, and one just inside that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from geometry import slicing
from geometry.cells import tile
from geometry.facets import Facets, make_facets
from geometry.outline import merged
from geometry.placing import Load, place_features
from geometry.printability.checks import check_printability
from geometry.printability.print_job import PrintJob
from geometry.tiling import Tiling
from mnnfab import Fabrication, Network
from mnnfab.arrays import frozen_floats, frozen_ints
from mnnfab.design.export_section import ExportSection
from mnnfab.design.features_section import FeaturesSection
from mnnfab.findings import Finding
from mnnfab.network.network import Network as Net
from mnnfab.profiles import material, printer

PRINTER = printer("stratasys-j850-digital-anatomy")
AGILUS = material("agilus30")
LIMITS: dict[str, Any] = {
    "thickness_mm": 2.0,
    "width_min_mm": 1.0,
    "width_max_mm": 4.0,
    "width_initial_mm": 2.0,
}


def findings(
    network: Network,
    width: float = 2.0,
    features: dict[str, Any] | None = None,
    export: dict[str, Any] | None = None,
    **fabrication: float,
) -> dict[str, Finding]:
    shape = Fabrication(**{**LIMITS, **fabrication})
    section = FeaturesSection.model_validate(features or {})
    placed = place_features(network, shape, section, [Load(1, 0.0)], "A1", "A1")
    tiling = tile(network, np.full(network.n_bonds, width), shape, placed)
    chosen = ExportSection(**(export or {}))
    found = check_printability(PrintJob(network, tiling, PRINTER, AGILUS, chosen.stl_tolerance_mm))
    assert len({finding.code for finding in found}) == len(found)
    return {finding.code: finding for finding in found}


BAR = Net(np.array([[0.0, 0.0], [30.0, 0.0]]), np.array([[0, 1]]), np.array([0]))


def parallel(gap: float) -> Network:
    """Two bonds of 2 mm side by side, `gap` apart, joined far away by a wide loop."""
    y = -2.0 - gap
    nodes = [[0, 0], [40, 0], [60, 15], [80, y / 2], [60, y - 15], [40, y], [0, y]]
    return Net(
        np.array(nodes, dtype=float), np.array([[i, i + 1] for i in range(6)]), np.array([0])
    )


def long(length: float) -> Network:
    return Net(np.array([[0.0, 0.0], [length, 0.0]]), np.array([[0, 1]]), np.array([0]))


Case = tuple[Callable[[], dict[str, Finding]], Callable[[], dict[str, Finding]], str, str]
CASES: dict[str, Case] = {
    # A joint is half as wide as its bond; 0.6 mm are printed, 1 mm is advised.
    "wall": (lambda: findings(BAR, 1.19), lambda: findings(BAR, 1.2), "error", "warning"),
    "wall advised": (lambda: findings(BAR, 1.99), lambda: findings(BAR, 2.0), "warning", "info"),
    "wall in z": (
        lambda: findings(BAR, 2.0, thickness_mm=0.59),
        lambda: findings(BAR, 2.0, thickness_mm=0.61),
        "error",
        "warning",
    ),
    "tolerance": (lambda: findings(BAR, 1.99), lambda: findings(BAR, 2.01), "warning", "info"),
    # The wall of a pad of 2 mm radius, 2 mm and more from node to bolt, on the triangles.
    "wall-mesh": (
        lambda: findings(BAR, features={"pads": {"radius_mm": 2.0, "bolt_hole_mm": 2.85}}),
        lambda: findings(BAR, features={"pads": {"radius_mm": 2.0, "bolt_hole_mm": 2.75}}),
        "error",
        "warning",
    ),
    "gap": (
        lambda: findings(parallel(0.19), 2.0),
        lambda: findings(parallel(0.21), 2.0),
        "error",
        "info",
    ),
    "hole": (
        lambda: findings(BAR, features={"eyelets": {"hole_mm": 0.49}}),
        lambda: findings(BAR, features={"eyelets": {"hole_mm": 0.5}}),
        "error",
        "info",
    ),
    "ring": (
        lambda: findings(BAR, features={"eyelets": {"wall_mm": 0.59}}),
        lambda: findings(BAR, features={"eyelets": {"wall_mm": 0.61}}),
        "error",
        "info",
    ),
    "emboss": (
        lambda: findings(BAR, features={"dots": {"height_mm": -0.49}}, load_disc_radius_mm=0.3),
        lambda: findings(BAR, features={"dots": {"height_mm": -0.5}}, load_disc_radius_mm=0.3),
        "error",
        "info",
    ),
    # What is left under a sunk dot is a wall like any other.
    "floor": (
        lambda: findings(
            BAR, features={"dots": {"height_mm": -0.75}}, thickness_mm=1.3, load_disc_radius_mm=0.3
        ),
        lambda: findings(
            BAR, features={"dots": {"height_mm": -0.7}}, thickness_mm=1.3, load_disc_radius_mm=0.3
        ),
        "error",
        "warning",
    ),
    "layers": (
        lambda: findings(BAR, thickness_mm=0.013),
        lambda: findings(BAR, thickness_mm=0.014),
        "error",
        "info",
    ),
    "emboss width": (
        lambda: findings(BAR, features={"dots": {}}, load_disc_radius_mm=0.24),
        lambda: findings(BAR, features={"dots": {}}, load_disc_radius_mm=0.26),
        "error",
        "info",
    ),
    "emboss letters": (
        lambda: findings(BAR, features={"pads": {}, "id": {"height_mm": 0.49}}),
        lambda: findings(BAR, features={"pads": {}, "id": {"height_mm": 0.5}}),
        "error",
        "info",
    ),
    # A pad's arc of 5 mm radius shows the whole tolerance; a joint of 1 mm allows 0.02 mm.
    "chord": (
        lambda: findings(BAR, features={"pads": {}}, export={"stl_tolerance_mm": 0.022}),
        lambda: findings(BAR, features={"pads": {}}, export={"stl_tolerance_mm": 0.02}),
        "warning",
        "info",
    ),
    "tray": (lambda: findings(long(489.5)), lambda: findings(long(488.5)), "error", "info"),
}


@pytest.mark.parametrize("name", CASES)
def test_finding_is_triggered_and_not_just_inside(name: str) -> None:
    bad, good, severity, inside = CASES[name]
    code = name.split(maxsplit=1)[0]
    triggered = bad()[code]
    assert triggered.severity == severity
    assert good()[code].severity == inside
    assert triggered.where


@pytest.mark.parametrize(
    "name", [name for name in CASES if name.split()[0] not in {"tray", "layers"}]
)
def test_findings_name_place_value_and_limit(name: str) -> None:
    finding = CASES[name][0]()[name.split(maxsplit=1)[0]]
    assert finding.position_mm is not None
    assert finding.value is not None
    assert finding.limit is not None


@pytest.mark.parametrize("height", [0.5, 2.0, 3.0, -0.5])
def test_walls_are_measured_in_the_part_whatever_stands_on_it(height: float) -> None:
    """The cut goes through the part, not through high dots: the joint of 1 mm is found."""
    found = findings(BAR, features={"dots": {"height_mm": height}}, load_disc_radius_mm=0.3)
    assert found["wall-mesh"].value == pytest.approx(1.0, abs=1e-6)


def test_no_gap_is_reported_where_there_is_none(paper_network: Network) -> None:
    assert "gap" not in findings(paper_network, width_min_mm=1.5)


def test_mass_is_volume_times_density() -> None:
    finding = findings(BAR)["mass"]
    # Two half discs and two joints 1 mm wide, two tapers, a middle of 24 mm, all 2 mm thick.
    area = np.pi * 0.25 + 2 * 2.0 + 2 * 1.5 + 24 * 2.0
    assert finding.value == pytest.approx(area * 2.0 * 1.145e-3, rel=1e-12)


def cut_at_half(tiling: Tiling) -> slicing.Slice:
    return slicing.cut(make_facets(tiling, 0.01), tiling.thickness_mm / 2)


def test_slice_of_a_bar_measures_its_joint_and_its_middle() -> None:
    tiling = tile(BAR, np.array([2.0]), Fabrication(**LIMITS))
    section = cut_at_half(tiling)
    walls = section.walls(5.0)
    middle = np.abs(section.middles[:, 0] - 15) < 0.1
    joint = np.abs(section.middles[:, 0] - 1) < 0.1
    assert walls[middle] == pytest.approx([2.0, 2.0], abs=1e-6)
    assert walls[joint] == pytest.approx([1.0, 1.0], abs=1e-6)
    assert section.crossings().shape == (0, 2)


def shifted(facets: Facets, shift: tuple[float, float, float]) -> Facets:
    return Facets(frozen_floats(facets.vertices + np.array(shift)), facets.triangles)


def both(first: Facets, second: Facets) -> Facets:
    vertices = np.concatenate([first.vertices, second.vertices])
    triangles = np.concatenate([first.triangles, second.triangles + len(first.vertices)])
    return Facets(frozen_floats(vertices), frozen_ints(triangles))


@pytest.mark.parametrize(("shift", "crossed"), [(1.5, True), (2.5, False)])
def test_shells_and_self_intersection_of_two_bars(
    monkeypatch: pytest.MonkeyPatch, shift: float, *, crossed: bool
) -> None:
    """No tiling gives such a surface, so two bars are put beside or into each other."""
    bar = make_facets(tile(BAR, np.array([2.0]), Fabrication(**LIMITS)), 0.01)
    pair = both(bar, shifted(bar, (0.3, shift, 0.0)))
    monkeypatch.setattr("geometry.printability.print_job.make_facets", lambda *_: pair)
    found = findings(BAR)
    assert found["shells"].severity == "error"
    assert found["shells"].value == 2
    assert ("self-intersection" in found) == crossed
    monkeypatch.undo()
    assert findings(BAR)["shells"].severity == "info"
    assert "self-intersection" not in findings(BAR)


def test_crossing_bonds_never_get_so_far() -> None:
    """What would be a part with itself in its way is refused with both bonds named."""
    nodes = np.array([[0.0, 0], [20, 20], [20, 0], [0, 20]])
    network = Net(nodes, np.array([[0, 1], [2, 3], [0, 2]]), np.array([0]))
    with pytest.raises(Exception, match=r"bond 0 \(0–1\) and bond 1 \(2–3\): cross"):
        findings(network)


def test_other_printers_have_other_limits() -> None:
    tiling = tile(BAR, np.array([1.0]), Fabrication(**LIMITS))
    severities = []
    for name in ("stratasys-j850-digital-anatomy", "formlabs-form-4", "prusa-mk4s"):
        found = check_printability(
            PrintJob(BAR, tiling, printer(name), AGILUS, ExportSection().stl_tolerance_mm)
        )
        severities.append(next(f.severity for f in found if f.code == "wall"))
    assert severities == ["error", "warning", "warning"]  # a joint of 0.5 mm


def test_thinner_of_thickness_and_joint_is_named() -> None:
    assert findings(BAR, thickness_mm=0.7)["wall"].where == "thickness of the part"
    assert findings(BAR)["wall"].where == "joint of bond 0 (0–1)"


def test_a_merged_part_is_measured_the_same(paper_network: Network) -> None:
    tiling = tile(paper_network, np.full(28, 2.0), Fabrication(**LIMITS))
    whole = merged(tiling)
    assert whole.n_cells == 1
    walls = [cut_at_half(t).walls(3.0) for t in (tiling, whole)]
    np.testing.assert_allclose(np.nanmin(walls[0]), np.nanmin(walls[1]), atol=1e-6)
