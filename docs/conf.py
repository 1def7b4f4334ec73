"""Configuration of Sphinx for the site of these pages, built by `make docs`."""

from importlib.metadata import version as version_of

from sphinx.application import Sphinx

project = "mnnfab"
author = "the mnnfab developers"
release = version_of("mnnfab")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"mnnfab {release}"
exclude_patterns = ["_build", "**/*.ipynb"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False


def skip_member(_app: Sphinx, _what: str, name: str, *_rest: object) -> bool | None:
    """Leave out module constants, and the configuration of pydantic models."""
    return True if name.isupper() or name == "model_config" else None


def setup(app: Sphinx) -> None:
    """Connect the handlers."""
    app.connect("autodoc-skip-member", skip_member)
