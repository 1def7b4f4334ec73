"""HTML pages from the templates of this package."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, /, **values: object) -> str:
    """Render a template of `mnnfab/report/templates`; all values are escaped.

    Args:
        template: file name of the template.
        values: variables of the template.
    """
    return _environment().get_template(template).render(**values)


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
    return environment


def _fixed(value: float | None, digits: int = 3) -> str:
    """Format a number with fixed decimals: None as a dash, -0.00 as 0.00."""
    if value is None:
        return "–"
    return f"{round(value, digits) + 0.0:,.{digits}f}"
