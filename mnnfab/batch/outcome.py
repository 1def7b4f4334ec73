"""How the process of a design ended."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

#: "pass" and "fail" are the gate's; "refused" is bad input or a tool that failed; the others
#: are processes that ended before they had a result.
Ending = Literal["pass", "fail", "refused", "crashed", "deadline", "memory", "stopped"]
FINISHED: tuple[Ending, ...] = ("pass", "fail")


@dataclass(frozen=True)
class Ended:
    """How a design's process ended.

    Args:
        name: of the design.
        ending: how.
        message: why, if there is no result.
        seconds: wall-clock time that it took.
        memory_MB: most memory of its own that was seen.
    """

    name: str
    ending: Ending
    message: str = ""
    seconds: float = 0.0
    memory_MB: float = 0.0

    def as_text(self) -> str:
        """Return it as JSON, as it travels between machines."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Ended:
        """Return what `as_text` gave."""
        return cls(**json.loads(text))
