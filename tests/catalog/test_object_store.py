"""Deliveries from an object store, against a small server that speaks enough of the protocol."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog import sources
from catalog.model import State
from kernel.clock import FixedClock
from kernel.errors import TongbanError
from storage.objects.folder import FolderObjects
from storage.objects.names import name_of
from storage.probe import NoProbe
from tests.catalog.rig import HEAD, SOURCE, Rig, build, rows

KEPT: dict[str, bytes] = {}
SHORT: set[str] = set()
TEXT = (HEAD + rows(0, 50)).encode("utf-8-sig")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes, kind: str, missing: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + missing))
        self.send_header("Content-Type", kind)
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Mon, 02 Mar 2026 01:00:00 GMT")
        if missing:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if "list-type" in query:
            prefix = query.get("prefix", [""])[0]
            found = "".join(
                f"<Contents><Key>{key}</Key><LastModified>2026-03-02T01:00:00.000Z</LastModified>"
                f'<ETag>"x"</ETag><Size>{len(data)}</Size></Contents>'
                for key, data in sorted(KEPT.items())
                if key.startswith(prefix)
            )
            body = (
                "<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
                f"<Name>inbox</Name><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
            )
            self.answer(200, body.encode(), "application/xml")
            return
        key = parts.path.removeprefix("/inbox/")
        if key not in KEPT:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
            return
        self.answer(200, KEPT[key], "application/octet-stream", 9 if key in SHORT else 0)


@pytest.fixture
def address() -> Iterator[str]:
    KEPT.clear()
    SHORT.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"s3+http://key:secret@127.0.0.1:{server.server_port}/inbox"
    server.shutdown()
    thread.join()
    server.server_close()


def rig_with(tmp_path: Path, clock: FixedClock, address: str, **fetch: object) -> Rig:
    file = tmp_path / "address"
    file.write_text(address + "\n", "utf-8")
    file.chmod(0o600)
    table = {"address_file": str(file), "reads": "csv"} | fetch
    rig = build(tmp_path, clock, NoProbe())
    known = replace(rig.source, connector="object_store", fetch=table)
    return replace(rig, source=known, ingest=replace(rig.ingest, sources={known.name: known}))


def fails(rig: Rig) -> str:
    with pytest.raises(TongbanError) as caught:
        rig.ingest.run(rig.actor, "roll-source")
    return caught.value.code


def published(rig: Rig) -> int:
    outcome = rig.ingest.run(rig.actor, "roll-source")
    assert outcome.state is State.PUBLISHED
    return outcome.counts.published


def summed(key: str, data: bytes) -> None:
    KEPT[key] = data
    KEPT[key + ".sha256"] = f"{hashlib.sha256(data).hexdigest()}  {key}\n".encode()


def test_nothing_below_the_prefix_is_a_missing_delivery(
    tmp_path: Path, clock: FixedClock, address: str
) -> None:
    KEPT["other/a.csv"] = TEXT
    assert fails(rig_with(tmp_path, clock, address, prefix="roll/")) == "delivery-missing"


def test_other_bytes_than_the_checksum_are_refused(
    tmp_path: Path, clock: FixedClock, address: str
) -> None:
    rig = rig_with(tmp_path, clock, address, prefix="roll/", checksums="required")
    summed("roll/a.csv", TEXT)
    KEPT["roll/a.csv"] = TEXT.replace(b"c000001", b"c900001")
    assert fails(rig) == "checksum-differs"
    KEPT["roll/a.csv.sha256"] = b"no sum"
    assert fails(rig) == "checksum-missing"
    del KEPT["roll/a.csv.sha256"]
    assert fails(rig) == "checksum-missing"
    summed("roll/a.csv", TEXT)
    assert published(rig) == 50


def test_an_answer_cut_short_and_a_store_that_is_away_are_told(
    tmp_path: Path, clock: FixedClock, address: str
) -> None:
    KEPT["a.csv"] = TEXT
    SHORT.add("a.csv")
    assert fails(rig_with(tmp_path, clock, address)) == "objects-unavailable"


@pytest.mark.parametrize("name", ["in", "In-box", "a/b", ""])
def test_an_address_without_a_usable_bucket_is_refused(
    tmp_path: Path, clock: FixedClock, name: str
) -> None:
    rig = rig_with(tmp_path, clock, f"s3+http://key:secret@127.0.0.1:9/{name}")
    assert fails(rig) == "objects-url"


def test_empty_large_and_twice_named_objects_are_refused(
    tmp_path: Path, clock: FixedClock, address: str
) -> None:
    rig = rig_with(tmp_path, clock, address)
    KEPT["a.csv"] = b""
    assert fails(rig) == "delivery-empty"
    KEPT.update({"a.csv": TEXT, "x/a.csv": TEXT})
    assert fails(rig) == "delivery-names"
    small = replace(rig.source, delivery=replace(rig.source.delivery, max_bytes=20))
    assert fails(replace(rig, ingest=replace(rig.ingest, sources={small.name: small}))) == (
        "delivery-too-large"
    )


@pytest.mark.parametrize("trouble", ["open", "missing", "empty", "binary"])
def test_an_address_file_that_others_read_or_that_holds_none_is_refused(
    tmp_path: Path, clock: FixedClock, address: str, trouble: str
) -> None:
    rig = rig_with(tmp_path, clock, address)
    file = tmp_path / "address"
    if trouble == "open":
        file.chmod(0o640)
    elif trouble == "missing":
        file.unlink()
    else:
        file.write_bytes(b"\n" if trouble == "empty" else b"\xff\xff")
    assert fails(rig) == "address-file"


def test_a_zip_below_a_prefix_is_kept_as_it_lay_there(
    tmp_path: Path, clock: FixedClock, address: str
) -> None:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("a.csv", TEXT)
    rig = rig_with(tmp_path, clock, address, prefix="roll/", reads="zip")
    known = replace(rig.source, delivery=replace(rig.source.delivery, pattern="*.zip"))
    rig = replace(rig, ingest=replace(rig.ingest, sources={known.name: known}))
    summed("roll/a.zip", into.getvalue())
    assert published(rig) == 50
    assert rig.ingest.objects.get(name_of(into.getvalue())) == into.getvalue()
    assert not rig.ingest.run(rig.actor, "roll-source").changed


def test_by_digest_missing_and_changed_objects_are_told(tmp_path: Path, clock: FixedClock) -> None:
    theirs = FolderObjects(tmp_path / "theirs", NoProbe())
    digest = name_of(TEXT)
    rig = rig_with(tmp_path, clock, str(tmp_path / "theirs"), digests={"a.csv": digest})
    assert fails(rig) == "object-missing"
    theirs.put(TEXT)
    assert published(rig) == 50
    kept = next(path for path in (tmp_path / "theirs" / "sha256").rglob("*") if path.is_file())
    kept.write_bytes(TEXT[:-1])
    assert fails(rig) == "object-corrupt"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("", "fetch.address_file is required"),
        ('address_file = "../a"\nreads = "csv"', "absolute path"),
        ('address_file = "/a"\nreads = "fax"', "fetch.reads must be one of"),
        ('address_file = "/a"\nreads = "csv"\nurl = "x"', "unknown entry fetch.url"),
        ('address_file = 1\nreads = "csv"', "fetch.address_file must be a text"),
        ('address_file = "/a"\nreads = "csv"\nchecksums = "no"', "optional or required"),
        ('address_file = "/a"\nreads = "csv"\ndigests = {}', "names no object"),
        ('address_file = "/a"\nreads = "csv"\ndigests = 3', "fetch.digests must be a table"),
        ('address_file = "/a"\nreads = "csv"\ndigests = {"a.csv" = "1"}', "64 lower-case"),
        ('address_file = "/a"\nreads = []', "fetch.reads must be one of"),
    ],
)
def test_a_faulty_table_is_told(table: str, told: str) -> None:
    text = SOURCE.format(connector="object_store")
    with pytest.raises(TongbanError) as caught:
        sources.parse(
            "roll-source", text.replace("[columns]", f"[fetch]\n{table}\n[columns]").encode()
        )
    assert told in caught.value.params["problems"]


def test_a_table_is_needed_here_and_nowhere_else() -> None:
    for connector, extra in (("object_store", ""), ("csv", "[fetch]\n")):
        text = SOURCE.format(connector=connector) + extra
        with pytest.raises(TongbanError) as caught:
            sources.parse("roll-source", text.encode())
        assert "fetch" in caught.value.params["problems"]
