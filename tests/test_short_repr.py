"""Representations in a Python session: short, with shapes, ranges and counts."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mnnfab import (
    Design,
    Network,
    PrintedPart,
    Trainable,
    load_problem,
    make_problem,
    parse_design,
    require_ports,
    require_trainable,
    train,
)
from mnnfab.io.short_repr import short_repr

EXAMPLES = Path(__file__).parents[1] / "examples"

#: Longest representation of a result, five lines of a terminal.
MAX_CHARACTERS = 400


@pytest.fixture(scope="module")
def values() -> dict[str, object]:
    problem = require_trainable(load_problem(EXAMPLES / "gripper.toml"))
    schedule = replace(problem.schedule, epochs=3)
    trainable: Trainable = problem.trainable()
    training = train(trainable, problem.start_widths_mm, schedule)
    part = PrintedPart(require_ports(problem), training.widths_mm)
    return {
        "design": problem.design,
        "problem": problem,
        "network": problem.network,
        "rigidity": problem.rigidity,
        "task": problem.task,
        "trainable": trainable,
        "training": training,
        "part": part,
        "bars": part.bars,
        "bar model": problem.bar_model(),
        "tiling": part.tiling,
    }


def test_representations_are_short(values: dict[str, object]) -> None:
    lengths = {name: len(repr(value)) for name, value in values.items()}
    assert max(lengths.values()) <= MAX_CHARACTERS, lengths


def test_an_array_is_given_by_shape_and_range() -> None:
    nodes = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    network = Network(nodes, np.array([[0, 1], [1, 2], [0, 2]]), np.array([0, 1]))
    assert repr(network) == (
        "Network(nodes=<array 3 x 2, 0 to 10>, bonds=<array 3 x 2, 0 to 2>, fixed=[0, 1], "
        "supports=())"
    )


def test_empty_long_and_other_fields() -> None:
    @dataclass(frozen=True)
    class Result:
        empty: np.ndarray
        names: np.ndarray
        mixed: tuple[object, ...]
        same: tuple[int, ...]

        __repr__ = short_repr

    result = Result(np.empty((0, 2)), np.array([["a", "b"]]), (1, "a", 2.0, 3, 4), tuple(range(9)))
    assert repr(result) == (
        "Result(empty=<array 0 x 2>, names=<array 1 x 2>, mixed=<5 items>, same=<9 int>)"
    )


def test_a_section_shows_what_was_given(values: dict[str, object]) -> None:
    design = values["design"]
    assert isinstance(design, Design)
    assert "export=" not in repr(design)
    assert repr(design).startswith("Design(format=1, name='gripper', network=")


def test_a_design_from_python_is_that_of_the_file() -> None:
    """A design needs no file; paths in it are relative to the given folder."""
    path = EXAMPLES / "gripper.toml"
    problem = make_problem(parse_design(tomllib.loads(path.read_text())), EXAMPLES)
    assert problem.design == load_problem(path).design
