"""Results and runs to look at: `view` and `watch`."""

from __future__ import annotations

import json
import sys
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnnfab.commands.answer import Answer, command
from mnnfab.commands.options import FOLDER
from mnnfab.errors import InputError

if TYPE_CHECKING:
    from mnnfab.watching import Watcher

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
    from mnnfab.claims import settle_unless_claimed
    from mnnfab.report.serving import served

    _require_folder(folder)
    settle_unless_claimed(folder)
    try:
        with served(folder, port) as (server, address):
            click.echo(f"{folder} at {address}  (Ctrl-C ends it)")
            if not no_browser:
                webbrowser.open(address)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                return Answer("", {"address": address})
    except OSError as error:
        given = error.strerror or str(error)
        raise InputError(f"--port {port}", given, "a free port, or none") from error
    return Answer("", {"address": address})


@command()
@FOLDER
def watch(watcher: Watcher, folder: Path) -> Answer:
    """Follow the run that is at work in DIR, and say how it ends."""
    from mnnfab.claims import is_claimed
    from mnnfab.live import live_state

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
        self.watcher, self.stages, self.findings = watcher, 0, 0

    def show(self, state: dict[str, Any]) -> None:
        """Show what is new."""
        from mnnfab.findings import Finding

        for name in state.get("stages", ())[self.stages :]:
            self.watcher.stage(name)
            if not sys.stderr.isatty():
                click.echo(name, err=True)
        self.stages = len(state.get("stages", ()))
        for entry in state.get("findings", ())[self.findings :]:
            self.watcher.finding(Finding(**entry))
        self.findings = len(state.get("findings", ()))
        if state.get("losses"):
            self.watcher.epoch(state["epoch"], state["epochs"], state["losses"][-1][1])


def _ended(folder: Path, *, at_work: bool) -> Answer:
    from mnnfab.files import read_text
    from mnnfab.run_folder import PAGE, REPORT

    try:
        verdict = json.loads(read_text(folder / REPORT))["verdict"]
    except (InputError, ValueError, KeyError, TypeError) as error:
        if not at_work:
            allowed = "a folder where a run is at work, or has been"
            raise InputError(
                str(folder), "no run is at work there, and no report", allowed
            ) from error
        return Answer(f"ended without a report in {folder}", {"verdict": None})
    words = "" if at_work else "no run is at work there; the last one: "
    return Answer(f"{words}{verdict}; see {folder / PAGE}", {"verdict": verdict})


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(str(folder), "no such folder", "a folder of results")
