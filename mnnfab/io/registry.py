"""Registries: entries that the modules of a package register.

A new lattice, loss, model or check is one new module in the package of its kind; no list of them
is kept anywhere else.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, TypeVar

from mnnfab.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

T = TypeVar("T")


def module_names(package: ModuleType) -> list[str]:
    """Return the names of the modules of a package, sorted, without importing them.

    Names that are not identifiers, as those of copies of files, and names that begin with `_` are
    left out.
    """
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in names if name.isidentifier() and not name.startswith("_"))


def load(package: ModuleType, name: str) -> ModuleType:
    """Import and return a module of a package.

    Raises:
        ToolError: if the module cannot be imported; the message names it.
    """
    path = f"{package.__name__}.{name}"
    try:
        return importlib.import_module(path)
    except (ImportError, SyntaxError) as error:
        raise ToolError(f"{path} cannot be imported: {error}") from error


def by_name(entries: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Return entries by their names, sorted.

    Raises:
        ValueError: if two entries have the same name.

    >>> by_name([("mse", 2), ("mae", 1)])
    {'mae': 1, 'mse': 2}
    """
    named: dict[str, T] = {}
    for name, entry in sorted(entries, key=lambda pair: pair[0]):
        if name in named:
            msg = f"two entries are named {name!r}: {named[name]!r} and {entry!r}"
            raise ValueError(msg)
        named[name] = entry
    return named


def registered(package: ModuleType, attribute: str, kind: type[T]) -> list[T]:
    """Return the entries of all modules of a package, in the order of the modules' names.

    Args:
        package: package whose modules are imported.
        attribute: name in each module that holds one entry, or a tuple of them.
        kind: class of the entries.

    Raises:
        ToolError: if a module cannot be imported.
        TypeError: if a module has no such name, or an entry of another class.
    """
    return _checked(package, attribute, lambda entry: isinstance(entry, kind), kind)


def subclasses(package: ModuleType, attribute: str, kind: type[T]) -> list[type[T]]:
    """Return the classes that all modules of a package register, as `registered` does.

    Args:
        package: package whose modules are imported.
        attribute: name in each module that holds one class, or a tuple of them.
        kind: base of the classes.

    Raises:
        ToolError: if a module cannot be imported.
        TypeError: if a module has no such name, or an entry that is not derived from `kind`.
    """

    def derived(entry: object) -> bool:
        return isinstance(entry, type) and issubclass(entry, kind)

    return _checked(package, attribute, derived, kind)


def _checked(
    package: ModuleType, attribute: str, is_valid: Callable[[object], bool], kind: type
) -> list[Any]:
    """Return all entries of the modules of a package that meet a condition, or refuse them."""
    checked = []
    for name in module_names(package):
        module = load(package, name)
        entries = getattr(module, attribute, None)
        for entry in entries if isinstance(entries, tuple) else (entries,):
            if not is_valid(entry):
                msg = f"{module.__name__}.{attribute}: {entry!r}, expected a {kind.__name__}"
                raise TypeError(msg)
            checked.append(entry)
    return checked
