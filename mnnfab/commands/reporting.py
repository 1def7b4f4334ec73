"""`report`: the key figures of a run, its report as PDF, and the V&V report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnnfab.commands.answer import FAILED, PASSED, Answer, command
from mnnfab.commands.options import FOLDER, PDF
from mnnfab.errors import InputError

if TYPE_CHECKING:
    from mnnfab.progress.watcher import ProgressWatcher
    from mnnfab.vv.writing import VvReport


@command()
@FOLDER
@click.option(
    "--vv",
    is_flag=True,
    help="Write the verification and validation report vv.html, which takes some minutes.",
)
@click.option(
    "--measured",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="With --vv: folder of your own measurement of the part, as `mnnfab lab measure` writes "
    "it; may be given several times.",
)
@PDF
def report(
    watcher: ProgressWatcher, folder: Path, measured: tuple[Path, ...], *, vv: bool, pdf: bool
) -> Answer:
    """Print the verdict and the key figures of the run in DIR.

    With --vv, verify the models and the solution of the part on this machine, carry the
    uncertainties of its inputs to its outputs, and compare the models with measurements: a report
    in the terms of ASME V&V 10 and V&V 20.

    Exit status: 1 if the design does not meet the acceptance criteria or is not accepted.
    """
    if vv:
        from mnnfab.vv.writing import write_vv_report

        return _vv_answer(write_vv_report(folder, measured, pdf=pdf, watcher=watcher))
    if measured:
        raise InputError("--measured", str(measured[0]), "--vv as well")
    from mnnfab.pipeline.reports import reported

    found = reported(folder, pdf=pdf)
    status = PASSED if found.values["verdict"] == "pass" else FAILED
    return Answer(found.text, dict(found.values), status)


def _vv_answer(written: VvReport) -> Answer:
    decision = written.values["decision"]
    lines = []
    for one in decision["criteria"]:
        decided = "" if one["met"] else f"; decided: {one['decided']}"
        lines.append(
            f"{one['name']}: {'met' if one['met'] else 'NOT met'} ({one['reason']}){decided}"
        )
    lines.append(f"{decision['word']}; see {written.page}")
    values: dict[str, Any] = {"page": str(written.page), **written.values}
    status = FAILED if decision["word"] == "not accepted" else PASSED
    return Answer("\n".join(lines), values, status)
