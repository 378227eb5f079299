"""The region's OCSP responder: what it says of its certificates, judged by openssl's client."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refused, TongbanError
from signing import ocsp, ocsp_responder, ocsp_wire, store, x509
from signing.authority import key_name
from signing.ocsp_model import CertStatus, ResponseStatus, Single
from signing.ocsp_responder import VALID, Responder
from signing.ports import SignRequest
from signing.seal_model import Role, Seal
from signing.ses import der
from signing.x509 import Cert, from_pem, to_pem
from signing.x509.model import NO_CHECK, OCSP_SIGNING
from tests.signing.world import World, approver, root

ANN, BOB = approver("staff:ann"), approver("staff:bob")
BOTH = pytest.mark.parametrize("algorithm", ["sm2_sm3", "ecdsa_p256"])


def responder(world: World, per_minute: int = 300) -> Responder:
    return Responder(
        signer=lambda: world.signer,
        authority=lambda: world.authority,
        transactions=world.transactions,
        clock=world.clock,
        per_minute=per_minute,
    )


def sealed(world: World) -> Seal:
    applied = world.seals.apply(ANN, world.wanted()).value
    assert isinstance(applied, Seal)
    seal = world.seals.approve(BOB, applied.seal_id).value
    assert isinstance(seal, Seal)
    return seal


def certificate(world: World, seal: Seal, algorithm: str) -> Cert:
    key = key_name(seal.seal_id, algorithm)
    return world.transactions.read(lambda tx: store.certificates(tx, key=key))[-1].cert


def issuer(world: World, algorithm: str) -> Cert:
    return world.authority.current(Role.CA, algorithm).cert


def said(world: World, seal: Seal, algorithm: str, served: Responder) -> Single | None:
    cert, ca = certificate(world, seal, algorithm), issuer(world, algorithm)
    data = served.answer(ocsp_wire.request(cert, ca))
    assert ocsp_wire.read_status(data) is ResponseStatus.SUCCESSFUL
    return ocsp.for_certificate((data,), cert, ca, world.clock.now())


@BOTH
def test_good_on_hold_released_and_revoked(world: World, algorithm: str) -> None:
    seal, served = sealed(world), responder(world)
    first = said(world, seal, algorithm, served)
    assert first is not None
    assert first.status is CertStatus.GOOD
    assert first.next_update == first.this_update + VALID
    world.seals.suspend(BOB, seal.seal_id, "lost card")
    held = said(world, seal, algorithm, served)
    assert held is not None
    assert ocsp.on_hold(held)
    world.seals.resume(BOB, seal.seal_id)
    assert said(world, seal, algorithm, served).status is CertStatus.GOOD  # type: ignore[union-attr] # answered
    world.seals.revoke(BOB, seal.seal_id, "closed")
    ended = said(world, seal, algorithm, served)
    assert ended is not None
    assert ended.revoked_at == world.clock.now().replace(microsecond=0)
    assert not ocsp.on_hold(ended)


@BOTH
def test_answers_are_signed_by_a_delegate_for_this_alone(world: World, algorithm: str) -> None:
    seal = sealed(world)
    said(world, seal, algorithm, responder(world))
    own = world.authority.responder(root(), algorithm)
    assert not isinstance(own, Refused)
    assert own.cert.extended_key_usage == (OCSP_SIGNING,)
    assert NO_CHECK in {item.oid for item in own.cert.extensions}
    assert x509.is_issued_by(own.cert, issuer(world, algorithm))
    info = world.signer.key(own.key)
    assert info is not None
    assert info.purposes == ("ocsp",)
    assert world.authority.responder(BOB, algorithm) == Refused(
        "not-permitted", {"action": "signing.authority"}
    )


def test_a_responder_about_to_end_is_followed_by_another_of_the_same_key(world: World) -> None:
    first = world.authority.responder(root(), "ecdsa_p256")
    world.clock.advance(days=200)
    assert world.authority.responder(root(), "ecdsa_p256") == first
    world.clock.advance(days=110)
    second = world.authority.responder(root(), "ecdsa_p256")
    assert not isinstance(first, Refused)
    assert not isinstance(second, Refused)
    assert second.cert.not_after > first.cert.not_after
    assert second.cert.spki == first.cert.spki
    assert world.authority.responder(root(), "ecdsa_p256") == second


def test_a_nonce_comes_back_and_without_one_the_answer_is_given_again(world: World) -> None:
    seal, served = sealed(world), responder(world)
    cert, ca = certificate(world, seal, "ecdsa_p256"), issuer(world, "ecdsa_p256")
    fresh = ocsp.parse(served.answer(ocsp_wire.request(cert, ca, b"n" * 32)))
    assert fresh is not None
    assert der.whole(fresh.nonce).octets() == b"n" * 32
    plain = ocsp_wire.request(cert, ca)
    once = served.answer(plain)
    world.clock.advance(hours=1)
    assert served.answer(plain) == once
    world.clock.advance(hours=2)
    assert served.answer(plain) != once


def test_a_flood_is_told_to_come_back_later(world: World) -> None:
    seal, served = sealed(world), responder(world, per_minute=2)
    cert, ca = certificate(world, seal, "ecdsa_p256"), issuer(world, "ecdsa_p256")
    found = [
        ocsp_wire.read_status(served.answer(ocsp_wire.request(cert, ca, bytes([at] * 16))))
        for at in range(4)
    ]
    assert found == [ResponseStatus.SUCCESSFUL] * 2 + [ResponseStatus.TRY_LATER] * 2
    world.clock.advance(minutes=1)
    later = served.answer(ocsp_wire.request(cert, ca, b"later"))
    assert ocsp_wire.read_status(later) is ResponseStatus.SUCCESSFUL


def test_an_unknown_serial_is_unknown_and_another_issuer_is_not_answered_for(world: World) -> None:
    seal, served = sealed(world), responder(world)
    cert, ca = certificate(world, seal, "ecdsa_p256"), issuer(world, "ecdsa_p256")
    other = certificate(world, seal, "sm2_sm3")
    answer = ocsp.parse(served.answer(ocsp_wire.request(other, ca)))
    assert answer is not None
    assert answer.singles[0].status is CertStatus.UNKNOWN
    assert ocsp.for_certificate((), other, ca) is None
    rooted = world.authority.current(Role.ROOT, "ecdsa_p256").cert
    refused = served.answer(ocsp_wire.request(cert, rooted))
    assert ocsp_wire.read_status(refused) is ResponseStatus.UNAUTHORIZED
    assert ocsp.parse(refused) is None


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sm3"])
def test_an_issuer_may_be_named_by_several_digests(world: World, digest: str) -> None:
    seal, served = sealed(world), responder(world)
    cert, ca = certificate(world, seal, "sm2_sm3"), issuer(world, "sm2_sm3")
    data = served.answer(ocsp_wire.request(cert, ca, digest=digest))
    assert ocsp.for_certificate((data,), cert, ca) is not None


def test_before_the_authority_and_without_the_signer_nobody_is_answered_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal, served = sealed(world), responder(world)
    request = ocsp_wire.request(certificate(world, seal, "ecdsa_p256"), issuer(world, "ecdsa_p256"))

    def silent(_: SignRequest) -> None:
        raise TongbanError("signer-unreachable")

    world.authority.responder(root(), "ecdsa_p256")
    with monkeypatch.context() as patch:
        patch.setattr(world.signer, "sign", silent)
        assert ocsp_wire.read_status(served.answer(request)) is ResponseStatus.TRY_LATER

    monkeypatch.setattr(ocsp_responder, "role_certificate", lambda *_: None)
    assert ocsp_wire.read_status(served.answer(request)) is ResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "request_", [b"", b"rubbish", b"\x30\x00", b"\x30\x02\x30\x00", b"\x30" * 20000]
)
def test_a_malformed_request_is_told_so(world: World, request_: bytes) -> None:
    answer = responder(world).answer(request_)
    assert answer == bytes.fromhex("30030a0101")


@given(st.binary(max_size=300))
def test_no_bytes_make_a_reader_raise(data: bytes) -> None:
    assert ocsp.parse(data) is None
    with pytest.raises(der.DerError):
        ocsp_wire.read_request(data)


def test_openssl_accepts_what_the_responder_says(world: World, tmp_path: Path) -> None:
    world.clock.advance(seconds=(datetime.now(UTC) - world.clock.now()).total_seconds())
    good, ended = sealed(world), sealed(world)
    world.seals.revoke(BOB, ended.seal_id, "closed")
    world.clock.advance(seconds=2)
    served, ca = responder(world), issuer(world, "ecdsa_p256")
    (tmp_path / "ca.pem").write_bytes(to_pem(ca.der))
    rooted = world.authority.current(Role.ROOT, "ecdsa_p256").cert
    (tmp_path / "root.pem").write_bytes(to_pem(rooted.der))
    for name, seal in (("good", good), ("revoked", ended)):
        cert = certificate(world, seal, "ecdsa_p256")
        (tmp_path / f"{name}.pem").write_bytes(to_pem(cert.der))
        asked = ["-issuer", "ca.pem", "-cert", f"{name}.pem"]
        openssl(tmp_path, *asked, "-reqout", "request.der")
        answer = served.answer((tmp_path / "request.der").read_bytes())
        (tmp_path / "answer.der").write_bytes(answer)
        told = openssl(
            tmp_path, *asked, "-no_nonce", "-reqin", "request.der", "-respin", "answer.der",
            "-CAfile", "root.pem", "-verify_other", "ca.pem",
        )  # fmt: skip
        assert "Response verify OK" in told
        assert f"{name}.pem: {name}" in told
        assert "WARNING" not in told
        assert from_pem((tmp_path / f"{name}.pem").read_bytes()) == (cert.der,)


def openssl(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["openssl", "ocsp", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_limit_of_answers_is_counted_by_the_clock_not_by_its_jumps(world: World) -> None:
    served = responder(world, per_minute=1)
    assert served._may_sign(world.clock.now())
    assert not served._may_sign(world.clock.now())
    assert served._may_sign(world.clock.now() - timedelta(hours=1))


@BOTH
def test_the_hub_itself_asks_for_fresh_answers_whatever_strangers_ask(
    world: World, algorithm: str
) -> None:
    served, seal = responder(world, per_minute=0), sealed(world)
    cert, ca = certificate(world, seal, algorithm), issuer(world, algorithm)
    assert ocsp_wire.read_status(served.answer(ocsp_wire.request(cert, ca))) is (
        ResponseStatus.TRY_LATER
    )
    first = served.fresh(cert)
    world.clock.advance(minutes=1)
    second = served.fresh(cert)
    assert first
    assert second
    for data, at in (
        (first, world.clock.now() - timedelta(minutes=1)),
        (second, world.clock.now()),
    ):
        found = ocsp.for_certificate((data,), cert, ca, world.clock.now())
        assert found is not None
        assert (found.status, found.this_update) == (CertStatus.GOOD, at)


def test_of_certificates_of_others_it_says_nothing(world: World) -> None:
    served = responder(world)
    assert served.fresh(world.authority.current(Role.CA, "sm2_sm3").cert) is None, "the root's"
    assert served.fresh(world.authority.current(Role.ROOT, "sm2_sm3").cert) is None


@BOTH
def test_certificates_name_the_responder_where_the_region_has_an_address(
    world: World, algorithm: str
) -> None:
    world.authority.region = replace(world.authority.region, ocsp="http://ocsp.example/ocsp")
    told = certificate(world, sealed(world), algorithm)
    own = world.authority.responder(root(), algorithm)
    assert not isinstance(own, Refused)
    assert named(told) == ["http://ocsp.example/ocsp"]
    assert named(own.cert) == [], "nobody need ask about the responder itself"
    before = (world.authority.current(role, algorithm).cert for role in (Role.CA, Role.TIME_STAMP))
    assert [named(cert) for cert in before] == [[], []], "made before there was an address"


def named(cert: Cert) -> list[str]:
    """The responders that a certificate names, read by asn1crypto."""
    from asn1crypto import x509 as asn1

    return list(asn1.Certificate.load(cert.der).ocsp_urls)
