"""README and docs: every command of a page is run, in the order of the page.

Each page has a folder with the examples and their results. Blocks of `python` are executed. Lines
of `console` that begin with `$` are commands, which must succeed; the lines after them must be in
their output. Blocks of `sh` need other machines or data; `ELSEWHERE` names what runs them instead.
"""

from __future__ import annotations

import json
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

import mnnfab
from mnnfab.cli import main
from mnnfab.compensation.record import Candidate
from mnnfab.pipeline.pipeline import Outcome, run

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: Pages whose commands or blocks must be found, those of `SLOW` not counted.
WITH_COMMANDS = {
    *("README.md", "docs/tutorials/first-design.md", "docs/tutorials/first-measurement.md"),
    *(
        f"docs/how-to/{name}.md"
        for name in (
            *("networks-and-data", "training", "part", "running", "batches"),
            *("laboratory", "python", "verification"),
        )
    ),
}
#: Commands of `sh` blocks, and where they are run.
ELSEWHERE = {
    "make demo": ".ci/run",
    "make test": ".ci/run",
    "pip install 'mnnfab[dask]'": ".ci/run, as an extra",
    "dask scheduler --host ADDRESS": "tests/test_batch.py",
    "dask worker tcp://HOST:8786": "tests/test_batch.py",
    "mnnfab batch designs/*.toml --out /shared/out --scheduler tcp://HOST:8786": (
        "tests/test_batch.py"
    ),
    "mnnfab lab measure out/iris-lab my-experiment": "tests/test_lab_measure.py",
    "mnnfab lab identify out/iris-lab my-experiment my-coupons": "tests/test_lab_material.py",
    "pvbatch tools/paraview_view.py out/iris/iris.vtu picture.png 2": "make paraview",
    "ccx iris": "tests/test_mesh_files.py",
}
#: Commands that take too long for the fast tests.
SLOW = (
    *("mnnfab reproduce", "mnnfab run examples/iris-search.toml"),
    *("mnnfab lab synthetic", "mnnfab lab measure", "mnnfab verify"),
)
#: Commands that run until Ctrl-C.
SERVERS = ("mnnfab view",)


def name_of(page: Path) -> str:
    """Return the path of a page in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return kind and text of every fenced block of a page, in its order."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, iris_run: Outcome) -> Path:
    """A folder out/ with the runs that pages refer to."""
    out = tmp_path_factory.mktemp("docs") / "out"
    shutil.copytree(iris_run.folder, out / "iris")
    for name in ("behaviour-left", "behaviour-right", "iris-lab"):
        run(ROOT / "examples" / f"{name}.toml", out / name)
    return out


@pytest.fixture
def place(tmp_path: Path, results: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a reader, with examples and results."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copytree(results, tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def follow(page: Path, *, slow: bool) -> int:
    """Run the commands and blocks of a page; return their number."""
    names: dict[str, Any] = {}
    done = 0
    for kind, text in blocks(page):
        if kind == "python":
            exec(compile(text, page.name, "exec"), names)  # noqa: S102 - a page of this repository
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
    """Return every command of a console, and the lines that must be in its output."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def say(command: str) -> str:
    """Run a command of mnnfab; return its output."""
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
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_commands_of_a_page(page: Path) -> None:
    done = follow(page, slow=False)
    assert done > 0 or name_of(page) not in WITH_COMMANDS


def test_the_pages_with_commands_exist() -> None:
    assert {name_of(page) for page in PAGES} >= WITH_COMMANDS


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
    for slow in SLOW:
        assert any(command.startswith(slow) for command in commands), f"{slow}: on no page"
    for command in commands:
        say(command)


def test_no_commands_outside_of_fenced_blocks() -> None:
    """Indented blocks are not run by these tests, so they must not contain commands."""
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        assert not re.findall(
            r"^    (?:\$ |mnnfab [a-z]|make [a-z]|\.venv)", text, flags=re.MULTILINE
        ), page


def test_the_page_of_commands_is_up_to_date() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from commands_page import PAGE, page_text
    finally:
        sys.path.pop(0)
    assert PAGE.read_text(encoding="utf-8") == page_text()


def test_the_length_of_the_readme() -> None:
    """The README is one page; everything else is in docs/."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_page_of_the_api_has_all_public_names() -> None:
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    found = set(re.findall(r"^\.\. auto\w+:: mnnfab\.(\w+)$", text, flags=re.MULTILINE))
    assert found >= set(mnnfab.__all__), set(mnnfab.__all__) - found


def test_the_page_of_report_json_has_all_keys(iris_run: Outcome) -> None:
    text = (ROOT / "docs" / "reference" / "report-json.md").read_text(encoding="utf-8")
    documented = {
        key for code in re.findall(r"`([^`]+)`", text) for key in re.split(r"[.…]+", code) if key
    }
    report = json.loads((iris_run.folder / "report.json").read_text(encoding="utf-8"))
    found = keys_of(report) | set(Candidate.model_fields)
    assert documented >= found, found - documented


def keys_of(value: Any) -> set[str]:  # noqa: ANN401 - JSON
    """Return all keys of a JSON value, except those that are names of stages or packages."""
    if isinstance(value, list):
        return set().union(*(keys_of(one) for one in value)) if value else set()
    if not isinstance(value, dict):
        return set()
    named = {"timings_s", "versions", "metric_percentiles"}
    inner = (keys_of(one) for key, one in value.items() if key not in named)
    return set(value).union(*inner)


def test_paths_on_pages_exist() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"`((?:docs|tests|tools|examples|benchmarks)/[\w./-]+\.\w+)`", text):
            assert (ROOT / path).exists(), (name_of(page), path)
        for path in re.findall(r"\]\((?!http)([\w./-]+)(?:#[\w-]+)?\)", text):
            assert (page.parent / path).exists(), (name_of(page), path)
