"""Training in situ: a session driven by the synthetic lab, from 2 mm to a trained behaviour.

The part is rubber under its loads; its gradients are measured by probes added to them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from laboratory import behaviour_bench

from fem.frames.width_model import FrameWidthModel
from mnnfab.cli import main
from mnnfab.errors import InputError
from mnnfab.lab.measurement.gradient import MeasuredGradient
from mnnfab.lab.operations import begin_session, continue_session
from mnnfab.lab.session.rehearsal import Kind
from mnnfab.lab.session.rounds import load_session
from mnnfab.lab.session.state import Round, Settings, first_round, next_round, widths_of
from mnnfab.loaded_part.calibrated_frame import calibrated_frame
from mnnfab.model.model import Model
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.problem.loading import load_problem
from mnnfab.problem.problem import require_trainable
from mnnfab.training.width_maps import WIDTH_DECIMALS

pytestmark = pytest.mark.ci

DESIGN = Path(__file__).resolve().parent.parent / "examples" / "paper" / "behaviour-left.toml"
RATE, N_ROUNDS = 0.2, 3
#: How much worse than with exact gradients a loss may be.
MOST_WORSE = 0.05


def respond(bench: PortPart, widths: np.ndarray) -> Model:
    """The rubber of a part of these widths: what a print would do."""
    return replace(bench, widths_mm=widths).rubber


def without_noise(gradient: np.ndarray, loss: float) -> MeasuredGradient:
    nothing = np.zeros_like(gradient)
    return MeasuredGradient(gradient, nothing, nothing, 0.0, loss, 0.0)


def exact(model: Model, bench: PortPart) -> MeasuredGradient:
    """A measurement without any noise."""
    task = bench.problem.task
    loss = task.loss_value(model, task.train_indices)
    return without_noise(task.stiffness_gradient(model), loss)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of some rounds, each measured with noise on the rubber of its part."""
    folder = tmp_path_factory.mktemp("lab") / "session"
    begin_session(DESIGN, folder, rate=RATE)
    for _ in range(N_ROUNDS):
        continue_session(folder, rehearsal="positions")
    return folder


def test_a_behaviour_is_learned_as_well_as_with_exact_gradients(session: Path) -> None:
    """The same number of steps without noise: in situ on rubber, and by widths of the frame."""
    problem, settings, last, _ = load_session(session)
    bench = PrintedPart(problem, problem.start_widths_mm)
    assert last.number == N_ROUNDS
    assert settings == Settings(RATE, settings.design_sha256)
    learned = widths_of(problem, last)
    np.testing.assert_array_equal(learned, learned.round(WIDTH_DECIMALS))
    task, frames = problem.task, calibrated_frame(bench).frames
    frame = FrameWidthModel(frames, task.inputs, task.outputs, weight=True)
    in_situ = by_widths = first_round(problem)
    for _ in range(N_ROUNDS):
        found = exact(respond(bench, widths_of(problem, in_situ)), bench)
        in_situ = next_round(problem, settings, in_situ, found)
        widths = widths_of(problem, by_widths)
        solved = frame.solve(widths, task.loads_N[task.train_indices])
        gradient = task.width_gradient(solved, task.train_indices) / problem.law.derivative(widths)
        by_widths = next_round(problem, settings, by_widths, without_noise(gradient, 0.0))

    def loss(found: Round) -> float:
        return exact(respond(bench, widths_of(problem, found)), bench).loss

    start, ended = loss(first_round(problem)), loss(last)
    assert np.abs(learned - 2.0).max() > 0.4
    assert start == pytest.approx(np.log(2), abs=1e-3)  # both outputs move alike at first
    assert last.losses[0] == pytest.approx(start, abs=1e-3)
    for reference in (loss(in_situ), loss(by_widths)):
        assert ended <= reference * (1 + MOST_WORSE)
        # Of what there was to be learned, as much again.
        assert start - ended >= (start - reference) * (1 - MOST_WORSE)


def test_rounds_are_kept_and_come_out_the_same(session: Path) -> None:
    names = sorted(path.name for path in session.glob("round-*"))
    assert names == [f"round-{n:03d}" for n in range(N_ROUNDS + 1)]
    after = json.loads((session / "round-003" / "round.json").read_text())
    state = {p: p.read_bytes() for p in (session / "round-003").glob("*.csv")}
    for place in session.glob("round-*"):  # as if left in round 2
        if place.name > "round-002":
            place.rename(session.parent / place.name)
    continue_session(session, session / "round-002" / "rehearsal")
    again = json.loads((session / "round-003" / "round.json").read_text())
    assert again.pop("rehearsed") == [True, True, False]  # the same, but given as a print's
    assert after.pop("rehearsed") == [True, True, True]
    assert again == after
    assert {p: p.read_bytes() for p in (session / "round-003").glob("*.csv")} == state
    for place in sorted(session.parent.glob("round-*")):
        if place.name > "round-003":
            place.rename(session / place.name)


def test_a_round_waits_for_its_measurement(tmp_path: Path) -> None:
    say = CliRunner()
    folder = tmp_path / "session"
    done = say.invoke(main, ["lab", "start", str(DESIGN), "--out", str(folder)])
    assert done.exit_code == 0
    assert "5 g down on node 10" in done.output
    again = say.invoke(main, ["lab", "step", str(folder)])
    assert again.exit_code == 0
    assert "round 0" in again.output
    assert not (folder / "round-001").exists()
    assert say.invoke(main, ["lab", "start", str(DESIGN), "--out", str(folder)]).exit_code == 2
    # What is put into the round's own folder is taken.
    continue_session(folder, rehearsal="positions")
    rehearsed, own = folder / "round-000" / "rehearsal", folder / "round-000"
    for number in (1,):
        (folder / f"round-{number:03d}").rename(tmp_path / "away")
    (own / "positions.csv").write_bytes((rehearsed / "positions.csv").read_bytes())
    third = say.invoke(main, ["lab", "step", str(folder), "--json"])
    assert third.exit_code == 0, third.output
    values = json.loads(third.output[third.output.index("{") :])
    assert values["round"] == 1
    assert values["rehearsed"] == [False]
    assert values["losses"][0] == pytest.approx(np.log(2), abs=1e-2)
    assert (folder / "round-001" / "stiffness.csv").is_file()
    assert own.joinpath("measured", "measured.html").is_file()


def test_damaged_sessions_are_told(tmp_path: Path, session: Path) -> None:
    with pytest.raises(InputError, match="no session"):
        continue_session(tmp_path)
    (tmp_path / "session.json").write_text('{"rate": -1}')
    with pytest.raises(InputError, match="rate -1"):
        continue_session(tmp_path)
    last = session / f"round-{N_ROUNDS:03d}" / "round.json"
    kept = last.read_text()
    last.write_text(kept.replace('"losses"', '"lasses"'))
    with pytest.raises(InputError, match="damaged"):
        continue_session(session)
    last.write_text(kept)
    old = session / "round-001" / "rehearsal"
    with pytest.raises(InputError, match="the measurement of round 1, already used"):
        continue_session(session, old)
    with pytest.raises(InputError, match="one of the two"):
        continue_session(session, tmp_path, rehearsal="positions")


def test_rounds_that_are_gone_and_other_designs_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    begin_session(DESIGN, folder, rate=RATE)
    for _ in range(2):
        told = continue_session(folder, rehearsal="positions")
    assert told.rehearsed == (True, True)
    state = folder / "round-001" / "round.json"
    kept = state.read_bytes()
    state.unlink()
    with pytest.raises(InputError, match="missing or damaged"):
        continue_session(folder)
    state.write_bytes(kept)
    (folder / "round-002" / "positions.csv").write_text("a real one")
    with pytest.raises(InputError, match="contains a measurement of the printed part"):
        continue_session(folder, rehearsal="positions")
    (folder / "round-002" / "positions.csv").unlink()
    other = folder / "round-001" / "rehearsal"
    rehearsed = (other / "experiment.toml").read_text()
    part = (folder / "round-001" / "experiment.toml").read_text().split('part = "')[1][:12]
    (other / "experiment.toml").write_text(f'part = "{part}"\n' + rehearsed)
    with pytest.raises(InputError, match="another part"):
        continue_session(folder, other)
    text = (folder / "design.toml").read_text()
    (folder / "design.toml").write_text(text.replace("-5.0", "-7.0"))
    with pytest.raises(InputError, match="another design"):
        continue_session(folder)


def test_the_part_of_a_round_can_be_made(tmp_path: Path) -> None:
    """Its folder has a design that gives the widths: `mnnfab run` checks and exports it."""
    folder = tmp_path / "session"
    begin_session(DESIGN, folder, rate=RATE)
    problem = load_problem(folder / "round-000" / "design.toml")
    assert problem.given_widths_mm is not None
    np.testing.assert_allclose(problem.given_widths_mm, 2.0)
    assert problem.design.name == "paper-behaviour-left-round-0"


def test_the_step_is_adams() -> None:
    """The first step of Adam is the rate in every bond, against the sign of the gradient."""
    bench = behaviour_bench()
    problem = require_trainable(bench.problem)
    begun = first_round(problem)
    found = exact(bench.rubber, bench)
    after = next_round(problem, Settings(0.1, ""), begun, found)
    moved = after.latent - begun.latent
    clear = np.abs(found.gradient) > 1e-3 * np.abs(found.gradient).max()
    np.testing.assert_allclose(moved[clear], -0.1 * np.sign(found.gradient[clear]), rtol=1e-3)


@pytest.mark.slow
def test_a_round_by_photographs(tmp_path: Path) -> None:
    """Two rounds whose parts are photographed lead where exact positions do."""
    pytest.importorskip("cv2")
    ends = []
    kinds: tuple[Kind, ...] = ("photographs", "positions")
    for kind in kinds:
        folder = tmp_path / kind
        begin_session(DESIGN, folder, rate=0.15)
        for _ in range(2):
            continue_session(folder, rehearsal=kind)
        problem, _, last, _ = load_session(folder)
        ends.append(widths_of(problem, last))
    assert np.abs(ends[0] - ends[1]).mean() < 0.02
