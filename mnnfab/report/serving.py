"""Read-only HTTP server of one folder of results, reachable from this machine only."""

from __future__ import annotations

import json
import mimetypes
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mnnfab.io.folder_lock import is_locked
from mnnfab.progress.live import live_state
from mnnfab.report.template import render
from mnnfab.runs.record import WIDTHS
from mnnfab.runs.run_folder import PAGE

LOOPBACK = "127.0.0.1"
#: Start pages of a folder, of a run and of a batch; the first that exists is served.
PAGES = (PAGE, "index.html")
STATE = "state.json"
#: Content security policy: inline scripts, and requests to this server only.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self' data: blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@contextmanager
def folder_server(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve a folder in threads of this process, and yield the address.

    Only this machine can connect. Hidden files and files outside the folder are not served.

    Args:
        folder: folder of a run or a batch.
        port: TCP port; 0 selects a free one.
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
        """Ignore errors: browsers may close connections at any time."""


def _handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Against DNS rebinding: another host name must not give access to these files.
            if not is_local(self.headers.get("Host", "")):
                self._send(HTTPStatus.FORBIDDEN, b"host not allowed\n", "text/plain")
                return
            path = unquote(urlsplit(self.path).path).lstrip("/")
            if path == STATE:
                text = json.dumps(state_of(folder))
                self._send(HTTPStatus.OK, text.encode("utf-8"), "application/json")
            elif path == "":
                self._send(HTTPStatus.OK, _first_page(folder), "text/html")
            else:
                self._send_file(path)

        do_HEAD = do_GET

        def _send_file(self, path: str) -> None:
            data = read_inside(folder, path)
            if data is None:
                self._send(HTTPStatus.NOT_FOUND, b"no such file\n", "text/plain")
                return
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            self._send(HTTPStatus.OK, data, kind)

        def _send(self, status: HTTPStatus, data: bytes, kind: str) -> None:
            self.send_response(status)
            content_type = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - name of the base class
            """Suppress logging."""

    return Handler


def is_local(host: str) -> bool:
    """Return whether a Host header names this machine; the default port is left out.

    >>> is_local("localhost:8080"), is_local("127.0.0.1"), is_local("127.0.0.1.example.org:80")
    (True, True, False)
    """
    match = re.fullmatch(r"([a-z0-9.-]+)(:[0-9]{1,5})?", host, re.ASCII | re.IGNORECASE)
    return match is not None and match[1].lower() in {LOOPBACK, "localhost"}


def read_inside(folder: Path, path: str) -> bytes | None:
    """Return the contents of a file by its path relative to a folder.

    Returns None if the file does not exist, is hidden, or a symbolic link leads outside.
    """
    try:
        target = (folder / path).resolve()
        inside = target.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):
            return None
        return target.read_bytes() if target.is_file() else None
    except (OSError, RuntimeError, ValueError):  # path too long, symbolic link loop, null byte
        return None


def state_of(folder: Path) -> dict[str, object]:
    """Return the progress of the run in a folder, and the name of its page if there is one."""
    at_work = is_locked(folder)
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
    page = None if state["page"] is None else read_inside(folder, str(state["page"]))
    return page or render("live.html", name=folder.name).encode("utf-8")
