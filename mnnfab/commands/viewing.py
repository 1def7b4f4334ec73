"""Results and runs to look at: `view` and `watch`."""

from __future__ import annotations

import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnnfab.commands.answer import Answer, Manner, command, shown
from mnnfab.commands.notes import Notes
from mnnfab.commands.options import FOLDER
from mnnfab.errors import InputError

if TYPE_CHECKING:
    from mnnfab.progress.watcher import Watcher

#: How often (s) a run is looked at.
PACE_S = 0.2


@command()
@FOLDER
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Any free one if not given.")
@click.option("--no-browser", is_flag=True, help="Only say the address.")
def view(watcher: Watcher, folder: Path, port: int, *, no_browser: bool) -> Answer:  # noqa: ARG001
    """Show the results in DIR in the browser, of a run or a batch, until Ctrl-C.

    While a run is at work there, the page follows it and then turns into its report. Only this
    machine can open it.
    """
    from mnnfab.io.folder_lock import settle_unless_claimed
    from mnnfab.report.serving import served

    _require_folder(folder)
    settle_unless_claimed(folder)
    try:
        with served(folder, port) as address, suppress(KeyboardInterrupt):
            click.echo(f"{folder} at {address}  (Ctrl-C ends it)", err=True)
            if not no_browser:
                webbrowser.open(address)
            threading.Event().wait()
    except OSError as error:
        given = error.strerror or str(error)
        raise InputError(f"--port {port}", given, "a free port, or none") from error
    return Answer("", {"address": address})


@contextmanager
def _followed(manner: Manner) -> Iterator[Watcher]:
    """Yield who shows the run of another process: no Ctrl-C of ours is meant for that."""
    with shown(manner) as watcher:
        yield _Stages() if isinstance(watcher, Notes) else watcher


class _Stages(Notes):
    """Says the stages too: in a pipe there is nothing else to follow."""

    def stage(self, name: str) -> None:
        """Say it."""
        click.echo(name, err=True)


@command(watched=_followed)
@FOLDER
def watch(watcher: Watcher, folder: Path) -> Answer:
    """Follow the run or batch that is at work in DIR, and say how it ends.

    Exit status: 0 however it ends, 2 if there is none and has been none.
    """
    from mnnfab.io.folder_lock import is_claimed
    from mnnfab.progress.live import live_state

    _require_folder(folder)
    if not is_claimed(folder):
        return _ended(folder, at_work=False)
    seen = _Seen(watcher)
    while is_claimed(folder):
        state = live_state(folder)
        if state is not None:
            seen.show(state)
        time.sleep(PACE_S)
    return _ended(folder, at_work=True)


class _Seen:
    """What of a run was shown already."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher, self.stages, self.findings, self.batch = watcher, 0, 0, ""

    def show(self, state: dict[str, Any]) -> None:
        """Show what is new."""
        from mnnfab.findings import Finding

        if "endings" in state:
            self._show_batch(state)
        for name in state.get("stages", ())[self.stages :]:
            self.watcher.stage(name)
        self.stages = len(state.get("stages", ()))
        for entry in state.get("findings", ())[self.findings :]:
            self.watcher.finding(Finding(**entry))
        self.findings = len(state.get("findings", ()))
        if state.get("losses"):
            self.watcher.epoch(state["epoch"], state["epochs"], state["losses"][-1][1])

    def _show_batch(self, state: dict[str, Any]) -> None:
        counts = state["endings"]
        done = ", ".join(f"{number} {ending}" for ending, number in counts.items())
        words = f"{sum(counts.values())} of {state['designs']} designs: {done}"
        if words != self.batch:
            self.watcher.stage(words)
            self.batch = words


def _ended(folder: Path, *, at_work: bool) -> Answer:
    from mnnfab.batch.table import CSV as TABLE
    from mnnfab.progress.live import live_state
    from mnnfab.runs.record import WIDTHS
    from mnnfab.runs.run_folder import PAGE

    verdict, words = _verdict(folder), ""
    if not at_work:
        words = "no run is at work there; the last one: "
        left = live_state(folder)  # nobody's: whoever wrote it was killed
        if left is not None:
            stage = f" in stage {left['stages'][-1]}" if left.get("stages") else ""
            words = f"the last run was killed{stage}; one before it: "
    if verdict is not None:
        return Answer(f"{words}{verdict}; see {folder / PAGE}", {"verdict": verdict})
    if (folder / TABLE).is_file():
        return Answer(f"the table of a batch is in {folder / TABLE}", {"verdict": None})
    if (folder / WIDTHS).is_file():
        text = f"ended with widths and no report: go on with  mnnfab export {folder}"
        return Answer(text, {"verdict": None})
    if at_work:
        return Answer(f"ended without a report in {folder}", {"verdict": None})
    given = "no run is at work there, and no report"
    raise InputError(str(folder), given, "a folder where a run is at work, or has been")


def _verdict(folder: Path) -> str | None:
    """Return the verdict of the report in a folder, if it has one."""
    from mnnfab.io.files import read_json
    from mnnfab.runs.run_folder import REPORT

    with suppress(InputError, KeyError, TypeError):
        verdict = read_json(folder / REPORT)["verdict"]
        return verdict if verdict in ("pass", "fail") else None
    return None


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(str(folder), "no such folder", "a folder of results, or of a run at work")
