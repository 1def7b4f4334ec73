"""The command line in daily use: answers in JSON, silence, log files, and the smaller commands."""

from __future__ import annotations

import itertools
import json
import logging
import os
import pty
import re
import subprocess
import sys
import time
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest
import tomli_w
from click.testing import CliRunner, Result
from small import small_design

import mnnfab.commands.diagnosis
from geometry.printability.checks import check_printability
from geometry.printability.print_job import PrintJob
from mnnfab import load_problem, train_problem
from mnnfab.cli import main
from mnnfab.commands.diagnosis import diagnose, diagnosis_text
from mnnfab.commands.extras import EXTRAS, Extra
from mnnfab.findings import Finding
from mnnfab.network.network import Network
from mnnfab.network.svg import colours
from mnnfab.pipeline.pipeline import Outcome, run
from mnnfab.problem.problem import require_ports
from mnnfab.runs.comparison import compare_runs

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def say(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def values(*arguments: str | Path) -> dict[str, Any]:
    """Return the one JSON object on standard output, whatever the status."""
    done = say(*arguments, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["status"] == done.exit_code
    return found


# Answers


def test_every_command_takes_the_common_options() -> None:
    single = {n: c for n, c in main.commands.items() if not isinstance(c, click.Group)}
    groups = [c for c in main.commands.values() if isinstance(c, click.Group)]
    assert groups
    inner = {name: command for group in groups for name, command in group.commands.items()}
    for name, command in (single | inner).items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert {"--json", "--quiet", "--log"} <= options, name


@pytest.mark.ci
def test_a_run_in_json_and_its_stages(tmp_path: Path) -> None:
    design, out = small_design(tmp_path, "small", check=True), tmp_path / "out"
    trained = values("train", design, "--out", out)
    assert trained["folder"] == str(out)
    assert "epochs" in trained["training"]
    checked = values("check", out)
    assert (checked["verdict"], checked["files"]) == ("pass", [])
    exported = values("export", out)
    assert exported["files"] == ["small.svg"]
    assert Path(exported["report"]).exists()
    report = json.loads((out / "report.json").read_text())
    assert exported["findings"] == report["findings"]
    assert "removed files of the previous run: small.svg" in say("check", out).stdout
    assert not (out / "small.svg").exists()


def test_errors_in_json_have_their_three_parts(tmp_path: Path) -> None:
    design = small_design(tmp_path, "small")
    design.write_text(design.read_text().replace("rows = 2", "rows = -2"))
    found = values("run", design)
    assert found["status"] == 2
    assert found["error"].keys() == {"message", "where", "given", "allowed"}
    assert "rows" in found["error"]["where"]
    assert found["error"]["given"] == "-2"


def test_a_failed_gate_in_json(tmp_path: Path) -> None:
    design = small_design(tmp_path, "small", check=True)
    design.write_text(design.read_text().replace("[check]", "[check]\nmax_bond_strain = 1e-9"))
    found = values("run", design, "--out", tmp_path / "out")
    assert (found["status"], found["verdict"]) == (1, "fail")
    assert [one["code"] for one in found["findings"] if one["severity"] == "error"]


@pytest.mark.ci
def test_reach_and_ladder_in_json(tmp_path: Path) -> None:
    reach = values("reach", EXAMPLES / "paper" / "regression.toml")
    assert reach["target"]["relative_error"] == pytest.approx(0.14, abs=0.005)
    assert len(reach["ranges"]) == 4
    out = run(small_design(tmp_path, "small"), tmp_path / "out").folder
    ladder = values("ladder", out)
    names = [rung["name"] for rung in ladder["rungs"]]
    assert names[0].startswith("bars")
    assert names[-1].startswith("solid")
    assert ladder["rungs"][-1]["agreement"]["scale"] == pytest.approx(1.0)


def test_quiet_says_nothing_but_errors(tmp_path: Path) -> None:
    design = small_design(tmp_path, "small", check=True)
    done = say("run", design, "--out", tmp_path / "out", "--quiet")
    assert (done.exit_code, done.output) == (0, "")
    wrong = say("run", tmp_path / "none.toml", "-q")
    assert wrong.exit_code == 2
    assert "no such file" in wrong.stderr


def test_log_files_say_what_happened(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    design = small_design(tmp_path, "small", check=True)
    assert say("run", design, "--out", tmp_path / "out", "--log", log).exit_code == 0
    assert say("run", tmp_path / "none.toml", "--log", log).exit_code == 2
    text = log.read_text(encoding="utf-8")
    for words in (
        "INFO train",
        "epoch 20 of 20",
        "INFO continuum",
        "INFO mesh: ",
        " degrees of freedom, error ",
        "INFO small.svg: written and read back",
        "INFO small.svg; see ",
        "INFO pass: printable yes; stable and strong yes; does the task as read yes; ",
        "ERROR",
    ):
        assert words in text
    assert text.index("INFO pass") < text.index("no such file") < text.index("Traceback")
    assert text.splitlines()[0].split("INFO ")[1].startswith("'mnnfab 0.1.0:'")
    wrong = say("run", design, "--log", tmp_path / "nowhere" / "run.log")
    assert wrong.exit_code == 2
    assert "--log" in wrong.stderr


def test_warnings_of_the_library_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages of any logger of the library from warnings on; with --quiet only errors."""
    library = [logging.getLogger(name) for name in ("mnnfab.training", "fem.mesh", "export")]

    def speak(job: PrintJob) -> list[Finding]:
        for logger in library:
            logger.info("a detail")
            logger.warning("a warning of %s", logger.name)
        library[0].error("an error")
        return check_printability(job)

    monkeypatch.setattr("mnnfab.validation.check.check_printability", speak)
    design = small_design(tmp_path, "small", check=True)
    done = say("run", design, "--out", tmp_path / "out")
    for logger in library:
        assert f"warning: a warning of {logger.name}" in done.stderr
    assert "a detail" not in done.output
    assert say("run", design, "--out", tmp_path / "out", "-q").stderr == "error: an error\n"


def test_a_log_file_does_not_change_what_is_printed(
    tmp_path: Path, iris_values: dict[str, Any]
) -> None:
    """Findings are printed once, with and without a log file."""
    iris_values["training"]["epochs"] = 1
    design, log = tmp_path / "iris.toml", tmp_path / "log"
    design.write_text(tomli_w.dumps(iris_values))
    train = ("train", design, "--out", tmp_path / "out")
    plain, logged = say(*train).stderr, say(*train, "--log", log).stderr
    assert plain.count("below the measurement resolution") == 1
    assert logged == plain
    assert say(*train, "-q", "--log", log).stderr == ""


@pytest.mark.parametrize("charset", ["latin-1", "cp437", "utf-8"])
def test_what_a_terminal_cannot_show_is_replaced(
    tmp_path: Path, charset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In answers, errors and usage errors: names of folders are any bytes, or of any script."""
    runner, out = CliRunner(charset=charset), tmp_path / "\u03c3\u2028 \udce9"
    design = small_design(tmp_path, "small", epochs=1)
    done = runner.invoke(main, ["train", str(design), "--out", str(out)])
    assert done.exit_code == 0, done.exception
    shown = {"utf-8": "\u03c3\ufffd \ufffd", "cp437": "\u03c3? ?"}.get(charset, "?? ?")
    assert f"history in {tmp_path / shown}" in done.stdout
    for arguments in (["check", f"{out}-none"], ["\udce9\u03c3"], ["run", "--\udce9\u03c3"]):
        done = runner.invoke(main, arguments)
        assert done.exit_code == 2, done.exception
        assert done.stderr
    log = tmp_path / "log"
    # What is logged is not UTF-8 and cannot be sent from one process of pytest to another.
    monkeypatch.setattr(logging.getLogger("mnnfab"), "propagate", False)
    done = runner.invoke(main, ["train", str(design), "--out", str(out), "--log", str(log)])
    assert done.exit_code == 0, done.exception
    assert "history in" in log.read_text(encoding="utf-8")


def test_near_misses_are_told() -> None:
    assert "Did you mean 'export'?" in say("exprot", "x").output
    assert "--force" in say("run", "x.toml", "--froce").output


# New


@pytest.mark.parametrize(
    ("task", "dataset"),
    [
        *(("behaviour", None), ("regression", None), ("classification", None), ("none", None)),
        *(("classification", "table.csv"), ("regression", "lines.csv")),
    ],
)
def test_new_designs_of_every_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, dataset: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i % 7},{i % 5},{'abc'[i % 3]}\n" for i in range(40))
    Path("table.csv").write_text(f"x,y,kind\n{rows}")
    lines = "".join(f"{i},{-i},{0.01 * i},{0.02 * i},{0.03 * i}\n" for i in range(12))
    Path("lines.csv").write_text(f"a_gf,b_gf,p_mm,q_mm,r_mm\n{lines}")
    arguments = ["new", "mine", "--task", task]
    if task != "none":
        arguments.append("--compensate")
    if dataset:
        arguments += ["--dataset", dataset]
    assert values(*arguments)["design"] == "mine.toml"
    problem = load_problem("mine.toml")
    assert problem.design.task.kind == task
    assert (problem.design.compensate is not None) == (task != "none")
    if dataset == "table.csv":
        assert problem.task is not None
        assert problem.task.class_names == ("a", "b", "c")
        assert len(problem.task.inputs) == 3  # one for the constant weight
        assert problem.task.loads_N.sum(axis=1).min() >= -30.0 * 9.8e-3 - 1e-12
    if dataset == "lines.csv":
        assert problem.task is not None
        assert (len(problem.task.inputs), len(problem.task.outputs)) == (2, 3)
    # Every key that is only a comment can be used: the section is right without the mark.
    text = Path("mine.toml").read_text()
    assert "{{" not in text
    assert "{%" not in text


def test_ports_for_data_are_better_than_any(tmp_path: Path) -> None:
    """Screened placements learn what those one after the other do not."""
    from sklearn.datasets import load_wine

    data = load_wine()
    chosen = [data.feature_names.index(name) for name in ("alcohol", "flavanoids", "proline")]
    rows = [
        ",".join([*(f"{value:g}" for value in features[chosen]), f"c{kind}"])
        for features, kind in zip(data.data, data.target, strict=True)
    ]
    (tmp_path / "wine.csv").write_text("\n".join(["a,b,c,kind", *rows]))
    from mnnfab.problem.new_design import Start, new_design_text, write_new_design

    start = Start("classification", "wine.csv")
    plain = tmp_path / "plain.toml"
    plain.write_text(new_design_text("plain", tmp_path, start))
    placed = write_new_design("placed", tmp_path, start)
    before, after = (
        train_problem(load_problem(path)).history[-1].metrics["accuracy_train"]
        for path in (plain, placed)
    )
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert after > 0.7
    assert after > before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "behaviour", "--dataset", "iris"], "only for regression or classification"),
        (["--task", "classification", "--dataset", "none.csv"], "neither a built-in data set"),
        (["--task", "classification", "--dataset", "wine", "--rows", "3"], "17 free nodes"),
        (["--material", "wood"], "agilus30"),
        (["--printer", "../etc"], "stratasys"),
    ],
)
def test_new_designs_that_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found = values("new", "mine", *arguments)
    assert found["status"] == 2
    assert message in found["error"]["message"]
    assert not list(tmp_path.iterdir())


def test_new_asks_on_a_terminal(tmp_path: Path) -> None:
    try:
        ours, theirs = pty.openpty()
    except OSError:  # a container without pseudo-terminals
        pytest.skip("no pseudo-terminal to be had")
    command = [sys.executable, "-m", "mnnfab", "new", "asked"]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, close_fds=True
    )
    os.close(theirs)
    os.write(ours, b"classification\n\n\nn\n")
    shown = ""
    with suppress(OSError):  # Linux reports the end of a pseudo-terminal as an error
        while part := os.read(ours, 4096):
            shown += part.decode(errors="replace")
    assert process.wait() == 0, shown
    assert "Task" in shown
    assert "Network (triangular-patch" in shown
    assert "[4]" in shown  # the network is drawn
    design = tomllib.loads((tmp_path / "asked.toml").read_text())
    assert design["task"]["dataset"] == "iris"
    assert "compensate" not in design


# Compare


@pytest.mark.ci
def test_compare_says_where_two_runs_differ(tmp_path: Path) -> None:
    first = run(small_design(tmp_path / "a", "first", check=True), tmp_path / "one").folder
    other = small_design(tmp_path / "b", "second", check=True, epochs=60)
    second = run(other, tmp_path / "two").folder
    page = tmp_path / "compare.html"
    found = values("compare", first, second, "--html", page)
    lines = {(line["group"], line["name"]): line for line in found["lines"]}
    assert lines["design", "training.epochs"]["first"] == 20
    assert lines["design", "training.epochs"]["second"] == 60
    assert ("design", "fabrication.thickness_mm") not in lines
    reports = [json.loads((folder / "report.json").read_text()) for folder in (first, second)]
    for place, report in zip(("first", "second"), reports, strict=True):
        share = lines["results", "target share, continuum model"][place]
        assert share == report["models"]["continuum"]["metrics"]["target_share"]
    apart = max(
        abs(a - b) for a, b in zip(*(report["widths_mm"] for report in reports), strict=True)
    )
    assert found["widths"]["largest_mm"] == pytest.approx(apart)
    assert page.read_text().count("<img") == 2
    same = compare_runs(first, first)
    assert not [line for line in same.lines if line.differs]
    assert same.widths is not None
    assert same.widths.largest_mm == 0


def test_compare_refuses_what_is_no_run(tmp_path: Path) -> None:
    found = values("compare", tmp_path, tmp_path)
    assert (found["status"], found["error"]["given"]) == (2, "no report in the folder")


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"verdict": 1, "models": 3}', "nul", '{"models": {}}']
)
def test_compare_and_watch_with_a_report_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_text(text)
    for command in (("compare", tmp_path, tmp_path), ("watch", tmp_path)):
        done = say(*command)
        assert done.exit_code == 2, done.output
        assert "unexpected" not in done.output


# Watch


def watched(command: str, design: Path, out: Path) -> Result:
    """Start a command in a process of its own, and return what `watch` says of it to its end."""
    program = [sys.executable, "-m", "mnnfab", command, str(design), "--out", str(out)]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (out / ".mnnfab-live.json").exists():
        assert process.poll() is None
        time.sleep(0.01)
    done = say("watch", out)
    assert process.wait() == 0
    return done


@pytest.mark.ci
def test_watch_follows_a_run(tmp_path: Path) -> None:
    design, out = small_design(tmp_path, "small", epochs=20_000, check=True), tmp_path / "out"
    done = watched("run", design, out)
    assert done.exit_code == 0
    assert "train" in done.stderr
    assert "pass; see" in done.stdout


@pytest.mark.ci
def test_watch_follows_a_batch(tmp_path: Path) -> None:
    sweep = "[sweep]\ntraining.seed = [0, 1, 2]\n"
    design, out = small_design(tmp_path, "small", epochs=3000, more=sweep), tmp_path / "out"
    done = watched("batch", design, out)
    assert "0 of 3 designs" in done.stderr
    assert done.stderr.count(" of 3 designs") >= 2  # how often it looks is a matter of luck
    assert "results.csv" in done.stdout


@pytest.mark.parametrize(
    "state",
    [
        *({"stages": 3}, {"stages": ["[/red]"]}, {"findings": [{"code": 1}]}, {"losses": [[1]]}),
        *({"endings": []}, {"stages": {"a": 1}}, {"losses": [[1, 0.5]], "epoch": "x"}),
    ],
)
def test_watch_survives_any_progress_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any]
) -> None:
    (tmp_path / "widths.csv").touch()
    (tmp_path / ".mnnfab-live.json").write_text(json.dumps(state))
    locked = iter([True, True, False])
    monkeypatch.setattr("mnnfab.io.folder_lock.is_locked", lambda _: next(locked))
    monkeypatch.setattr("time.sleep", lambda _: None)
    for _ in range(2):  # while a run is active, and after it was killed
        done = say("watch", tmp_path)
        assert (done.exit_code, "unexpected" in done.output) == (0, False)
        locked = iter([False])


def test_watch_where_nothing_is_at_work(iris_run: Outcome, tmp_path: Path) -> None:
    done = say("watch", iris_run.folder)
    assert "no active run; last complete run: pass" in done.stdout
    assert values("watch", tmp_path / "none")["error"]["given"] == "no such folder"


# Machine and shell

EXTRA_NAMES = ("there", "away", "broken")


def test_doctor_finds_what_is_there_and_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        mnnfab.commands.diagnosis,
        "_NEEDED",
        (("numpy", "numpy", "numbers", ""), ("none_such", "none-such", "nothing", "look for it")),
    )
    extras = (
        Extra("there", "numbers", ("numpy",), "import numpy"),
        Extra("away", "nothing", ("none-such",), "import none_such"),
        Extra("broken", "pages", ("numpy",), "raise SystemExit('no pango')", "install pango"),
    )
    monkeypatch.setattr(mnnfab.commands.diagnosis, "EXTRAS", extras)
    checks = {check.name: check for check in diagnose()}
    assert checks["numpy"].state == "ok"
    assert checks["none-such"].state == "missing"
    assert checks["meshing"].state == "ok"
    found = {name: (checks[f"[{name}]"].state, checks[f"[{name}]"].found) for name in EXTRA_NAMES}
    assert found["there"][0] == "ok"
    assert found["away"] == ("optional", "no none-such")
    assert found["broken"] == ("optional", "no pango")
    assert checks["[broken]"].remedy == "pip install 'mnnfab[broken]'; install pango"
    assert "[away]: pip install 'mnnfab[away]'" in diagnosis_text(list(checks.values()))
    done = say("doctor")
    assert done.exit_code == 2
    assert "pip install none-such" in done.stdout


@pytest.mark.ci
def test_doctor_passes_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnnfab.commands.diagnosis, "EXTRAS", ())  # they do not make it fail
    assert not [check for check in diagnose() if check.state == "missing"]


def test_doctor_knows_all_extras() -> None:
    project = tomllib.loads((EXAMPLES.parent / "pyproject.toml").read_text(encoding="utf-8"))
    declared = project["project"]["optional-dependencies"]
    assert {extra.name for extra in EXTRAS} == set(declared)
    for extra in EXTRAS:
        packages = [re.split("[>=]", package)[0] for package in declared[extra.name]]
        assert set(extra.packages) <= set(packages)
        compile(extra.trial, extra.name, "exec")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, tmp_path: Path) -> None:
    assert "_MNNFAB_COMPLETE" in say("completion", shell).stdout
    (tmp_path / "mine.toml").touch()
    (tmp_path / "notes.txt").touch()
    found = subprocess.run(
        [sys.executable, "-m", "mnnfab"],
        cwd=tmp_path,
        env=os.environ
        | {"_MNNFAB_COMPLETE": "bash_complete", "COMP_WORDS": "mnnfab run ", "COMP_CWORD": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    if shell == "bash":
        assert "mine.toml" in found.stdout
        assert "notes.txt" not in found.stdout


# Notebooks


def test_values_show_themselves(paper_network: Network) -> None:
    from geometry.cells import tile

    problem = load_problem(EXAMPLES / "behaviour-left.toml")
    training = train_problem(problem)
    assert paper_network._repr_svg_().count("<path") == 28 + 2  # bonds, fixed nodes
    assert "training loss" in training._repr_html_()
    assert "node 10 y" in problem._repr_html_()
    part = tile(problem.network, training.widths_mm, problem.design.fabrication)
    assert part._repr_svg_().count("<path") == part.n_cells
    response = require_ports(problem).response(training.widths_mm)
    assert f"{response.flexibility[0, 0]:.4f}" in response._repr_html_()


def test_colours_go_from_dark_to_light() -> None:
    import numpy as np

    shades = colours(np.linspace(0, 1, 20))
    grey = [sum(int(shade[at : at + 2], 16) for at in (1, 3, 5)) for shade in shades]
    assert grey == sorted(grey)


def test_the_curve_that_is_followed_is_even(tmp_path: Path) -> None:
    """However long a training is, its points are spread evenly over all epochs."""
    from mnnfab.progress.live import MAX_POINTS, ProgressFileWatcher, live_state
    from mnnfab.progress.watcher import NullWatcher

    follower = ProgressFileWatcher(NullWatcher(), tmp_path, "x")
    follower.stage("train")
    for epoch in range(1, 20_001):
        follower.epoch(epoch, 20_000, 1.0 / epoch)
    follower.stage("tile")
    state = live_state(tmp_path)
    assert state is not None
    epochs = [point[0] for point in state["losses"]]
    steps = {after - before for before, after in itertools.pairwise(epochs)}
    assert len(steps) == 1
    assert MAX_POINTS / 2 <= len(epochs) <= MAX_POINTS
    assert epochs[-1] > 19_900


def test_an_epoch_is_shown_once_the_watcher_was_told(tmp_path: Path) -> None:
    """Or a Ctrl-C in between would lose an epoch that the folder speaks of."""
    from mnnfab.progress.live import ProgressFileWatcher, live_state
    from mnnfab.progress.watcher import NullWatcher

    class Told(NullWatcher):
        def epoch(self, done: int, total: int, loss: float) -> bool:  # noqa: ARG002
            state = live_state(tmp_path)
            shown.append(None if state is None else state["epoch"])
            return False

    shown: list[int | None] = []
    follower = ProgressFileWatcher(Told(), tmp_path, "x")
    follower.epoch(1, 2, 0.5)  # the first is written at once
    assert shown == [None]
    state = live_state(tmp_path)
    assert state is not None
    assert state["epoch"] == 1
