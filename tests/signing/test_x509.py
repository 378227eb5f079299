"""Certificates: written ones please openssl, odd ones are read, broken ones have a name."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import TongbanError
from signing import der, x509
from signing.algorithms import by_name
from signing.x509.write import encode_name

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OPENSSL = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command here")
FAMILIES = ("sm2_sm3", "ecdsa_p256", "rsa_pkcs1", "rsa_pss")
KEYS = {name: (by_name(name).generate(), by_name(name).generate()) for name in FAMILIES}


def make(name: str, **changes: object) -> tuple[x509.Cert, x509.Cert]:
    """A root and a signer below it."""
    method = by_name(name)
    root_key, leaf_key = KEYS[name]
    root_spki = method.public_key(root_key)
    common = {
        "issuer_spki": root_spki,
        "not_before": NOW - timedelta(days=1),
        "not_after": NOW + timedelta(days=40000),
        "algorithm": name,
        "sign": lambda digest: method.sign_digest(root_key, digest),
    }
    subject = x509.Name("示例市根证书（演示 DEMO）", "示例市")
    root = x509.build(
        **{
            **common,
            "subject": subject,
            "issuer_raw": None,
            "spki": root_spki,
            "profile": x509.ROOT,
            **changes,
        }
    )
    leaf = x509.build(
        **{
            **common,
            "subject": x509.Name("示例市公安局", organization_id="11410100MB0TE0038G"),
            "issuer_raw": encode_name(subject),
            "spki": method.public_key(leaf_key),
            "profile": x509.SIGNER,
        }
    )
    return x509.parse(root), x509.parse(leaf)


def resigned(cert: x509.Cert, name: str, change: tuple[bytes, bytes]) -> x509.Cert:
    """The certificate with some signed bytes exchanged, signed again by its issuer's key."""
    method = by_name(name)
    tbs = der.whole(cert.tbs).content.replace(*change)
    assert tbs != der.whole(cert.tbs).content
    tbs = der.sequence(tbs)
    digest = method.digest(tbs, method.public_key(KEYS[name][0]))
    signature = der.bits(method.sign_digest(KEYS[name][0], digest))
    return x509.parse(der.sequence(tbs, method.identifier, signature))


@pytest.mark.parametrize("name", FAMILIES)
def test_what_was_written_is_read_and_chains(name: str) -> None:
    root, leaf = make(name)
    assert leaf.common_name == "示例市公安局"
    assert leaf.not_after == NOW + timedelta(days=40000)
    assert leaf.key_usage == {x509.KeyUsage.DIGITAL_SIGNATURE, x509.KeyUsage.NON_REPUDIATION}
    assert root.ca
    assert not leaf.ca
    assert not leaf.quirks
    assert x509.is_issued_by(leaf, root)
    assert not x509.is_issued_by(root, leaf)
    assert not x509.is_issued_by(leaf, leaf)
    assert x509.chain_to(leaf, [root]) == (leaf, root)
    assert x509.chain_to(leaf, []) is None


@OPENSSL
@pytest.mark.parametrize("name", FAMILIES)
def test_openssl_accepts_certificates_and_lists(name: str, tmp_path: Path) -> None:
    root, leaf = make(name)
    method = by_name(name)
    crl = x509.build_crl(
        issuer_raw=root.subject_raw,
        issuer_spki=root.spki,
        revoked=[(leaf.serial, NOW)],
        number=7,
        this_update=NOW,
        next_update=NOW + timedelta(days=1),
        algorithm=name,
        sign=lambda digest: method.sign_digest(KEYS[name][0], digest),
    )
    (tmp_path / "root.pem").write_bytes(x509.to_pem(root.der))
    (tmp_path / "leaf.pem").write_bytes(x509.to_pem(leaf.der))
    (tmp_path / "crl.der").write_bytes(crl)
    run = ["openssl", "verify", "-x509_strict", "-CAfile", "root.pem", "-attime", "1772500000"]
    run += ["-vfyopt", "distid:1234567812345678"] if name == "sm2_sm3" else []
    done = subprocess.run(
        [*run, "leaf.pem"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "leaf.pem: OK", done.stderr
    text = ["openssl", "crl", "-inform", "DER", "-in", "crl.der", "-noout", "-text"]
    done = subprocess.run(text, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"{leaf.serial:X}" in done.stdout


NAME = "示例市公安局".encode()
QUIRKS = {
    "text-not-of-its-type": (b"\x0c\x12" + NAME, b"\x16\x12" + NAME),
    "unique-id-not-bit-string": (bytes.fromhex("0603550461"), bytes.fromhex("060355042d")),
}


@pytest.mark.parametrize("quirk", sorted(QUIRKS))
def test_oddities_of_real_certificates_are_tolerated_and_told(quirk: str) -> None:
    root, leaf = make("sm2_sm3")
    odd = resigned(leaf, "sm2_sm3", QUIRKS[quirk])
    assert quirk in odd.quirks
    assert odd.common_name == "示例市公安局"
    assert x509.is_issued_by(odd, root)


def test_an_encoded_default_false_is_tolerated() -> None:
    root, leaf = make("sm2_sm3")
    extensions = der.whole(leaf.tbs).children()[-1]
    old = der.sequence(der.oid("2.5.29.19"), der.encode(1, b"\xff"), der.encode(4, b"\x30\x00"))
    new = der.sequence(
        der.oid("2.5.29.19"), der.encode(1, b"\0"), der.encode(4, bytes.fromhex("3003010100"))
    )
    entries = der.whole(extensions.content).content
    wrapped = der.encode(0xA3, der.sequence(entries.replace(old, new)))
    odd = resigned(leaf, "sm2_sm3", (extensions.raw, wrapped))
    assert odd.quirks == ("encoded-default",)
    assert not odd.ca
    assert x509.is_issued_by(odd, root)


def test_an_organisation_longer_than_64_characters_is_tolerated() -> None:
    root, _ = make("sm2_sm3", subject=x509.Name("x", "长" * 70))
    assert "name-too-long" in root.quirks
    assert x509.is_issued_by(root, root)


def test_other_algorithms_inside_and_outside_are_a_forgery() -> None:
    root, leaf = make("ecdsa_p256")
    tbs, _, signature = der.whole(leaf.der).children()
    other = by_name("sm2_sm3").identifier
    forged = x509.parse(der.sequence(tbs.raw, other, signature.raw))
    assert not x509.is_issued_by(forged, root)


def test_a_signer_may_not_issue() -> None:
    root, _ = make("ecdsa_p256", profile=x509.SIGNER)
    assert not x509.is_issued_by(root, root)


def test_a_bag_of_certificates_that_issue_each_other_ends() -> None:
    bags = [make("ecdsa_p256")[0] for _ in range(12)]
    _, leaf = make("ecdsa_p256")
    stranger = make("sm2_sm3")[0]
    assert x509.chain_to(leaf, [stranger], bags) is None


def test_pem_files_hold_any_number_of_certificates() -> None:
    root, leaf = make("sm2_sm3")
    text = b"words\n" + x509.to_pem(root.der) + b"\r\n" + x509.to_pem(leaf.der)
    assert x509.from_pem(text) == (root.der, leaf.der)
    assert x509.from_pem(root.der) == (root.der,)
    for bad in (b"", b"words", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"):
        with pytest.raises(TongbanError, match="certificate-unreadable"):
            x509.parse(x509.from_pem(bad)[0])


BASE = {name: make(name)[1].der for name in ("sm2_sm3", "ecdsa_p256")}
ISSUER = {name: make(name)[0] for name in ("sm2_sm3", "ecdsa_p256")}


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(BASE)), at=st.integers(0, 5000), bit=st.integers(0, 7))
def test_a_changed_certificate_is_unreadable_or_not_issued(name: str, at: int, bit: int) -> None:
    octets = bytearray(BASE[name])
    octets[at % len(octets)] ^= 1 << bit
    try:
        cert = x509.parse(bytes(octets))
    except TongbanError:
        return
    assert not x509.is_issued_by(cert, ISSUER[name])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_unreadable(noise: bytes) -> None:
    with pytest.raises(TongbanError, match="certificate-unreadable"):
        x509.parse(noise)


def test_deep_and_large_input_is_refused() -> None:
    deep = b"x"
    for _ in range(3000):
        deep = der.sequence(deep)
    for bad in (deep, b"\x30\x83\x05\x00\x00" + b"\0" * 0x50000):
        with pytest.raises(TongbanError, match="certificate-unreadable"):
            x509.parse(bad)
