"""The exceptions of mnnfab: one base and three kinds."""

from __future__ import annotations

from pathlib import Path


class MnnfabError(Exception):
    """Base of every error that mnnfab raises on purpose."""


class InputError(MnnfabError, ValueError):
    """What the user gave cannot be used; a `ValueError` to those who know no other.

    The message always says where the fault is, what was given there and what
    would be accepted, so that it can be mended without reading any code.
    """

    def __init__(self, where: str, given: str, allowed: str) -> None:
        """Compose the one message from its three parts."""
        super().__init__(f"{where}: {given}\n  allowed: {allowed}")
        self.where = where
        self.given = given
        self.allowed = allowed


class MechanismError(InputError):
    """The network moves without resistance: it has zero modes."""


class GeometryError(InputError):
    """The bonds and joints do not make a part: they overlap, cross or do not fit."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after something was done that is kept."""

    def __init__(self, folder: Path) -> None:
        """Tell where it is."""
        super().__init__(str(folder))
        self.folder = folder


class ToolError(MnnfabError):
    """An outside kernel (mesher, CAD, solver) hung or gave a wrong result."""
