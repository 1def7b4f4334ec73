"""Findings on the limit states of a part.

Beyond an advised limit a limit state gives a warning; a limit that the design sets is an
acceptance criterion. Each check is a module of `mnnfab.validation.limit_states.rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from mnnfab.findings import Finding, FindingCode, Severity
from mnnfab.io.registry import registered

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from fem.limit_states import LimitStates
    from mnnfab.loaded_part.assessment import LoadedPart
    from mnnfab.problem.problem import Problem

#: Advised limit of load factors, used where the design sets none.
ADVISED_FACTOR = 1.0


@dataclass(frozen=True, eq=False)
class AssessedPart:
    """A part with computed limit states.

    Args:
        problem: problem of the design.
        continuum: continuum model of the part.
        states: limit states of the part by linear theory.
        loaded: the part as it hangs; None if it was not assessed.
    """

    problem: Problem
    continuum: Continuum
    states: LimitStates
    loaded: LoadedPart | None = None


@dataclass(frozen=True)
class LimitStateCheck:
    """A check of a limit state; each module of `rules` registers one under the name `CHECK`.

    Args:
        rank: position of its findings in reports.
        run: function that returns the findings on a part; empty if there is nothing to check.
        codes: codes of its findings.
    """

    rank: int
    run: Callable[[AssessedPart], list[Finding]]
    codes: tuple[FindingCode, ...]


@cache
def limit_state_checks() -> tuple[LimitStateCheck, ...]:
    """Return all checks, by rank."""
    from mnnfab.validation.limit_states import rules

    found = registered(rules, "CHECK", LimitStateCheck)
    return tuple(sorted(found, key=lambda check: check.rank))


def check_limit_states(
    problem: Problem,
    continuum: Continuum,
    states: LimitStates,
    loaded: LoadedPart | None = None,
) -> list[Finding]:
    """Return the findings of all checks, each of the governing load case or sample."""
    part = AssessedPart(problem, continuum, states, loaded)
    return [finding for check in limit_state_checks() for finding in check.run(part)]


@dataclass(frozen=True)
class Limit:
    """The limit of a value.

    Args:
        own: limit of the design; None if it sets none.
        advised: advised limit, used where the design sets none.
        at_least: True for a lower limit, False for an upper limit.
        form: format of the limit in messages.
    """

    own: float | None
    advised: float
    at_least: bool
    form: str = "g"

    def finding(self, code: str, where: str, message: str, value: float) -> Finding:
        """Return an error beyond the limit of the design, or a warning beyond the advised limit."""
        limit = self.advised if self.own is None else self.own
        within = value >= limit if self.at_least else value <= limit
        beyond: Severity = "warning" if self.own is None else "error"
        name = "recommended" if self.own is None else "limit"
        sense = "at least" if self.at_least else "at most"
        whole = f"{message}; {name} {sense} {limit:{self.form}}"
        return Finding(code, "info" if within else beyond, where, whole, None, value, limit)
