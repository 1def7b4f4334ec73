"""Pages from the templates of this package."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, /, **values: object) -> str:
    """Fill in a template of `mnnfab/report/templates`; every value is escaped.

    Args:
        template: its name.
        values: that it shows.
    """
    return _environment().get_template(template).render(**values)


def compile_all() -> None:
    """Compile every template now: it takes as long as drawing a picture."""
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
    return environment


def _fixed(value: float | None, digits: int = 3) -> str:
    """Write a number with so many digits after the point; nothing as a dash, -0.00 as 0.00."""
    if value is None:
        return "–"
    return f"{round(value, digits) + 0.0:,.{digits}f}"
