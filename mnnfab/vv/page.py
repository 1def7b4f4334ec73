"""The page of the verification and validation report, made of the values of `report.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mnnfab.findings import Finding
from mnnfab.report.figures import network_picture
from mnnfab.report.template import Numbering, render
from mnnfab.units import NEWTON_PER_GF
from mnnfab.vv.figures import comparison_picture, convergence_picture
from mnnfab.vv.traced import Traced, raw, traced_number, traced_text

if TYPE_CHECKING:
    from mnnfab.printed_part.part import PortPart


def page_text(report: Mapping[str, Any], part: PortPart) -> str:
    """Return the HTML page.

    Args:
        report: values of `report.json` with the evidence under its key `vv`.
        part: the part, for the drawing of its network.
    """
    values, traced = report["vv"], Traced(report)
    findings = [_finding(one) for one in report["findings"]]
    return render(
        "vv.html",
        title=f"{report['name']}: verification and validation – mnnfab report",
        r=traced,
        vv=Traced(values, "/vv"),
        decision_word=values["decision"]["word"],
        warnings=[one for one in traced["findings"] if raw(one["severity"]) == "warning"],
        number=Numbering(),
        n=traced_number,
        t=traced_text,
        raw=raw,
        gf=1 / NEWTON_PER_GF,
        network=network_picture(part.problem, part.widths_mm, part.tiling, findings),
        comparison=comparison_picture(values["validation"]["comparisons"]),
        convergence=convergence_picture(values["solution_verification"]),
    )


def _finding(values: Mapping[str, Any]) -> Finding:
    """Return a finding of `report.json`, with its place as a pair."""
    position = values.get("position_mm")
    return Finding(**{**values, "position_mm": tuple(position) if position else None})
