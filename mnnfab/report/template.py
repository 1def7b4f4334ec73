"""HTML pages from the templates of this package."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, /, **values: object) -> str:
    """Render a template of `mnnfab/report/templates`; all values are escaped.

    Args:
        template: file name of the template.
        values: variables of the template.
    """
    return _environment().get_template(template).render(**values)


class Numbering:
    """Numbers of the tables and figures of a page, in the order in which they are rendered."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def __call__(self, kind: str) -> str:
        """Return the next number of a kind, as "Table 3"."""
        self._counts[kind] += 1
        return f"{kind} {self._counts[kind]}"


def compile_all() -> None:
    """Compile all templates in advance: compiling takes as long as drawing a figure."""
    for name in _environment().list_templates(extensions=["html"]):
        _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mnnfab.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["fixed"] = _fixed
    environment.filters["significant"] = _significant
    return environment


def _fixed(value: float | None, digits: int = 3) -> str:
    """Format a number with fixed decimals: None as a dash, -0.00 as 0.00."""
    if value is None:
        return "–"
    return f"{round(value, digits) + 0.0:,.{digits}f}"


def _significant(value: float | None, digits: int = 3) -> str:
    """Format a number with significant digits, without a power of ten: None as a dash."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{float(f'{value:.{digits}g}'):,.{decimals}f}"
