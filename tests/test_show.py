"""`mnnfab show`: what is drawn and said of designs, runs, network files and invalid designs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.text import Text
from PIL import Image
from small import small_design
from test_drawings import OTHER_DIAGONAL, SQUARE, write_dxf

from mnnfab import triangular_patch
from mnnfab.cli import main
from mnnfab.errors import InputError
from mnnfab.network.network import Network
from mnnfab.network.raw_network import DrawingOptions
from mnnfab.pipeline.showing import view_of
from mnnfab.report.network_view import draw_view
from mnnfab.report.terminal_view import terminal_drawing

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def test_a_design_with_load_cases() -> None:
    view = view_of(EXAMPLES / "gripper.toml")
    assert view.ports.loads_gf == pytest.approx((-18.0, 4.0))
    lines = view.text.splitlines()
    assert lines[0].startswith("gripper: 20 nodes, 40 bonds, 80 × 55.43 mm, bonds of 16 mm")
    assert "fixed nodes: 2, 3" in lines
    assert "output 0: gap (+1 node 18 x -1 node 19 x)" in lines
    assert "load case close: strings -18 gf" in lines
    assert any(line.startswith("widths 1.7 to 3.4 mm, thickness 6 mm") for line in lines)
    assert "rigid, 4 states of self-stress" in lines


def test_the_pictures_have_every_number(tmp_path: Path) -> None:
    """Nodes 0 to 19 and bonds 0 to 39; the files are drawn."""
    for name in ("gripper.svg", "gripper.png"):
        done = CliRunner().invoke(
            main, ["show", str(EXAMPLES / "gripper.toml"), "--out", str(tmp_path / name)]
        )
        assert done.exit_code == 0, done.output
        assert f"drawn: {tmp_path / name}" in done.output
    texts = [
        text.get_text() for text in draw_view(view_of(EXAMPLES / "gripper.toml")).findobj(Text)
    ]
    numbers = sorted(int(text) for text in texts if text.isdecimal())
    assert numbers == sorted([*range(20), *range(40)])
    assert {"gap", "height", "strings: 9 gf", "object: 4 gf", "fixed"} <= set(texts)
    assert (tmp_path / "gripper.svg").read_text(encoding="utf-8").count("<path") > 40
    pixels = np.asarray(Image.open(tmp_path / "gripper.png").convert("L"))
    assert 0.02 < (pixels < 200).mean() < 0.5


def test_the_terminal_drawing_has_every_node_at_its_place() -> None:
    network = triangular_patch(4, 16.0, [0, 4])
    lines = terminal_drawing(network, 72).splitlines()
    assert max(map(len, lines)) <= 72
    rows = [re.findall(r"\[?\d+\]?", line) for line in lines]
    found = [row for row in rows if row]
    # From right to left and from top to bottom, as the lattice is numbered.
    assert found == [
        ["[4]", "3", "2", "1", "[0]"],
        ["8", "7", "6", "5"],
        ["11", "10", "9"],
        ["13", "12"],
    ]
    narrow = terminal_drawing(network, 30).splitlines()
    assert max(map(len, narrow)) <= 30


@pytest.mark.parametrize("points", [[[0, 0], [10, 0]], [[0, 0], [0, 10]]])
def test_a_line_is_drawn_too(points: list[list[float]]) -> None:
    network = Network(np.array(points), np.array([[0, 1]]), np.array([0]))
    drawn = terminal_drawing(network, 40)
    assert "[0]" in drawn
    assert "1" in drawn


def test_drawings_without_fixed_nodes_are_shown(tmp_path: Path) -> None:
    path = write_dxf(tmp_path / "x.dxf", [*SQUARE, OTHER_DIAGONAL])
    with pytest.raises(InputError, match="cross"):
        view_of(path)
    view = view_of(path, drawing=DrawingOptions(crossings="split"))
    assert view.network.n_bonds == 8
    assert "fixed nodes: none" in view.text
    assert "not rigid: 3 zero modes" in view.text
    assert "were split at 1 places" in view.text


def test_invalid_designs_are_shown_with_the_reason(tmp_path: Path) -> None:
    path = small_design(tmp_path, "wrong")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("fixed = [0, 2]", "fixed = [0]"), encoding="utf-8")
    assert "not valid yet: network: 1 zero mode" in view_of(path).text
    path.write_text(text.replace("node = 4,", "node = 40,"), encoding="utf-8")
    view = view_of(path)
    assert view.network.n_bonds == 7
    assert "not valid yet: [task] outputs[1]" in view.text
    path.write_text(text.replace("rows = 2", "rows = -2"), encoding="utf-8")
    with pytest.raises(InputError, match="rows: -2"):
        view_of(path)


def test_json_has_the_network(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["show", str(small_design(tmp_path, "one")), "--json"])
    values = json.loads(done.stdout)
    assert values["bonds"][0] == [0, 1]
    assert values["inputs"] == ["node 3 y"]
    assert len(values["nodes_mm"]) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "x.pdf"], "a file ending in .svg or .png"),
        (["--unit-mm", "2"], "the keys of [network] in the design"),
        (["--out", "missing/x.svg"], "missing/x.svg"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(main, ["show", str(small_design(tmp_path, "one")), *arguments])
    assert done.exit_code == 2
    assert message in done.output.replace("\n", " ")
