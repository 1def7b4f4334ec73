"""How Sphinx makes the site of these pages: `make docs`."""

from importlib.metadata import version as version_of

project = "mnnfab"
author = "the mnnfab developers"
release = version_of("mnnfab")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"mnnfab {release}"
exclude_patterns = ["_build", "*.ipynb"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
# The drawings in docstrings are as wide as the code that they stand in.
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Links to the repository's files, from pages that are read there too.
suppress_warnings = ["myst.xref_missing"]
