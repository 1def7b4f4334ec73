"""Text of a verification for terminals and cells of its page."""

from __future__ import annotations

import math

from mnnfab.verification.case import MODELS, Quantity, Result
from mnnfab.verification.run import Verification

HEADER = ("quantity", "value", "reference", "error", "tolerance", "order", "GCI", "")


def verification_text(verification: Verification) -> str:
    """Return the results as a table, grouped by model and case."""
    rows = {
        result.case.name: [cells(quantity) for quantity in result.quantities]
        for result in verification.results
    }
    every = [HEADER, *(row for own in rows.values() for row in own)]
    widths = [max(len(row[column]) for row in every) for column in range(len(HEADER))]
    lines = ["  " + _aligned(HEADER, widths)]
    for model in MODELS:
        results = [result for result in verification.results if result.case.model == model]
        lines += ["", model] if results else []
        for result in results:
            lines.append(f"  {result.case.name} ({result.seconds:.1f} s): {result.case.title}")
            lines += ["    " + _aligned(row, widths) for row in rows[result.case.name]]
            lines += [f"    not computed: {result.failure}"] if result.failure else []
    return "\n".join([*lines, "", summary(verification)])


def summary(verification: Verification) -> str:
    """Return the verdict in one sentence."""
    results = verification.results
    failed = [result.case.name for result in results if not result.passed]
    n_quantities = sum(len(result.quantities) for result in results)
    words = f"{len(results)} cases, {n_quantities} quantities, {verification.seconds:.0f} s"
    if not failed:
        return f"all passed: {words}"
    return f"{len(failed)} failed ({', '.join(failed)}): {words}"


def cells(quantity: Quantity) -> tuple[str, ...]:
    """Return the cells of a row, in the order of `HEADER`."""
    meshes = quantity.meshes
    order = meshes.order if meshes else None
    index = meshes.grid_convergence_index if meshes else None
    return (
        quantity.name,
        number(quantity.value),
        number(quantity.reference),
        _small(quantity.error),
        _small(quantity.tolerance),
        "" if order is None else f"{order:.2f}",
        "" if index is None else _small(index),
        "pass" if quantity.passed else "FAIL",
    )


def number(value: float) -> str:
    """Return a value to seven digits; what is not a number as a dash."""
    return f"{value:.7g}" if math.isfinite(value) else "–"


def share_of_tolerance(result: Result) -> str:
    """Return the largest error of a case relative to its tolerance."""
    return f"{result.worst:.2g}" if math.isfinite(result.worst) else "–"


def _small(value: float) -> str:
    return f"{value:.1e}" if math.isfinite(value) else "–"


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    first, *numbers, last = (
        (f"{cell:<{width}}" if column in {0, len(row) - 1} else f"{cell:>{width}}")
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *numbers, last]).rstrip()
