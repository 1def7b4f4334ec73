"""Tables of loads and displacements: their parts, and the ports that their columns name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from mnnfab import InputError, load_problem, make_problem, parse_design
from mnnfab.network.ports import Port
from mnnfab.pipeline.pipeline import reach
from mnnfab.problem.new_design import Start, write_new_design
from mnnfab.task.load_table import port_in_name, read_load_table
from mnnfab.task.split import split_samples
from mnnfab.task.task import Task
from mnnfab.units import NEWTON_PER_GF

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "paper"


def port(node: int) -> dict[str, Any]:
    return {"node": node, "axis": "y"}


def table_task(folder: Path, text: str, n_in: int, **training: object) -> Task:
    (folder / "lines.csv").write_text(text)
    values = tomllib.loads((EXAMPLES / "regression.toml").read_text(encoding="utf-8"))
    values["task"] = {
        "kind": "regression",
        "inputs": [port(node) for node in (10, 9)][:n_in],
        "outputs": [port(12)],
        "dataset": "lines.csv",
    }
    values["training"] |= training
    task = make_problem(parse_design(values), folder).task
    assert task is not None
    return task


@pytest.mark.parametrize("seed", range(4))
def test_no_load_case_is_lost_to_the_test_part(tmp_path: Path, seed: int) -> None:
    """Two load cases on two inputs: neither can be left out of the training."""
    text = "a_gf,b_gf,p_mm\n5,0,1\n0,5,2\n"
    task = table_task(tmp_path, text, 2, test_fraction=0.5, seed=seed)
    assert task.train_indices.tolist() == [0, 1]
    (told,) = task.input_findings
    assert told.code == "few-rows"
    assert "training line 2, line 3; line " in told.message


def test_the_parts_of_a_short_table_are_told(tmp_path: Path) -> None:
    text = "a_gf,p_mm\n5,1\n10,2\n15,3\n"
    task = table_task(tmp_path, text, 1, test_fraction=0.3)
    assert len(task.train_indices) == 2
    test = task.split.test.tolist()
    assert f"test line {test[0] + 2}" in task.input_findings[0].message
    assert table_task(tmp_path, text, 1, test_fraction=0.0).input_findings == ()


def test_a_regression_table_from_a_spreadsheet(tmp_path: Path) -> None:
    text = "sep=;\na_gf;p_mm;\n5;1,5;\nNA;2;\n10;3;\n"
    with pytest.raises(InputError, match=r"line 4, column a_gf: NA .a missing value"):
        table_task(tmp_path, text, 1, test_fraction=0.0)
    (tmp_path / "lines.csv").write_text(text)
    table = read_load_table(tmp_path / "lines.csv", [Port(10, "y")], [Port(12, "y")], "drop")
    np.testing.assert_allclose(table.loads_N / NEWTON_PER_GF, [[5], [10]])
    assert table.displacements_mm.tolist() == [[1.5], [3.0]]
    assert [one.code for one in table.findings][-1] == "rows-dropped"


@pytest.mark.parametrize(
    ("column", "named"),
    [
        *((name, Port(3, "y")) for name in ("node3_y_gf", "n3y_gf", "node 3 y_gf", "load_n3_y_gf")),
        *((name, Port(12, "x")) for name in ("node12_ux_mm", "ux_node12_mm", "x_n12_mm")),
        *((name, None) for name in ("a_gf", "load3_y_gf", "node3_gf", "y_mm", "tension3y_gf")),
    ],
)
def test_node_and_axis_in_the_name_of_a_column(column: str, named: Port | None) -> None:
    assert port_in_name(column) == named


def test_columns_of_other_ports_are_told(tmp_path: Path) -> None:
    text = "node10_y_gf,node11_y_mm\n" + "".join(f"{row},{row}\n" for row in range(1, 13))
    (told,) = table_task(tmp_path, text, 1).input_findings
    assert told.code == "port-names"
    assert '"node11_y_mm" belongs to the port node 12 y' in told.message


def test_reach_has_the_target_of_a_load_case_drawn_for_the_test(tmp_path: Path) -> None:
    """The largest load alone acts on the second input; its target is that of its row."""
    values = tomllib.loads((EXAMPLES / "regression.toml").read_text(encoding="utf-8"))
    values["network"]["rows"] = 2
    values["network"]["fixed"] = [0, 2]
    values["task"] = {
        "kind": "regression",
        "inputs": [port(3), port(4)],
        "outputs": [{"node": 1, "axis": "y"}],
        "dataset": "lines.csv",
    }
    (tmp_path / "lines.csv").write_text("a_gf,b_gf,p_mm\n2,0,-0.1\n3,0,-0.15\n0,5,0.25\n")
    for seed in range(20):
        values["training"] |= {"test_fraction": 0.3, "seed": seed}
        if 2 in split_samples(3, parse_design(values).schedule).test:
            break
    (tmp_path / "mine.toml").write_text(tomli_w.dumps(values))
    line = next(one for one in reach(tmp_path / "mine.toml").text.splitlines() if "largest" in one)
    assert line.split()[-1] == "0.2500"


# New designs


def test_new_takes_the_ports_from_the_names_of_the_columns(tmp_path: Path) -> None:
    header = "node10_y_gf,n3x_gf,node17_uy_mm,uy_n13_mm"
    rows = "".join(f"{row},{row % 3},{0.1 * row},{row % 4}\n" for row in range(1, 13))
    (tmp_path / "lines.csv").write_text(f"{header}\n{rows}")
    path = write_new_design("mine", tmp_path, Start("regression", "lines.csv"))
    problem = load_problem(path)
    assert problem.task is not None
    ports = [str(one) for one in (*problem.task.inputs, *problem.task.outputs)]
    assert ports == ["node 10 y", "node 3 x", "node 17 y", "node 13 y"]
    assert problem.task.input_findings == ()
    assert "as in the names of the columns" in path.read_text()


def test_new_needs_a_port_in_every_name_or_in_none(tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text("node10_y_gf,p_mm\n1,2\n2,3\n")
    with pytest.raises(InputError, match='no node and axis in the name "p_mm"'):
        write_new_design("mine", tmp_path, Start("regression", "lines.csv"))


def test_new_names_the_class_column(tmp_path: Path) -> None:
    rows = "".join(f"{'xy'[row % 2]},{row},{row * row % 7}\n" for row in range(20))
    (tmp_path / "own.csv").write_text(f"kind,a,b\n{rows}x,NA,1\n")
    start = Start("classification", "own.csv", class_column="kind", missing="drop")
    problem = load_problem(write_new_design("mine", tmp_path, start))
    assert problem.task is not None
    assert problem.task.class_names == ("x", "y")
    assert len(problem.task.loads_N) == 20
