"""Optional packages of mnnfab, the extras of `pyproject.toml`, and how to see that they work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Extra:
    """An extra: `pip install 'mnnfab[NAME]'`.

    Args:
        name: name of the extra.
        purpose: its use.
        packages: distributions whose versions are shown.
        trial: program that fails if a package, or a library or program that it needs, does.
        system: remedy for libraries and programs of the system.
    """

    name: str
    purpose: str
    packages: tuple[str, ...]
    trial: str
    system: str = ""


_PDF = "import weasyprint; weasyprint.HTML(string='<p>x</p>').write_pdf()"
_PHOTO = (
    "import cv2, numpy\n"
    "assert cv2.imdecode(cv2.imencode('.png', numpy.zeros((2, 2), 'uint8'))[1], 0) is not None"
)
#: Opens a page in Debian's browser, which the tests and pictures use.
_BROWSER = """
import shutil
from playwright.sync_api import sync_playwright
program = shutil.which('chromium')
if program is None:
    raise SystemExit('no chromium')
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=program, args=['--no-sandbox'])
    browser.new_page().goto('data:text/html,x')
    browser.close()
"""

EXTRAS = (
    Extra(
        "pdf",
        "reports as PDF (--pdf)",
        ("weasyprint",),
        _PDF,
        "on Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0",
    ),
    Extra("photo", "photographs of prints (lab)", ("opencv-python-headless",), _PHOTO),
    Extra("dask", "batches on a cluster (--scheduler)", ("distributed",), "import distributed"),
    Extra(
        "browser",
        "tests and pictures of pages",
        ("playwright",),
        _BROWSER,
        "on Debian: apt-get install chromium",
    ),
    Extra("peers", "comparison with NGSolve in tests", ("ngsolve",), "import ngsolve"),
    Extra("bench", "benchmarks against others", ("jax", "torch"), "import jax, torch"),
    Extra("docs", "the site of docs/", ("sphinx", "furo"), "import furo, myst_parser, sphinx"),
    Extra(
        "dev",
        "tests and checks of the code",
        ("pytest", "hypothesis", "ruff", "mypy"),
        "import hypothesis, jsonschema, mypy, pytest, pytest_cov, xdist",
    ),
)
