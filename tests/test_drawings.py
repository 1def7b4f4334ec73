"""Drawings as networks: the same lattice in three formats, and what real drawings have."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cadquery as cq
import ezdxf
import numpy as np
import pytest
from small import SMALL

from mnnfab import InputError, Network, load_problem, triangular_patch
from mnnfab.arrays import FloatArray
from mnnfab.findings import Finding
from mnnfab.network.network_file import NetworkInput, read_network
from mnnfab.network.raw_network import DrawingOptions

Ends = Sequence[tuple[tuple[float, float], tuple[float, float]]]
#: A braced square, 20 mm, whose diagonals do not meet in its middle.
SQUARE: Ends = [
    ((0, 0), (20, 0)),
    ((20, 0), (20, 20)),
    ((20, 20), (0, 20)),
    ((0, 20), (0, 0)),
    ((0, 0), (20, 20)),
]
OTHER_DIAGONAL = ((20.0, 0.0), (0.0, 20.0))
SPLIT = DrawingOptions(crossings="split")


def new_dxf(lines: Ends = (), units: int = 4) -> Any:  # noqa: ANN401 - of ezdxf
    document = ezdxf.new(setup=True)
    document.header["$INSUNITS"] = units
    for start, end in lines:
        document.modelspace().add_line(start, end, dxfattribs={"layer": "bonds"})
    return document


def write_dxf(path: Path, lines: Ends) -> Path:
    new_dxf(lines).saveas(path)
    return path


def write_svg(path: Path, lines: Ends, size: str = '200mm" height="200mm') -> Path:
    drawn = "".join(
        f'<line x1="{a[0]!r}" y1="{100 - a[1]!r}" x2="{b[0]!r}" y2="{100 - b[1]!r}"/>'
        for a, b in lines
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" viewBox="0 0 200 200">'
    path.write_text(f'{head}<g stroke="black">{drawn}</g></svg>', encoding="utf-8")
    return path


def write_step(path: Path, lines: Ends) -> Path:
    edges = [cq.Edge.makeLine(cq.Vector(*a, 0), cq.Vector(*b, 0)) for a, b in lines]
    cq.exporters.export(cq.Workplane(obj=cq.Compound.makeCompound(edges)), str(path))
    return path


WRITERS: dict[str, Callable[[Path, Ends], Path]] = {
    "dxf": write_dxf,
    "svg": write_svg,
    "step": write_step,
}


def lattice_lines(network: Network, seed: int = 0) -> Ends:
    """Return the bonds as lines in any order and direction."""
    generator = np.random.default_rng(seed)
    ends = network.nodes[network.bonds]
    lines = []
    for bond in generator.permutation(network.n_bonds).tolist():
        start, end = ends[bond][:: 1 if generator.random() < 0.5 else -1].tolist()
        lines.append((tuple(start), tuple(end)))
    return lines


def placed(nodes: FloatArray) -> FloatArray:
    moved: FloatArray = nodes - nodes.min(axis=0)
    return moved


@pytest.mark.parametrize("form", WRITERS)
def test_one_lattice_in_every_format(tmp_path: Path, form: str) -> None:
    """Numbers go row by row from the top, from left to right, in any order of the lines."""
    lattice = triangular_patch(4, 16.0, [0, 4])
    path = WRITERS[form](tmp_path / f"lattice.{form}", lattice_lines(lattice, len(form)))
    found = read_network(path, [0, 4]).network
    # The patch is numbered from right to left.
    order = np.lexsort((lattice.nodes[:, 0], -lattice.nodes[:, 1].round(6)))
    number = np.argsort(order)
    assert np.abs(placed(found.nodes) - placed(lattice.nodes[order])).max() < 1e-6
    bonds = np.sort(number[lattice.bonds], axis=1)
    assert found.bonds.tolist() == bonds[np.lexsort((bonds[:, 1], bonds[:, 0]))].tolist()


def test_the_three_formats_give_one_network(tmp_path: Path) -> None:
    lines = lattice_lines(triangular_patch(3, 12.5, [0]))
    found = [
        read_network(write(tmp_path / f"one.{form}", lines), [0]).network
        for form, write in WRITERS.items()
    ]
    for other in found[1:]:
        assert np.abs(placed(other.nodes) - placed(found[0].nodes)).max() < 1e-6
        assert (other.bonds == found[0].bonds).all()


def codes(found: NetworkInput) -> list[str]:
    return [finding.code for finding in found.findings]


def finding(found: NetworkInput, code: str) -> Finding:
    return next(one for one in found.findings if one.code == code)


def test_gaps_within_the_tolerance_are_closed(tmp_path: Path) -> None:
    lines = [*SQUARE[:4], ((0.004, -0.003), (20.003, 20.004))]
    found = read_network(write_dxf(tmp_path / "gap.dxf", lines), [0])
    assert (found.network.n_nodes, found.network.n_bonds) == (4, 5)
    assert "points-merged" in codes(found)
    wide = [*SQUARE[:4], ((0.4, -0.3), (20.3, 20.4))]
    path = write_dxf(tmp_path / "wide.dxf", wide)
    assert read_network(path, [0], merge_mm=0.6).network.n_nodes == 4
    with pytest.raises(InputError, match=r"cross, or one ends on the other, at"):
        read_network(path, [0])


def test_the_widest_gap_is_named(tmp_path: Path) -> None:
    """Two ends 0.13 mm apart at one corner: joined, or named with the tolerance that joins them."""
    corner = (20.0, 20.0)
    lines = [((0, 0), (20, 0)), ((20, 0), corner), ((20.05, 20.12), (0, 20)), ((0, 20), (0, 0))]
    path = write_dxf(tmp_path / "gap.dxf", [*lines, ((0, 20), (20, 0))])
    joined = finding(read_network(path, [0], merge_mm=0.2), "points-merged")
    assert "up to 0.13 mm apart were joined at 1 places, the first at (20.02, 20.06)" in (
        joined.message
    )
    near = finding(read_network(path, [0]), "ends-near")
    assert near.severity == "warning"
    assert near.message.startswith("ends of lines up to 0.13 mm apart are not joined at 1 places")
    assert "at (20, 20) mm; [network] merge_mm = 0.14 joins them" in near.message
    assert read_network(path, [0], merge_mm=0.14).network.n_nodes == 4


def test_a_short_line_is_no_gap(tmp_path: Path) -> None:
    """The ends of one line are not meant to meet, however short it is."""
    lines = [*SQUARE[:4], ((0, 0), (20, 20)), ((0, 0), (0.3, 0.4))]
    path = write_dxf(tmp_path / "short.dxf", lines)
    assert "ends-near" not in codes(read_network(path, [0]))


def test_lines_drawn_twice_are_one_bond(tmp_path: Path) -> None:
    twice = [*SQUARE, SQUARE[0], SQUARE[4][::-1]]
    found = read_network(write_dxf(tmp_path / "twice.dxf", twice), [0])
    assert found.network.n_bonds == 5
    assert "lines-repeated" in codes(found)


def test_crossings_are_refused_or_split(tmp_path: Path) -> None:
    path = write_dxf(tmp_path / "x.dxf", [*SQUARE, OTHER_DIAGONAL])
    with pytest.raises(InputError, match=r"LINE \w+ on layer bonds and .* at \(10, 10\) mm"):
        read_network(path, [0])
    found = read_network(path, [0], drawing=SPLIT)
    assert (found.network.n_nodes, found.network.n_bonds) == (5, 8)
    assert found.network.nodes[2].tolist() == [10.0, 10.0]
    assert "lines-split" in codes(found)


def test_three_lines_through_one_point_meet_in_one_node(tmp_path: Path) -> None:
    star = [((-10.0, 0.0), (10.0, 0.0)), ((-5.0, -8.0), (5.0, 8.0)), ((-5.0, 8.0), (5.0, -8.0))]
    rim = [(star[i][j], star[k][m]) for i, j, k, m in ((0, 0, 1, 0), (0, 1, 1, 1), (0, 0, 2, 0))]
    found = read_network(write_dxf(tmp_path / "star.dxf", [*star, *rim]), [0], drawing=SPLIT)
    assert found.network.n_nodes == 7
    assert (found.network.bonds == 3).sum() == 6


def test_ends_on_lines_and_overlaps(tmp_path: Path) -> None:
    """A tee, and a long line over a row of short ones."""
    tee = [*SQUARE, ((10.0, 0.0), (20.0, 20.0))]
    path = write_dxf(tmp_path / "tee.dxf", tee)
    with pytest.raises(InputError, match=r"at \(10, 0\) mm"):
        read_network(path, [0])
    found = read_network(path, [0], drawing=SPLIT).network
    assert (found.n_nodes, found.n_bonds) == (5, 7)
    overlap = [*SQUARE, ((0.0, 0.0), (10.0, 0.0)), ((10.0, 0.0), (20.0, 20.0))]
    found = read_network(write_dxf(tmp_path / "over.dxf", overlap), [0], drawing=SPLIT).network
    assert (found.n_nodes, found.n_bonds) == (5, 7)


def test_blocks_polylines_and_annotations(tmp_path: Path) -> None:
    document = new_dxf()
    block = document.blocks.new("CELL")
    block.add_lwpolyline([(0, 0), (20, 0), (20, 20), (0, 20)], close=True)
    block.add_line((0, 0), (20, 20))
    space = document.modelspace()
    for x in (0, 20):
        space.add_blockref("CELL", (x, 0))
    space.add_text("a label")
    space.add_point((5, 5))
    document.saveas(tmp_path / "blocks.dxf")
    found = read_network(tmp_path / "blocks.dxf", [0])
    assert (found.network.n_nodes, found.network.n_bonds) == (6, 9)
    (unused,) = [one.message for one in found.findings if one.code == "lines-unused"]
    assert "1 POINT" in unused
    assert "1 TEXT" in unused


def test_curves_are_refused_with_their_places(tmp_path: Path) -> None:
    arc = new_dxf(SQUARE)
    arc.modelspace().add_arc((3, 4), 5, 0, 90)
    bulge = new_dxf(SQUARE)
    bulge.modelspace().add_lwpolyline([(0, 0, 0, 0, 0.5), (10, 0)], format="xyseb")
    circle = new_dxf(SQUARE)
    circle.modelspace().add_circle((7, 8), 2)
    for document, place in ((arc, r"\(3, 4\)"), (bulge, "LWPOLYLINE"), (circle, r"\(7, 8\)")):
        document.saveas(tmp_path / "curve.dxf")
        with pytest.raises(InputError, match=f"{place}.*\n?.*straight lines"):
            read_network(tmp_path / "curve.dxf", [0])
    svg = write_svg(tmp_path / "curve.svg", SQUARE)
    curve = '<path id="arch" d="M 3 96 C 3 90 10 90 10 96"/></svg>'
    svg.write_text(svg.read_text(encoding="utf-8").replace("</svg>", curve), encoding="utf-8")
    with pytest.raises(InputError, match=r"path arch: a curve that begins at \(3, -96\) mm"):
        read_network(svg, [0])
    edges = [cq.Edge.makeLine(cq.Vector(0, 0), cq.Vector(20, 0)), cq.Edge.makeCircle(4)]
    cq.exporters.export(
        cq.Workplane(obj=cq.Compound.makeCompound(edges)), str(tmp_path / "curve.step")
    )
    with pytest.raises(InputError, match=r"edge \d: a curve that begins at \(4, 0\) mm"):
        read_network(tmp_path / "curve.step", [0])


def test_units_are_stated_or_asked(tmp_path: Path) -> None:
    new_dxf(SQUARE, units=1).saveas(tmp_path / "inch.dxf")
    inches = read_network(tmp_path / "inch.dxf", [0])
    assert np.ptp(inches.network.nodes, axis=0) == pytest.approx([508.0, 508.0])
    assert "drawing-unit" in codes(inches)
    new_dxf(SQUARE, units=0).saveas(tmp_path / "none.dxf")
    with pytest.raises(InputError, match=r"unit_mm: missing: none.dxf states no unit\n.*25.4"):
        read_network(tmp_path / "none.dxf", [0])
    told = read_network(tmp_path / "none.dxf", [0], drawing=DrawingOptions(unit_mm=0.5)).network
    assert np.ptp(told.nodes, axis=0) == pytest.approx([10.0, 10.0])
    with pytest.raises(InputError, match=r"2, and inch\.dxf is in inches"):
        read_network(tmp_path / "inch.dxf", [0], drawing=DrawingOptions(unit_mm=2.0))
    pixels = write_svg(tmp_path / "px.svg", SQUARE, size='200" height="200')
    with pytest.raises(InputError, match=r"px.svg states no unit"):
        read_network(pixels, [0])
    told = read_network(pixels, [0], drawing=DrawingOptions(unit_mm=2.0)).network
    assert np.ptp(told.nodes, axis=0) == pytest.approx([40.0, 40.0])
    half = write_svg(tmp_path / "half.svg", SQUARE, size='10cm" height="10cm')
    assert np.ptp(read_network(half, [0]).network.nodes, axis=0) == pytest.approx([10.0, 10.0])


@pytest.mark.parametrize(
    ("head", "unit_mm", "size"),
    [
        ('width="100mm" viewBox="0 0 100 100"', None, 20.0),
        ('width="100mm" height="50mm" viewBox="0 0 200 100"', None, 10.0),
        ('width="1in" height="1in" viewBox="0 0 25.4 25.4"', None, 20.0),
        ('width="96mm"', None, 20 * 25.4 / 96),
        ('width="400" viewBox="0 0 100 100"', 1.0, 20.0),
        ('viewBox="0 0 100 100"', 2.0, 40.0),
    ],
)
def test_the_unit_of_svg_is_that_of_its_view_box(
    tmp_path: Path, head: str, unit_mm: float | None, size: float
) -> None:
    text = f'<svg xmlns="http://www.w3.org/2000/svg" {head}><path d="M0 0 H20 V20 Z"/></svg>'
    (tmp_path / "unit.svg").write_text(text, encoding="utf-8")
    found = read_network(tmp_path / "unit.svg", [0], drawing=DrawingOptions(unit_mm=unit_mm))
    assert np.ptp(found.network.nodes, axis=0) == pytest.approx([size, size])


def test_a_distorted_picture_is_refused(tmp_path: Path) -> None:
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="100mm" '
        'viewBox="0 0 100 50"><path d="M0 0 H20 V20 Z"/></svg>'
    )
    (tmp_path / "flat.svg").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="1 mm by its width and 2 mm by its height"):
        read_network(tmp_path / "flat.svg", [0])


def test_hidden_layers_and_other_units_of_dxf(tmp_path: Path) -> None:
    document = new_dxf(SQUARE)
    for name, hide in (("off", "off"), ("cold", "freeze")):
        getattr(document.layers.add(name), hide)()
        document.modelspace().add_line((0, 20), (20, 0), dxfattribs={"layer": name})
    document.saveas(tmp_path / "hidden.dxf")
    found = read_network(tmp_path / "hidden.dxf", [0])
    assert found.network.n_bonds == 5
    assert any("hidden layer cold" in one.message for one in found.findings)
    new_dxf(SQUARE, units=3).saveas(tmp_path / "miles.dxf")
    with pytest.raises(InputError, match=r"unit number 3 of \$INSUNITS"):
        read_network(tmp_path / "miles.dxf", [0], drawing=DrawingOptions(unit_mm=1.0))


def test_transforms_and_shapes_of_svg(tmp_path: Path) -> None:
    """A rotated and moved group, a rectangle, a polyline, and a straight path."""
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="100mm" '
        'viewBox="0 0 100 100"><g transform="translate(50 50) rotate(90)">'
        '<rect width="20" height="20"/><polyline points="0,0 20,20"/>'
        '<path d="M20 0 h20 v20 h-20 M20 0 L40 20"/></g><text>label</text></svg>'
    )
    (tmp_path / "shapes.svg").write_text(text, encoding="utf-8")
    found = read_network(tmp_path / "shapes.svg", [0])
    assert (found.network.n_nodes, found.network.n_bonds) == (6, 9)
    assert np.ptp(found.network.nodes, axis=0) == pytest.approx([20.0, 40.0])


def test_a_standing_wire_is_turned(tmp_path: Path) -> None:
    edges = [
        cq.Edge.makeLine(cq.Vector(a[0], 5, a[1]), cq.Vector(b[0], 5, b[1])) for a, b in SQUARE
    ]
    cq.exporters.export(
        cq.Workplane(obj=cq.Compound.makeCompound(edges)), str(tmp_path / "wire.step")
    )
    found = read_network(tmp_path / "wire.step", [0])
    assert found.network.n_bonds == 5
    assert "plane-turned" in codes(found)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.dxf", b"no drawing", "text.dxf"),
        ("text.svg", b"<svg", "text.svg"),
        ("text.step", b"no drawing", "text.step"),
        ("empty.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9mm"/>', "0 straight lines"),
        (
            "bomb.svg",
            b'<!DOCTYPE s [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
            "entity",
        ),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_network(tmp_path / name, [0])


def test_a_solid_is_no_wire(tmp_path: Path) -> None:
    cq.exporters.export(cq.Workplane().box(10, 10, 2), str(tmp_path / "box.step"))
    with pytest.raises(InputError, match="6 faces"):
        read_network(tmp_path / "box.step", [0])


#: Keys of [network] in place of the lattice of `SMALL`.
DRAWN = 'file = "x.dxf"\ncrossings = "split"\n'


def test_a_design_names_a_drawing(tmp_path: Path) -> None:
    write_dxf(tmp_path / "x.dxf", [*SQUARE, OTHER_DIAGONAL])
    drawn = re.sub(r"lattice = .*\nrows.*\nbond_length.*\n", DRAWN, SMALL)
    design = drawn.format(name="drawn", epochs=5, check="false", form="svg")
    (tmp_path / "drawn.toml").write_text(design, encoding="utf-8")
    problem = load_problem(tmp_path / "drawn.toml")
    assert problem.network.n_bonds == 8
    assert {finding.code for finding in problem.input_findings} >= {"drawing-unit", "lines-split"}
    mesh = design.replace("x.dxf", "x.json")
    (tmp_path / "x.json").write_text('{"nodes": [], "bonds": [], "fixed": []}', encoding="utf-8")
    (tmp_path / "mesh.toml").write_text(mesh, encoding="utf-8")
    with pytest.raises(InputError, match=r"crossings.*\n.*only for drawings"):
        load_problem(tmp_path / "mesh.toml")
