"""Hostile input: whatever a file holds, it ends in a result or in one message, and in time."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner
from mutation import HOSTILE_NAMES, HOSTILE_NUMBERS, HOSTILE_WORDS, mutated
from small import SMALL

from mnnfab.batch.limits import Limits
from mnnfab.batch.run import BatchOptions, BatchOutcome, batch
from mnnfab.batch.watchers import SilentBatch
from mnnfab.cli import main
from mnnfab.pipeline.pipeline import run

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
#: A design of these may take so long (s) and so much (MB); then it is ended.
LIMITS = Limits(deadline_s=60.0, memory_MB=3000.0)

TABLE = "long,wide,kind\n" + "".join(
    f"{5 + i % 7 * 0.3:.1f},{2 + i % 5 * 0.4:.1f},{'ab'[i % 2]}\n" for i in range(24)
)
LINES = "pull_gf,x_mm,y_mm\n" + "".join(f"{i},{0.01 * i:.3f},{-0.05 * i:.3f}\n" for i in range(9))
NETWORK = json.dumps(
    {
        "nodes": [[0, 0], [20, 0], [10, -17], [30, -17]],
        "bonds": [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]],
        "fixed": [0, 1],
    }
)
WIDTHS = "bond,node_i,node_j,width_mm\n" + "".join(
    f"{bond},{i},{j},2.0\n" for bond, (i, j) in enumerate([(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)])
)


def design(name: str, task: str = "", network: str = "", training: str = "") -> str:
    """Return the small design, with other sections if they are given."""
    text = SMALL.format(name=name, epochs=3, check="false", form="svg")
    head, rest = text.split("[network]\n")
    own, rest = rest.split("[fabrication]\n")
    fabrication, rest = rest.split("[task]\n")
    old_task, rest = rest.split("[training]\n")
    old_training, rest = rest.split("[check]\n")
    return (
        f"{head}[network]\n{network or own}[fabrication]\n{fabrication}[task]\n"
        f"{task or old_task}{training or f'[training]{chr(10)}{old_training}'}[check]\n{rest}"
    )


_PORTS = 'inputs = [{ node = 3, axis = "y" }, { node = 4, axis = "y" }]\n'
_OUT = 'outputs = [{ node = 3, axis = "x" }, { node = 1, axis = "y" }]\n'
CLASSES = (
    'kind = "classification"\ndataset = "data.csv"\n' + _PORTS + _OUT + "load_at_max_gf = -5.0\n"
)
FOLLOW = (
    'kind = "regression"\ndataset = "lines.csv"\ninputs = [{ node = 3, axis = "y" }]\n'
    + _OUT
    + 'loss = "mse"\n'
)
FROM_FILE = 'file = "data.json"\n'
PORTS_OF_FILE = (
    'kind = "behaviour"\ninputs = [{ node = 3, axis = "y" }]\n'
    'outputs = [{ node = 2, axis = "x" }, { node = 3, axis = "x" }]\n'
    "loads_gf = [-5.0]\ntarget_class = 0\n"
)
GIVEN = '[widths]\nfile = "data.csv"\n'


def run_all(folder: Path, designs: list[Path]) -> BatchOutcome:
    """Run designs; every one must end as it may, in time, and leave nothing outside."""
    before = {path for path in folder.iterdir() if path.name != "out"}
    found = batch(designs, folder / "out", SilentBatch(), BatchOptions(2, LIMITS))
    assert {path for path in folder.iterdir() if path.name != "out"} == before
    wrong = [
        (row["name"], row["source"], row["ending"], row["message"])
        for row in found.rows
        if row["ending"] not in {"pass", "fail", "refused"}
        # What asks for more than there may be, as training for a year, is ended in time.
        and not (row["ending"] in {"deadline", "memory"} and asks_for_much(Path(row["source"])))
    ]
    assert not wrong, wrong
    assert not [row for row in found.rows if has_fault(row["message"])]
    return found


def has_fault(text: str) -> bool:
    """Return whether a message is that of a fault in mnnfab, as "unexpected KeyError" is."""
    return "Traceback" in text or re.search("unexpected [A-Z]", text) is not None


def asks_for_much(path: Path) -> bool:
    text = path.read_bytes()
    # The last is a part of four metres, whose mesh is slow on a busy machine.
    return any(much in text for much in (b"999999999", b"1e308", b"bond_length_mm = 1_000"))


def mutants(folder: Path, number: int, seed: int) -> list[Path]:
    """Write mutated designs, each with a name of its own where that is left."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    bases = [
        design("x"),
        design("x", task=CLASSES),
        design("x", task=FOLLOW),
        design("x", task=PORTS_OF_FILE, network=FROM_FILE),
        (EXAMPLES / "iris-lab.toml").read_text(encoding="utf-8").replace("iris-lab", "x"),
    ]
    (folder / "data.csv").write_text(TABLE, encoding="utf-8")
    (folder / "lines.csv").write_text(LINES, encoding="utf-8")
    (folder / "data.json").write_text(NETWORK, encoding="utf-8")
    paths = []
    for place in range(number):
        base = bases[place % len(bases)].replace('name = "x"', f'name = "m{place}"')
        path = folder / f"m{place}.toml"
        path.write_bytes(mutated(base.encode("utf-8"), chance))
        paths.append(path)
    return paths


def mutated_inputs(folder: Path, number: int, seed: int) -> list[Path]:
    """Write designs that are right, each with a mutated table or network."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    kinds = [
        (design("x", task=CLASSES), "data.csv", TABLE),
        (design("x", task=FOLLOW), "lines.csv", LINES),
        (design("x", task=PORTS_OF_FILE, network=FROM_FILE), "data.json", NETWORK),
        (
            design("x", task=PORTS_OF_FILE, network='file = "net.json"\n', training=GIVEN),
            "data.csv",
            WIDTHS,
        ),
    ]
    if number >= 100:  # reports and figures with these names take a second each
        checked = design("x", task=CLASSES).replace("[check]\nenabled = false", "[check]")
        kinds.append((checked, "data.csv", TABLE))
    paths = []
    for place in range(number):
        text, name, data = kinds[place % len(kinds)]
        home = folder / f"i{place}"
        home.mkdir()
        (home / "net.json").write_text(NETWORK, encoding="utf-8")
        (home / name).write_bytes(mutated(data.encode("utf-8"), chance))
        path = home / "design.toml"
        path.write_text(text.replace('name = "x"', f'name = "i{place}"'), encoding="utf-8")
        paths.append(path)
    return paths


def unique(paths: list[Path]) -> list[Path]:
    """Return the designs whose names are their own: two of one name are refused as a batch."""
    names: Counter[str] = Counter()
    kept = []
    for path in paths:
        try:
            name = str(tomllib.loads(path.read_bytes().decode("utf-8")).get("name"))
        except (ValueError, RecursionError):
            kept.append(path)
            continue
        if not names[name]:
            kept.append(path)
        names[name] += 1
    return kept


@pytest.mark.parametrize("number", [60, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.ci
def test_mutated_designs(tmp_path: Path, number: int) -> None:
    paths = unique(mutants(tmp_path, number, seed=number))
    assert len(paths) > 0.9 * number
    found = run_all(tmp_path, paths)
    # The mutations are worth something: some designs live, most are refused with reason.
    assert found.endings["refused"] > 0.3 * number
    assert found.endings["pass"] > 0.02 * number


@pytest.mark.parametrize("number", [24, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.ci
def test_mutated_inputs(tmp_path: Path, number: int) -> None:
    found = run_all(tmp_path, mutated_inputs(tmp_path, number, seed=number))
    assert found.endings["refused"] > 0.2 * number
    assert found.endings["pass"] > 0.03 * number


@pytest.mark.parametrize("number", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_mutated_designs_on_the_command_line(tmp_path: Path, number: int) -> None:
    """The message and the status are those of the command line, without a traceback."""
    for path in mutants(tmp_path, number, seed=number + 1):
        done = CliRunner().invoke(main, ["reach", str(path), "--json"])
        assert done.exit_code in {0, 2}, (path.read_bytes(), done.output)
        assert not has_fault(done.output), (path.read_bytes(), done.output)
        assert done.exception is None or isinstance(done.exception, SystemExit)
        if done.exit_code == 2:
            assert json.loads(done.stdout)["error"]["message"]
    assert {path.name for path in tmp_path.iterdir()} <= {
        *(f"m{place}.toml" for place in range(number)),
        *("data.csv", "lines.csv", "data.json"),
    }


#: Redirections of a shell: outputs that are closed, full or not read, and a full log.
STREAMS = (
    *("", ">/dev/full", "2>/dev/full", ">&-", "2>&-", ">&- 2>&- <&-", "--json >/dev/full"),
    *("| head -c 1", "2>&1 >/dev/null | true", "--log /dev/full", "--log /dev/stdout | true"),
)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("number", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_mutated_designs_with_any_output(tmp_path: Path, number: int) -> None:
    """The status is that of a program that ended by itself, whatever becomes of its output."""
    chance = random.Random(number)  # noqa: S311 - no secret
    for path in mutants(tmp_path, number, seed=number + 2):
        streams = chance.choice(STREAMS)
        script = f'set -o pipefail; OMP_NUM_THREADS=1 "$@" {streams}'
        program = [sys.executable, "-m", "mnnfab", "reach", str(path)]
        done = subprocess.run(
            ["bash", "-c", script, "bash", *program],  # noqa: S607 - that of the path
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd=tmp_path,
        )
        case = (streams, path.read_bytes(), done.stdout, done.stderr)
        unwritable = ">/dev/full" in streams.split() or "--log /dev/full" in streams
        assert done.returncode in ({2} if unwritable else {0, 2}), case
        assert not has_fault(done.stdout + done.stderr), case
        assert done.stderr.count("mnnfab: ") <= 2, case


NEW_OPTIONS = ("--material", "--printer", "--dataset", "--rows", "--task")


@pytest.mark.parametrize("number", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_new_designs_of_any_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.chdir(tmp_path)
    chance = random.Random(number)  # noqa: S311 - no secret
    words = (*HOSTILE_WORDS, *HOSTILE_NAMES, *HOSTILE_NUMBERS[:20], "\udcff", "classification")
    for place in range(number):
        options = [(chance.choice(NEW_OPTIONS), chance.choice(words)) for _ in range(place % 3)]
        name = f"fine-{place}" if place % 3 else chance.choice(words)
        arguments = [name, *(word for pair in options for word in pair)]
        done = CliRunner().invoke(main, ["new", *arguments])
        assert done.exit_code in {0, 2}, (arguments, done.output)
        assert not has_fault(done.output), (arguments, done.output)
        assert done.exception is None or isinstance(done.exception, SystemExit), arguments
        assert not [path for path in tmp_path.iterdir() if path.suffix != ".toml"], arguments


OURS = (
    *("report.json", "manifest.json", "widths-by-epoch.csv", "history.csv", "widths.csv"),
    *("surrogate.json", "training.json", "ancestry.json", "design.toml", ".mnnfab-live.json"),
)
ODD = (b"", b"[]", b"null", b"{", b"[" * 100_000, b'{"files": 3}', b'[{"code": 1}]', b"\xff\xfe")


@pytest.mark.parametrize("number", [20, pytest.param(400, marks=pytest.mark.slow)])
@pytest.mark.ci
def test_mutated_files_of_a_run(tmp_path: Path, number: int) -> None:
    """Folders of results that somebody else has made, or a broken disk."""
    values = tomllib.loads(design("x", training="[training]\nepochs = 5\nrestarts = 2\n"))
    values |= {"check": {"enabled": True}, "compensate": {"rounds": 1}}
    path = tmp_path / "x.toml"
    path.write_text(tomli_w.dumps(values))
    whole = run(path, tmp_path / "whole").folder
    (whole / "ancestry.json").write_text(
        '[{"name": "a", "task": "b", "epochs": 3, "loss": 0.5, "widths_sha256": "c"}]'
    )
    (whole / ".mnnfab-live.json").write_text('{"stages": ["train"], "losses": [[1, 0.5]]}')
    chance = random.Random(number)  # noqa: S311 - no secret
    for place in range(number):
        folder = tmp_path / f"run{place}"
        shutil.copytree(whole, folder)
        victim = folder / OURS[place % len(OURS)]
        old = victim.read_bytes() if victim.exists() else b""
        data = mutated(old, chance) if chance.random() < 0.6 else chance.choice(ODD)
        victim.write_bytes(data)
        heavy = ["check"] if place % 4 == 0 else []
        for command in (*heavy, "watch", "compare", "tray"):
            arguments = {
                "compare": [str(whole), str(folder)],
                "tray": [str(folder), "--out", str(tmp_path / f"tray{place}")],
            }.get(command, [str(folder)])
            done = CliRunner().invoke(main, [command, *arguments])
            case = (command, victim.name, data[:200], done.output)
            assert done.exit_code in {0, 1, 2}, case
            assert not has_fault(done.output), case
            assert done.exception is None or isinstance(done.exception, SystemExit), case
