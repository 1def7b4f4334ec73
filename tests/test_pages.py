"""Pages in a browser: Debian's Chromium, without a head, driven from outside.

Needs `chromium` and the extra `browser`; `.ci/run` has both and asks for them. Elsewhere the
tests are skipped.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from small import small_design

import mnnfab.vv.evidence
from mnnfab.batch.limits import Limits
from mnnfab.batch.run import BatchOptions, batch
from mnnfab.batch.watchers import SilentBatch
from mnnfab.cli import main
from mnnfab.lab.operations import write_kit_for_run
from mnnfab.pipeline.pipeline import Outcome, run
from mnnfab.progress.watcher import NullWatcher
from mnnfab.report.serving import folder_server
from mnnfab.verification.run import verify
from mnnfab.verification.writing import write_verification
from mnnfab.vv.writing import write_vv_report

CHROMIUM = shutil.which("chromium")
REQUIRED = os.environ.get("MNNFAB_OUTSIDE_TOOLS") == "required"
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
DESKTOP, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 800}
#: WebGL without a graphics card.
_FLAGS = [
    *("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    *("--ignore-gpu-blocklist", "--disable-background-networking"),
]


@dataclass
class Opened:
    """A page, and what it said and asked for."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None and not REQUIRED:
        pytest.skip("no chromium")
    if not REQUIRED:
        pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield found
        found.close()


def opened(browser: Any, address: str, size: dict[str, int]) -> Opened:  # noqa: ANN401
    """Open a page, and listen to it."""
    found = Opened(browser.new_page(viewport=size))
    found.page.on(
        "console", lambda said: found.errors.append(said.text) if said.type == "error" else None
    )
    found.page.on("pageerror", lambda error: found.errors.append(str(error)))
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.goto(address)
    return found


def serious_findings(browser: Any, page: Path, tmp_path: Path) -> list[str]:  # noqa: ANN401
    """Return the serious findings of axe-core on a page, in light and dark, wide and narrow."""
    from axe_playwright_python.sync_playwright import Axe

    found = []
    for scheme in ("light", "dark"):
        for size in (DESKTOP, PHONE):
            shown = browser.new_page(viewport=size, color_scheme=scheme)
            shown.goto(page.as_uri())
            shown.wait_for_timeout(300)
            violations = Axe().run(shown).response["violations"]
            shown.screenshot(path=tmp_path / f"{page.stem}-{scheme}-{size['width']}.png")
            found += [
                f"{scheme} {size['width']}: {one['id']}: {one['nodes'][0]['html'][:100]}"
                for one in violations
                if one["impact"] in {"serious", "critical"}
            ]
            assert shown.evaluate("document.documentElement.scrollWidth") <= size["width"]
            shown.close()
    return found


def picture_of_solid(page: Any) -> bytes:  # noqa: ANN401
    data: bytes = page.locator("#solid").screenshot()
    return data


def wait_for_solid(page: Any) -> None:  # noqa: ANN401
    page.wait_for_selector("#solid.ready", state="attached")  # whether it is in view or not
    page.locator("#solid").scroll_into_view_if_needed()
    page.frame_locator("#solid").locator("canvas").wait_for()
    page.wait_for_timeout(500)


def ink(picture: bytes) -> float:
    """Return the share of a picture that is dark, as rubber is."""
    import io

    import numpy as np
    from PIL import Image

    grey = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
    return float((grey < 128).mean())


@pytest.mark.ci
def test_the_report_on_a_desktop(browser: Any, iris_run: Outcome, tmp_path: Path) -> None:  # noqa: ANN401
    address = (iris_run.folder / "report.html").as_uri()
    found = opened(browser, address, DESKTOP)
    page = found.page
    assert page.locator(".badge").first.inner_text() == "PASS IN SIMULATION"
    wait_for_solid(page)
    before = picture_of_solid(page)
    assert 0.02 < ink(before) < 0.6  # something is drawn, and it does not fill the view
    box = page.locator("#solid").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y + 60, steps=8)
    page.mouse.up()
    page.wait_for_timeout(500)
    after = picture_of_solid(page)
    assert after != before
    assert 0.01 < ink(after) < 0.6
    page.screenshot(path=tmp_path / "desktop.png", full_page=True)
    assert found.errors == []
    assert [one for one in found.requests if not one.startswith(("data:", "blob:"))] == [address]
    page.close()


def test_tables_of_the_report_sort(browser: Any, iris_run: Outcome) -> None:  # noqa: ANN401
    page = opened(browser, (iris_run.folder / "report.html").as_uri(), DESKTOP).page
    heading = page.locator(".bonds th", has_text="width, mm")
    column = ".bonds tbody tr td:nth-child(4)"

    def widths() -> list[float]:
        return [float(text) for text in page.locator(column).all_inner_texts()]

    drawn = widths()
    heading.locator("button").click()
    assert widths() == sorted(drawn)
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.locator("button").press("Enter")  # from the keyboard too
    assert widths() == sorted(drawn, reverse=True)
    assert heading.get_attribute("aria-sort") == "descending"
    page.close()


def test_the_slider_goes_through_the_training(browser: Any, iris_run: Outcome) -> None:  # noqa: ANN401
    page = opened(browser, (iris_run.folder / "report.html").as_uri(), DESKTOP).page

    def widths() -> list[float]:
        lines = page.locator("#network line").all()
        return [float(line.get_attribute("stroke-width")) for line in lines]

    assert page.locator("#frame-label").inner_text() == "round 2, epoch 100"
    rows = (iris_run.folder / "widths.csv").read_text().split()[1:]
    trained = [float(row.split(",")[-1]) for row in rows]
    assert widths() == pytest.approx(trained, abs=1e-4)
    page.locator("#frame").evaluate("s => { s.value = 0; s.dispatchEvent(new Event('input')); }")
    assert page.locator("#frame-label").inner_text() == "round 0, epoch 0"
    assert widths() == pytest.approx([2.7] * len(trained))
    page.locator("#play").click()
    page.wait_for_function("document.getElementById('frame').value > 3")
    page.locator("#play").click()
    page.close()


def test_the_report_on_a_phone(browser: Any, iris_run: Outcome, tmp_path: Path) -> None:  # noqa: ANN401
    found = opened(browser, (iris_run.folder / "report.html").as_uri(), PHONE)
    wait_for_solid(found.page)
    # Nothing makes the page itself wider than the phone; wide tables scroll in their place.
    assert found.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    found.page.screenshot(path=tmp_path / "phone.png", full_page=True)
    assert found.errors == []
    found.page.close()


@pytest.mark.parametrize(
    "example", ["regression", pytest.param("behaviour-left", marks=pytest.mark.slow)]
)
@pytest.mark.ci
def test_reports_of_other_tasks(browser: Any, tmp_path: Path, example: str) -> None:  # noqa: ANN401
    folder = run(EXAMPLES / f"{example}.toml", tmp_path / "out").folder
    found = opened(browser, (folder / "report.html").as_uri(), DESKTOP)
    wait_for_solid(found.page)
    assert ink(picture_of_solid(found.page)) > 0.02
    assert found.errors == []
    words = found.page.inner_text("body")
    assert ("Targets" in words) == (example == "regression")
    assert "Output displacements" in words
    found.page.close()


def test_the_first_screen_answers_what_a_lab_asks(browser: Any, iris_run: Outcome) -> None:  # noqa: ANN401
    """Can I print it, what may I hang, how well will it do: in view at once on a desktop."""
    page = opened(browser, (iris_run.folder / "report.html").as_uri(), DESKTOP).page
    words = page.evaluate(
        "[...document.querySelectorAll('.lights li, .key div')].filter("
        "e => e.getBoundingClientRect().bottom < innerHeight).map(e => e.innerText)"
    )
    key = json.loads((iris_run.folder / "report.json").read_text())["key_figures"]
    assert len(words) == 3 + 4
    assert "printable: pass" in words[0]
    assert f"{key['usable_loads']['largest_load_gf']:.1f} gf" in words[3]
    read = key["metric_as_read"]
    assert words[4].index(f"{read['test_samples']:.3f}") < words[4].index(f"{read['value']:.3f}")
    assert f"{100 * key['print_yield']:.0f} %" in words[5]
    assert f"{key['mass_g']:.2f} g" in words[6]
    page.close()


def test_tables_and_figures_are_numbered_in_their_order(browser: Any, iris_run: Outcome) -> None:  # noqa: ANN401
    page = opened(browser, (iris_run.folder / "report.html").as_uri(), DESKTOP).page
    texts = page.locator("caption strong, figcaption strong").all_text_contents()
    for kind in ("Table", "Figure"):
        numbers = [text.rstrip(".") for text in texts if text.startswith(kind)]
        assert numbers == [f"{kind} {number + 1}" for number in range(len(numbers))]
        assert len(numbers) > 5
    heads = page.locator("main table thead").count()
    assert heads == len([text for text in texts if text.startswith("Table")])
    page.close()


def test_pages_are_accessible(browser: Any, iris_run: Outcome, tmp_path: Path) -> None:  # noqa: ANN401
    """No serious finding of axe-core, in light and dark, on a desktop and a phone."""
    assert serious_findings(browser, iris_run.folder / "report.html", tmp_path) == []
    compared = tmp_path / "compared.html"
    arguments = ["compare", str(iris_run.folder), str(iris_run.folder), "--html", str(compared)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert serious_findings(browser, compared, tmp_path) == []


@pytest.mark.ci
def test_pages_of_other_commands_are_accessible(
    browser: Any,  # noqa: ANN401
    iris_run: Outcome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = verify(["nafems-le1"], NullWatcher())
    monkeypatch.setattr(mnnfab.vv.evidence, "verify", lambda *_: one)
    kit = write_kit_for_run(iris_run.folder, tmp_path / "kit")[0].folder / "kit.html"
    verified = write_verification(one, tmp_path / "verified")
    validated = write_vv_report(iris_run.folder).page
    for page in (kit, verified, validated):
        assert serious_findings(browser, page, tmp_path) == []


@pytest.mark.ci
def test_the_page_of_a_batch(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    sweep = "[sweep]\ntraining.seed = [2, 0, 1]\n"
    paths = [small_design(tmp_path, "b", more=sweep), small_design(tmp_path, "a", check=True)]
    bad = small_design(tmp_path, "wrong")
    bad.write_text(bad.read_text().replace("rows = 2", "rows = 0"))
    out = tmp_path / "out"
    batch([*paths, bad], out, SilentBatch(), BatchOptions(2, Limits(120.0, 4000.0)))
    found = opened(browser, (out / "index.html").as_uri(), DESKTOP)
    page = found.page
    names = page.locator("#designs tbody td:nth-child(2)")
    assert names.all_inner_texts() == ["b-seed-2", "b-seed-0", "b-seed-1", "a", "wrong"]
    page.locator("#designs th button", has_text="training.seed").click()
    assert names.all_inner_texts()[:3] == ["b-seed-0", "b-seed-1", "b-seed-2"]
    page.locator("#words").fill("seed")
    assert page.locator("#shown").inner_text() == "3 shown"
    page.locator("#words").fill("")
    page.locator("#ending").select_option("refused")
    assert page.locator("#shown").inner_text() == "1 shown"
    page.locator("#ending").select_option("")
    assert page.locator("img").first.evaluate("image => image.naturalWidth") > 0
    assert serious_findings(browser, out / "index.html", tmp_path) == []
    page.locator("td a", has_text="b-seed-0").first.click()
    assert page.locator("h1").inner_text() == "b-seed-0 PASS IN SIMULATION"
    assert found.errors == []
    assert all(one.startswith(("file:", "data:", "blob:")) for one in found.requests)
    page.close()


@pytest.mark.ci
def test_a_run_is_followed_until_its_report(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """The page that `mnnfab view` gives turns from progress into the report."""
    design, out = small_design(tmp_path, "small", epochs=40_000), tmp_path / "out"
    command = [sys.executable, "-m", "mnnfab", "run", str(design), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (out / ".mnnfab-live.json").exists():
        assert process.poll() is None
        time.sleep(0.02)
    with folder_server(out) as address:
        found = opened(browser, address, DESKTOP)
        line = found.page.locator("#line")  # the curve grows
        while len((line.get_attribute("points") or "").split()) < 4:
            found.page.wait_for_timeout(50)
        assert "epoch" in found.page.locator("#words").inner_text()
        found.page.wait_for_selector(".badge", timeout=60_000)
        assert found.page.url == f"{address}report.html"
        wait_for_solid(found.page)  # what the server lets a page do is enough for it
        assert ink(picture_of_solid(found.page)) > 0.02
    assert process.wait() == 0
    assert found.errors == []
    assert all(one.startswith((address, "data:", "blob:")) for one in found.requests)
    found.page.close()


# The server, without a browser


def status(address: str, **headers: str) -> int:
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - ours
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_server_gives_nothing_but_the_results(tmp_path: Path) -> None:
    folder = run(small_design(tmp_path, "small"), tmp_path / "out").folder
    (tmp_path / "secret.txt").write_text("no")
    (folder / ".hidden").write_text("no")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "loop").symlink_to("loop")
    with folder_server(folder) as address:
        assert address.startswith("http://127.0.0.1:")
        for path in ("", "report.html", "small.svg", "state.json"):
            assert status(address + path) == 200
        for path in ("../secret.txt", "%2e%2e/secret.txt", ".hidden", "link.txt", "none", "a%00b"):
            assert status(address + path) == 404
        for path in ("loop", "x" * 300):
            assert status(address + path) == 404
        (folder / "report.html").unlink()
        (folder / "report.html").symlink_to(tmp_path / "secret.txt")
        with urllib.request.urlopen(address) as answer:  # noqa: S310
            assert b"Waiting for a run" in answer.read()
        assert status(address, Host="evil.example:80") == 403
        # A browser leaves out the port if it is the default, 80.
        assert status(address, Host="127.0.0.1") == 200
        assert status(address, Host="LocalHost") == 200
        for host in ("", "evil.example", "localhost.evil.example", "localhost:80:80", "@localhost"):
            assert status(address, Host=host) == 403


def test_the_server_answers_a_head_request_without_a_body(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("<p>some text</p>")
    with folder_server(tmp_path) as address:
        for path, code in (("", 200), ("report.html", 200), ("none", 404)):
            server = http.client.HTTPConnection(urlsplit(address).netloc)
            server.request("GET", f"/{path}")
            whole = server.getresponse()
            body = whole.read()
            server.request("HEAD", f"/{path}")
            head = server.getresponse()
            assert (head.status, head.read()) == (code, b"")
            assert head.headers["Content-Length"] == str(len(body))
            kept = ("Content-Type", "Content-Security-Policy")
            assert [head.headers[key] for key in kept] == [whole.headers[key] for key in kept]
            server.close()
