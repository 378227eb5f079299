"""The health commission's service: a made-up city's births over HTTP, a page at a time.

``python -m examples.world.service --pages DIR --token-file F --port-file P`` serves the files
``page-NNNN.json`` of a folder on this machine alone (127.0.0.1, a port the system chooses) as
``GET /births?page=N`` to whoever sends the token as a bearer (RFC 6750). The seeded fault: one page
answers 503 the first time it is asked for. The process ends with its standard input.

``F`` holds the token in its first line and is made when it is missing; ``P`` gets the address, such
as ``http://127.0.0.1:40123/births``, in one line. Both are for this user alone (mode 0600).
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from examples.world.secretfiles import keep, token_of

PLACE = "/births"
_PAGE = "page-{:04d}.json"
_NAMED = re.compile(r"/page-(\d{4})\.json")
_NUMBER = re.compile(r"[1-9]\d{0,3}")
_SECONDS = 30


@dataclass(slots=True)
class Pages:
    """The folder, who may read it, and the page that still has to fail."""

    folder: Path
    token: str
    failing: int
    """Number of the page that answers 503 once; 0 for none."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, target: str, authorization: str) -> tuple[HTTPStatus, bytes]:
        """Return status and JSON body for a request target and the header ``Authorization``."""
        if not hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode()):
            return _refused(HTTPStatus.UNAUTHORIZED, "the bearer token is missing or wrong")
        number = _number(target)
        if number is None:
            return _refused(HTTPStatus.NOT_FOUND, f"ask for {PLACE}?page=N")
        if self._fails(number):
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy, ask again")
        try:
            return HTTPStatus.OK, (self.folder / _PAGE.format(number)).read_bytes()
        except FileNotFoundError:
            return _refused(HTTPStatus.NOT_FOUND, f"there is no page {number}")

    def _fails(self, number: int) -> bool:
        with self._lock:
            if number != self.failing:
                return False
            self.failing = 0
            return True


def failing_page(folder: Path) -> int:
    """Return the page that fails once when nobody chose one: the one after the middle."""
    return len(list(folder.glob("page-*.json"))) // 2 + 1


def _number(target: str) -> int | None:
    parts = urlsplit(target)
    if found := _NAMED.fullmatch(parts.path):
        return int(found[1])
    given = parse_qs(parts.query).get("page", ["1"])
    if parts.path != PLACE or len(given) != 1 or not _NUMBER.fullmatch(given[0]):
        return None
    return int(given[0])


def _refused(status: HTTPStatus, reason: str) -> tuple[HTTPStatus, bytes]:
    return status, json.dumps({"status": int(status), "detail": reason}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS
    server: _Server

    def do_GET(self) -> None:
        status, body = self.server.pages.answer(self.path, self.headers.get("Authorization", ""))
        self.send_response(status)
        for name, value in _headers(status).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base class names it so
        """Write nothing: what is asked for is nobody's business."""


def _headers(status: HTTPStatus) -> Mapping[str, str]:
    found = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}
    if status == HTTPStatus.UNAUTHORIZED:
        found["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        found["Retry-After"] = "0"
    return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        super().__init__(("127.0.0.1", 0), _Handler)


@contextmanager
def serving(pages: Pages) -> Iterator[str]:
    """Serve on a free port of this machine, from a thread, while the block runs: the address."""
    server = _Server(pages)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{PLACE}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main(arguments: list[str]) -> int:
    """Serve until the standard input ends, or SIGTERM or SIGINT comes; returns 2 without pages."""
    parser = argparse.ArgumentParser(prog="python -m examples.world.service", description=__doc__)
    parser.add_argument("--pages", type=Path, required=True, help="folder of page-NNNN.json")
    parser.add_argument("--token-file", type=Path, required=True, help="made when it is missing")
    parser.add_argument("--port-file", type=Path, required=True, help="gets the address")
    parser.add_argument("--failing-page", type=int, help="fails once; 0: none does")
    options = parser.parse_args(arguments)
    if not any(options.pages.glob("page-*.json")):
        sys.stderr.write(f"no page-NNNN.json in {options.pages}\n")
        return 2
    failing = options.failing_page
    if failing is None:
        failing = failing_page(options.pages)
    pages = Pages(options.pages, token_of(options.token_file), failing)
    told = _end()
    with serving(pages) as address:
        keep(options.port_file, address)
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        told.wait()
    options.port_file.unlink(missing_ok=True)
    return 0


def _end() -> threading.Event:
    """Return what is set when the process is to end."""
    told = threading.Event()

    def read() -> None:
        with suppress(OSError):
            while os.read(0, 4096):
                pass
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    threading.Thread(target=read, daemon=True).start()
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
