"""Viewing of results and active runs: `view` and `watch`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnnfab.commands.answer import Answer, AnswerOptions, command, progress_watcher
from mnnfab.commands.messages import note
from mnnfab.commands.notes import FindingPrinter
from mnnfab.commands.options import FOLDER
from mnnfab.errors import InputError

if TYPE_CHECKING:
    from mnnfab.progress.watcher import ProgressWatcher

#: Polling interval of a run, s.
PACE_S = 0.2
_EXPECTED = (
    "the folder of an active or finished run; a run that is stopped before it has trained widths "
    "leaves nothing"
)


@command()
@FOLDER
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="TCP port; a free one if not given."
)
@click.option("--no-browser", is_flag=True, help="Print the address only.")
def view(watcher: ProgressWatcher, folder: Path, port: int, *, no_browser: bool) -> Answer:  # noqa: ARG001
    """Show the results of the run or batch in DIR in the browser, until Ctrl-C.

    While a run is active, the page shows its progress, then its report. The page can only be
    opened on this machine.
    """
    import webbrowser  # needs a tenth of the time of the help

    from mnnfab.io.folder_lock import recover_unless_locked
    from mnnfab.report.serving import folder_server

    _require_folder(folder)
    recover_unless_locked(folder)
    try:
        with folder_server(folder, port) as address, suppress(KeyboardInterrupt):
            note(f"{folder} at {address}  (Ctrl-C to stop)")
            if not no_browser:
                webbrowser.open(address)
            threading.Event().wait()
    except OSError as error:
        given = error.strerror or str(error)
        raise InputError(f"--port {port}", given, "a free port, or omit --port") from error
    return Answer("", {"address": address})


@contextmanager
def _followed(options: AnswerOptions) -> Iterator[ProgressWatcher]:
    """Yield the watcher of a run in another process, which Ctrl-C does not stop."""
    with progress_watcher(options) as watcher:
        yield _Stages() if isinstance(watcher, FindingPrinter) else watcher


class _Stages(FindingPrinter):
    """Progress watcher that also prints the stages, for a pipe."""

    def stage(self, name: str) -> None:
        """Print the stage."""
        note(name)


@command(watched=_followed)
@FOLDER
def watch(watcher: ProgressWatcher, folder: Path) -> Answer:
    """Follow the active run or batch in DIR, and print its verdict.

    Exit status: 0 for any verdict, 2 if DIR has neither an active run nor results.
    """
    from mnnfab.io.folder_lock import is_locked
    from mnnfab.progress.live import live_state

    _require_folder(folder)
    if not is_locked(folder):
        return _ended(folder, at_work=False)
    seen = _Seen(watcher)
    while is_locked(folder):
        state = live_state(folder)
        if state is not None:
            # Entries of another version, or of a file that is none of ours, are not shown.
            with suppress(AttributeError, IndexError, KeyError, TypeError, ValueError):
                seen.show(state)
        time.sleep(PACE_S)
    return _ended(folder, at_work=True)


class _Seen:
    """Stages and findings of a run that were already progress_watcher."""

    def __init__(self, watcher: ProgressWatcher) -> None:
        self.watcher, self.stages, self.findings, self.batch = watcher, 0, 0, ""

    def show(self, state: dict[str, Any]) -> None:
        """Show new stages, findings and epochs."""
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
    from mnnfab.runs.run_folder import PAGE, was_interrupted

    verdict, left = _verdict(folder), live_state(folder)
    killed = ""
    if left is not None and not at_work:  # without a lock: its run was killed
        stages = left.get("stages")
        stage = f" in stage {stages[-1]}" if stages and isinstance(stages, list) else ""
        killed = f"the last run was killed{stage}"
    if verdict is not None:
        words = "" if at_work else "no active run; last complete run: "
        words = f"{killed}; previous run: " if killed else words
        return Answer(f"{words}{verdict}; see {folder / PAGE}", {"verdict": verdict})
    words = f"{killed}; " if killed else ""
    if (folder / TABLE).is_file():
        return Answer(f"{words}batch table in {folder / TABLE}", {"verdict": None})
    if (folder / WIDTHS).is_file():
        if was_interrupted(folder):
            words += "the run was stopped; "
        text = f"{words}trained widths without a report; continue with  mnnfab export {folder}"
        return Answer(text, {"verdict": None})
    if at_work:
        return Answer(f"ended without results in {folder}", {"verdict": None})
    raise InputError(str(folder), f"{killed or 'no active run'}, and no results", _EXPECTED)


def _verdict(folder: Path) -> str | None:
    """Return the verdict of the report in a folder, or None without a report."""
    from mnnfab.io.files import read_json
    from mnnfab.runs.run_folder import REPORT

    with suppress(InputError, KeyError, TypeError):
        verdict = read_json(folder / REPORT)["verdict"]
        return verdict if verdict in ("pass", "fail") else None
    return None


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(str(folder), "no such folder", _EXPECTED)
