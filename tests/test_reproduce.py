"""The paper's experiments: the numbers of the summary against the published ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnnfab import InputError
from mnnfab.reproduce import paper
from mnnfab.reproduce.fig1 import STEPS_N_PER_M, elongations, finite_difference_errors
from mnnfab.reproduce.fig2 import PaperLogistic as Map
from mnnfab.reproduce.fig2 import behaviour, displacements, moved
from mnnfab.reproduce.run import EXPERIMENTS, reproduce


def test_gradient_is_the_published_one() -> None:
    forward, adjoint, displaced = elongations()
    np.testing.assert_allclose(displaced, (-1.558525, -0.805212), atol=1e-6)
    found = np.sort(forward * adjoint * 1e3)  # 1e-9 m²
    np.testing.assert_allclose(found, np.sort(paper.GRADIENT_SIMULATED), rtol=4e-3)


def test_finite_differences_have_a_best_step() -> None:
    errors = finite_difference_errors()
    best = int(errors.argmin())
    assert 0 < best < len(errors) - 1
    # Truncation grows as the step, rounding as one over it.
    assert errors[-1] / errors[-21] == pytest.approx(
        STEPS_N_PER_M[-1] / STEPS_N_PER_M[-21], rel=0.1
    )
    assert errors[0] > 1e4 * errors[best]


@pytest.mark.parametrize(("target", "order"), [(0, 1), (1, -1)])
def test_the_papers_own_map_gives_its_behaviours(target: int, order: int) -> None:
    found = moved(behaviour(target, Map(1.5, 2.5, 10.0)), -1)
    # Source data of fig. 2, to the last of the five digits that training settles.
    np.testing.assert_allclose(found, paper.BEHAVIOUR_TRAINED_MM[::order], atol=1e-5)


def test_precise_displacements_by_every_rule() -> None:
    for rule in ("adjoint", "coupled-learning", "finite-differences"):
        np.testing.assert_allclose(
            moved(displacements((-0.5, -0.55), rule, 300), -1), (-0.5, -0.55), atol=1e-4
        )


def test_files_and_summary(tmp_path: Path) -> None:
    told: list[str] = []
    summary = reproduce([], tmp_path / "out", told.append)
    assert told == list(EXPERIMENTS)
    text = summary.read_text(encoding="utf-8")
    assert "| -0.62533, -0.47997 | -0.62533, -0.47997 |" in text
    pictures = sorted(tmp_path.glob("out/*.png"))
    assert len(pictures) == 4
    for picture in pictures:
        assert f"]({picture.name})" in text
        with Image.open(picture) as image:
            assert min(image.size) > 300
    table = np.genfromtxt(tmp_path / "out" / "fig1_gradient.csv", delimiter=",", names=True)
    assert len(table) == 28
    history = np.genfromtxt(tmp_path / "out" / "fig2_history.csv", delimiter=",", names=True)
    assert len(history) == 3001


def test_an_unknown_experiment(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'"fig9"\n.*fig1, fig2'):
        reproduce(["fig9"], tmp_path / "out", lambda _: None)
    assert not (tmp_path / "out").exists()
