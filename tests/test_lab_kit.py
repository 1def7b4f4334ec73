"""The experiment kit, experiments beside predictions, and the commands of the laboratory."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from laboratory import timer

from mnnfab.cli import main
from mnnfab.errors import InputError
from mnnfab.io.tables import table_text
from mnnfab.lab.analysis.comparison import factors_of
from mnnfab.lab.analysis.observations import Observation, load_observations, observations_text
from mnnfab.lab.analysis.published import published
from mnnfab.lab.experiment.steps import load_steps
from mnnfab.lab.operations import measure_experiment, validate, write_kit_for_run
from mnnfab.pipeline.pipeline import Outcome
from mnnfab.reproduce import paper


@pytest.fixture(scope="module")
def kit(iris_run: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kit") / "kit"
    _, left_out = write_kit_for_run(iris_run.folder, folder)
    assert all("WeasyPrint" in words or "OpenCV" in words for words in left_out)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_loads_are_whole_grams_and_tell_what_rounding_does(kit: Path) -> None:
    rows = rows_of(kit / "loads.csv")
    assert {row["role"] for row in rows} == {"forward", "adjoint", "probe"}
    single = [row for row in rows if not row["step"].startswith("mean-")]
    assert all(float(row["load_gf"]).is_integer() for row in single)
    assert all((10 * float(row["load_gf"])).is_integer() for row in rows)
    ports = [row for row in rows if row["step"] == "forward-11y"]
    assert [row["load_gf"] for row in ports] == ["-24.0"]
    cases = [row for row in rows if row["step"].startswith("mean-")]
    ends = [f"-{port}-{way}" for port in ("12x", "7x", "13x") for way in ("plus", "minus")]
    for end in ("", *ends):
        assert {f"mean-{name}{end}" for name in ("setosa", "versicolor", "virginica")} <= {
            row["step"] for row in cases
        }
    probes = [row for row in cases if row["role"] == "probe"]
    assert max(float(row["curvature_error"]) for row in probes) < 0.01
    assert min(float(row["reading_error"]) for row in probes) > 0.001
    cosines = [float(row["gradient_cosine"]) for row in cases]
    assert min(cosines) > 0.7  # near the optimum the gradient is small
    assert max(cosines) <= 1.0
    assert min(float(row["margin_rounded_mm"]) for row in cases) > 0
    off = [float(row["outputs_off_mm"]) for row in cases]
    assert min(off) > 0
    assert max(off) < 0.05


def test_forms_that_were_filled_in_are_not_written_over(kit: Path, iris_run: Outcome) -> None:
    form = kit / "positions-form.csv"
    empty = form.read_bytes()
    form.write_bytes(empty.replace(b",,", b",1.5,", 1))
    with pytest.raises(InputError, match="changed since it was written"):
        write_kit_for_run(iris_run.folder, kit)
    assert form.read_bytes() != empty
    form.write_bytes(empty)


def test_results_of_other_commands_are_never_removed(
    kit: Path, iris_run: Outcome, tmp_path: Path
) -> None:
    """A run's own folder, or a kit's, is no place for the results of something else."""
    table = tmp_path / "own.csv"
    table.write_text(observations_text([Observation("a", "b", "mm", *(1.0,) * 6)]))
    for folder in (iris_run.folder, kit):
        before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        with pytest.raises(InputError, match="which this command does not write"):
            validate([table], folder, paper=False)
        after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        assert after == before


def test_what_to_expect_is_the_continuums(kit: Path, iris_run: Outcome) -> None:
    """Output by output the report's flexibility times the load, with a spread of some per cent."""
    report = json.loads((iris_run.folder / "report.json").read_text())
    flexibility = np.array(report["models"]["continuum"]["flexibility_mm_per_N"])
    rows = rows_of(kit / "expected.csv")
    found = next(row for row in rows if row["step"] == "forward-11y" and row["node"] == "7")
    assert float(found["continuum_ux_mm"]) == pytest.approx(-0.2352 * flexibility[1, 1], rel=1e-6)
    share = float(found["print_sd_x_mm"]) / abs(float(found["continuum_ux_mm"]))
    assert 0.02 < share < 0.5


@pytest.mark.ci
def test_the_forms_are_an_experiment(kit: Path, iris_run: Outcome, tmp_path: Path) -> None:
    """Filled in with what the kit expects, they measure as a part that is as designed."""
    steps = load_steps(kit / "steps.csv")
    assert [step.role for step in steps[:2]] == ["zero", "rigid"]
    expected = {(r["step"], r["node"]): r for r in rows_of(kit / "expected.csv")}
    nodes = {r["node"]: (float(r["x_mm"]), float(r["y_mm"])) for r in expected.values()}
    generator = np.random.default_rng(0)
    filled = []
    for row in rows_of(kit / "positions-form.csv"):
        moved = expected.get((row["step"], row["node"]))
        u = [float(moved[f"rubber_u{a}_mm"]) if moved else 0.0 for a in "xy"]
        x, y = np.add(nodes[row["node"]], u) + 0.001 * generator.standard_normal(2)
        filled.append((row["step"], row["repeat"], row["node"], x, y))
    for name in ("experiment.toml", "steps.csv"):
        (tmp_path / name).write_text((kit / name).read_text())
    header = ("step", "repeat", "node", "x", "y")
    (tmp_path / "positions.csv").write_text(table_text(header, filled))
    done, found = measure_experiment(iris_run.folder, tmp_path)
    scale = next(one for one in done.findings if one.code == "scale")
    assert scale.value == pytest.approx(1.0, abs=0.01)
    assert found.gradient is not None
    agreement = found.gradient.compare_with(found.gradients["rubber"])
    assert agreement is not None
    assert agreement.cosine > 0.95
    written = {path.name for path in done.folder.iterdir()}
    assert written == {
        *("displacements.csv", "elongations.csv", "gradient.csv", "observations.csv"),
        *("measured.json", "measured.html", "manifest.json"),
    }
    # The outputs in each step that loads inputs, the inputs in each that loads outputs alone.
    n_forward, n_adjoint = 4 + 3 * (1 + 2 * 3), 3
    assert len(load_observations(done.folder / "observations.csv")) == 3 * n_forward + 4 * n_adjoint
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "validation.html").write_text("")
    # Files that no run has written are never replaced.
    with pytest.raises(InputError, match="would be overwritten"):
        validate([done.folder], tmp_path / "theirs", paper=False)
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["validation.html"]


@pytest.mark.ci
def test_published_measurements_are_beside_their_predictions() -> None:
    found = {one.quantity: one for one in published(timer())}
    left = found["fig. 1: u_y of node 13"]
    assert left.measured == paper.MEASURED_LEFT_MM
    assert left.bars == pytest.approx(-0.805212, abs=1e-6)
    trained = found["fig. 2, trained: u_y of node 12"]
    assert trained.bars == pytest.approx(paper.BEHAVIOUR_TRAINED_MM[0], abs=1e-4)
    assert (trained.measured, trained.measured_sd) == paper.BEHAVIOUR_TRAINED_MEASURED_MM[0]
    gradients = [one for name, one in found.items() if "gradient" in name]
    counts = re.findall(r"mean of (\d+) bonds|1 bond", " ".join(one.quantity for one in gradients))
    assert sum(int(count or 1) for count in counts) == 28
    largest = max(gradients, key=lambda one: one.bars)
    assert largest.bars == pytest.approx(79.3719, abs=1e-3)
    factors = {(one.unit, one.model): one for one in factors_of(list(found.values()))}
    # The modulus was fitted to bars; the softer continuum needs four fifths of its displacements.
    assert factors["mm", "bars"].factor == pytest.approx(1.0, abs=0.02)
    assert 0.75 < factors["mm", "continuum"].factor < 0.85
    assert factors["mm", "continuum"].left_percent < 3
    assert factors["1e-9 m²", "bars"].left_percent < 10


def test_own_measurements_stand_beside_the_papers(tmp_path: Path) -> None:
    own = [
        Observation("mine", f"load {n}", "mm", 0.1 * n, 0.01, 0.11 * n, 0.01, 0.1 * n, 0.01)
        for n in range(1, 4)
    ]
    table = tmp_path / "own.csv"
    table.write_text(observations_text(own))
    assert load_observations(table) == own
    done, factors = validate([table], tmp_path / "out", paper=False)
    bars = next(one for one in factors if one.model == "bars")
    assert bars.factor == pytest.approx(1 / 1.1)
    assert bars.left_percent == pytest.approx(0, abs=1e-9)
    assert {path.name for path in done.folder.iterdir()} == {
        *("observations.csv", "validation.svg", "validation.html", "manifest.json")
    }
    table.write_text(observations_text(own).replace("0.01", "-0.01"))
    with pytest.raises(InputError, match="negative standard deviation"):
        validate([table], tmp_path / "out", paper=False)
    names = "experiment,quantity,unit,measured,measured_sd,bars,bars_sd,continuum"
    table.write_text(f"{names}\na,b,c,1,1,1,1,1\n")
    with pytest.raises(InputError, match="no column continuum_sd"):
        load_observations(table)


@pytest.mark.parametrize(
    "arguments",
    [
        ["kit", "nowhere"],
        ["lab", "measure", "nowhere", "nothing"],
        ["lab", "identify", "nowhere", "nothing"],
        ["lab", "step", "nowhere"],
        ["lab", "start", "nowhere.toml", "--out", "session"],
        ["lab", "validate", "--no-paper"],
        ["lab", "synthetic", "nowhere", "nothing"],
    ],
)
def test_commands_say_what_is_wrong(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert "expected" in done.output
    assert not list(tmp_path.iterdir())
