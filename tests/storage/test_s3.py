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
BUSY: list[int] = []
"""As many requests as it has entries are answered 503."""
LIES: list[str] = []
"""``keeps``: says stored but keeps what it has; ``conditions``: denies all that asks for one."""


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

    def turned_away(self) -> bool:
        if BUSY:
            BUSY.pop()
            self.trouble(503, "SlowDown")
            return True
        if LIES == ["conditions"] and any(name.lower().startswith("if-") for name in self.headers):
            self.trouble(412, "PreconditionFailed")
            return True
        return False

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.turned_away():
            return
        if REFUSE:
            self.trouble(403, REFUSE[0])
        else:
            if LIES != ["keeps"]:
                KEPT[self.path.partition("?")[0]] = body
            self.answer(200)

    def do_GET(self) -> None:
        if self.turned_away():
            return
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
    BUSY.clear()
    LIES.clear()
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


def test_a_service_that_is_busy_for_a_moment_is_asked_again(store: Objects) -> None:
    BUSY.extend([0] * 3)
    digest = store.put(b"abc")
    BUSY.extend([0] * 2)
    assert store.get(digest) == b"abc"
    assert not BUSY


def test_a_service_that_stays_busy_is_told_and_nothing_counts_as_stored(store: Objects) -> None:
    held = store.put(b"held")
    BUSY.extend([0] * 100)
    for call in (lambda: store.put(b"new"), lambda: store.get(held), lambda: store.has(held)):
        with pytest.raises(TongbanError, match="objects-unavailable"):
            call()
    BUSY.clear()
    assert not store.has(name_of(b"new"))
    assert store.get(held) == b"held"


def test_a_service_that_lies_about_conditions_changes_nothing_because_none_is_made(
    store: Objects,
) -> None:
    LIES.append("conditions")
    digest = store.put(b"abc")
    assert store.put(b"abc") == digest
    assert store.get(digest) == b"abc"


def test_bytes_that_a_service_said_it_stored_but_did_not_are_never_handed_out(
    store: Objects,
) -> None:
    LIES.append("keeps")
    missing = store.put(b"abc")
    with pytest.raises(TongbanError, match="object-missing"):
        store.get(missing)
    LIES.clear()
    other = store.put(b"xyz")
    KEPT[next(iter(KEPT))] = b"abx"
    LIES.append("keeps")
    assert store.put(b"xyz") == other
    with pytest.raises(TongbanError, match="object-corrupt"):
        store.get(other)
