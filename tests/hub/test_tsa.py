"""The public time-stamp service: RFC 3161 over HTTP, its limits, and what the journal says."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from hub.app import build_app
from hub.stampdesk import LARGEST, StampDesk
from hub.wiring import Hub
from kernel.actors import system
from signing.seal_model import Role
from signing.time import wire
from signing.time.check import check
from signing.time.model import DIGEST_OIDS, StampRequest
from signing.x509 import to_pem
from tests.hub.sealed import sealed
from tests.hub.test_stamping import events

ASKED = StampRequest(DIGEST_OIDS["sha256"], hashlib.sha256(b"x").digest(), nonce=7)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with sealed(tmp_path_factory.mktemp("tsa") / "hub", time_stamps="own") as hub:
        yield hub


@pytest.fixture(scope="module")
def door(hub: Hub) -> TestClient:
    return TestClient(build_app(hub))


def sent(door: TestClient, body: bytes, kind: str = wire.REQUEST_TYPE) -> tuple[int, str, bytes]:
    answer = door.post("/tsa", content=body, headers={"content-type": kind})
    assert answer.headers["content-type"] == wire.ANSWER_TYPE
    assert answer.headers["cache-control"] == "no-store"
    status, words, token = wire.read_answer(answer.content)
    assert (answer.status_code == 200) or answer.headers["retry-after"] == "60"
    return status, words, token


@pytest.mark.parametrize("family", ["sha256", "sm3"])
def test_a_digest_is_stamped_by_the_regions_authority(
    hub: Hub, door: TestClient, family: str
) -> None:
    asked = StampRequest(DIGEST_OIDS[family], bytes(range(32)), nonce=2**62)
    _, _, token = sent(door, wire.request(asked))
    algorithm = {"sha256": "ecdsa_p256", "sm3": "sm2_sm3"}[family]
    root = hub.authority.current(Role.ROOT, algorithm).cert
    said = check(token, asked, (root,), hub.clock.now())
    assert said.digest == bytes(range(32))


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"", wire.REQUEST_TYPE, ""),
        (b"\x30\x80", wire.REQUEST_TYPE, ""),
        (bytes(LARGEST + 1), wire.REQUEST_TYPE, "over 4096 bytes"),
        (wire.request(ASKED), "text/plain", "send application/timestamp-query"),
        (
            wire.request(StampRequest("1.3.14.3.2.26", bytes(20))),
            wire.REQUEST_TYPE,
            "digest algorithm is not known here",
        ),
    ],
)
def test_what_is_no_request_is_told_so(
    door: TestClient, body: bytes, kind: str, words: str
) -> None:
    status, said, token = sent(door, body, kind)
    assert (status, token) == (2, b"")
    assert words in said


def test_a_minute_has_a_limit_and_the_journal_says_how_many(hub: Hub) -> None:
    desk = StampDesk(hub.time_authority, hub.database.transactions, hub.clock, per_minute=3)
    answers = [desk.answer(wire.request(ASKED)) for _ in range(2)]
    answers += [desk.answer(b"nothing"), desk.answer(wire.request(ASKED))]
    assert [bool(answer) for answer in answers] == [True, True, True, False]
    actor = system("worker", "410100")
    assert desk.flush(actor) == 0, "the minute is not over"
    hub.clock.advance(minutes=1)  # type: ignore[attr-defined] # a fixed clock in tests
    assert desk.answer(wire.request(ASKED))
    before = len(events(hub, "signing.time-stamps-given"))
    assert (desk.flush(actor), desk.flush(actor)) == (1, 0)
    body = events(hub, "signing.time-stamps-given")[before].body
    assert b'"granted":2' in body
    assert b'"refused":1' in body
    assert b'"over":1' in body


def test_over_the_limit_the_answer_says_when_to_come_again(hub: Hub, door: TestClient) -> None:
    held = hub.__dict__["stamp_desk"] = StampDesk(
        hub.time_authority, hub.database.transactions, hub.clock, per_minute=0
    )
    try:
        assert held.answer(b"") is None
        assert "too many" in sent(door, wire.request(ASKED))[1]
    finally:
        del hub.__dict__["stamp_desk"]


def test_there_is_no_service_where_the_hub_stamps_nothing(tmp_path: Path) -> None:
    with sealed(tmp_path / "hub") as plain:
        answer = TestClient(build_app(plain)).post("/tsa", content=wire.request(ASKED))
        assert answer.status_code == 404


@pytest.mark.skipif(not shutil.which("openssl"), reason="the openssl command line is missing")
def test_openssl_takes_our_answer(hub: Hub, door: TestClient, tmp_path: Path) -> None:
    data, query = tmp_path / "data", tmp_path / "query.tsq"
    data.write_bytes(b"some file")
    command = ["openssl", "ts", "-query", "-data", data, "-sha256", "-cert", "-out", query]
    subprocess.run(command, check=True, capture_output=True)
    headers = {"content-type": wire.REQUEST_TYPE}
    reply = tmp_path / "reply.tsr"
    reply.write_bytes(door.post("/tsa", content=query.read_bytes(), headers=headers).content)
    root = tmp_path / "root.pem"
    root.write_bytes(to_pem(hub.authority.current(Role.ROOT, "ecdsa_p256").cert.der))
    moment = str(int(hub.clock.now().timestamp()))
    check_it = ["openssl", "ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", root]
    done = subprocess.run([*check_it, "-attime", moment], check=False, capture_output=True)
    assert b"Verification: OK" in done.stdout + done.stderr, done.stderr
