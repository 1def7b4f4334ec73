"""Exceptions of mnnfab."""

from __future__ import annotations

from pathlib import Path


class MnnfabError(Exception):
    """Base class of all errors that mnnfab raises deliberately."""


class InputError(MnnfabError, ValueError):
    """Invalid input by the user. It is also a `ValueError`.

    The message always contains the location of the error, the given value and the allowed
    values, so that the input can be corrected without reading the code.
    """

    def __init__(self, where: str, given: str, allowed: str) -> None:
        """Compose the message from its three parts."""
        super().__init__(f"{where}: {given}\n  expected: {allowed}")
        self.where = where
        self.given = given
        self.allowed = allowed


def with_notes(error: BaseException, message: str | None = None) -> str:
    """Return the message of an error with its notes, such as where its widths are kept."""
    notes = (f"  {note}" for note in getattr(error, "__notes__", ()))
    return "\n".join([str(error) if message is None else message, *notes])


class MechanismError(InputError):
    """The network is a mechanism: it has zero modes, which move without resistance."""


class GeometryError(InputError):
    """The bonds and joints do not form a valid part: they overlap, cross or do not fit."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C after a part of the results was saved."""

    def __init__(self, folder: Path) -> None:
        """Store the folder of the saved results."""
        super().__init__(str(folder))
        self.folder = folder


class Completed(KeyboardInterrupt):
    """Ctrl-C when all results were in place already."""


class ToolError(MnnfabError):
    """An external kernel (mesher, CAD, solver) timed out or gave a wrong result."""


class LostStateError(ToolError):
    """A sample has no stable equilibrium under its loads, or it was not found."""


class UnstableError(LostStateError):
    """The part has no stable equilibrium, even under its own weight alone."""
