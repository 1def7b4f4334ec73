"""Loading of an earlier run from its folder."""

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
    """Check that the folder of a run exists.

    Raises:
        InputError: if it does not.
    """
    if not folder.is_dir():
        raise InputError(str(folder), "no such folder", "a folder that `mnnfab train` wrote")


def load_run(folder: Path, timer: StageTimer) -> tuple[Problem, Record]:
    """Return the problem in a folder with the surrogate on which the widths were trained.

    Raises:
        InputError: if a file is missing or does not belong to the design.
    """
    with timer.stage("read"):
        problem = load_problem(folder / DESIGN)
        record = load_record(folder, problem)
        check_widths(str(folder / WIDTHS), record.widths_mm, problem.width_limits_mm)
    return replace(problem, surrogate=record.compensation.surrogate), record
