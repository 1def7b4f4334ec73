"""Printability: can the printer of the profile make this part?

Everything is measured: joints, holes, gaps and letters on the tiling, walls and surfaces once
more on the triangles that are printed. A finding names the worst place, with its position.
Each check is a module of `geometry.printability.rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from mnnfab.findings import Finding, FindingCode
from mnnfab.io.registry import registered

if TYPE_CHECKING:
    from geometry.printability.print_job import PrintJob


@dataclass(frozen=True)
class PrintabilityCheck:
    """A printability check, as a module of `rules` registers it under the name `CHECK`.

    Args:
        rank: place of its findings in reports.
        run: from a print job to findings; an empty list where there is nothing to check.
        codes: of its findings.
    """

    rank: int
    run: Callable[[PrintJob], list[Finding]]
    codes: tuple[FindingCode, ...]


@cache
def printability_checks() -> tuple[PrintabilityCheck, ...]:
    """Return all checks, by rank."""
    from geometry.printability import rules

    checks = registered(rules, "CHECK", PrintabilityCheck)
    return tuple(sorted(checks, key=lambda check: check.rank))


def check_printability(job: PrintJob) -> list[Finding]:
    """Return the findings of all printability checks, each with its worst place."""
    return [finding for check in printability_checks() for finding in check.run(job)]
