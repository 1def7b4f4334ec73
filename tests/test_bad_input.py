"""Bad input on the command line: one message, status 2, nothing damaged and nothing left."""

from __future__ import annotations

import json
import os
import pty
import resource
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import mnnfab.pipeline.pipeline
from mnnfab import InputError, make_problem, parse_design
from mnnfab.cli import main
from mnnfab.design.design_file import dump_design
from mnnfab.design.training_section import TrainingSection
from mnnfab.io.atomic_folder import results_folder

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
Values = dict[str, Any]

NETWORK: Values = {
    "nodes": [[0, 0], [20, 0], [10, -17], [30, -17]],
    "bonds": [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]],
    "fixed": [0, 1],
}


def mnnfab_command(
    *arguments: str | Path, limit: int | None = None, user: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line; `limit` bounds the bytes of every file that it writes."""

    def before() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        if user is not None:
            os.setuid(user)

    return subprocess.run(
        [sys.executable, "-m", "mnnfab", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=before,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


#: Epochs after which the behaviour passes as it is read.
ENOUGH_EPOCHS = 500


def base(epochs: int = 5) -> Values:
    values: Values = tomllib.loads((EXAMPLES / "behaviour-left.toml").read_text())
    values["training"]["epochs"] = epochs
    values["check"] = {"elements_across_joint": 1, "discretisation_tolerance": 0.05}
    return values


def from_file(network: Values) -> Values:
    values = base()
    values["network"] = {"file": "net.json"}
    values["task"] |= {
        "inputs": [{"node": 2, "axis": "y"}],
        "outputs": [{"node": 2, "axis": "x"}, {"node": 3, "axis": "y"}],
    }
    values["files"] = {"net.json": json.dumps(NETWORK | network)}
    return values


def with_widths(text: str) -> Values:
    values = base()
    del values["training"]
    values["widths"] = {"file": "w.csv"}
    values["files"] = {"w.csv": text}
    return values


def put(place: str, value: object) -> Callable[[], Values]:
    """Return a maker of the base design with one key changed; None removes it."""

    def make() -> Values:
        values = base()
        *sections, key = place.split(".")
        target = values
        for section in sections:
            target = target.setdefault(section, {})
        if value is None:
            del target[key]
        else:
            target[key] = value
        return values

    return make


TARGETS_TASK = {
    "kind": "behaviour",
    "inputs": [{"node": 10, "axis": "y"}],
    "outputs": [{"node": 12, "axis": "y"}, {"node": 13, "axis": "y"}],
    "loads_gf": [-5.0],
}
WIDTHS = "width_mm\n" + "2.0\n" * 28
CROSSING = {
    "nodes": [[0, 0], [20, 0], [20, -20], [0, -20]],
    "bonds": [[0, 1], [0, 2], [1, 3], [1, 2], [0, 3], [2, 3]],
}

CASES: dict[str, tuple[Callable[[], Values], str]] = {
    "no such feature": (put("features.pad", {}), "did you mean pads"),
    "unknown key of a feature": (
        put("features.pads", {"radius": 5.0}),
        "[features.pads] radius: unknown key",
    ),
    "bolt wider than its pad": (
        put("features.pads", {"bolt_hole_mm": 20.0}),
        "[features.pads] bolt_hole_mm: 20",
    ),
    "no height": (put("features.dots", {"height_mm": 0.0}), "[features.dots] height_mm: 0"),
    "no such format": (put("export.formats", ["obj"]), '[export] formats: "obj"'),
    "a format twice": (put("export.formats", ["stl", "stl"]), "each once"),
    "no format": (put("export.formats", []), "one or more formats"),
    "printer of nobody": (put("fabrication.printer", "none"), "or the path of a .toml file"),
    "printer outside": (put("fabrication.printer", "../x.toml"), "without .."),
    "unknown key": (put("fabrication.thicknes_mm", 2.0), "did you mean thickness_mm"),
    "unknown section": (put("fabricaton.x", 2.0), "did you mean fabrication"),
    "wrong unit": (put("network.bond_length_cm", 1.6), "did you mean bond_length_mm"),
    "wrong type": (put("fabrication.thickness_mm", "2 mm"), '[fabrication] thickness_mm: "2 mm"'),
    "wrong number": (put("network.rows", 4.5), "[network] rows: 4.5"),
    "negative": (put("fabrication.taper_length_mm", -1.0), "greater than or equal to 0"),
    "infinite": (put("fabrication.thickness_mm", float("inf")), "finite"),
    "missing key": (put("fabrication.thickness_mm", None), "thickness_mm: missing"),
    "missing section": (put("fabrication", None), "fabrication: missing"),
    "other schema": (put("schema", 2), "schema: 2"),
    "unknown lattice": (put("network.lattice", "hexagonal"), '"triangular-patch"'),
    "unknown kind": (put("task.kind", "dance"), '"classification", "regression", "behaviour"'),
    "unknown material": (put("material.preset", "steel"), '[material] preset: "steel"'),
    "unknown printer": (put("fabrication.printer", "x"), '[fabrication] printer: "x"'),
    "node out of range": (
        put("task.inputs", [{"node": 99, "axis": "y"}]),
        "[task] inputs[0]: node 99 does not exist\n  expected: nodes 0 to 13",
    ),
    "port on a fixed node": (
        put("task.inputs", [{"node": 4, "axis": "y"}]),
        "[task] inputs[0]: node 4 is fixed",
    ),
    "name twice": (
        put(
            "task.outputs",
            [{"node": node, "axis": "y", "name": "a"} for node in (12, 9)],
        ),
        '[task] outputs[1].name: "a" twice',
    ),
    "port twice": (
        put("task.outputs", [{"node": 12, "axis": "y"}, {"node": 12, "axis": "y"}]),
        "[task] outputs[1]: node 12 y is given twice",
    ),
    "unknown axis": (put("task.inputs", [{"node": 9, "axis": "z"}]), "[task] inputs[0].axis"),
    "fixed out of range": (put("network.fixed", [0, 44]), "fixed: node 44 does not exist"),
    "repeated bond": (
        lambda: from_file({"bonds": [*NETWORK["bonds"], [2, 0]]}),
        "net.json, network, bond 5: nodes 0 and 2, which bond 1 joins already",
    ),
    "bond of no length": (
        lambda: from_file({"nodes": [[0, 0], [20, 0], [20, 0], [30, -17]]}),
        "bond 2 (1–2): length 0 mm",
    ),
    "zero mode": (
        lambda: from_file({"bonds": NETWORK["bonds"][:-1]}),
        "1 zero mode (mechanism), which moves nodes 3",
    ),
    "joints longer than the bond": (
        put("fabrication.joint_length_mm", 8.0),
        "bond 0 (0–1): 16 mm long, shorter than its joints",
    ),
    "acute angle": (
        lambda: from_file({"nodes": [[0, 0], [40, 0], [40, -8], [60, -17]], "fixed": [0, 1]}),
        "at 11.3° extends",
    ),
    "crossing bonds": (lambda: from_file(CROSSING), "bond 1 (0–2) and bond 2 (1–3): cross"),
    "minimum above maximum": (
        put("fabrication.width_min_mm", 3.0),
        "[fabrication] width_min_mm: 3, with width_max_mm = 2.5",
    ),
    "start outside": (put("fabrication.width_initial_mm", 3.0), "width_initial_mm: 3"),
    "NaN in a CSV": (
        lambda: with_widths(WIDTHS.replace("2.0", "nan", 1)),
        'w.csv, line 2, column width_mm: "nan"\n  expected: a finite number',
    ),
    "word in a CSV": (lambda: with_widths(WIDTHS.replace("2.0", "two", 1)), '"two"'),
    "wrong number of widths": (lambda: with_widths(WIDTHS + "2.0\n"), "29 widths\n  expected: 28"),
    "widths outside the limits": (
        lambda: with_widths(WIDTHS.replace("2.0", "2.7", 1)),
        "w.csv, bond 0: 2.7 mm\n  expected: width_min_mm to width_max_mm: 1.5 to 2.5 mm",
    ),
    "no such column": (lambda: with_widths(WIDTHS.replace("width_mm", "w")), "a column width_mm"),
    "missing file": (put("network", {"file": "nowhere.json"}), "nowhere.json: no such file"),
    "name with a path": (put("name", "../../etc/cron"), 'name: "../../etc/cron"'),
    "file outside": (put("network", {"file": "../net.json"}), "without .."),
    "absolute file": (put("network", {"file": "/etc/passwd"}), "without .."),
    "load missing": (
        put("task.loads_gf", []),
        "loads_gf: 0 numbers\n  expected: 1, one per input",
    ),
    "two targets": (put("task.targets_mm", [1.0, 1.0]), "either target_class"),
    "class out of range": (put("task.target_class", 2), "target_class: 2, but the task has 2"),
    "test samples of a behaviour": (
        put("training.test_fraction", 0.3),
        "a behaviour is trained on all cases",
    ),
    "sharpness of a clamp": (put("training.sharpness", 5.0), 'only with "logistic"'),
    "training and widths": (put("widths", {"uniform_mm": 2.0}), "not both"),
}


CASES |= {
    "separate pieces": (
        lambda: from_file(
            {
                "nodes": [[0, 0], [20, 0], [6, -17], [100, -17], [90, 0], [110, 0]],
                "bonds": [[0, 1], [0, 2], [1, 2], [3, 4], [3, 5], [4, 5]],
                "fixed": [0, 1, 4, 5],
            }
        ),
        "2 separate pieces: nodes 3, 4, 5 are not connected to node 0",
    ),
    "outputs that nothing moves": (lambda: from_file({}), "no input moves any of them"),
    "targets of zero": (
        lambda: base() | {"task": TARGETS_TASK | {"targets_mm": [0.0, 0.0], "loss_scale_mm": 1.0}},
        "[task] targets_mm: all zero",
    ),
    "widths of other bonds": (
        lambda: with_widths("node_i,width_mm\n" + "7,2.0\n" * 28),
        "w.csv, column node_i: nodes of other bonds",
    ),
    "control character": (put("network", {"file": "a\0b"}), "without .."),
    "deadline without end": (put("check.mesher_deadline_s", 1e300), "86400"),
    "thickness beyond all parts": (put("fabrication.thickness_mm", 1e308), "thickness_mm: 1e+308"),
    "far from the origin": (
        lambda: from_file({"nodes": [[1e6, 0], [20, 0], [10, -17], [30, -17]]}),
        "up to ±100000 mm",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_designs(tmp_path: Path, case: str) -> None:
    make, message = CASES[case]
    values = make()
    for name, text in values.pop("files", {}).items():
        (tmp_path / name).write_text(text)
    design = tmp_path / "design.toml"
    design.write_text(tomli_w.dumps(values))
    before = contents(tmp_path)
    done = mnnfab_command("run", design, "--out", tmp_path / "new" / "out")
    assert done.returncode == 2
    assert message in done.stderr
    assert "expected: " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert contents(tmp_path) == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema = ", "TOML syntax error"),
        ("\x00", "TOML syntax error"),
        ("a=" + "[" * 9999, "TOML"),
        ("schema = " + "1" * 5000, "TOML syntax error"),
        ("schema" + ".a" * 3000 + " = 1", "a key of more than 16 parts"),
    ],
)
def test_files_that_are_no_designs(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "design.toml").write_text(text)
    done = mnnfab_command("run", tmp_path / "design.toml")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.integers(-5, 99), max_size=4),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), value=LEAVES)
def test_any_value_in_any_place_is_taken_or_refused(data: st.DataObject, value: object) -> None:
    """One key of one section replaced by anything: a design, or an error of ours."""
    values = base()
    section = data.draw(st.sampled_from(sorted(values)))
    if isinstance(values[section], dict) and data.draw(st.booleans()):
        values[section][data.draw(st.sampled_from(sorted(values[section])))] = value
    else:
        values[section] = value
    try:
        problem = make_problem(parse_design(values), Path())
    except InputError:
        return
    # What is taken is a whole problem, and its design can be written down.
    assert parse_design(tomllib.loads(dump_design(problem.design))) == problem.design


def with_lbfgs(**training: object) -> Values:
    values = base()
    values["training"] = {"optimizer": "l-bfgs-b", "epochs": 3, **training}
    return values


@pytest.mark.parametrize("key", ["learning_rate", "batch_size"])
@pytest.mark.parametrize("default", [True, False])
def test_keys_of_adam_are_refused_with_the_other_optimizer(key: str, *, default: bool) -> None:
    """Also if the given value is the default: it is not used either."""
    known = TrainingSection.model_fields[key].default
    given = known if default else 2 * known
    message = rf"\[training\] {key}: {given} with optimizer = .*\n  expected: only with"
    with pytest.raises(InputError, match=message):
        parse_design(with_lbfgs(**{key: given}))
    used = parse_design(with_lbfgs(optimizer="adam", **{key: given})).training
    assert getattr(used, key) == given


def test_a_design_that_was_written_can_be_read_again() -> None:
    """The keys without an effect are left out, also for a value that a copy has."""
    design = parse_design(with_lbfgs())
    assert design.training is not None
    copied = design.training.model_copy(update={"learning_rate": 0.007})
    for one in (design, design.model_copy(update={"training": copied})):
        text = dump_design(one)
        assert "learning_rate" not in text
        assert parse_design(tomllib.loads(text)) == design
        assert parse_design(one.model_dump(by_alias=True, exclude_none=True)) == design
    assert "learning_rate = 0.006" in dump_design(parse_design(base() | {"training": {}}))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_is_no_design(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "design.toml")
    done = mnnfab_command("run", tmp_path / "design.toml")
    assert done.returncode == 2
    assert "not a file" in done.stderr


def test_name_of_the_output_folder_too_long(tmp_path: Path) -> None:
    (tmp_path / "design.toml").write_text(tomli_w.dumps(base()))
    done = mnnfab_command("run", tmp_path / "design.toml", "--out", tmp_path / ("x" * 300))
    assert done.returncode == 2
    assert "output folder" in done.stderr


def test_files_of_others_are_kept(tmp_path: Path) -> None:
    """A design that is called as a result is, in the folder that the results would go to."""
    design = tmp_path / "design.toml"
    design.write_text("# mine\n" + tomli_w.dumps(base()))
    (tmp_path / "history.csv").write_text("mine")
    before = contents(tmp_path)
    done = mnnfab_command("train", design, "--out", tmp_path)
    assert done.returncode == 2
    assert "no run has written" in done.stderr
    assert contents(tmp_path) == before


def test_manifest_cannot_remove_what_a_run_did_not_write(tmp_path: Path) -> None:
    (tmp_path / "design.toml").write_text(tomli_w.dumps(base()))
    out = tmp_path / "out"
    assert mnnfab_command("train", tmp_path / "design.toml", "--out", out).returncode == 0
    (out / "notes.txt").write_text("mine")
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["files"] += [
        {"file": name, "sha256": "0" * 64} for name in ("notes.txt", "../design.toml")
    ]
    (out / "manifest.json").write_text(json.dumps(manifest))
    assert mnnfab_command("train", tmp_path / "design.toml", "--out", out).returncode == 0
    assert (out / "notes.txt").read_text() == "mine"
    assert (tmp_path / "design.toml").exists()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A design file beside the results of a good run of it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "design.toml").write_text(tomli_w.dumps(base(ENOUGH_EPOCHS)))
    done = mnnfab_command("run", folder / "design.toml", "--out", folder / "out")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    "limit",
    [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (100, 2_000)), 20_000, 100_000],
)
@pytest.mark.ci
def test_full_disk_damages_nothing(finished: Path, limit: int) -> None:
    """No file can grow beyond `limit`: the run fails in one stage or another of its writing."""
    before = contents(finished / "out")
    done = mnnfab_command("run", finished / "design.toml", "--out", finished / "out", limit=limit)
    assert done.returncode == 2, done.stdout
    assert "mnnfab: " in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(finished / "out") == before
    assert [path.name for path in (finished / "out").iterdir() if path.is_dir()] == []


def test_output_folder_that_cannot_be_written(finished: Path) -> None:
    blocked = finished / "file"
    blocked.write_text("not a folder")
    done = mnnfab_command("run", finished / "design.toml", "--out", blocked / "out")
    assert done.returncode == 2
    assert f"output folder {blocked / 'out'}" in done.stderr
    assert blocked.read_text() == "not a folder"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_output_folder_without_permission(finished: Path) -> None:
    # /proc takes no folders from anybody, root included.
    done = mnnfab_command("run", finished / "design.toml", "--out", "/proc/mnnfab")
    assert done.returncode == 2
    assert "output folder /proc/mnnfab" in done.stderr
    assert "Traceback" not in done.stderr


def test_disk_that_fills_while_files_are_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"), results_folder(tmp_path) as staging:
        (staging / "a.txt").write_text("new")
    assert contents(tmp_path) == {"a.txt": b"old"}


def test_new_keeps_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert mnnfab_command("new", "mine").returncode == 0
    text = (tmp_path / "mine.toml").read_text()
    assert tomllib.loads(text)["name"] == "mine"
    again = mnnfab_command("new", "mine")
    assert again.returncode == 2
    assert "already exists" in again.stderr
    assert (tmp_path / "mine.toml").read_text() == text
    assert mnnfab_command("new", "half", limit=100).returncode == 2
    assert contents(tmp_path).keys() == {"mine.toml"}
    outside = mnnfab_command("new", "../mine")
    assert outside.returncode == 2
    assert not (tmp_path.parent / "mine.toml").exists()


@pytest.mark.ci
def test_new_design_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mnnfab_command("new", "mine")
    done = mnnfab_command("run", "mine.toml")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "mine" / "mine.step").exists()
    assert "mine.step, mine.stl" in done.stdout


@pytest.mark.ci
def test_failed_gate_is_status_1(tmp_path: Path) -> None:
    values = base() | {"check": {"max_bond_strain": 1e-4, "elements_across_joint": 1}}
    (tmp_path / "design.toml").write_text(tomli_w.dumps(values))
    done = mnnfab_command("run", tmp_path / "design.toml", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "error: bond" in done.stdout
    assert "no part files written" in done.stdout


@pytest.mark.ci
def test_stages_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "design.toml").write_text(tomli_w.dumps(base(ENOUGH_EPOCHS)))
    out = tmp_path / "out"
    assert mnnfab_command("train", tmp_path / "design.toml", "--out", out).returncode == 0
    assert mnnfab_command("check", out).returncode == 0
    assert mnnfab_command("export", out).returncode == 0
    assert (out / "behaviour-left.stl").exists()
    wrong = mnnfab_command("check", tmp_path / "nowhere")
    assert wrong.returncode == 2
    assert "no such folder" in wrong.stderr


def test_progress_on_a_terminal_and_silence_in_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "design.toml").write_text(tomli_w.dumps(base()))
    arguments: list[str | Path] = ["train", tmp_path / "design.toml", "--out", tmp_path / "out"]
    assert mnnfab_command(*arguments).stderr == ""
    try:
        ours, theirs = pty.openpty()
    except OSError:  # a container without pseudo-terminals
        pytest.skip("no pseudo-terminal to be had")
    command = [sys.executable, "-m", "mnnfab", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL)
    os.close(theirs)
    shown = ""
    with suppress(OSError):  # Linux reports the end of a pseudo-terminal as an error
        while part := os.read(ours, 4096):
            shown += part.decode(errors="replace")
    assert process.wait() == 0
    assert "train" in shown
    assert "loss 0.6" in shown


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [(KeyboardInterrupt(), 130, "stopped"), (KeyError("x"), 2, "unexpected KeyError")],
)
def test_faults_of_ours_do_not_look_like_a_failed_gate(
    monkeypatch: pytest.MonkeyPatch, fault: BaseException, status: int, message: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(mnnfab.pipeline.pipeline, "check", fail)
    done = CliRunner().invoke(main, ["check", "somewhere"])
    assert done.exit_code == status
    assert message in done.output


def test_mesher_past_its_deadline(tmp_path: Path) -> None:
    values = base() | {"check": {"mesher_deadline_s": 0.01}}
    (tmp_path / "design.toml").write_text(tomli_w.dumps(values))
    done = mnnfab_command("run", tmp_path / "design.toml", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "mesher did not finish within 0.01 s" in done.stderr
    assert "the trained widths are kept" in done.stderr
    assert not list((tmp_path / "out").glob("report*"))
