"""Nothing lost: killed at any moment, power cut, disk full, two runs at once in a folder."""

from __future__ import annotations

import fcntl
import importlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner
from small import small_design, whole_run

from mnnfab import InputError
from mnnfab.batch.limits import Limits
from mnnfab.batch.run import BatchOptions, batch
from mnnfab.batch.watchers import SilentBatch
from mnnfab.cli import main
from mnnfab.io.atomic_folder import commit_files, move_committed, recover
from mnnfab.io.folder_lock import (
    LIVE,
    LOCK,
    MAX_ATTEMPTS,
    RETRY_INTERVAL_S,
    is_locked,
    locked_folder,
    recover_unless_locked,
)
from mnnfab.io.signals import uninterrupted
from mnnfab.pipeline.pipeline import run
from mnnfab.pipeline.writing import write_manifest
from mnnfab.progress.live import write_live
from mnnfab.runs.run_folder import earlier_results, is_intact, run_folder

LIMITS = Limits(deadline_s=120.0, memory_MB=4000.0)


def state(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


# Killed


def run_quietly(design: str, out: str) -> None:
    run(Path(design), Path(out))


@pytest.mark.parametrize("kills", [12, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.ci
def test_a_run_that_is_killed_leaves_the_earlier_results_or_its_own(
    tmp_path: Path, kills: int
) -> None:
    """Killed at random moments, mostly near the end where files are put in place."""
    first = small_design(tmp_path / "a", "same", epochs=20)
    second = small_design(tmp_path / "b", "same", epochs=21)
    wholes = [whole_run(run(design, tmp_path / "ref").folder) for design in (first, second)]
    out = tmp_path / "out"
    run(first, out)
    context, chance = get_context("fork"), random.Random(kills)  # noqa: S311
    longest = 0.0
    for number in range(kills):
        design = (second, first)[number % 2]
        process = context.Process(target=run_quietly, args=(str(design), str(out)))
        begun = time.monotonic()
        process.start()
        if number < 2:  # how long it takes
            process.join()
            longest = time.monotonic() - begun
            continue
        time.sleep(longest * chance.uniform(0.5, 1.05))
        process.kill()
        process.join()
        recover_unless_locked(out)
        assert whole_run(out) in wholes
    assert whole_run(run(second, out).folder) == wholes[1]
    assert set(state(out)) == {*earlier_results(out), "manifest.json"}


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.ci
def test_a_batch_that_is_killed_goes_on(tmp_path: Path, kills: int) -> None:
    sweep = "[sweep]\ntraining.seed = { first = 0, last = 5 }\n"
    design = small_design(tmp_path, "small", epochs=300, more=sweep)
    reference = batch([design], tmp_path / "ref", SilentBatch(), BatchOptions(2, LIMITS))
    names = [row["name"] for row in reference.rows]
    whole = {name: whole_run(tmp_path / "ref" / name) for name in names}
    out, chance = tmp_path / "out", random.Random(kills)  # noqa: S311
    command = [sys.executable, "-m", "mnnfab", "batch", str(design), "--out", str(out), "--quiet"]
    done: set[str] = set()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary)}
    for _ in range(kills):
        process = subprocess.Popen([*command, "--resume"], env=environment)
        time.sleep(chance.uniform(0.3, 7.5))
        process.kill()
        process.wait()
        wait_until_free([out, *(out / name for name in names)])
        found = {name for name in names if (out / name / "manifest.json").exists()}
        for name in found:
            recover_unless_locked(out / name)
            assert whole_run(out / name) == whole[name]
        assert done <= found
        done = found
        if len(done) == len(names):  # all over: begin again
            shutil.rmtree(out)
            done = set()
    last = subprocess.run([*command, "--resume"], check=False)
    assert last.returncode == 0
    assert {name: whole_run(out / name) for name in names} == whole
    assert is_intact(out, earlier_results(out))
    for name in ("results.csv", "results.parquet", "index.html"):
        assert (out / name).read_bytes() == (tmp_path / "ref" / name).read_bytes()
    wait_until_empty(temporary)


def wait_until_free(folders: list[Path]) -> None:
    """Wait until the processes of a killed one are gone: they end themselves, at once."""
    until = time.monotonic() + 10
    while any(is_locked(folder) for folder in folders):
        assert time.monotonic() < until
        time.sleep(0.02)


def wait_until_empty(folder: Path) -> None:
    """Wait until what remains of a killed process has tidied up."""
    until = time.monotonic() + 30
    while list(folder.iterdir()):
        assert time.monotonic() < until, list(folder.rglob("*"))
        time.sleep(0.05)


def test_a_killed_process_leaves_nothing_hidden_behind(tmp_path: Path) -> None:
    """Killed at the latest moment at which a file can be hidden: that of the progress as well."""
    for name in (LOCK, LIVE, f"{LIVE}.draft", ".mnnfab-staging-x"):
        (tmp_path / name).touch()
    recover_unless_locked(tmp_path)
    assert not list(tmp_path.iterdir())


# Ended by SIGTERM


def command(arguments: list[str], temporary: str) -> None:
    """Run a command in a session of its own, with the mesher as a program of its own."""
    os.setsid()
    tempfile.tempdir = temporary
    sys.modules.pop("fem.mesher", None)
    main(arguments)


def start(*arguments: str | Path, temporary: Path) -> ForkProcess:
    process = get_context("fork").Process(
        target=command, args=([str(argument) for argument in arguments], str(temporary))
    )
    process.start()
    return process


def processes_of(session: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.Error):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def hidden(folder: Path) -> list[Path]:
    return list(folder.rglob(".*"))


@pytest.mark.parametrize("times", [4, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.ci
def test_a_run_that_is_terminated_tidies_up(tmp_path: Path, times: int) -> None:
    """At random moments of training, meshing, export and moving: nothing hidden is left."""
    first = small_design(tmp_path / "a", "same", epochs=20, check=True)
    second = small_design(tmp_path / "b", "same", epochs=3000, check=True)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    old, chance = tmp_path / "old", random.Random(times)  # noqa: S311
    wholes = [whole_run(run(first, old).folder)]
    begun = time.monotonic()
    wholes.append(whole_run(run(second, tmp_path / "ref").folder))
    longest = time.monotonic() - begun
    for number in range(times):
        fresh = tmp_path / f"fresh-{number}"
        folder = (old, fresh)[number % 2]
        process = start("run", second, "--out", folder, "-q", temporary=temporary)
        time.sleep(longest * chance.uniform(0.0, 1.1))
        process.terminate()
        process.join()
        # Before the command handles signals, and after that, they have their usual effect.
        assert process.exitcode in {0, 143, -signal.SIGTERM}
        assert not hidden(folder)
        assert not list(temporary.iterdir())
        assert process.pid is not None
        assert not processes_of(process.pid)
        if folder == old or (folder / "report.json").exists():
            assert whole_run(folder) in wholes
        elif folder.exists():
            assert is_intact(folder, earlier_results(folder))
            assert (folder / "widths.csv").exists()


@pytest.mark.parametrize("moves", [False, True])
def test_a_termination_is_told_and_waits_while_files_are_moved(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    moves: bool,
) -> None:
    """Status 143, also with a second signal during the tidying, as `timeout` sends it."""
    out, design = tmp_path / "out", small_design(tmp_path, "small", epochs=1)
    rmtree, move = shutil.rmtree, move_committed

    def terminated(stage: object) -> Callable[..., object]:
        def call(*arguments: Any, **options: Any) -> object:  # noqa: ANN401
            signal.raise_signal(signal.SIGTERM)
            return stage(*arguments, **options)  # type: ignore[operator]

        return call

    if moves:
        monkeypatch.setattr("mnnfab.io.atomic_folder.move_committed", terminated(move))
    else:
        monkeypatch.setattr("mnnfab.pipeline.writing.write_training", terminated(list))
        monkeypatch.setattr(shutil, "rmtree", terminated(rmtree))
    done = CliRunner().invoke(main, ["run", str(design), "--out", str(out)])
    assert done.exit_code == 143
    assert not hidden(out)
    if moves:
        assert "stopped; the results are complete" in done.stderr
        whole_run(out)
    else:
        assert "the trained widths are kept" in done.stderr
        watched = CliRunner().invoke(main, ["watch", str(out)])
        assert "the run was stopped; trained widths without a report" in watched.stdout


def test_an_error_that_a_library_makes_of_a_signal_is_the_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libraries in C++ report a signal during their import as an ImportError."""

    def breaks(*_: object, **__: object) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt as stop:
            raise ImportError("initialization failed") from stop

    monkeypatch.setattr("mnnfab.pipeline.pipeline.run", breaks)
    done = CliRunner().invoke(main, ["run", str(small_design(tmp_path, "small"))])
    assert (done.exit_code, done.stderr) == (
        143,
        "mnnfab: stopped; earlier results are unchanged\n",
    )


def test_a_signal_waits_for_the_end_of_an_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VTK crashes if the import of one of its modules is interrupted."""
    module = tmp_path / "imported_under_a_signal.py"
    module.write_text("import signal\nsignal.raise_signal(signal.SIGTERM)\nwhole = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    seen: list[bool] = []

    def imports(*_: object, **__: object) -> None:
        seen.append(importlib.import_module(module.stem).whole)
        while True:  # the signal comes back
            time.sleep(0.01)

    monkeypatch.setattr("mnnfab.pipeline.pipeline.run", imports)
    done = CliRunner().invoke(main, ["run", str(small_design(tmp_path, "small"))])
    assert (done.exit_code, seen) == (143, [True])


@pytest.mark.parametrize("left", [True, False])
def test_watch_says_that_a_run_was_killed(tmp_path: Path, *, left: bool) -> None:
    """Also where no run before it has left a report."""
    if left:
        write_live(tmp_path, {"stages": ["read", "train"]})
    done = CliRunner().invoke(main, ["watch", str(tmp_path)])
    assert done.exit_code == 2
    words = "the last run was killed in stage train, and no results"
    assert (words in done.stderr) == left
    assert "stopped before it has trained widths" in done.stderr


def test_signals_wait_for_short_steps() -> None:
    """Repeated signals in a step act once, at its end."""
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
    try:
        with uninterrupted():
            for _ in range(2):
                signal.raise_signal(signal.SIGTERM)
            seen.append(0)
        assert seen == [0, signal.SIGTERM]
        signal.raise_signal(signal.SIGTERM)
        assert len(seen) == 3
    finally:
        signal.signal(signal.SIGTERM, before)


# Power cut


class PowerCut(BaseException):
    """The moment at which nothing more is done."""


class Disk:
    """Counts what reaches the disk, and cuts the power at a given moment."""

    def __init__(self, steps: int, patch: pytest.MonkeyPatch) -> None:
        self.left, self.synced = steps, set[int]()
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "unlink")):
            patch.setattr(owner, name, self._counted(name, getattr(owner, name)))

    def _counted(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: Any, **options: Any) -> object:  # noqa: ANN401
            if self.left == 0:
                raise PowerCut
            self.left -= 1
            if name == "fsync":
                self.synced.add(os.fstat(arguments[0]).st_ino)
            return real(*arguments, **options)

        return call

    def lose_what_was_not_synced(self, folder: Path) -> None:
        """Empty the files that may have been in memory only."""
        for path in folder.rglob("*"):
            if path.is_file() and path.stat().st_ino not in self.synced:
                path.write_bytes(b"")


OLD = {"a.txt": b"old", "gone.txt": b"old", "manifest.json": b"old", "mine.txt": b"mine"}
NEW = {"a.txt": b"new", "inputs/c.txt": b"new", "manifest.json": b"new", "mine.txt": b"mine"}


@pytest.mark.parametrize("name_is_lost", [False, True])
def test_power_that_is_cut_at_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, name_is_lost: bool
) -> None:
    """Earlier results or new ones, whole, whatever was still in memory when the power went."""
    outcomes = []
    for steps in range(60):
        folder = tmp_path / str(steps)
        staging = folder / ".mnnfab-staging-x"
        (staging / "inputs").mkdir(parents=True)
        for name, data in OLD.items():
            (folder / name).write_bytes(data)
        for name, data in NEW.items():
            if data == b"new":
                (staging / name).write_bytes(data)
        with monkeypatch.context() as patch:
            disk = Disk(steps, patch)
            try:
                commit_files(staging, ["gone.txt", "a.txt"])
                move_committed(staging, folder)
            except PowerCut:
                pass
            else:
                assert state(folder) == NEW
                break
        if staging.exists() and state(staging).keys() >= NEW.keys() - {"mine.txt"}:
            # Nothing was moved yet: files, and the name of the commit, may have been in memory.
            disk.lose_what_was_not_synced(staging)
            commit = staging / ".commit"
            if name_is_lost and commit.exists() and staging.stat().st_ino not in disk.synced:
                commit.rename(staging / ".commit.draft")
        recover(folder)
        assert state(folder) in (OLD, NEW), steps
        outcomes.append(state(folder) == NEW)
    else:
        pytest.fail("it never came to an end")
    assert outcomes == sorted(outcomes)  # first the old, from some step on the new
    assert not outcomes[0]
    assert outcomes[-1]


# Disk full: tests/test_bad_input.py. Errors while files are put in place:


def publish(folder: Path, files: Mapping[str, str]) -> None:
    with locked_folder(folder), run_folder(folder) as staging:
        for name, text in files.items():
            (staging / name).parent.mkdir(exist_ok=True)
            (staging / name).write_text(text)
        write_manifest(staging, ())


def test_what_cannot_be_moved_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in the middle of moving is told, and the next command goes on."""
    publish(tmp_path, {"a.txt": "old"})
    real, failed = Path.replace, list[Path]()

    def fails_once(self: Path, target: Path) -> Path:
        if target.name == "b.txt" and not failed:
            failed.append(target)
            raise OSError(5, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", fails_once)
    with pytest.raises(InputError, match="Input/output error"):
        publish(tmp_path, {"a.txt": "new", "b.txt": "new"})
    with locked_folder(tmp_path):
        pass
    assert is_intact(tmp_path, earlier_results(tmp_path))
    assert (tmp_path / "a.txt").read_text() == (tmp_path / "b.txt").read_text() == "new"


# Hostile folders


def test_a_commit_leads_nowhere_else(tmp_path: Path) -> None:
    """Files in a folder of results cannot make the program write outside of it."""
    precious = tmp_path / "precious.txt"
    precious.write_text("keep")
    folder = tmp_path / "out"
    staging = folder / ".mnnfab-staging-x"
    staging.mkdir(parents=True)
    (staging / ".commit").write_text('["../precious.txt", "/etc/hostname", ".hidden", 3, null]')
    (folder / ".hidden").write_text("keep")
    recover(folder)
    assert precious.read_text() == "keep"
    assert state(folder) == {".hidden": b"keep"}


def test_a_commit_follows_no_link(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    (outside / "kept.txt").write_text("keep")
    (outside / "old.txt").write_text("keep")
    staging = folder / ".mnnfab-staging-x"
    (staging / "docs").mkdir(parents=True)
    (staging / "docs" / "kept.txt").write_text("hostile")
    (staging / "link.txt").symlink_to(outside / "kept.txt")
    (folder / "docs").symlink_to(outside)
    (staging / ".commit").write_text('["docs/old.txt"]')
    (folder / ".mnnfab-staging-y").symlink_to(outside)
    recover(folder)
    assert state(outside) == {"kept.txt": b"keep", "old.txt": b"keep"}
    assert {path.name for path in folder.iterdir()} == {"docs"}


def test_the_lock_and_the_live_file_follow_no_link(tmp_path: Path) -> None:
    outside, folder = tmp_path / "precious.txt", tmp_path / "out"
    outside.write_text("keep")
    folder.mkdir()
    (folder / LOCK).symlink_to(outside)
    with pytest.raises(InputError, match="output folder"), locked_folder(folder):
        pass
    assert not is_locked(folder)
    (folder / LOCK).unlink()
    os.mkfifo(folder / LOCK)  # who opened it would wait
    assert not is_locked(folder)
    with pytest.raises(InputError, match="output folder"), locked_folder(folder):
        pass
    (folder / LOCK).unlink()
    (folder / f"{LIVE}.draft").symlink_to(outside)
    run(small_design(tmp_path, "small"), folder)
    assert outside.read_text() == "keep"


def test_looking_at_a_folder_refuses_nobody(tmp_path: Path) -> None:
    """Who only looks holds the lock for a moment: a run that begins just then waits for it."""
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_locked(tmp_path)

    watchers = [threading.Thread(target=look) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        for _ in range(50):
            with locked_folder(tmp_path):
                assert is_locked(tmp_path)
            assert not is_locked(tmp_path)
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()


def test_one_who_looks_and_is_held_up_refuses_nobody(tmp_path: Path) -> None:
    """On a busy machine a look can last longer than any number of tries made for runs."""
    (tmp_path / LOCK).touch()
    looks = os.open(tmp_path / LOCK, os.O_RDONLY)
    fcntl.flock(looks, fcntl.LOCK_SH)
    timer = threading.Timer(3 * MAX_ATTEMPTS * RETRY_INTERVAL_S, os.close, [looks])
    timer.start()
    try:
        with locked_folder(tmp_path):
            assert is_locked(tmp_path)
    finally:
        timer.join()


def test_looking_without_end_is_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who looks and was halted there: said as it is, not taken for a run that was killed."""
    monkeypatch.setattr("mnnfab.io.folder_lock.MAX_WAIT_S", 0.1)
    (tmp_path / LOCK).write_text("4242 killed\n")
    looks = os.open(tmp_path / LOCK, os.O_RDONLY)
    fcntl.flock(looks, fcntl.LOCK_SH)
    try:
        with pytest.raises(InputError, match="readers have locked it"), locked_folder(tmp_path):
            pass
    finally:
        os.close(looks)


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "inputs").symlink_to(outside)
    with pytest.raises(InputError, match="would be overwritten"):
        publish(folder, {"inputs/x.csv": "1"})
    assert not list(outside.iterdir())


# Two at once


def hold(folder: str, ready: str) -> None:
    with locked_folder(Path(folder)):
        Path(ready).touch()
        signal.pause()


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    design, out, ready = small_design(tmp_path, "small"), tmp_path / "out", tmp_path / "ready"
    process = get_context("fork").Process(target=hold, args=(str(out), str(ready)))
    process.start()
    try:
        while not ready.exists():
            time.sleep(0.01)
        with pytest.raises(InputError, match=f"another run is active here .process {process.pid}"):
            run(design, out)
        assert set(state(out)) == {LOCK}
    finally:
        process.kill()  # what it held is free with it
        process.join()
    assert not is_locked(out)
    whole_run(run(design, out).folder)
    assert LOCK not in state(out)


def test_a_claim_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked_folder(tmp_path / "a" / "b"):
        raise ZeroDivisionError
    assert not (tmp_path / "a").exists()


# Ctrl-C


def test_ctrl_c_after_training_keeps_the_widths(tmp_path: Path) -> None:
    """In a training: with the epochs that it has; the next command goes on from there."""
    design, out = small_design(tmp_path, "small", epochs=2_000_000), tmp_path / "out"
    command = [sys.executable, "-m", "mnnfab", "run", str(design), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    live = out / ".mnnfab-live.json"
    while not live.exists() or '"epoch": 0' in live.read_text():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    text, errors = process.communicate(timeout=60)
    assert process.returncode == 130, (text, errors)
    assert "the trained widths are kept" in errors
    assert set(state(out)) >= {"design.toml", "widths.csv", "history.csv", "manifest.json"}
    assert is_intact(out, earlier_results(out))
    done = subprocess.run(
        [sys.executable, "-m", "mnnfab", "export", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "stopped after" in (out / "report.html").read_text(encoding="utf-8")


def test_ctrl_c_leaves_earlier_results_alone(tmp_path: Path) -> None:
    out = run(small_design(tmp_path / "a", "small"), tmp_path / "out").folder
    before = state(out)
    design = small_design(tmp_path / "b", "small", epochs=2_000_000)
    command = [sys.executable, "-m", "mnnfab", "run", str(design), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (out / ".mnnfab-live.json").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "earlier results are unchanged" in errors
    assert state(out) == before
