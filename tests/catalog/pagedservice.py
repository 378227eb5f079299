"""A small service of pages for tests, with faults on demand."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Service:
    """``faults`` of a page are used up one by one; the last one stays when ``lasting``."""

    records: list[Any]
    size: int = 20
    cursors: bool = False
    more: dict[str, Any] = field(default_factory=dict)
    faults: dict[int, list[str]] = field(default_factory=dict)
    lasting: bool = False
    bodies: dict[int, bytes] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"
    elsewhere: str = ""

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/v1/roll?org=1"

    def fault(self, number: int) -> str:
        waiting = self.faults.get(number, [])
        if not waiting:
            return ""
        return waiting[0] if self.lasting and len(waiting) == 1 else waiting.pop(0)

    def body(self, number: int) -> bytes:
        if number in self.bodies:
            return self.bodies[number]
        start = (number - 1) * self.size
        value = {
            "total": len(self.records),
            "page": number,
            "records": self.records[start : start + self.size],
        }
        if self.cursors:
            value["next"] = f"c{number + 1}" if start + self.size < len(self.records) else None
        return json.dumps(value | self.more, ensure_ascii=False).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        service = self.server.service
        query = parse_qs(urlsplit(self.path).query)
        assert query["org"] == ["1"]
        named = query.get("page") or [query.get("cursor", ["c1"])[0][1:]]
        number = int(named[0])
        service.asked.append(number)
        service.headers.append({name.lower(): value for name, value in self.headers.items()})
        with suppress(BrokenPipeError, ConnectionResetError):
            self.give(service, number, service.fault(number))

    def give(self, service: Service, number: int, fault: str) -> None:
        body = service.body(number)
        if fault.isdecimal():
            self.head(int(fault), 2, {"Retry-After": "0"})
            self.wfile.write(b"{}")
        elif fault == "redirect":
            self.head(302, 0, {"Location": service.elsewhere})
        elif fault == "gzip":
            self.head(200, len(body), {"Content-Encoding": "gzip"})
            self.wfile.write(body)
        elif fault == "cut":
            self.head(200, len(body))
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "drip":
            self.head(200, len(body))
            for byte in body[:20]:
                self.wfile.write(bytes([byte]))
                time.sleep(0.2)
        elif fault == "flood":
            self.head(200, None, {"Connection": "close"})
            self.close_connection = True
            for _ in range(64):
                self.wfile.write(b" " * 65536)
        else:
            self.head(200, len(body))
            self.wfile.write(body)

    def head(self, status: int, length: int | None, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, service: Service) -> None:
        self.service = service
        super().__init__(("127.0.0.1", 0), _Handler)


@contextmanager
def serving(service: Service, tls: ssl.SSLContext | None = None) -> Iterator[Service]:
    """Serve on a port of its own."""
    server = _Server(service)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        service.scheme = "https"
    service.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
