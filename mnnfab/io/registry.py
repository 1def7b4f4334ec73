"""Registries: what the modules of a package register, found by looking into the package.

A new lattice, loss, model or check is one new module in the package of its kind; no list of them
is kept anywhere else.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from types import ModuleType

T = TypeVar("T")


def module_names(package: ModuleType) -> list[str]:
    """Return the names of the modules of a package, sorted; none is imported."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def registered(package: ModuleType, attribute: str, kind: type[T]) -> list[T]:
    """Return what every module of a package registers, in the order of the modules' names.

    Args:
        package: its modules are imported.
        attribute: name in each module that holds one entry, or a tuple of them.
        kind: class of the entries.

    Raises:
        TypeError: if a module has no such name, or something else in it.
    """
    found: list[T] = []
    for name in module_names(package):
        module = importlib.import_module(f"{package.__name__}.{name}")
        entries = getattr(module, attribute, None)
        several = entries if isinstance(entries, tuple) else (entries,)
        for entry in several:
            if not isinstance(entry, kind):
                msg = f"{module.__name__}.{attribute}: {entry!r}, expected a {kind.__name__}"
                raise TypeError(msg)
            found.append(entry)
    return found
