"""`mnnfab new` with other lattices, network files and drawings, supports, ports and loads."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from test_drawings import OTHER_DIAGONAL, SQUARE, new_dxf, write_dxf

from mnnfab import InputError, Port, load_problem
from mnnfab.cli import main
from mnnfab.design.network_section import LATTICES
from mnnfab.problem.new_network import NetworkChoice, PortChoice, chosen_network, port_choice


def new(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.chdir(folder)
    return CliRunner().invoke(main, ["new", "mine", *arguments])


def design_of(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "mine.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("lattice", LATTICES)
def test_every_lattice_gives_a_valid_design(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lattice: str
) -> None:
    """Fixed at its upper corners, loaded below; joints suit the angles of the lattice."""
    done = new(tmp_path, monkeypatch, "--lattice", lattice)
    assert done.exit_code == 0, done.output
    assert "wrote mine.toml" in done.output
    assert "[0]" in done.output or "[" in done.output
    problem = load_problem(tmp_path / "mine.toml")
    heights = problem.network.nodes[:, 1]
    assert len(problem.network.fixed) == 2
    assert heights[problem.network.fixed].min() > heights.mean()
    assert problem.task is not None
    (load,) = problem.task.inputs
    assert heights[load.terms[0][1].node] == pytest.approx(heights.min(), abs=15.0)
    joint = problem.design.fabrication.joint_length_mm
    braced = lattice in {"square-braced", "kagome-braced", "delaunay"}
    assert joint == (3.0 if braced and lattice != "delaunay" else joint)


def test_a_drawing_with_supports_ports_and_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dxf(tmp_path / "x.dxf", [*SQUARE, OTHER_DIAGONAL])
    arguments = ["--network", "x.dxf", "--crossings", "split", "--fixed", "0"]
    arguments += ["--support", "1:y", "--support", "2 x 0.2"]
    arguments += ["--input", "4 y -6", "--input", "3 30 2.5", "--output", "4 x", "--output", "3 y"]
    done = new(tmp_path, monkeypatch, *arguments)
    assert done.exit_code == 0, done.output
    values = design_of(tmp_path)
    assert values["network"] == {
        "file": "x.dxf",
        "crossings": "split",
        "fixed": [0],
        "supports": [
            {"node": 1, "axis": "y"},
            {"node": 2, "axis": "x", "stiffness_N_per_mm": 0.2},
        ],
    }
    assert values["task"]["loads_gf"] == [-6.0, 2.5]
    assert values["task"]["inputs"][1] == {"node": 3, "direction_deg": 30.0}
    assert load_problem(tmp_path / "mine.toml").network.n_bonds == 8


def test_gaps_of_a_drawing_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gap = [*SQUARE[:4], ((0.1, -0.1), (20.1, 20.1)), OTHER_DIAGONAL]
    write_dxf(tmp_path / "x.dxf", gap)
    arguments = ["--network", "x.dxf", "--merge-mm", "0.3", "--crossings", "split"]
    arguments += ["--fixed", "0", "--support", "1 y"]
    done = new(tmp_path, monkeypatch, *arguments)
    assert done.exit_code == 0, done.output
    assert design_of(tmp_path)["network"]["merge_mm"] == 0.3
    assert load_problem(tmp_path / "mine.toml").network.n_nodes == 5
    task = design_of(tmp_path)["task"]
    assert 1 not in {port["node"] for port in task["inputs"] + task["outputs"]}


@pytest.mark.parametrize("option", ["--unit-mm", "--merge-mm"])
def test_lengths_are_positive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    done = new(tmp_path, monkeypatch, "--network", "x.dxf", option, "-1")
    assert done.exit_code == 2
    assert "-1.0 is not in the range" in done.output


def test_joints_are_shorter_in_a_small_drawing(tmp_path: Path) -> None:
    document = new_dxf([((a[0] / 4, a[1] / 4), (b[0] / 4, b[1] / 4)) for a, b in SQUARE])
    document.saveas(tmp_path / "small.dxf")
    found = chosen_network(NetworkChoice(file="small.dxf"), tmp_path)
    assert found.joints_mm == (1.0, 0.5)


def test_ports_for_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = new(tmp_path, monkeypatch, "--lattice", "square-braced", "--dataset", "iris")
    assert done.exit_code == 0, done.output
    task = design_of(tmp_path)["task"]
    assert (len(task["inputs"]), len(task["outputs"])) == (5, 3)


def test_one_output_has_a_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = new(tmp_path, monkeypatch, "--input", "10 y", "--output", "12 y")
    assert done.exit_code == 0, done.output
    assert design_of(tmp_path)["task"]["targets_mm"] == [-0.5]
    assert load_problem(tmp_path / "mine.toml").task is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lattice", "cubic"], '"triangular-patch"'),
        (["--lattice", "delaunay", "--network", "x.dxf"], "one of both"),
        (["--lattice", "delaunay", "--rows", "3"], "a lattice that has rows"),
        (["--network", "none.dxf"], "none.dxf"),
        (["--fixed", "one"], 'node numbers such as "0, 4"'),
        (["--input", "10"], "node, axis"),
        (["--input", "10 y heavy", "--output", "12 y"], "node, axis"),
        (["--input", "10 y"], "one or more of both"),
        (["--input", "10 y", "--output", "12 y 3"], "node and axis alone"),
        (["--lattice", "square-braced", "--input", "99 y", "--output", "9 y"], "node 99 does"),
        (["--support", "0 y"], "node 0 is fixed"),
        (["--unit-mm", "2"], "only with --network"),
    ],
)
def test_wrong_options_write_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    done = new(tmp_path, monkeypatch, *arguments)
    assert done.exit_code == 2, done.output
    assert message in done.output
    assert not list(tmp_path.iterdir())


def test_ports_as_text() -> None:
    assert port_choice("--input", " 10:y:-7.5 ", "gf") == PortChoice(Port(10, "y"), -7.5)
    assert port_choice("--input", "3, 45", "gf") == PortChoice(Port(3, 45.0))
    with pytest.raises(InputError, match="--input"):
        port_choice("--input", "3 z", "gf")
