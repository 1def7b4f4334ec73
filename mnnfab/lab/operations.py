"""What the commands of the laboratory do: from folders to folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnnfab.lab.folder import lab_folder
from mnnfab.lab.plan import make_plan, unique_names
from mnnfab.lab.steps import ZERO, Step
from mnnfab.stages.earlier import load_run, require_run
from mnnfab.stages.model import solve_part
from mnnfab.stages.part import tile_part
from mnnfab.watching import Clock, Silent, Watcher

if TYPE_CHECKING:
    from mnnfab.findings import Finding
    from mnnfab.lab.analysis import Analysis

MEASURED = "measured"


@dataclass(frozen=True)
class Done:
    """What a command of the laboratory came to.

    Args:
        folder: where the results are.
        words: the same for a person.
        findings: what was noticed.
    """

    folder: Path
    words: str
    findings: tuple[Finding, ...] = ()


def measure_experiment(
    run: Path, experiment: Path, out: Path | None = None, *, watcher: Watcher | None = None
) -> tuple[Done, Analysis]:
    """Analyse an experiment on the part of a run; write tables and a page.

    Args:
        run: folder of the run.
        experiment: folder of the experiment.
        out: folder for the results; `measured` in the experiment's if not given.
        watcher: told of the progress.

    Raises:
        InputError: if something cannot be used; nothing is written then.
    """
    from mnnfab.lab.analysis import analyse_run
    from mnnfab.lab.results import write_analysis

    clock = Clock(watcher or Silent())
    found = analyse_run(run, experiment, clock)
    folder = out or experiment / MEASURED
    with lab_folder(folder) as staging, clock.stage("report"):
        write_analysis(staging, found)
    return Done(folder, f"see {folder / 'measured.html'}", found.findings), found


def synthesise(
    run: Path,
    out: Path,
    *,
    repeats: int = 2,
    seed: int = 0,
    dots: bool = True,
    rigid: bool = True,
    watcher: Watcher | None = None,
) -> Done:
    """Photograph the continuum of a run's part as a lab would the print.

    Args:
        run: folder of the run.
        out: folder for the experiment.
        repeats: photographs of each step.
        seed: of the camera's noise.
        dots: whether the joints' dots are painted.
        rigid: whether the part is photographed moved as a whole too.
        watcher: told of the progress.

    Raises:
        InputError: if the run cannot be used, or `out` holds other files.
    """
    from mnnfab.lab.analysis import task_of
    from mnnfab.lab.synthetic.laboratory import Specimen, Studio, photograph
    from mnnfab.lab.vision import opencv

    opencv("synthetic photographs")
    clock = Clock(watcher or Silent())
    require_run(run)
    problem, record = load_run(run, clock)
    task = task_of(problem)
    tiling = tile_part(problem, record.widths_mm)
    continuum, _ = solve_part(problem, task, tiling, clock)
    steps = (ZERO, *([Step("rigid", "rigid")] if rigid else []))
    steps += unique_names(make_plan(task, continuum.response).ports)
    with lab_folder(out) as staging:
        studio = Studio(dots=dots, repeats=repeats, seed=seed)
        photograph(Specimen(problem, task, continuum), steps, staging, clock, studio)
    return Done(out, f"{len(steps)} steps, {repeats} photographs each, in {out}")
