"""Time stamps of our own, and of an authority outside that may answer anything."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kernel.clock import FixedClock
from kernel.errors import TongbanError
from signing import x509
from signing.algorithms import by_name
from signing.algorithms.sm2_sm3 import sm3
from signing.formats.cms import read_token
from signing.formats.pool import Notes, Pool
from signing.ses import der
from signing.time import wire
from signing.time.authority import TimeStampAuthority
from signing.time.check import check
from signing.time.client import Outside, OutsideTimeStamps
from signing.time.model import DIGEST_OIDS, SYNTHETIC_POLICY, StampRequest
from signing.trust import TrustStore
from tests.signing.world import World

DATA = b"signature value"
FAMILIES = {"sm2_sm3": sm3(DATA), "ecdsa_p256": hashlib.sha256(DATA).digest()}


def authority(world: World, clock: FixedClock | None = None) -> TimeStampAuthority:
    return TimeStampAuthority(
        signer=world.signer, certificates=world.authority, clock=clock or world.clock
    )


def anchors(world: World) -> tuple[x509.Cert, ...]:
    return TrustStore((world.authority.trust_list(1),)).anchors(world.clock.now())


@pytest.mark.parametrize("algorithm", FAMILIES)
def test_a_token_of_ours_says_when_and_over_what(world: World, algorithm: str) -> None:
    token = authority(world).stamp(FAMILIES[algorithm], algorithm)
    pool = Pool()
    found = read_token(token, DATA, pool, Notes(), "")
    assert (found.imprint_valid, found.signature_valid, found.detail) == (True, True, "")
    said = wire.read_token(token)
    assert said.time == world.clock.now().replace(microsecond=0)
    assert said.policy == SYNTHETIC_POLICY
    assert said.accuracy_seconds == 1
    assert wire.names_authority(token)
    signer = x509.parse(pool.ders[found.signer])
    assert "时间戳服务" in signer.common_name
    assert read_token(token, b"other", Pool(), Notes(), "").imprint_valid is False


def test_no_two_tokens_share_a_serial_number(world: World) -> None:
    own = authority(world)
    numbers = {
        wire.read_token(own.stamp(FAMILIES[name], name)).serial for name in FAMILIES for _ in "1234"
    }
    assert len(numbers) == 8


@pytest.mark.parametrize("size", [0, 20, 31, 33, 64])
def test_a_digest_of_another_length_is_refused(world: World, size: int) -> None:
    with pytest.raises(TongbanError, match="digest-length"):
        authority(world).stamp(bytes(size), "sm2_sm3")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_accepts_our_token_and_our_answer(world: World, tmp_path: Path) -> None:
    certs = world.authority
    from signing.seal_model import Role

    root, ca = (certs.current(role, "ecdsa_p256").cert.der for role in (Role.ROOT, Role.CA))
    (tmp_path / "root.pem").write_bytes(x509.to_pem(root))
    (tmp_path / "ca.pem").write_bytes(x509.to_pem(ca))
    (tmp_path / "data").write_bytes(DATA)
    query = tmp_path / "query.tsq"
    subprocess.run(
        [
            "openssl",
            "ts",
            "-query",
            "-data",
            str(tmp_path / "data"),
            "-sha256",
            "-cert",
            "-out",
            str(query),
        ],
        check=True,
        capture_output=True,
    )
    # openssl writes NULL parameters; ours is the answer to openssl's own request, nonce included.
    answer = tmp_path / "answer.tsr"
    answer.write_bytes(authority(world).answer(query.read_bytes()))
    done = subprocess.run(
        [
            "openssl",
            "ts",
            "-verify",
            "-in",
            str(answer),
            "-queryfile",
            str(query),
            "-CAfile",
            str(tmp_path / "root.pem"),
            "-untrusted",
            str(tmp_path / "ca.pem"),
            "-attime",
            str(int(world.clock.now().timestamp())),
        ],
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_bad_requests_get_answers_that_say_why(world: World) -> None:
    own = authority(world)
    digest = FAMILIES["sm2_sm3"]
    cases = {
        b"": "cut short",
        b"\x30\x80\x00\x00": "indefinite",
        wire.request(StampRequest("1.3.14.3.2.26", bytes(20))): "not known",
        wire.request(StampRequest(DIGEST_OIDS["sm3"], bytes(20))): "another length",
        wire.request(StampRequest(DIGEST_OIDS["sm3"], digest, policy="1.2.3")): "policy",
    }
    for request, words in cases.items():
        status, said, token = wire.read_answer(own.answer(request))
        assert (status, token) == (2, b"")
        assert words in said, said


def test_a_request_without_certificates_gets_none(world: World) -> None:
    asked = StampRequest(DIGEST_OIDS["sm3"], FAMILIES["sm2_sm3"], nonce=-5, certificates=False)
    _, _, token = wire.read_answer(authority(world).answer(wire.request(asked)))
    assert wire.read_token(token).nonce == -5
    with pytest.raises(TongbanError, match="time-stamp-invalid"):
        check(token, asked, anchors(world), world.clock.now())


Answer = Callable[[bytes], tuple[int, str, bytes]]


@contextmanager
def outside(answer: Answer) -> Iterator[str]:
    """A time-stamp server on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == wire.REQUEST_TYPE
            status, kind, data = answer(body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ask(world: World, answer: Answer, *, trusted: tuple[x509.Cert, ...] | None = None) -> bytes:
    with outside(answer) as address:
        known = anchors(world) if trusted is None else trusted
        client = OutsideTimeStamps(Outside(address, known, timeout_seconds=3), world.clock)
        return client.stamp(FAMILIES["ecdsa_p256"], "ecdsa_p256")


def reply(data: bytes) -> tuple[int, str, bytes]:
    return 200, wire.ANSWER_TYPE, data


def test_a_token_from_outside_is_checked_and_used(world: World) -> None:
    own = authority(world)
    token = ask(world, lambda body: reply(own.answer(body)))
    assert read_token(token, DATA, Pool(), Notes(), "").signature_valid


def asked_otherwise(own: TimeStampAuthority, **changes: object) -> Answer:
    def answer(body: bytes) -> tuple[int, str, bytes]:
        asked = wire.read_request(body)
        values = {
            "digest_oid": asked.digest_oid,
            "digest": asked.digest,
            "nonce": asked.nonce,
            **changes,
        }
        return reply(own.answer(wire.request(StampRequest(**values))))  # type: ignore[arg-type]

    return answer


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"digest": bytes(32)}, "another digest"),
        ({"nonce": 7}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"digest_oid": DIGEST_OIDS["sm3"]}, "another digest"),
    ],
)
def test_a_token_for_another_request_is_refused(
    world: World, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(TongbanError, match=f"time-stamp-invalid.*{reason}"):
        ask(world, asked_otherwise(authority(world), **changes))


def test_an_authority_that_is_not_trusted_is_refused(world: World) -> None:
    own = authority(world)
    with pytest.raises(TongbanError, match=r"time-stamp-invalid.*not trusted"):
        ask(world, lambda body: reply(own.answer(body)), trusted=())


@pytest.mark.parametrize("hours", [-1, 1])
def test_an_authority_with_a_wrong_clock_is_refused(world: World, hours: int) -> None:
    own = authority(world, FixedClock(world.clock.now() + timedelta(hours=hours)))
    with pytest.raises(TongbanError, match=r"time-stamp-invalid.*here it is"):
        ask(world, lambda body: reply(own.answer(body)))


def test_a_changed_token_is_refused(world: World) -> None:
    own = authority(world)

    def change(body: bytes) -> tuple[int, str, bytes]:
        data = bytearray(own.answer(body))
        data[-3] ^= 1
        return reply(bytes(data))

    with pytest.raises(TongbanError, match="time-stamp-invalid"):
        ask(world, change)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((500, "text/plain", b""), "unreachable.*HTTP 500"),
        ((302, "text/plain", b""), "unreachable.*HTTP 302"),
        ((200, "text/html", b"<html>"), "invalid.*another kind"),
        ((200, wire.ANSWER_TYPE, bytes(200_000)), "invalid.*too long"),
        ((200, wire.ANSWER_TYPE, b""), "invalid"),
        ((200, wire.ANSWER_TYPE, b"\x30\x03\x30\x01\x02"), "invalid"),
        (reply(der.sequence(der.sequence(der.integer(0)))), "invalid.*no token"),
        (reply(der.sequence(der.sequence(der.integer(0)), der.sequence())), "invalid"),
        (reply(der.sequence(der.sequence(der.integer(3)))), "refused.*status 3"),
    ],
)
def test_whatever_else_comes_back_is_told_apart(
    world: World, answer: tuple[int, str, bytes], code: str
) -> None:
    with pytest.raises(TongbanError, match=f"time-stamp-{code}"):
        ask(world, lambda _: answer)


def test_a_server_that_is_not_there_is_unreachable(world: World) -> None:
    client = OutsideTimeStamps(Outside("http://127.0.0.1:1/", (), timeout_seconds=1), world.clock)
    with pytest.raises(TongbanError, match="time-stamp-unreachable"):
        client.stamp(bytes(32), "sm2_sm3")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "tsa.example",
        "ftp://tsa.example/",
        "http:///x",
        "http://a:b@tsa.example/",
        "http://h:0/",
        "http://h:99999/",
        "file:///etc/passwd",
        "http://h/#x",
    ],
)
def test_an_address_that_cannot_be_called_is_refused(address: str) -> None:
    with pytest.raises(TongbanError, match="time-stamp-address"):
        Outside(address, ())


def test_an_ordinary_certificate_stamps_no_time(world: World) -> None:
    from signing.seal_model import Role
    from signing.time import token

    maker = world.authority.current(Role.SEAL_MAKER, "ecdsa_p256")
    asked = StampRequest(DIGEST_OIDS["sha256"], FAMILIES["ecdsa_p256"])
    said = wire.read_token(authority(world).stamp(asked.digest, "ecdsa_p256"))
    private = by_name("ecdsa_p256").generate()
    made = token.build(
        wire.info(said),
        maker.cert,
        "ecdsa_p256",
        (maker.cert.der,),
        lambda digest: by_name("ecdsa_p256").sign_digest(private, digest),
    )
    with pytest.raises(TongbanError, match="time-stamp-invalid"):
        check(made, asked, anchors(world), world.clock.now())
