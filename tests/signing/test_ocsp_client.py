"""Asking responders: only configured ones, proven answers kept and used without a line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from hub import statuses
from hub.judging import TrustBook
from hub.statuses import StatusBook, answers_folder, read_answers
from kernel.errors import TongbanError
from signing import der, ocsp, ocsp_client, ocsp_wire, store, trust
from signing.authority import key_name
from signing.checks.case import Trust
from signing.model import Evidence
from signing.ocsp_client import Source, ask
from signing.ocsp_model import ResponseStatus
from signing.ocsp_responder import Responder
from signing.seal_model import Role, Seal
from signing.trust_exchange import fingerprint
from signing.x509 import Cert
from tests.signing.world import World, approver

ANN, BOB = approver("staff:ann"), approver("staff:bob")


@dataclass
class Line:
    """A responder behind a real socket, and how it answers."""

    address: str = ""
    calls: list[str] = field(default_factory=list)
    status: int = 200
    kind: str = ocsp_wire.ANSWER_TYPE
    answer: Callable[[bytes], bytes] = bytes


@contextmanager
def listening(line: Line) -> Iterator[Line]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            line.calls.append(self.path)
            data = line.answer(body)
            self.send_response(line.status)
            self.send_header("content-type", line.kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    line.address = f"http://127.0.0.1:{server.server_port}/ocsp"
    try:
        yield line
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def line(world: World) -> Iterator[Line]:
    served = Responder(
        signer=lambda: world.signer,
        authority=lambda: world.authority,
        transactions=world.transactions,
        clock=world.clock,
    )
    with listening(Line(answer=served.answer)) as found:
        yield found


@pytest.fixture
def pair(world: World) -> tuple[Cert, Cert, Seal]:
    applied = world.seals.apply(ANN, world.wanted()).value
    assert isinstance(applied, Seal)
    seal = world.seals.approve(BOB, applied.seal_id).value
    assert isinstance(seal, Seal)
    key = key_name(seal.seal_id, "sm2_sm3")
    cert = world.transactions.read(lambda tx: store.certificates(tx, key=key))[-1].cert
    return cert, world.authority.current(Role.CA, "sm2_sm3").cert, seal


def refused(line: Line, pair: Any, world: World) -> str:
    with pytest.raises(TongbanError) as caught:
        ask(Source(line.address, 2.0), pair[0], pair[1], world.clock)
    return caught.value.code


def test_an_answer_of_the_responder_is_taken(line: Line, pair: Any, world: World) -> None:
    data = ask(Source(line.address), pair[0], pair[1], world.clock)
    assert ocsp.for_certificate((data,), pair[0], pair[1]) is not None
    assert line.calls == ["/ocsp"]


def test_failures_of_the_line_and_of_the_responder_have_names(
    line: Line, pair: Any, world: World
) -> None:
    honest = line.answer
    line.answer = lambda _: ocsp_wire.failed(ResponseStatus.TRY_LATER)
    assert refused(line, pair, world) == "ocsp-refused"
    line.answer = lambda _: b"rubbish"
    assert refused(line, pair, world) == "ocsp-invalid"
    line.answer = lambda _: bytes.fromhex("30030a0100")
    assert refused(line, pair, world) == "ocsp-invalid"
    line.answer = lambda _: bytes(ocsp_wire.LARGEST_ANSWER + 1)
    assert refused(line, pair, world) == "ocsp-invalid"
    line.answer = honest
    line.kind = "text/html"
    assert refused(line, pair, world) == "ocsp-invalid"
    line.kind, line.status = ocsp_wire.ANSWER_TYPE, 302
    assert refused(line, pair, world) == "ocsp-unreachable"
    with pytest.raises(TongbanError, match="ocsp-unreachable"):
        ask(Source("http://127.0.0.1:1/"), pair[0], pair[1], world.clock)


def test_another_nonce_another_certificate_and_an_ended_answer_are_not_taken(
    line: Line, pair: Any, world: World
) -> None:
    honest = line.answer
    line.answer = lambda _: honest(ocsp_wire.request(pair[0], pair[1], b"replayed"))
    assert refused(line, pair, world) == "ocsp-invalid"
    line.answer = lambda _: honest(ocsp_wire.request(pair[1], pair[1]))
    assert refused(line, pair, world) == "ocsp-invalid"
    kept = honest(ocsp_wire.request(pair[0], pair[1]))
    line.answer = lambda _: kept
    assert ask(Source(line.address), pair[0], pair[1], world.clock) == kept
    world.clock.advance(hours=5)
    assert refused(line, pair, world) == "ocsp-invalid"


@pytest.mark.parametrize(
    "address",
    ["", "ftp://x/", "http://", "http://u@x/", "http://x/#a", "http://x:0/", "http://[x/"],
)
def test_an_address_that_cannot_be_called_is_refused(address: str) -> None:
    with pytest.raises(TongbanError, match="ocsp-address"):
        Source(address)


@pytest.fixture
def home(tmp_path: Path, world: World) -> Path:
    made = tmp_path / "hub"
    trust.save(world.authority.trust_list(1), made)
    return made


def configure(home: Path, issuer: Cert, address: str) -> None:
    folder = home / "registry" / "signing" / "ocsp"
    folder.mkdir(parents=True, exist_ok=True)
    text = f'issuer = "{fingerprint(issuer)}"\naddress = "{address}"\ntimeout_seconds = 1\n'
    (folder / "city.toml").write_text(text)


def book(home: Path, world: World, pair: Any, monkeypatch: pytest.MonkeyPatch) -> StatusBook:
    monkeypatch.setattr(statuses, "_pairs", lambda *_: [pair[:2], pair[:2]])
    return StatusBook(home, world.clock)


def refresh(made: StatusBook, world: World) -> None:
    evidence = Evidence(1, "a.ofd", "ofd", 1, "00")
    made.refresh(evidence, Trust(), world.clock.now())


def test_answers_are_asked_for_once_kept_and_counted_in_trust(
    *, line: Line, pair: Any, world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = book(home, world, pair, monkeypatch)
    refresh(made, world)
    assert line.calls == [], "nothing is asked where no source is configured"
    configure(home, pair[1], line.address)
    trusted = TrustBook(home)
    assert trusted.trust(world.clock.now()).ocsps == ()
    refresh(made, world)
    refresh(made, world)
    assert len(line.calls) == 1
    (held,) = trusted.trust(world.clock.now()).ocsps
    assert ocsp.for_certificate((held,), pair[0], pair[1], world.clock.now()) is not None
    world.clock.advance(hours=3)
    world.seals.revoke(BOB, pair[2].seal_id, "closed")
    refresh(made, world)
    assert len(line.calls) == 2
    (newer,) = trusted.ocsps()
    found = ocsp.for_certificate((newer,), pair[0], pair[1])
    assert found is not None
    assert found.revoked_at is not None


def test_a_source_that_failed_is_left_alone_for_a_while_and_what_is_held_stays(
    *, line: Line, pair: Any, world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = book(home, world, pair, monkeypatch)
    configure(home, pair[1], line.address)
    refresh(made, world)
    world.clock.advance(hours=3)
    line.status = 500
    refresh(made, world)
    refresh(made, world)
    assert len(line.calls) == 2
    assert len(read_answers(answers_folder(home))) == 1
    world.clock.advance(minutes=2)
    line.status = 200
    refresh(made, world)
    assert len(line.calls) == 3


def test_broken_sources_are_passed_over_and_broken_answers_asked_for_again(
    *, line: Line, pair: Any, world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(home, pair[1], line.address)
    folder = home / "registry" / "signing" / "ocsp"
    for name, text in (("a", "="), ("b", "issuer = 1"), ("c", 'issuer="x"\naddress="ftp://x"')):
        (folder / f"{name}.toml").write_text(text)
    assert len(statuses.sources(home)) == 1
    made = book(home, world, pair, monkeypatch)
    refresh(made, world)
    (path,) = answers_folder(home).glob("*.der")
    path.write_bytes(b"rubbish")
    refresh(made, world)
    assert len(line.calls) == 2
    assert path.read_bytes() != b"rubbish"


def test_only_the_newest_answers_are_kept(
    *, line: Line, pair: Any, world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statuses, "MOST", 2)
    folder = answers_folder(home)
    folder.mkdir(parents=True)
    for name in "abc":
        (folder / f"{name}.der").write_bytes(b"old")
    configure(home, pair[1], line.address)
    refresh(book(home, world, pair, monkeypatch), world)
    assert len(list(folder.glob("*.der"))) == 2
    assert any(ocsp.parse(data) for data in read_answers(folder))


def test_the_clock_may_differ_a_little(line: Line, pair: Any, world: World) -> None:
    honest = line.answer

    def early(body: bytes) -> bytes:
        world.clock.advance(minutes=9)
        data = honest(body)
        world.clock.advance(seconds=-540)
        return data

    line.answer = early
    assert ask(Source(line.address), pair[0], pair[1], world.clock)
    assert timedelta(minutes=9) < ocsp_client.SKEW
    assert der.integer(pair[0].serial) in ask(Source(line.address), pair[0], pair[1], world.clock)
