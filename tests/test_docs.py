"""README and pages by their own words: every command in them is run, in their order.

A page is a session in a folder of its own, with the examples and their results beside it:
blocks of `python` are run, lines of `console` that begin with `$` are given to the command line
and must succeed, and lines after them must be in what it says. Blocks of `sh` are for machines
that tests have not got; who runs what is in them instead is said below.
"""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mnnfab.cli import main
from mnnfab.pipeline.pipeline import Outcome, run

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Commands of `sh` blocks, and where they are run.
ELSEWHERE = {
    "make demo": ".ci/run",
    "make test": ".ci/run",
    "pip install 'mnnfab[dask]'": ".ci/run, as an extra",
    "dask scheduler": "tests/test_batch.py",
    "dask worker tcp://HOST:8786": "tests/test_batch.py",
    "mnnfab batch designs/*.toml --out /shared/out --scheduler tcp://HOST:8786": (
        "tests/test_batch.py"
    ),
    "mnnfab lab identify out/iris-lab my-experiment my-coupons": "tests/test_lab_material.py",
    "pvbatch tools/paraview_view.py out/iris/iris.vtu picture.png 2": "make paraview",
    "ccx iris": "tests/test_mesh_files.py",
}
#: Too long for every test.
SLOW = (
    *("mnnfab reproduce", "mnnfab run examples/iris-search.toml"),
    *("mnnfab lab synthetic", "mnnfab lab measure"),
)
#: They end when they are told to.
SERVERS = ("mnnfab view",)


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return kind and text of every fenced block of a page, in its order."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, iris_run: Outcome) -> Path:
    """A folder out/ with the runs that pages speak of."""
    out = tmp_path_factory.mktemp("docs") / "out"
    shutil.copytree(iris_run.folder, out / "iris")
    for name in ("behaviour-left", "behaviour-right", "iris-lab"):
        run(ROOT / "examples" / f"{name}.toml", out / name)
    return out


@pytest.fixture
def place(tmp_path: Path, results: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a reader of the pages has it."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copytree(results, tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def follow(page: Path, *, slow: bool) -> int:
    """Do what a page says; return how many commands and blocks were run."""
    names: dict[str, Any] = {}
    done = 0
    for kind, text in blocks(page):
        if kind == "python":
            exec(compile(text, page.name, "exec"), names)  # noqa: S102 - our own page
            done += 1
        elif kind == "console":
            for command, wanted in commands_in(text):
                if command.startswith(SLOW) and not slow:
                    continue
                said = say(command)
                assert all(line in said for line in wanted), (command, said)
                done += 1
        elif kind == "sh":
            lines = [line.split("#")[0].strip() for line in text.splitlines()]
            assert all(line in ELSEWHERE for line in lines if line), lines
        else:
            assert kind in {"text", "toml", "eval", "math"}, kind
    return done


def commands_in(text: str) -> list[tuple[str, list[str]]]:
    """Return every command of a console, and the lines that it should say."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def say(command: str) -> str:
    """Run a command of ours; return what it says."""
    program, *arguments = shlex.split(command)
    assert program == "mnnfab", command
    if command.startswith(SERVERS):
        return say_and_stop([*arguments, "--no-browser"])
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, (command, done.output)
    return done.output


def say_and_stop(arguments: list[str]) -> str:
    """Start a server, wait for its address, and end it by Ctrl-C."""
    command = [sys.executable, "-m", "mnnfab", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said += process.stderr.read()
    assert process.returncode == 0, said
    assert "http://127.0.0.1:" in said
    return said


@pytest.mark.words
@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_by_its_words(page: Path) -> None:
    done = follow(page, slow=False)
    assert done > 0 or page.stem not in {"README", "tutorial", "batches", "daily", "laboratory"}


@pytest.mark.slow
@pytest.mark.usefixtures("place")
def test_the_slow_commands() -> None:
    commands = [
        command
        for page in PAGES
        for kind, text in blocks(page)
        for command, _ in (commands_in(text) if kind == "console" else ())
        if command.startswith(SLOW)
    ]
    assert commands  # or SLOW names what no page says
    for command in commands:
        say(command)


def test_no_command_hides_outside_of_a_block() -> None:
    """Indented blocks are not followed by these tests, so there are none with commands."""
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        assert not re.findall(
            r"^    (?:\$ |mnnfab [a-z]|make [a-z]|\.venv)", text, flags=re.MULTILINE
        ), page


def test_the_page_of_commands_is_true() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from commands_page import PAGE, page_text
    finally:
        sys.path.pop(0)
    assert PAGE.read_text(encoding="utf-8") == page_text()


def test_paths_that_pages_name_are_there() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"`((?:docs|tests|tools|examples|benchmarks)/[\w./-]+\.\w+)`", text):
            assert (ROOT / path).exists(), (page.name, path)
        for path in re.findall(r"\]\((?!http)([\w./-]+)\)", text):
            assert (page.parent / path).exists(), (page.name, path)
