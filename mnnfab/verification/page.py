"""The page of a verification."""

from __future__ import annotations

from mnnfab.report.template import render
from mnnfab.verification.case import MODELS
from mnnfab.verification.mesh_study import SAFETY_FACTOR
from mnnfab.verification.run import Verification
from mnnfab.verification.text import cells, share_of_tolerance, summary
from mnnfab.versions import versions


def page_text(verification: Verification) -> str:
    """Return the HTML page of a verification."""
    groups = [
        (model, [result for result in verification.results if result.case.model == model])
        for model in MODELS
    ]
    return render(
        "verification.html",
        verification=verification,
        verdict="pass" if verification.passed else "fail",
        summary=summary(verification),
        groups=[(model, results) for model, results in groups if results],
        cells=cells,
        share_of_tolerance=share_of_tolerance,
        safety_factor=SAFETY_FACTOR,
        versions=versions(),
    )
