"""`mnnfab reproduce`: does the experiments and writes figures, tables and the summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.io.folder_lock import claimed
from mnnfab.io.tables import table_text
from mnnfab.pipeline.writing import write_manifest
from mnnfab.reproduce.experiment import Experiment, Line
from mnnfab.reproduce.fig1 import fig1
from mnnfab.reproduce.fig2 import fig2
from mnnfab.reproduce.fig3 import fig3
from mnnfab.reproduce.fig4 import fig4
from mnnfab.reproduce.fig5 import fig5
from mnnfab.reproduce.film import write_film
from mnnfab.runs.run_folder import run_folder

EXPERIMENTS: Mapping[str, Callable[[], Experiment]] = {
    "fig1": fig1,
    "fig2": fig2,
    "fig3": fig3,
    "fig4": fig4,
    "fig5": fig5,
}
INTRODUCTION = """# The paper's experiments, ours beside the published values

Li and Mao, Nat. Commun. 15:10528 (2024). Made by `mnnfab reproduce` with the settings that the
paper or its code gives. Where ours differ the note says why, as far as is known.

How the paper counts, as far as its text and code say or its numbers tell:

- figs. 2 to 5 are trained as its code does it: a logistic map keeps the widths within 1.5 to
  2.5 mm, and Adam moves its argument by the gradient in the stiffness, without the derivative
  of the map; Adam's ε of 1.5e-8 stands beside gradients in SI units, which slows regression;
- every squared error is half the sum over the readings: noise of 0.1 mm in four readings sums
  to 4e-8 m², and the published noisy loss ends at 1.7e-8;
- the loss of fig. 4 divides every batch by 16 flowers, also the last of 9;
- the source data of fig. 4 give a spread as the mean less the greatest and the mean less the
  least value: read so, no accuracy exceeds 1.

"0.956 (0.943 to 0.971)" is the mean, the least and the greatest of several splits into 70 %
training and 30 % test samples. Nodes and flowers are counted from 0.
"""
Done = Mapping[str, Experiment]
"""Experiments by their name."""


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
    done = {}
    for name in names or EXPERIMENTS:
        tell(name)
        done[name] = EXPERIMENTS[name]()
    tell("pictures, tables and films")
    with claimed(out), run_folder(out) as staging:
        for experiment in done.values():
            _write(staging, experiment)
        (staging / "summary.md").write_text(summary_text(done), encoding="utf-8")
        rows = [
            (name, line.quantity, line.ours, line.published, line.note)
            for name, experiment in done.items()
            for line in experiment.lines
        ]
        header = ("experiment", "quantity", "ours", "published", "note")
        (staging / "summary.csv").write_text(table_text(header, rows), encoding="utf-8")
        write_manifest(staging, ())
    return out / "summary.md"


def summary_text(done: Done) -> str:
    """Return the summary as Markdown."""
    parts = [INTRODUCTION]
    for name, experiment in done.items():
        parts.append(f"\n## {name}: {experiment.title}\n\n{experiment.about}\n\n")
        parts.append("| quantity | ours | published | note |\n|---|---|---|---|\n")
        parts += [_row(line) for line in experiment.lines]
        parts += [f"\n![{stem}]({stem}.png)\n" for stem in experiment.figures]
        parts += [f"\nFilm: [{stem}.gif]({stem}.gif)\n" for stem in experiment.films]
    return "".join(parts)


def _row(line: Line) -> str:
    cells = (line.quantity, line.ours, line.published, line.note)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"


def _write(folder: Path, experiment: Experiment) -> None:
    for stem, figure in experiment.figures.items():
        figure.savefig(
            folder / f"{stem}.png", dpi=110, bbox_inches="tight", metadata={"Software": None}
        )
    for stem, columns in experiment.tables.items():
        rows = zip(*(list(column) for column in columns.values()), strict=True)
        (folder / f"{stem}.csv").write_text(table_text(list(columns), rows), encoding="utf-8")
    for stem, scenes in experiment.films.items():
        write_film(folder / f"{stem}.gif", scenes)
