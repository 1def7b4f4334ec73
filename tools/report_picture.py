"""Generates docs/report.png: browser screenshots of the top of a report and of its solid view.

Requires Debian's chromium and the extra `browser`.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from mnnfab.pipeline.pipeline import run

ROOT = Path(__file__).resolve().parent.parent
SIZE = {"width": 1000, "height": 760}
#: WebGL without a graphics card.
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


def shots(page_file: Path) -> list[Image.Image]:
    """Return screenshots of the top of a report and of its solid view."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*FLAGS, "--ignore-gpu-blocklist"]
        )
        page = browser.new_page(viewport=SIZE)
        page.goto(page_file.as_uri())
        found = [page.screenshot()]
        page.locator("#solid-view").scroll_into_view_if_needed()
        page.locator("#solid").scroll_into_view_if_needed()
        page.wait_for_selector("#solid.ready")
        page.wait_for_timeout(1500)
        page.evaluate("document.getElementById('solid-view').scrollIntoView()")
        page.wait_for_timeout(500)
        found.append(page.screenshot())
        browser.close()
    return [Image.open(io.BytesIO(data)).convert("RGB") for data in found]


def main() -> None:
    """Run the iris example and write both screenshots side by side."""
    with tempfile.TemporaryDirectory() as place:
        folder = run(ROOT / "examples" / "iris.toml", Path(place) / "out").folder
        left, right = shots(folder / "report.html")
    both = Image.new("RGB", (left.width + right.width + 20, left.height), "#cccccc")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + 20, 0))
    both.save(ROOT / "docs" / "report.png", optimize=True)


if __name__ == "__main__":
    main()
