"""`mnnfab reproduce`: does the experiments and writes figures, tables and the summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.files import results_folder
from mnnfab.reproduce.experiment import Experiment
from mnnfab.reproduce.fig1 import fig1
from mnnfab.reproduce.fig2 import fig2
from mnnfab.tables import table_text

EXPERIMENTS: Mapping[str, Callable[[], Experiment]] = {"fig1": fig1, "fig2": fig2}


def reproduce(names: Sequence[str], out: Path, tell: Callable[[str], None]) -> Path:
    """Do some of the paper's experiments, or all of them.

    Args:
        names: keys of `EXPERIMENTS`; none for all.
        out: folder for the results.
        tell: told of each experiment as it begins.

    Returns:
        The summary, a Markdown file.

    Raises:
        InputError: if there is no such experiment or the folder cannot be written.
    """
    unknown = [name for name in names if name not in EXPERIMENTS]
    if unknown:
        raise InputError("experiment", f'"{unknown[0]}"', ", ".join(EXPERIMENTS))
    done = []
    for name in names or EXPERIMENTS:
        tell(name)
        done.append(EXPERIMENTS[name]())
    with results_folder(out) as staging:
        for experiment in done:
            _write(staging, experiment)
        (staging / "summary.md").write_text(summary_text(done), encoding="utf-8")
        rows = [
            (experiment.name, line.quantity, line.ours, line.published, line.note)
            for experiment in done
            for line in experiment.lines
        ]
        header = ("experiment", "quantity", "ours", "published", "note")
        (staging / "summary.csv").write_text(table_text(header, rows), encoding="utf-8")
    return out / "summary.md"


def summary_text(done: Sequence[Experiment]) -> str:
    """Return the summary as Markdown."""
    parts = ["# The paper's experiments, ours beside the published values\n"]
    for experiment in done:
        parts.append(f"\n## {experiment.name}: {experiment.title}\n\n")
        parts.append("| quantity | ours | published | note |\n|---|---|---|---|\n")
        parts += [
            f"| {line.quantity} | {line.ours} | {line.published} | {line.note} |\n"
            for line in experiment.lines
        ]
        parts += [f"\n![{stem}]({stem}.png)\n" for stem in experiment.figures]
    return "".join(parts)


def _write(folder: Path, experiment: Experiment) -> None:
    for stem, figure in experiment.figures.items():
        figure.savefig(folder / f"{stem}.png", dpi=110, metadata={"Software": None})
    for stem, columns in experiment.tables.items():
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        (folder / f"{stem}.csv").write_text(table_text(list(columns), rows), encoding="utf-8")
