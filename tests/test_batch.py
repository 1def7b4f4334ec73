"""Batches: a process a design, limits, sweeps, resuming, one table and page for all."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import lxml.html
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from rich.console import Console
from rich.progress import Progress
from small import small_design, whole_run

from mnnfab import InputError, load_design
from mnnfab.batch.index import COLUMNS, chart_values, index_text
from mnnfab.batch.isolated import StageCallback, run_isolated
from mnnfab.batch.jobs import Job, RejectedDesign, collect
from mnnfab.batch.limits import Limits
from mnnfab.batch.outcome import DesignOutcome
from mnnfab.batch.run import BatchOptions, BatchOutcome, batch
from mnnfab.batch.table import make_row, write_tables
from mnnfab.batch.temporary import jobs_folder, short_temporary_folder
from mnnfab.batch.watchers import LineWatcher, LiveTable
from mnnfab.design.sweep import expand

LIMITS = Limits(deadline_s=120.0, memory_MB=4000.0)
USUAL, RESUME = BatchOptions(2, LIMITS), BatchOptions(2, LIMITS, resume=True)


def do(
    paths: list[Path], out: Path, options: BatchOptions = USUAL
) -> tuple[BatchOutcome, list[str]]:
    """Run a batch; return it and the lines that were shown."""
    lines: list[str] = []
    return batch(paths, out, LineWatcher(lines.append), options), lines


def endings(outcome: BatchOutcome) -> dict[str, str]:
    return {row["name"]: row["ending"] for row in outcome.rows}


SWEEP = "[sweep]\ntraining.seed = { first = 0, last = 1 }\nfabrication.joint_ratio = [0.5, 0.6]\n"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BatchOutcome]:
    """Four designs from one file, one that is refused, and one that fails its gate."""
    folder = tmp_path_factory.mktemp("batch")
    good = small_design(folder, "small", more=SWEEP, check=True)
    bad = small_design(folder, "bad")
    bad.write_text(bad.read_text().replace("rows = 2", "rows = 0"))
    strict = small_design(folder, "strict", check=True)
    words = "[check]\nmax_bond_strain = 1e-9\n"
    strict.write_text(strict.read_text().replace("[check]\n", words))
    outcome, _ = do([good, bad, strict], folder / "out")
    return folder, outcome


def test_every_design_ends_as_it_should(swept: tuple[Path, BatchOutcome]) -> None:
    _, outcome = swept
    names = [f"small-seed-{seed}-joint_ratio-{ratio}" for seed in (0, 1) for ratio in (0.5, 0.6)]
    expected = dict.fromkeys(names, "pass") | {"bad": "refused", "strict": "fail"}
    assert endings(outcome) == expected


def test_tables_say_what_the_reports_say(swept: tuple[Path, BatchOutcome]) -> None:
    folder, outcome = swept
    with (folder / "out" / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = parquet.read_table(folder / "out" / "results.parquet").to_pylist()
    assert [row["name"] for row in rows] == [row["name"] for row in table]
    assert [row["sweep.training.seed"] for row in table[:4]] == [0, 0, 1, 1]
    assert [row["sweep.fabrication.joint_ratio"] for row in table[:4]] == [0.5, 0.6, 0.5, 0.6]
    for text, row in zip(rows[:4], table[:4], strict=True):
        report = json.loads((folder / "out" / row["name"] / "report.json").read_text())
        continuum = report["models"]["continuum"]
        assert row["metric_continuum"] == continuum["metrics"][row["metric"]]
        assert float(text["scale"]) == report["agreement"]["continuum_vs_bar"]["scale"]
        assert row["volume_mm3"] == report["solid"]["volume_mm3"]
        assert row["errors"] == 0
    assert "rows" in rows[4]["message"]
    assert "limit" in rows[5]["message"]
    assert rows[5]["errors"] == "1"
    # The page is for people (tests/test_pages.py opens it); it names all of them.
    page = (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert all(row["name"] in page for row in outcome.rows)


@pytest.mark.ci
def test_the_same_bytes_as_alone(swept: tuple[Path, BatchOutcome], tmp_path: Path) -> None:
    folder, _ = swept
    name = "small-seed-1-joint_ratio-0.6"
    design, alone = folder / "out" / name / "design.toml", tmp_path / "alone"
    subprocess.run(
        [sys.executable, "-m", "mnnfab", "run", str(design), "--out", str(alone)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},  # the last bits follow the number of threads
        check=True,
        capture_output=True,
    )
    assert whole_run(alone) == whole_run(folder / "out" / name)


@pytest.mark.ci
def test_resume_redoes_what_is_missing_changed_or_was_asked_otherwise(tmp_path: Path) -> None:
    good = small_design(tmp_path, "small", more=SWEEP, check=True)
    out = tmp_path / "out"
    do([good], out)
    before = {path.name: whole_run(path) for path in out.iterdir() if path.is_dir()}
    names = sorted(before)
    (out / names[0] / "widths.csv").unlink()
    svg = out / names[1] / f"{names[1]}.svg"
    svg.write_bytes(svg.read_bytes().replace(b"M", b"L", 1))
    _, lines = do([good], out, RESUME)
    assert lines[0] == "4 designs, 2 already done or rejected"
    assert sorted(line.split()[2] for line in lines[1:]) == names[:2]
    assert {name: whole_run(out / name) for name in names} == before
    good.write_text(good.read_text().replace("epochs = 20", "epochs = 21"))
    _, lines = do([good], out, RESUME)
    assert lines[0] == "4 designs, 0 already done or rejected"
    _, lines = do([good], out, RESUME)
    assert lines == ["4 designs, 4 already done or rejected"]


def test_a_refused_design_of_the_same_name_costs_no_other(tmp_path: Path) -> None:
    good = small_design(tmp_path / "a", "same")
    bad = [small_design(tmp_path / place, "same") for place in ("b", "c")]
    for place, path in enumerate(bad):
        path.write_text(path.read_text().replace("rows = 2", f"rows = -{place}"))
    ours = small_design(tmp_path / "d", "index.html")
    outcome, _ = do([bad[0], good, bad[1], ours], tmp_path / "out")
    assert endings(outcome) == {
        "same": "pass",
        "same (2)": "refused",
        "same (3)": "refused",
        "index.html": "refused",
    }


def test_the_largest_numbers_of_a_sweep(tmp_path: Path) -> None:
    """Those of 64 bits, as TOML and Parquet have them; a file with larger ones is refused."""
    sweep = "[sweep]\ntraining.batch_size = [16, {}]\n"
    largest = sweep.format(2**63 - 1)
    outcome, _ = do([small_design(tmp_path, "small", more=largest)], tmp_path / "out")
    table = parquet.read_table(tmp_path / "out" / "results.parquet").to_pylist()
    assert [row["sweep.training.batch_size"] for row in table] == [16, 2**63 - 1]
    assert set(endings(outcome).values()) == {"pass"}
    path = small_design(tmp_path, "large", more=sweep.format(2**63))
    (found,) = collect([path], tmp_path / "out")
    assert isinstance(found, RejectedDesign)
    assert "at most 64 bits" in found.reason


def test_what_keeps_a_design_from_being_run_costs_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(
        job: Job, limits: Limits, on_stage: StageCallback, stop: threading.Event
    ) -> DesignOutcome:
        if job.name == "first":
            raise OSError(28, "No space left on device")
        return run_isolated(job, limits, on_stage, stop)

    monkeypatch.setattr("mnnfab.batch.pools.run_isolated", breaks)
    paths = [small_design(tmp_path, name) for name in ("first", "second")]
    outcome, _ = do(paths, tmp_path / "out")
    assert endings(outcome) == {"first": "crashed", "second": "pass"}
    assert "No space left" in outcome.rows[0]["message"]


@pytest.mark.ci
def test_modules_beside_the_designs_are_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python looks for modules where it is started; the processes of a batch must not."""
    monkeypatch.chdir(tmp_path)
    design = small_design(tmp_path, "small")
    for name in ("cadquery", "skfem", "gmsh"):
        Path(f"{name}.py").write_text("raise SystemExit('loaded from the wrong place')")
    program = "from mnnfab.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, "batch", str(design), "--out", "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_messages_are_no_markup() -> None:
    """What a file says is shown as it is, whatever brackets are in it."""
    console = Console(file=io.StringIO(), width=120)
    table = LiveTable(Progress(console=console))
    table.planned(2, 0)
    table.stage("a[/b]", "mesh [red]")
    table.ended(DesignOutcome("x", "refused", "design.toml, [sweep] [/a]: wrong"))
    console.print(table)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[sweep] [/a]" in shown
    assert "mesh [red]" in shown


def test_two_designs_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [small_design(tmp_path / place, "same") for place in ("a", "b")]
    with pytest.raises(InputError, match="a unique name"):
        do(paths, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("limits", "ending", "message", "rows"),
    [
        (Limits(0.05, 4000.0), "deadline", "did not finish within 0.05 s", 2),
        (Limits(60.0, 250.0), "memory", "exceeded the memory limit of 250 MB", 100),
    ],
)
@pytest.mark.ci
def test_limits_cost_one_design(
    tmp_path: Path, limits: Limits, ending: str, message: str, rows: int
) -> None:
    """A process that hangs or grows is ended, and leaves nothing half done."""
    path = small_design(tmp_path, "large", epochs=2_000_000 if rows == 2 else 1)
    path.write_text(path.read_text().replace("rows = 2", f"rows = {rows}"))
    small = small_design(tmp_path, "small")
    outcome, _ = do([path, small], tmp_path / "out", BatchOptions(2, limits))
    found = endings(outcome)
    assert found["large"] == ending
    assert message in outcome.rows[0]["message"]
    assert not list((tmp_path / "out" / "large").glob("*"))
    assert not list((tmp_path / "out" / "large").glob(".*"))
    if ending == "memory":  # which is plenty for a small one
        assert found["small"] == "pass"


def test_a_crash_costs_one_design(tmp_path: Path) -> None:
    """A process that is killed from outside, as a kernel's crash would, is told as such."""
    paths = [small_design(tmp_path, "long", epochs=2_000_000), small_design(tmp_path, "short")]

    def kill(line: str) -> None:
        if "short" in line:  # it is over: what is at work now is the other one
            lock = tmp_path / "out" / "long" / ".mnnfab-lock"
            until = time.monotonic() + 30
            while not (lock.exists() and lock.read_text()) and time.monotonic() < until:
                time.sleep(0.02)
            os.kill(int(lock.read_text().split()[0]), signal.SIGSEGV)

    outcome = batch(paths, tmp_path / "out", LineWatcher(kill), BatchOptions(2, LIMITS))
    assert endings(outcome) == {"long": "crashed", "short": "pass"}
    assert "SIGSEGV" in outcome.rows[0]["message"]


def test_a_job_that_is_killed_leaves_no_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it meshes, at its highest use of files and processes."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    path = small_design(tmp_path, "large", epochs=1, check=True)
    path.write_text(path.read_text().replace("rows = 2", "rows = 24"))
    (job,) = collect([path], tmp_path / "out")
    assert isinstance(job, Job)
    stop = threading.Event()

    def end_while_meshing() -> None:
        until = time.monotonic() + 1.0
        while time.monotonic() < until and not list(temporary.rglob("*mesh*")):
            time.sleep(0.01)
        stop.set()

    def end_soon(_name: str, stage: str) -> None:
        if stage == "mesh":
            threading.Thread(target=end_while_meshing).start()

    assert run_isolated(job, LIMITS, end_soon, stop).ending == "stopped"
    assert not list(temporary.glob("mnnfab-mesh-*"))
    assert not list(jobs_folder().iterdir())


@pytest.mark.parametrize(("length", "kept"), [(30, True), (150, False)])
def test_sockets_get_a_folder_with_a_short_path(
    monkeypatch: pytest.MonkeyPatch, length: int, kept: bool
) -> None:
    given = "/" + "x" * length
    monkeypatch.setattr(tempfile, "tempdir", given)
    with short_temporary_folder():
        assert (tempfile.gettempdir() == given) == kept
        assert len(tempfile.mktemp(prefix="pymp-") + "/listener-12345678") <= 107  # noqa: S306
    assert tempfile.gettempdir() == given
    monkeypatch.setattr("mnnfab.batch.temporary.SHORT_FOLDERS", ("/none-such",))
    if not kept:
        with pytest.raises(InputError, match="151 bytes"), short_temporary_folder():
            pass


@pytest.mark.ci
def test_command_line(tmp_path: Path) -> None:
    """Also with a temporary folder whose path is too long for a socket."""
    temporary = tmp_path / ("long-" * 24)
    temporary.mkdir()
    path = small_design(tmp_path, "small", more="[sweep]\ntraining.seed = [3, 4]\n")
    command = [sys.executable, "-m", "mnnfab", "batch", str(path), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, "--json", "--log", str(tmp_path / "log")],
        env=os.environ | {"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert values["endings"] == {"pass": 2}
    assert not list(temporary.iterdir())
    assert [row["sweep.training.seed"] for row in values["designs"]] == [3, 4]
    assert "small-seed-3: pass" in (tmp_path / "log").read_text()
    alone = subprocess.run(
        [sys.executable, "-m", "mnnfab", "run", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert alone.returncode == 2
    assert "mnnfab batch" in alone.stderr


@pytest.mark.parametrize(
    ("sent", "status"),
    [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)],
)
@pytest.mark.ci
def test_ctrl_c_and_termination_keep_what_is_done(
    tmp_path: Path, sent: signal.Signals, status: int
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    long = small_design(tmp_path, "long", epochs=2_000_000)
    short = small_design(tmp_path, "short")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "mnnfab", "batch", str(short), str(long), "--out", str(out)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    assert process.stderr is not None
    while "pass short" not in (line := process.stderr.readline()):
        assert line, process.communicate()
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(sent)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == status
    assert "continue with --resume" in text
    assert not psutil.wait_procs(workers, timeout=30)[1]
    assert not list(temporary.iterdir())
    assert not list(out.rglob(".*"))
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        assert [row["ending"] for row in csv.DictReader(file)] == ["pass", "stopped"]
    whole_run(out / "short")
    assert not (out / "long" / "report.json").exists()


# Sweeps


@settings(max_examples=60, deadline=None)
@given(
    seeds=st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True),
    ratios=st.lists(st.sampled_from([0.4, 0.5, 0.75, 1.0]), min_size=1, max_size=3, unique=True),
)
def test_a_sweep_is_every_combination(seeds: list[int], ratios: list[float]) -> None:
    values: dict[str, Any] = {
        "name": "n",
        "training": {"epochs": 5},
        "sweep": {"training": {"seed": seeds}, "fabrication": {"joint_ratio": ratios}},
    }
    found = expand(values, "n.toml")
    chosen = [
        (one.values["training"]["seed"], one.values["fabrication"]["joint_ratio"]) for one in found
    ]
    assert chosen == [(seed, ratio) for seed in seeds for ratio in ratios]
    assert len({one.values["name"] for one in found}) == len(found)
    assert all(one.values["training"]["epochs"] == 5 for one in found)
    assert "seed" not in values["training"]


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ("training.seed = []", "no values"),
        ("training.seed = 3", "a list of values"),
        ("training.seed = { first = 4, last = 2 }", "first = 4, last = 2"),
        ("training.seed = { first = 0, last = 2000000000 }", "last = 2000000000"),
        ("name.more = [1]", "no such section"),
        (
            "training = { seed = { first = 0, last = 999 }, epochs = { first = 1, last = 999 } }",
            "at most 100000",
        ),
        ("", "empty"),
        ("[sweep." + ".".join(["a"] * 3000) + "]\nseed = [1]", "more than 16 parts"),
    ],
)
def test_sweeps_that_cannot_be(tmp_path: Path, sweep: str, message: str) -> None:
    path = small_design(tmp_path, "small", more=f"[sweep]\n{sweep}\n")
    (found,) = collect([path], tmp_path / "out", force=False)
    assert isinstance(found, RejectedDesign)
    assert message in found.reason


def test_the_row_of_a_refused_design_has_its_swept_values(tmp_path: Path) -> None:
    sweep = '[sweep]\nfabrication.joint_ratio = [0.5, 1.5]\nnetwork.lattice = ["=1+1"]\n'
    path = small_design(tmp_path, "small", more=sweep)
    jobs = collect([path], tmp_path / "out", force=False)
    outcomes = [DesignOutcome(job.name, "refused", "@SUM(A1)") for job in jobs]
    rows = [make_row(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]
    write_tables(tmp_path, rows, outcomes)
    with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as file:
        text = list(csv.DictReader(file))
    table = parquet.read_table(tmp_path / "results.parquet").to_pylist()
    assert [row["sweep.fabrication.joint_ratio"] for row in table] == [0.5, 1.5]
    # Spreadsheets would calculate the text; Parquet has it as it is.
    for key, value in (("sweep.network.lattice", "=1+1"), ("message", "@SUM(A1)")):
        assert {row[key] for row in table} == {value}
        assert {row[key] for row in text} == {f"'{value}"}


def test_the_row_of_a_refused_date(tmp_path: Path) -> None:
    path = small_design(tmp_path, "small", more="[sweep]\ntraining.seed = [2024-01-31]\n")
    (job,) = collect([path], tmp_path / "out", force=False)
    row = make_row(job, DesignOutcome(job.name, "refused"))
    assert row["sweep.training.seed"] == '"2024-01-31"'


def test_wrong_keys_of_a_sweep_are_told_for_each_design(tmp_path: Path) -> None:
    path = small_design(tmp_path, "small", more="[sweep]\ntraining.sed = [1, 2]\n")
    found = collect([path], tmp_path / "out", force=False)
    assert all(
        isinstance(one, RejectedDesign) and "did you mean seed" in one.reason for one in found
    )
    with pytest.raises(InputError, match="several designs in one file"):
        load_design(path)


def test_jobs_travel_as_text(tmp_path: Path) -> None:
    (job,) = collect([small_design(tmp_path, "small")], tmp_path / "out", force=True)
    assert isinstance(job, Job)
    assert Job.from_text(job.as_text()) == job
    ended = DesignOutcome("small", "crashed", "why", 1.5, 20.0)
    assert DesignOutcome.from_text(ended.as_text()) == ended


# On a cluster


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a Dask scheduler and two workers; yield its address and them."""
    place = folder / "scheduler.json"
    with ExitStack() as stack:

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            log = stack.enter_context((folder / f"{arguments[0]}.log").open("ab"))
            command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        local = ("--host", "127.0.0.1", "--scheduler-file", str(place))
        start("scheduler", *local, "--port", "0", "--no-dashboard")
        until = time.monotonic() + 60
        while not place.exists():
            assert time.monotonic() < until, (folder / "scheduler.log").read_text()
            time.sleep(0.1)
        options = ["--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)]
        workers = [start("worker", *local, *options) for _ in range(2)]
        yield json.loads(place.read_text())["address"], workers


@pytest.mark.ci
def test_a_cluster_gives_the_same_bytes_and_a_lost_worker_costs_time_alone(
    tmp_path: Path,
) -> None:
    pytest.importorskip("distributed")
    path = small_design(
        tmp_path, "small", more="[sweep]\ntraining.seed = { first = 0, last = 5 }\n"
    )
    here, _ = do([path], tmp_path / "here")
    with cluster(tmp_path) as (address, workers):
        killed: list[str] = []

        def kill_one(line: str) -> None:
            if "pass" in line and not killed:
                workers[0].kill()
                killed.append(line)

        options = BatchOptions(2, LIMITS, scheduler=address)
        there = batch([path], tmp_path / "there", LineWatcher(kill_one), options)
    assert killed
    assert set(endings(there).values()) == {"pass"}
    assert [dict(row) for row in there.rows] == [dict(row) for row in here.rows]
    for row in here.rows:
        place = row["name"]
        assert whole_run(tmp_path / "there" / place) == whole_run(tmp_path / "here" / place)
    for name in ("results.csv", "results.parquet", "index.html"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_no_such_scheduler(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    nowhere = BatchOptions(2, LIMITS, scheduler="nowhere:not-a-port")
    with pytest.raises(InputError, match="--scheduler"):
        do([small_design(tmp_path, "small")], tmp_path / "out", nowhere)


def test_names_of_a_sweep_have_its_values() -> None:
    """Lists and tables too; keys of the same last part with what tells them apart."""

    def names(sweep: dict[str, Any]) -> list[str]:
        return [one.values["name"] for one in expand({"name": "n", "sweep": sweep}, "n.toml")]

    assert names({"task": {"loads_gf": [[-5.0], [-8.0, 2.0]]}}) == [
        "n-loads_gf--5.0",
        "n-loads_gf--8.0-2.0",
    ]
    ports = [[{"node": 3, "axis": "y"}], [{"node": 4, "axis": "x"}]]
    assert names({"task": {"inputs": ports}}) == ["n-inputs-3-y", "n-inputs-4-x"]
    both = {"fabrication": {"joint_ratio": [0.5]}, "check": {"joint_ratio": [1]}}
    assert names(both) == ["n-fabrication.joint_ratio-0.5-check.joint_ratio-1"]
    long = [["a" * 30], ["b" * 30]]
    assert names({"task": {"class_names": long}}) == ["n-class_names-0", "n-class_names-1"]


def test_the_chart_and_the_limits_of_a_batch() -> None:
    """Two designs: numbers with limits are met or missed; axes are numbers that differ."""

    def row(name: str, read: float, instability: float) -> dict[str, Any]:
        numbers = dict.fromkeys(column.key for column in COLUMNS)
        return numbers | {
            "name": name,
            "source": "s",
            "ending": "pass",
            "message": "",
            "metric": "accuracy",
            "metric_as_read": read,
            "metric_required": 0.9,
            "better": "higher",
            "first_instability": instability,
            "instability_required": 1.25,
            "usable_from": instability - 0.85,
            "usable_load_factor": 1.6,
            "print_yield": read - 0.01,
            "mass_g": 3.0,
            "sweep.training.seed": int(name),
        }

    rows = [row("1", 0.95, 1.2), row("2", 0.85, 2.0)]
    chart = chart_values(rows)
    assert [(axis["key"], axis["better"]) for axis in chart["axes"]] == [
        ("metric_as_read", "higher"),
        ("first_instability", "higher"),
        ("usable_from", "lower"),
        ("print_yield", "higher"),
        ("sweep.training.seed", ""),
    ]
    assert [point["values"] for point in chart["points"]] == [
        pytest.approx([0.95, 1.2, 0.35, 0.94, 1]),
        pytest.approx([0.85, 2.0, 1.15, 0.84, 2]),
    ]
    cells = lxml.html.fromstring(index_text(rows)).xpath("//tbody/tr/td")
    states = {cell.text: cell.get("class").split()[-1] for cell in cells if cell.get("data-value")}
    assert states["0.950"] == states["2.00"] == "met"
    assert states["0.850"] == states["1.20"] == "missed"
    assert states["0.35"] == states["1.60"] == states["94"] == "met"
    assert states["1.15"] == states["84"] == "missed"
