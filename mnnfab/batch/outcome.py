"""Outcome of the process of a design."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

#: "pass" and "fail" are verdicts of the acceptance criteria; "refused" is invalid input or a
#: failed tool; the others are processes that ended without a result.
Ending = Literal["pass", "fail", "refused", "crashed", "deadline", "memory", "stopped"]
FINISHED: tuple[Ending, ...] = ("pass", "fail")


@dataclass(frozen=True)
class DesignOutcome:
    """Outcome of the process of a design.

    Args:
        name: name of the design.
        ending: kind of outcome.
        message: reason, if there is no result.
        seconds: wall-clock time, s.
        memory_MB: largest observed memory that is not shared with other processes, MB.
    """

    name: str
    ending: Ending
    message: str = ""
    seconds: float = 0.0
    memory_MB: float = 0.0

    def as_text(self) -> str:
        """Return the outcome as JSON, for transfer between machines."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> DesignOutcome:
        """Return the outcome from the JSON of `as_text`."""
        return cls(**json.loads(text))
