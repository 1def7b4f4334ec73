"""An earlier run, taken up from its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.network.widths_file import check_widths
from mnnfab.problem.loading import load_problem
from mnnfab.problem.problem import Problem
from mnnfab.progress.watcher import StageTimer
from mnnfab.runs.record import WIDTHS, Record, load_record
from mnnfab.runs.run_folder import DESIGN


def require_run(folder: Path) -> None:
    """Refuse what is no folder.

    Raises:
        InputError: naming it.
    """
    if not folder.is_dir():
        raise InputError(str(folder), "no such folder", "a folder that `mnnfab train` wrote")


def load_run(folder: Path, timer: StageTimer) -> tuple[Problem, Record]:
    """Return the problem in a folder with the surrogate that its training ended with.

    Raises:
        InputError: if something of it is missing or does not fit.
    """
    with timer.stage("read"):
        problem = load_problem(folder / DESIGN)
        record = load_record(folder, problem)
        check_widths(str(folder / WIDTHS), record.widths_mm, problem.width_limits_mm)
    return replace(problem, surrogate=record.compensation.surrogate), record
