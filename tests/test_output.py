"""Output that is closed, full or not read; messages on terminals; errors of the machine."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from small import small_design
from test_hostile import CLASSES, TABLE, design

import mnnfab.pipeline.pipeline
from mnnfab import InputError, ToolError
from mnnfab.batch.limits import Limits
from mnnfab.batch.run import BatchOptions, batch
from mnnfab.batch.watchers import SilentBatch
from mnnfab.cli import main
from mnnfab.commands.messages import _wrapped, message_of
from mnnfab.errors import with_notes
from mnnfab.io.files import write_new_file
from mnnfab.io.folder_lock import is_locked, locked_folder
from mnnfab.problem.new_design import Start, write_new_design
from mnnfab.progress.log_file import open_log

FULL = Path("/dev/full")
SLOW = pytest.mark.slow
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


def shell(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `"$@"` is a command of mnnfab."""
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "mnnfab", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_full
@pytest.mark.parametrize(
    "arguments", [("--version",), ("--help",), ("completion", "bash", "--json")]
)
def test_a_full_output_is_one_line_and_status_2(arguments: tuple[str, ...]) -> None:
    done = shell('"$@" > /dev/full', *arguments)
    assert done.returncode == 2
    assert done.stderr == "mnnfab: standard output: No space left on device\n"


@needs_full
def test_a_full_output_keeps_the_status_of_an_error() -> None:
    assert shell('"$@" > /dev/full 2> /dev/full', "run", "none.toml", "--json").returncode == 2


@pytest.mark.parametrize(
    "closed", ["2>&-", pytest.param(">&-", marks=SLOW), pytest.param(">&- 2>&- <&-", marks=SLOW)]
)
def test_closed_streams_do_not_stop_a_command(tmp_path: Path, closed: str) -> None:
    """Nor do messages end up in a file of the results that got the number of a stream."""
    path, out = tmp_path / "x.toml", tmp_path / "out"
    path.write_text(design("x", task=CLASSES))  # has a warning: it does not learn enough
    (tmp_path / "data.csv").write_text(TABLE)
    done = shell(f'"$@" {closed}', "train", path, "--out", out)
    assert done.returncode == 0
    assert ("warning: training" in done.stderr) == ("2>&-" not in closed)
    assert ("widths and training history" in done.stdout) == (closed == "2>&-")
    files = [file for file in out.rglob("*") if file.is_file()]
    assert len(files) > 5
    assert not [file for file in files if b"warning: training" in file.read_bytes()]


def test_a_reader_that_ends_early_is_no_error() -> None:
    done = shell('{ "$@"; echo "status $?" >&2; } | true', "schema")
    assert done.stderr == "status 0\n"


# Logs


@needs_full
def test_a_full_log_stops_a_command_before_its_work(tmp_path: Path) -> None:
    path, out = small_design(tmp_path, "small"), tmp_path / "out"
    done = CliRunner().invoke(main, ["train", str(path), "--out", str(out), "--log", str(FULL)])
    assert done.exit_code == 2
    assert done.stderr == (
        "mnnfab: --log /dev/full: No space left on device\n  expected: a writable file\n"
    )
    assert not out.exists()


@needs_full
def test_a_log_that_becomes_full_does_not_stop_the_work(capfd: pytest.CaptureFixture[str]) -> None:
    done = []

    def work(divisor: int) -> None:
        with open_log(FULL) as log:
            log.info("a line")
            done.append(1 // divisor)

    with pytest.raises(InputError, match="No space left"):
        work(1)
    assert done == [1]
    with pytest.raises(ZeroDivisionError):  # the error of the work is told, not that of its log
        work(0)
    assert capfd.readouterr().err == ""  # no traceback of the package logging


# Errors of the machine


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "not enough memory\n"),
        (MemoryError("Unable to allocate 3 GiB"), "not enough memory: Unable to allocate 3 GiB\n"),
        (
            ImportError("libx.so.1: failed to map segment from shared object"),
            "not enough memory: libx.so.1: failed",
        ),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "not enough memory: "),
        (ImportError("libGL.so.1: cannot open shared object file"), "cannot be loaded: libGL"),
        (PermissionError(errno.EACCES, "Permission denied", "/a"), "/a: Permission denied\n"),
        (OSError("no reason"), "no reason\n"),
        (click.Abort(), "stopped"),
    ],
)
def test_errors_of_the_machine_are_not_unexpected(
    monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(mnnfab.pipeline.pipeline, "check", fail)
    done = CliRunner().invoke(main, ["check", "somewhere"])
    assert done.exit_code == (130 if isinstance(error, click.Abort) else 2)
    assert message in done.stderr
    assert "unexpected" not in done.output


def test_notes_of_errors_are_told() -> None:
    error = ToolError("no kernel")
    error.add_note("the trained widths are kept in out")
    assert with_notes(error) == "no kernel\n  the trained widths are kept in out"
    assert with_notes(KeyError("x"), "unexpected") == "unexpected"


def test_errors_of_mnnfab_are() -> None:
    assert message_of(KeyError("x")) is None


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is that of the writing, not that of the removal of a draft."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Not a directory"):
        write_new_design("x", tmp_path / "file", Start(task="none"))
    done = CliRunner().invoke(main, ["schema", "--out", str(tmp_path / "file" / "x")])
    assert (done.exit_code, "Not a directory" in done.stderr) == (2, True)

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", read_only)
    monkeypatch.setattr(Path, "unlink", read_only)
    with pytest.raises(InputError, match="Read-only file system"):
        write_new_file(tmp_path / "page.html", "text")


def test_a_folder_that_becomes_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of the work is told, not that of the removal of the lock."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    def work() -> None:
        with locked_folder(tmp_path / "out"):
            monkeypatch.setattr(Path, "unlink", fail)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    monkeypatch.undo()
    assert not is_locked(tmp_path / "out")


def test_new_with_names_that_no_file_can_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for options in (["--material", "a\udcffb"], ["--printer", 'a"\nb'], ["--dataset", "\udcff"]):
        done = CliRunner().invoke(main, ["new", "x", *options])
        assert done.exit_code == 2
        assert "unexpected" not in done.output
        assert not list(tmp_path.iterdir())


# Runs that fail after the training


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), ToolError("no kernel")])
def test_a_run_that_fails_after_training_keeps_its_widths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    path, out = small_design(tmp_path, "small"), tmp_path / "out"
    monkeypatch.setattr("mnnfab.report.page.page_text", fail)
    done = CliRunner().invoke(main, ["run", str(path), "--out", str(out)])
    assert done.exit_code == 2
    assert f"the trained widths are kept in {out}" in done.stderr
    names = {path.name for path in out.iterdir()}
    assert names >= {"widths.csv", "design.toml", "history.csv", "manifest.json"}
    assert not {"report.html", "small.svg"} & names
    monkeypatch.undo()
    assert CliRunner().invoke(main, ["export", str(out)]).exit_code == 0


def test_a_failed_run_leaves_complete_earlier_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = small_design(tmp_path, "small"), tmp_path / "out"
    mnnfab.pipeline.pipeline.run(path, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mnnfab.report.page.page_text", fail)
    path.write_text(path.read_text().replace("epochs = 20", "epochs = 30"))
    done = CliRunner().invoke(main, ["run", str(path), "--out", str(out)])
    assert done.exit_code == 2
    assert "are kept" not in done.output
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_a_design_of_a_batch_that_fails_after_training_keeps_its_widths(tmp_path: Path) -> None:
    path, out = small_design(tmp_path, "small", check=True), tmp_path / "out"
    text = path.read_text().replace("[check]", "[check]\nmesher_deadline_s = 0.01")
    path.write_text(text)
    found = batch([path], out, SilentBatch(), BatchOptions(1, Limits(60.0, 3000.0)))
    assert "the trained widths are kept" in found.rows[0]["message"]
    assert (out / "small" / "widths.csv").is_file()


def test_findings_that_fail_lose_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mnnfab.pipeline.fitting.training_findings", fail)
    with pytest.raises(ZeroDivisionError):
        mnnfab.pipeline.pipeline.run(small_design(tmp_path, "small"), tmp_path / "out")
    assert (tmp_path / "out" / "widths.csv").is_file()


# Terminals


@pytest.mark.parametrize("columns", [20, 33, 60, 100])
def test_sentences_are_wrapped_between_words(columns: int) -> None:
    words = "warning: part: self-contact at load factor 0.41 of “mean setosa”; see a/long-path.html"
    lines = _wrapped(words, columns).split("\n")
    assert " ".join(lines) == words
    assert all(len(line) <= columns for line in lines)
    row = "a table    with    columns " * 9
    assert _wrapped(row, columns) == row


def on_terminal(command: list[str], folder: Path, keys: bytes, columns: int) -> tuple[int, str]:
    """Run a command on a terminal; return its status and what it shows, with its codes."""
    try:
        ours, theirs = pty.openpty()
    except OSError:  # a container without pseudo-terminals
        pytest.skip("no pseudo-terminal to be had")
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    program = [sys.executable, "-m", "mnnfab", *command]
    process = subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder)
    os.close(theirs)
    os.write(ours, keys)
    shown = b""
    with suppress(OSError):  # Linux reports the end of a pseudo-terminal as an error
        while part := os.read(ours, 4096):
            shown += part
    return process.wait(), shown.decode(errors="replace")


def test_messages_on_a_terminal_break_between_words(tmp_path: Path) -> None:
    path = small_design(tmp_path, "small")
    path.write_text(path.read_text().replace("rows = 2", 'rows = "many"'))
    status, shown = on_terminal(["train", "small.toml"], tmp_path, b"", 30)
    assert status == 2
    message = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).split("mnnfab: ")[-1].split("\r\n")
    assert len(message) > 2
    assert all(len(line) <= 30 for line in message)
    words = CliRunner().invoke(main, ["train", str(path)]).stderr.split()
    assert [word for line in message for word in line.split()] == words[1:]


def test_questions_are_not_drawn_over(tmp_path: Path) -> None:
    status, shown = on_terminal(["new", "asked"], tmp_path, b"none\n\n", 80)
    assert status == 0
    assert "Task" in shown
    assert "Network" in shown
    assert (tmp_path / "asked.toml").is_file()
    assert "\x1b[" not in shown  # a progress bar moves the cursor and erases lines


def test_a_wrong_unit_is_asked_again(tmp_path: Path) -> None:
    crossed = '<path d="M0 0 L40 40 M40 0 L0 40" stroke="black"/>'
    page = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 60">{crossed}</svg>'
    (tmp_path / "x.svg").write_text(page, encoding="utf-8")
    status, shown = on_terminal(["new", "asked"], tmp_path, b"none\nx.svg\ninch\n2\n", 80)
    assert "'inch' is not a valid float" in shown
    assert "at (40, -40) mm" in shown
    assert status == 2


def test_no_answer_is_no_fault(tmp_path: Path) -> None:
    status, shown = on_terminal(["new", "asked"], tmp_path, b"\x04", 80)
    assert status == 130
    assert "unexpected" not in shown
    assert "Traceback" not in shown
