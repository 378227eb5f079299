"""An HTTP go-between before a real server: refuses, cuts answers short, notes request headers."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BUSY = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>reduce the rate</Message></Error>"
)


@dataclass
class Middleman:
    """``busy``: how many requests are still answered 503; ``cut``: end answers in the middle."""

    port: int = 0
    busy: int = 0
    cut: bool = False
    seen: list[tuple[str, frozenset[str]]] = field(default_factory=list)


@contextmanager
def between(target: int) -> Iterator[Middleman]:
    """Listen on a port of its own and pass requests on to the server at ``target``."""
    state = Middleman()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            state.seen.append((self.command, frozenset(name.lower() for name in self.headers)))
            if state.busy > 0:
                state.busy -= 1
                self.give(503, {"Content-Type": "application/xml"}, BUSY)
                return
            upstream = http.client.HTTPConnection("127.0.0.1", target, timeout=30)
            try:
                upstream.request(self.command, self.path, body, dict(self.headers.items()))
                answer = upstream.getresponse()
                self.give(answer.status, dict(answer.getheaders()), answer.read())
            finally:
                upstream.close()

        def give(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    self.send_header(name, value)
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if state.cut and self.command == "GET":
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
                return
            self.wfile.write(body)

    for method in ("GET", "PUT", "HEAD", "POST", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.serve)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
