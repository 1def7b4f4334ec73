"""Results in the browser: a server for this machine alone, of one folder, only to be read."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mnnfab.claims import is_claimed
from mnnfab.live import live_state
from mnnfab.report.template import render
from mnnfab.run_folder import PAGE

LOOPBACK = "127.0.0.1"
#: Pages of a folder, the first that is there: of a run, of a batch.
PAGES = (PAGE, "index.html")
STATE = "state.json"


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[tuple[ThreadingHTTPServer, str]]:
    """Yield a server of a folder, to be run by its `serve_forever`, and its address.

    Nobody but this machine reaches it, nothing hidden is given, and nothing outside.

    Args:
        folder: of a run or a batch.
        port: to listen at; any free one if 0.
    """
    server = ThreadingHTTPServer((LOOPBACK, port), _handler(folder.resolve()))
    try:
        yield server, f"http://{LOOPBACK}:{server.server_address[1]}/"
    finally:
        server.server_close()


def _handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Another site's name that was made to lead here must not read what is here.
            host = self.headers.get("Host", "").rpartition(":")[0]
            if host not in {LOOPBACK, "localhost"}:
                self._give(HTTPStatus.FORBIDDEN, b"not from here\n", "text/plain")
                return
            path = unquote(urlsplit(self.path).path).lstrip("/")
            if path == STATE:
                text = json.dumps(state_of(folder))
                self._give(HTTPStatus.OK, text.encode("utf-8"), "application/json")
            elif path == "":
                self._give(HTTPStatus.OK, _first_page(folder), "text/html")
            else:
                self._give_file(path)

        def _give_file(self, path: str) -> None:
            found = file_in(folder, path)
            if found is None:
                self._give(HTTPStatus.NOT_FOUND, b"no such file\n", "text/plain")
                return
            kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
            self._give(HTTPStatus.OK, found.read_bytes(), kind)

        def _give(self, status: HTTPStatus, data: bytes, kind: str) -> None:
            self.send_response(status)
            words = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
            self.send_header("Content-Type", words)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Stay silent."""

    return Handler


def file_in(folder: Path, path: str) -> Path | None:
    """Return a file below a folder by its path there; nothing if it is hidden or leads outside."""
    if "\0" in path or any(part.startswith(".") for part in Path(path).parts):
        return None
    found = (folder / path).resolve()
    return found if found.is_relative_to(folder) and found.is_file() else None


def state_of(folder: Path) -> dict[str, object]:
    """Return how far the run in a folder is, and whether there is a page to be shown."""
    at_work = is_claimed(folder)
    return {
        "at_work": at_work,
        "page": next((name for name in PAGES if (folder / name).is_file()), None),
        "live": live_state(folder) if at_work else None,
    }


def _first_page(folder: Path) -> bytes:
    state = state_of(folder)
    live = state["live"]
    if isinstance(live, dict) and "stages" in live:
        return render("live.html", name=folder.name).encode("utf-8")
    if state["page"] is not None:
        return (folder / str(state["page"])).read_bytes()
    return render("live.html", name=folder.name).encode("utf-8")
