"""The S3 store against a small server that speaks just enough of the protocol, in this process.

It proves our side: names, errors, digests. Real servers are met in the tests of services.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kernel.errors import TongbanError
from kernel.ports import Objects
from storage.objects import open_objects
from storage.objects.names import name_of
from storage.probe import RecordingProbe

KEPT: dict[str, bytes] = {}
REFUSE: list[str] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(
            "Content-Type", "application/xml" if status >= 400 else "application/octet-stream"
        )
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Mon, 02 Mar 2026 01:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def trouble(self, status: int, code: str) -> None:
        self.answer(
            status,
            f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>".encode(),
        )

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if REFUSE:
            self.trouble(403, REFUSE[0])
        else:
            KEPT[self.path.partition("?")[0]] = body
            self.answer(200)

    def do_GET(self) -> None:
        body = KEPT.get(self.path.partition("?")[0])
        if body is None:
            self.trouble(404, "NoSuchKey")
        else:
            self.answer(200, body)

    def do_HEAD(self) -> None:
        if self.path.partition("?")[0] == "/bucket":
            self.answer(200)
        else:
            self.do_GET()


@pytest.fixture
def store() -> Iterator[Objects]:
    KEPT.clear()
    REFUSE.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield open_objects(
        f"s3+http://key:se%2Fcret@127.0.0.1:{server.server_port}/bucket?region=cn-1",
        RecordingProbe(),
    )
    server.shutdown()
    thread.join()
    server.server_close()


def test_bytes_and_files_come_back_under_their_digest(store: Objects, tmp_path: Path) -> None:
    digest = store.put(b"abc")
    assert list(KEPT) == [
        "/bucket/sha256/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    ]
    assert store.get(digest) == b"abc"
    assert store.has(digest)
    path = tmp_path / "f"
    path.write_bytes(b"x" * 100_000)
    other = store.put_file(path)
    with store.open(other) as file:
        assert file.read() == b"x" * 100_000
    with store.local(other) as local:
        assert local.read_bytes() == b"x" * 100_000
    assert not local.exists()
    assert store.put_file(path) == other


def test_a_missing_and_a_changed_object_are_told(store: Objects) -> None:
    assert not store.has(name_of(b"never"))
    with pytest.raises(TongbanError, match="object-missing"):
        store.get(name_of(b"never"))
    digest = store.put(b"abc")
    KEPT[next(iter(KEPT))] = b"abd"
    for read in (store.get, store.open, lambda d: store.local(d).__enter__()):
        with pytest.raises(TongbanError, match="object-corrupt"):
            read(digest)


def test_a_refusal_of_the_service_is_told_by_its_code(store: Objects) -> None:
    REFUSE.append("AccessDenied")
    with pytest.raises(TongbanError, match="AccessDenied"):
        store.put(b"abc")
