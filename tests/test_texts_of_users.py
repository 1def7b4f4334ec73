"""Texts of users, such as names of classes, are never templates, formulas or commands."""

from __future__ import annotations

import ast
import csv
import io
import json
import logging
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from matplotlib.figure import Figure
from test_hostile import CLASSES, design

from mnnfab.io.cells import normalised
from mnnfab.io.printable import printable
from mnnfab.pipeline.pipeline import run
from mnnfab.progress.log_file import open_log
from mnnfab.report.figures import figure_bytes

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mnnfab", "geometry", "fem", "export")
#: Names of classes: fields of templates, formulas, tags, markup of terminals, and marks.
NAMES = (
    *(("low {1}", r"{value:800000000} $\frac{1}$"), ("a\nb $", "\x1b[31m%s%n")),
    *(("</script><b>", "[/red]:warning:"), ("字😀\u202e", "--> ]]>" + "w" * 300)),
)


def table(names: tuple[str, str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["long", "wide", "kind"])
    for i in range(24):
        writer.writerow([5 + i % 7 * 0.3, 2 + i % 5 * 0.4, names[i % 2]])
    return text.getvalue()


@pytest.mark.parametrize(
    "names", [NAMES[0], *(pytest.param(names, marks=pytest.mark.slow) for names in NAMES[1:])]
)
def test_names_of_classes_stay_what_they_are(tmp_path: Path, names: tuple[str, str]) -> None:
    """From training to the reports; a format would end the run or be evaluated into them."""
    (tmp_path / "data.csv").write_text(table(names), encoding="utf-8")
    shown = [normalised(name) for name in names]  # one blank for a line feed, as in all tables
    text = design("x", task=CLASSES).replace("[check]\nenabled = false", "[check]")
    (tmp_path / "x.toml").write_text(text)
    out = run(tmp_path / "x.toml", tmp_path / "out", force=True).folder
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    known = {case["name"] for case in report["guards"]["cases"]}
    assert known == {f"mean {name}" for name in shown}
    messages = " ".join(finding["message"] for finding in report["findings"])
    assert any(f"“mean {name}”" in messages for name in shown)
    assert "<b>" not in (out / "report.html").read_text(encoding="utf-8").replace("<b>w", "")
    ET.parse(out / "x.svg")  # noqa: S314 - ours


@pytest.mark.parametrize("text", [r"$\frac{1}$", "$x", "a$_b$", "字", "--> ]]> <&"])
def test_figures_draw_texts_as_they_are(text: str) -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2], label=f"l{text}")
    axes.legend()
    axes.set_title(f"{text}\x01\n")
    axes.set_yticks([1, 2], [text, "b"])
    drawn = figure_bytes(figure, "svg")
    assert drawn == figure_bytes(figure, "svg")
    ET.fromstring(drawn)  # noqa: S314 - ours
    assert figure_bytes(figure, "png").startswith(b"\x89PNG")


def test_formulas_are_drawn_as_text() -> None:
    """A formula of one letter is drawn as three."""

    def glyphs(text: str) -> int:
        figure = Figure()
        figure.text(0.5, 0.5, text)
        return figure_bytes(figure, "svg").count(b"<use ")

    assert glyphs("$x$") == 3


def test_records_of_a_log_cannot_be_forged(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with open_log(path) as log:
        log.warning("%s", "x\n2026-01-01 00:00:00,000 INFO pass\x1b[2J %s {0}")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith("WARNING x")
    assert lines[1] == "    2026-01-01 00:00:00,000 INFO pass\ufffd[2J %s {0}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – 字 é\n\t", "plain – 字 é\n\t"),
        ("\x1b[31mred\x07\r", "\ufffd[31mred\ufffd\ufffd"),
        ("\x9b31m\u202eabc\u2028", "\ufffd31m\ufffdabc\ufffd"),
        ("\udcff", "\ufffd"),
    ],
)
def test_texts_cannot_act_on_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
    printable(text).encode("utf-8")


# The rule, in the source


def _is_template(node: ast.expr) -> bool:
    """Return whether a value is a literal or a constant of a module, not a composed text."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.Attribute):
        node = ast.Name(node.attr)
    return isinstance(node, ast.Name) and node.id.strip("_").isupper()


def _faults(tree: ast.AST) -> list[str]:
    """Return the places where a text that is not a constant is used as a template."""
    faults = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            fault = isinstance(node.left, ast.JoinedStr) or (
                isinstance(node.left, ast.BinOp) and "'" in ast.unparse(node.left)
            )
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            fault = _calls_with_a_template(node, node.func)
        elif isinstance(node, ast.Call):
            fault = ast.unparse(node.func) in {"eval", "exec", "Template", "compile"}
        else:
            continue
        if fault:
            faults.append(f"line {node.lineno}: {ast.unparse(node)[:80]}")
    return faults


_LOGS = {"debug", "info", "warning", "error", "exception", "critical"}


def _calls_with_a_template(node: ast.Call, called: ast.Attribute) -> bool:
    if called.attr in {"format", "format_map"}:
        return not _is_template(called.value)
    if called.attr == "from_string":
        return True
    logs = ast.unparse(called.value).split(".")[-1] in {"log", "logger", "logging"}
    if logs and called.attr in {*_LOGS, "log"}:
        template = node.args[called.attr == "log"]
        return not _is_template(template)
    return called.attr == "Template"


def test_no_text_of_a_user_is_a_template() -> None:
    """`.format` belongs to literals and constants of a module, and so do messages of logs."""
    faults = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            found = _faults(ast.parse(path.read_text(encoding="utf-8")))
            if found and name != "mnnfab/problem/new_design.py":  # its own template.toml
                faults[name] = found
    assert not faults


@pytest.mark.parametrize(
    "source",
    [
        'message.format(1)\n(f"{name} {{}}").format(1)\n',
        '("a" + name).format(1)\n',
        "template.format_map(values)\n",
        'f"{name} %s" % value\n',
        '("a " + name) % value\n',
        'log.info(f"of {name}")\n',
        "self.log.log(30, name)\n",
        "environment.from_string(name)\n",
        "string.Template(name)\n",
        "eval(name)\n",
    ],
)
def test_the_rule_finds_templates(source: str) -> None:
    assert len(_faults(ast.parse(source))) == len(source.splitlines())
    assert not _faults(ast.parse('"{}".format(1)\n_TEXT.format(a=1)\nlog.info("%s", x)\nx % 2'))


def test_log_messages_of_names_are_not_formatted(caplog: pytest.LogCaptureFixture) -> None:
    from mnnfab.findings import Finding
    from mnnfab.progress.log_file import _LoggingWatcher
    from mnnfab.progress.watcher import NullWatcher

    with caplog.at_level(logging.INFO):
        watcher = _LoggingWatcher(NullWatcher())
        watcher.stage("export %s%n{0}")
        watcher.finding(Finding("sag", "info", "%d", "of “%(x)s {1}”"))
    assert [record.getMessage() for record in caplog.records] == [
        "export %s%n{0}",
        "%d: of “%(x)s {1}”",
    ]
