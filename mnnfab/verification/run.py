"""`mnnfab verify`: runs the verification cases."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from mnnfab.errors import InputError, MnnfabError
from mnnfab.io.registry import by_name, registered
from mnnfab.progress.watcher import ProgressWatcher
from mnnfab.verification import cases
from mnnfab.verification.case import MODELS, Case, Result


@dataclass(frozen=True)
class Verification:
    """Results of the verification cases.

    Args:
        results: results, in the order of the models.
    """

    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether all cases passed."""
        return all(result.passed for result in self.results)

    @property
    def seconds(self) -> float:
        """Computing time of all cases."""
        return sum(result.seconds for result in self.results)


@cache
def verification_cases() -> tuple[Case, ...]:
    """Return all cases in the order of their models."""
    found = by_name((case.name, case) for case in registered(cases, "CASES", Case))
    return tuple(sorted(found.values(), key=lambda case: MODELS.index(case.model)))


def verify(names: Sequence[str], watcher: ProgressWatcher) -> Verification:
    """Run verification cases.

    Args:
        names: names of cases; empty for all.
        watcher: receives the start of each case.

    Raises:
        InputError: if a case does not exist.
    """
    known = verification_cases()
    unknown = sorted(set(names) - {case.name for case in known})
    if unknown:
        allowed = ", ".join(case.name for case in known)
        raise InputError("verification case", f'"{unknown[0]}"', allowed)
    chosen = [case for case in known if not names or case.name in names]
    results = []
    for number, case in enumerate(chosen, start=1):
        watcher.stage(f"{number} of {len(chosen)}: {case.name}")
        results.append(run_case(case))
    return Verification(tuple(results))


def run_case(case: Case) -> Result:
    """Run one case; one that ends in an error of mnnfab or of arithmetic has failed."""
    start = time.perf_counter()
    try:
        quantities, failure = tuple(case.compute()), ""
    except (MnnfabError, ArithmeticError, ValueError) as error:  # as of a singular matrix
        quantities, failure = (), f"{type(error).__name__}: {error}"
    return Result(case, quantities, time.perf_counter() - start, failure)
