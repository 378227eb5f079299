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
FAMILIES = ("sm2_sm3", "ecdsa_p256", "ecdsa_p384", "rsa_pkcs1", "rsa_pss")
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
    for bad in (
        b"",
        b"words",
        b"-----BEGIN CERTIFICATE-----A-----END CERTIFICATE",
        b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
    ):
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


def named(oid: str, tag: int, content: bytes) -> tuple[bytes, bytes]:
    """Exchange the signer's common name for another attribute."""
    old = der.sequence(der.oid("2.5.4.3"), der.encode(der.UTF8, NAME))
    return old, der.sequence(der.oid(oid), der.encode(tag, content))


def rewritten(change: tuple[bytes, bytes]) -> x509.Cert:
    """The signer's certificate with its subject's parts exchanged, lengths mended, signed again."""
    _, leaf = make("sm2_sm3")
    subject = der.whole(leaf.subject_raw)
    sets = [der.whole(item.raw, der.SET).content.replace(*change) for item in subject.children()]
    fresh = der.sequence(*(der.encode(der.SET, item) for item in sets))
    return resigned(leaf, "sm2_sm3", (leaf.subject_raw, fresh))


@pytest.mark.parametrize(
    ("tag", "content", "shown", "quirk"),
    [
        (0x1E, "示例".encode("utf-16-be"), "示例", None),
        (0x1C, "示例".encode("utf-32-be"), "示例", None),
        (0x14, b"Example", "Example", None),
        (0x0C, "示例市".encode("gb18030"), "示例市", "text-not-unicode"),
        (0x0C, "示\u202e例\x00".encode(), "示\ufffd例\ufffd", None),
        (0x03, b"\0ABC", "ABC", None),
    ],
)
def test_names_in_every_string_type_are_shown_safely(
    tag: int, content: bytes, shown: str, quirk: str | None
) -> None:
    cert = rewritten(named("2.5.4.3", tag, content))
    assert cert.common_name == shown
    assert cert.quirks == ((quirk,) if quirk else ())
    assert x509.is_issued_by(cert, make("sm2_sm3")[0])


def test_unknown_parts_of_a_name_are_shown_by_their_number() -> None:
    assert "1.2.86.11.7.1=x" in rewritten(named("1.2.86.11.7.1", der.UTF8, b"x")).subject


@pytest.mark.parametrize(
    ("tag", "text", "moment"),
    [
        (0x17, b"500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (0x17, b"491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (0x17, b"2601010000Z", datetime(2026, 1, 1, tzinfo=UTC)),
        (0x17, b"260101080000+0800", datetime(2026, 1, 1, tzinfo=UTC)),
        (0x18, b"20251231200000-0400", datetime(2026, 1, 1, tzinfo=UTC)),
        (0x18, b"20260101000000.5Z", datetime(2026, 1, 1, tzinfo=UTC)),
        (0x17, b"260101000000", None),
        (0x17, b"261301000000Z", None),
        (0x18, b"00000101000000Z", None),
        (0x0C, b"20260101000000Z", None),
        (0x17, b"", None),
    ],
)
def test_times_in_every_spelling_are_read_or_refused(
    tag: int, text: bytes, moment: datetime | None
) -> None:
    _, leaf = make("sm2_sm3")
    times = der.whole(leaf.tbs).children()[4]
    fresh = der.sequence(der.encode(tag, text), times.children()[1].raw)
    if moment is None:
        with pytest.raises(TongbanError, match="certificate-unreadable"):
            resigned(leaf, "sm2_sm3", (times.raw, fresh))
    else:
        assert resigned(leaf, "sm2_sm3", (times.raw, fresh)).not_before == moment


def extended(cert: x509.Cert, *entries: bytes) -> x509.Cert:
    """The certificate with these extensions instead of its own."""
    old = der.whole(cert.tbs).children()[-1]
    fresh = der.encode(0xA3, der.sequence(*entries)) if entries else b""
    return resigned(cert, "sm2_sm3", (old.raw, fresh))


def entry(oid: str, value: bytes, *flag: bytes) -> bytes:
    return der.sequence(der.oid(oid), *flag, der.encode(der.OCTETS, value))


def test_odd_extensions_are_tolerated_where_they_only_tell() -> None:
    root, leaf = make("sm2_sm3")
    odd = extended(
        leaf,
        entry("2.5.29.14", b"\x30\x00"),
        entry("2.5.29.35", b"\x04\x00"),
        entry("1.2.156.112562.2.1", b"private", der.encode(der.BOOLEAN, b"\0")),
        entry("2.5.29.37", der.sequence(der.oid(x509.model.TIME_STAMPING))),
    )
    assert odd.quirks == ("encoded-default", "key-id-unreadable")
    assert odd.key_usage is None
    assert odd.extended_key_usage == (x509.model.TIME_STAMPING,)
    assert x509.is_issued_by(odd, root)


@pytest.mark.parametrize(
    "entries",
    [
        (entry("2.5.29.19", der.sequence(der.encode(der.BOOLEAN, b"\x01"))),),
        (entry("2.5.29.14", b"\4\0"), entry("2.5.29.14", b"\4\0")),
        (entry("2.5.29.15", b"\x30\x00"),),
        (entry("2.5.29.19", b"\x30\x80"),),
        (b"\x05\x00",),
    ],
)
def test_extensions_that_decide_are_read_strictly(entries: tuple[bytes, ...]) -> None:
    _, leaf = make("sm2_sm3")
    with pytest.raises(TongbanError, match="certificate-unreadable"):
        extended(leaf, *entries)


def test_a_certificate_without_extensions_issues_only_itself() -> None:
    root, leaf = make("sm2_sm3")
    old = der.whole(root.tbs).children()
    bare = extended(root)
    assert not x509.may_issue(bare), "version 3 without extensions is no CA"
    first = resigned(bare, "sm2_sm3", (old[0].raw, b""))
    assert first.version == 1
    assert x509.is_issued_by(first, first)
    assert x509.is_issued_by(leaf, first)
    stripped = resigned(extended(leaf), "sm2_sm3", (der.whole(leaf.tbs).children()[0].raw, b""))
    assert not x509.may_issue(stripped)


def test_keys_that_name_no_curve_are_read() -> None:
    _, leaf = make("rsa_pkcs1")
    assert leaf.curve == ""
    _, leaf = make("sm2_sm3")
    old = der.whole(leaf.spki).children()[0].raw
    fresh = der.sequence(der.oid("1.2.156.10197.1.301"))
    spki = der.sequence(fresh, der.whole(leaf.spki).children()[1].raw)
    odd = resigned(leaf, "sm2_sm3", (leaf.spki, spki))
    assert old not in odd.spki
    assert (odd.key_algorithm, odd.curve) == ("1.2.156.10197.1.301",) * 2


def test_an_absent_and_a_null_parameter_are_mixed_up_by_some() -> None:
    root, leaf = make("sm2_sm3")
    tbs, algorithm, signature = der.whole(leaf.der).children()
    null = der.sequence(der.oid(leaf.signature_oid), der.encode(der.NULL))
    odd = x509.parse(der.sequence(tbs.raw, null, signature.raw))
    assert odd.quirks == ("algorithm-null",)
    assert x509.is_issued_by(odd, root)
    other = der.sequence(der.oid(leaf.signature_oid), der.integer(1))
    as_set = b"\x31" + algorithm.raw[1:]
    for bad in (other, as_set):
        with pytest.raises(TongbanError, match="two ways"):
            x509.parse(der.sequence(tbs.raw, bad, signature.raw))


def test_unknown_algorithms_and_wrong_keys_sign_nothing() -> None:
    root, leaf = make("sm2_sm3")
    tbs, algorithm, signature = der.whole(leaf.der).children()
    fresh = der.sequence(der.oid("1.2.3"))
    octets = der.whole(tbs.raw).content.replace(algorithm.raw, fresh, 1)
    odd = x509.parse(der.sequence(der.sequence(octets), fresh, signature.raw))
    assert not x509.is_issued_by(odd, root)
    assert not x509.signed_by(leaf, make("ecdsa_p256")[0].spki)


def test_a_path_longer_than_a_ca_allows_is_none() -> None:
    root, leaf = make("ecdsa_p256", profile=x509.ISSUING_CA)
    middle, _ = make("ecdsa_p256")
    assert x509.chain_to(leaf, [root]) == (leaf, root)
    assert x509.chain_to(middle, [root]) == (middle, root)
    assert root.valid_at(NOW)
    assert not root.valid_at(NOW - timedelta(days=2))
