"""Retraining: other widths to start from, another task, cut bonds, and where it all came from."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from mnnfab import InputError, MechanismError, load_problem, make_problem, parse_design, pipeline
from mnnfab.network.widths_file import load_widths
from mnnfab.pipeline.pipeline import check

PAPER = Path(__file__).resolve().parent.parent / "examples" / "paper"


def values_of(name: str, **training: object) -> dict[str, Any]:
    values = tomllib.loads((PAPER / f"{name}.toml").read_text(encoding="utf-8"))
    values["name"] = name
    return values | {"training": values["training"] | training}


def written(folder: Path, values: dict[str, Any]) -> Path:
    path = folder / f"{values['name']}.toml"
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
    return path


def train(path: Path, out: Path, start_from: Path | None = None) -> Path:
    return pipeline.train(path, out, start_from=start_from).folder


@pytest.fixture(scope="module")
def iris_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("iris")
    return train(written(folder, values_of("iris", epochs=30)), folder / "out")


def test_switch_the_task_and_back(iris_folder: Path, tmp_path: Path) -> None:
    """The paper's fig. 5: iris, then regression, then iris, each from the widths before it."""
    lines = train(
        written(tmp_path, values_of("regression", epochs=20)),
        tmp_path / "lines",
        start_from=iris_folder,
    )
    again = train(
        written(tmp_path, values_of("iris", epochs=30)), tmp_path / "again", start_from=lines
    )
    ancestry = json.loads((again / "ancestry.json").read_text())
    assert [entry["name"] for entry in ancestry] == ["iris", "regression"]
    assert [entry["task"] for entry in ancestry] == ["classification", "regression"]
    assert [entry["epochs"] for entry in ancestry] == [30, 20]
    digest = hashlib.sha256((lines / "widths.csv").read_bytes()).hexdigest()
    assert ancestry[1]["widths_sha256"] == digest
    problem = load_problem(again / "design.toml")
    expected = load_widths(lines / "widths.csv", problem.network)
    np.testing.assert_array_equal(problem.start_widths_mm, expected)


@pytest.mark.ci
def test_a_retrained_folder_stands_alone_and_keeps_its_ancestry(
    iris_folder: Path, tmp_path: Path
) -> None:
    folder = train(
        written(tmp_path, values_of("behaviour-left", epochs=50)),
        tmp_path / "out",
        start_from=iris_folder,
    )
    widths = (folder / "widths.csv").read_bytes()
    moved = folder.rename(tmp_path / "moved")
    check(moved)
    assert (moved / "widths.csv").read_bytes() == widths
    report = json.loads((moved / "report.json").read_text())
    assert [entry["name"] for entry in report["training"]["ancestry"]] == ["iris"]
    assert "Previous training runs (warm start)" in (moved / "report.html").read_text()
    again = train(moved / "design.toml", tmp_path / "again")
    assert (again / "ancestry.json").read_bytes() == (moved / "ancestry.json").read_bytes()
    assert (again / "widths.csv").read_bytes() == widths


def test_training_without_steps_keeps_the_start(iris_folder: Path, tmp_path: Path) -> None:
    folder = train(
        written(tmp_path, values_of("iris", epochs=0)), tmp_path / "out", start_from=iris_folder
    )
    network = load_problem(folder / "design.toml").network
    np.testing.assert_allclose(
        load_widths(folder / "widths.csv", network),
        load_widths(iris_folder / "widths.csv", network),
        rtol=1e-14,
    )


def test_cut_a_bond_and_train_again(iris_folder: Path, tmp_path: Path) -> None:
    values = values_of("iris", epochs=30)
    values["network"]["damage"] = [[9, 5]]
    cut = train(written(tmp_path, values), tmp_path / "out", start_from=iris_folder)
    problem = load_problem(cut / "design.toml")
    assert problem.network.n_bonds == 27
    whole = load_problem(iris_folder / "design.toml").network
    kept = ~(np.sort(whole.bonds) == [5, 9]).all(axis=1)
    np.testing.assert_array_equal(
        problem.start_widths_mm, load_widths(iris_folder / "widths.csv", whole)[kept]
    )
    history = np.genfromtxt(cut / "history.csv", delimiter=",", names=True)
    assert history["accuracy_all"][-1] > history["accuracy_all"][0]


@pytest.mark.parametrize("bond", [[0, 5], [4, 8]])
def test_a_cut_that_sets_nodes_free_is_refused_with_their_names(bond: list[int]) -> None:
    values = values_of("iris")
    values["network"]["damage"] = [bond]
    with pytest.raises(MechanismError, match=rf"1 zero mode .*nodes .*{bond[1]}"):
        make_problem(parse_design(values), PAPER)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ([[5, 13]], r"no bond joins nodes 5 and 13\n.*node 5 is joined to \[0, 1, 6, 9\]"),
        ([[5, 9], [9, 5]], r"damage\[1\]: \[9, 5\] is given twice"),
        ([[13, 12], [13, 11], [13, 10]], "node 13 loses all its bonds"),
        ([[5, 99]], r"damage\[0\]: node 99 does not exist\n.*nodes 0 to 13"),
    ],
)
def test_damage_that_cannot_be(damage: list[list[int]], words: str) -> None:
    values = values_of("iris")
    values["network"]["damage"] = damage
    with pytest.raises(InputError, match=words):
        make_problem(parse_design(values), PAPER)


def test_a_start_from_another_network_is_refused(iris_folder: Path, tmp_path: Path) -> None:
    values = values_of("behaviour-left")
    values["network"]["rows"], values["network"]["fixed"] = 5, [0, 5]
    with pytest.raises(InputError, match="no width of bond"):
        train(written(tmp_path, values), tmp_path / "out", start_from=iris_folder)


def test_a_start_beside_given_widths_is_refused(iris_folder: Path, tmp_path: Path) -> None:
    values = values_of("behaviour-left")
    del values["training"]
    values["widths"] = {"uniform_mm": 2.0}
    with pytest.raises(InputError, match="one of the two"):
        train(written(tmp_path, values), tmp_path / "out", start_from=iris_folder)
    with pytest.raises(InputError, match="no such file"):
        train(written(tmp_path, values_of("iris")), tmp_path / "out", start_from=tmp_path)


def test_restarts_leave_their_table(tmp_path: Path) -> None:
    folder = train(written(tmp_path, values_of("iris", epochs=5, restarts=4)), tmp_path / "out")
    table = np.genfromtxt(folder / "restarts.csv", delimiter=",", names=True)
    assert len(table) == 4
    assert table["chosen"].sum() == 1
    assert table["loss_validation"].argmin() == table["chosen"].argmax()
