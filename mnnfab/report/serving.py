"""Results in the browser: a server for this machine alone, of one folder, only to be read."""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mnnfab.io.folder_lock import is_claimed
from mnnfab.progress.live import live_state
from mnnfab.report.template import render
from mnnfab.runs.record import WIDTHS
from mnnfab.runs.run_folder import PAGE

LOOPBACK = "127.0.0.1"
#: Pages of a folder, the first that is there: of a run, of a batch.
PAGES = (PAGE, "index.html")
STATE = "state.json"
#: What a page may do: run what stands in it, and ask this server; nothing goes elsewhere.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self' data: blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve a folder in threads of this process, and yield its address.

    Nobody but this machine reaches it, nothing hidden is given, and nothing outside.

    Args:
        folder: of a run or a batch.
        port: to listen at; any free one if 0.
    """
    server = _Server((LOOPBACK, port), _handler(folder.resolve()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: browsers hang up as they like."""


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
            data = read_in(folder, path)
            if data is None:
                self._give(HTTPStatus.NOT_FOUND, b"no such file\n", "text/plain")
                return
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            self._give(HTTPStatus.OK, data, kind)

        def _give(self, status: HTTPStatus, data: bytes, kind: str) -> None:
            self.send_response(status)
            words = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
            self.send_header("Content-Type", words)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Stay silent."""

    return Handler


def read_in(folder: Path, path: str) -> bytes | None:
    """Return a file below a folder by its path there.

    Nothing if there is none, it is hidden, or a link leads to it from outside.
    """
    try:
        found = (folder / path).resolve()
        inside = found.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):
            return None
        return found.read_bytes() if found.is_file() else None
    except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a zero byte
        return None


def state_of(folder: Path) -> dict[str, object]:
    """Return how far the run in a folder is, and whether there is a page to be shown."""
    at_work = is_claimed(folder)
    return {
        "at_work": at_work,
        "page": next((name for name in PAGES if (folder / name).is_file()), None),
        "live": live_state(folder) if at_work else None,
        "widths": (folder / WIDTHS).is_file(),
    }


def _first_page(folder: Path) -> bytes:
    state = state_of(folder)
    live = state["live"]
    if isinstance(live, dict) and "stages" in live:
        return render("live.html", name=folder.name).encode("utf-8")
    page = None if state["page"] is None else read_in(folder, str(state["page"]))
    return page or render("live.html", name=folder.name).encode("utf-8")
