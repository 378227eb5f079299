"""Certificate lists by digest, version 5, and signatures without a seal (GB/T 35275)."""

from __future__ import annotations

import pytest

from signing import x509
from signing.algorithms.sm2_sm3 import OID, sm3
from signing.formats.crypto import hash_bytes
from signing.formats.ofd import package
from signing.model import Verdict
from signing.policies import load
from signing.ses import build, der
from signing.ses.parse import parse_seal
from signing.verify import inspect, judge

from .conftest import AT, Region
from .craft import OWN, Recipe, craft, entries

CERTIFICATE = load("certificate")


def verdict(data: bytes, region: Region) -> Verdict:
    return judge(inspect(data), CERTIFICATE, region.trust, AT)


def by_digest(region: Region, method: str, digest: bytes) -> bytes:
    """A seal whose certificate list gives digests (list type 2)."""
    info = der.whole(parse_seal(region.seal_der()).signed).children()
    kind, name, _, _, *times = info[2].children()
    entry = der.sequence(der.tlv(der.PRINTABLE_STRING, method.encode()), der.octets(digest))
    properties = der.sequence(
        kind.raw,
        name.raw,
        der.integer(2),
        der.sequence(entry),
        *(moment.raw for moment in times),
    )
    changed = der.sequence(info[0].raw, info[1].raw, properties, info[3].raw)
    return build.seal(changed, region.maker.cert, OID, region.maker.sign_message(changed))


@pytest.mark.parametrize(
    ("method", "name"), [("SM3", "sm3"), ("1.2.156.10197.1.401", "sm3"), ("SHA256", "sha256")]
)
def test_a_signer_named_by_digest_may_use_the_seal(sm2: Region, method: str, name: str) -> None:
    seal_der = by_digest(sm2, method, hash_bytes(name, sm2.signer.cert))
    found = verdict(craft(sm2, Recipe(seal_der=seal_der)), sm2)
    assert found.passed, found.codes


@pytest.mark.parametrize("method", ["SM3", "unknown"])
def test_another_digest_or_an_unknown_method_names_nobody(sm2: Region, method: str) -> None:
    seal_der = by_digest(sm2, method, bytes(32))
    found = verdict(craft(sm2, Recipe(seal_der=seal_der)), sm2)
    assert "E_SIGNER_NOT_IN_SEAL" in found.codes
    assert not found.passed


def version_five(region: Region) -> bytes:
    info = parse_seal(region.seal_der()).signed.replace(
        b"\x02ES\x02\x01\x04", b"\x02ES\x02\x01\x05"
    )
    return build.seal(info, region.maker.cert, OID, region.maker.sign_message(info))


def test_version_five_is_read(sm2: Region) -> None:
    recipe = Recipe(
        seal_der=version_five(sm2),
        tbs=lambda tbs: tbs.replace(b"\x02\x01\x04", b"\x02\x01\x05", 1),
    )
    found = verdict(craft(sm2, recipe), sm2)
    assert found.passed, found.codes
    assert found.signatures[0].structure == "ses-v5"


def signed_data(
    region: Region, xml: bytes, *, attributes: bool, digest: bytes | None = None
) -> bytes:
    """GB/T 35275 SignedData: variant B with attributes, variant A over the content itself."""
    cert = x509.parse(region.signer.cert)
    content = sm3(xml) if digest is None else digest
    sm3_id = der.sequence(der.oid("1.2.156.10197.1.401"))
    digest_attribute = der.sequence(
        der.oid("1.2.840.113549.1.9.4"), der.tlv(der.SET, der.octets(content))
    )
    signed = der.tlv(der.SET, digest_attribute) if attributes else content
    info = der.sequence(
        der.integer(1),
        der.sequence(cert.issuer_raw, der.integer(cert.serial)),
        sm3_id,
        *((der.tlv(0xA0, digest_attribute),) if attributes else ()),
        der.sequence(der.oid("1.2.156.10197.1.301.1")),
        der.octets(region.signer.sign_message(signed)),
    )
    body = (der.oid("1.2.156.10197.6.1.4.2.1"),)
    if not attributes:
        body = (*body, der.tlv(0xA0, der.octets(content)))  # type: ignore[assignment] # one longer
    return der.sequence(
        der.oid("1.2.156.10197.6.1.4.2.2"),
        der.tlv(
            0xA0,
            der.sequence(
                der.integer(1),
                der.tlv(der.SET, sm3_id),
                der.sequence(*body),
                der.tlv(0xA0, region.signer.cert),
                der.tlv(der.SET, info),
            ),
        ),
    )


def signed_file(region: Region, *, attributes: bool, digest: bytes | None = None) -> bytes:
    files = entries(region, Recipe())
    files["Doc_0/Signs/Signatures.xml"] = files["Doc_0/Signs/Signatures.xml"].replace(
        b'Type="Seal"', b'Type="Sign"'
    )
    listing = files["Doc_0/Signs/Signatures.xml"]
    fresh = entries(region, Recipe(skip=frozenset({"Doc_0/Signs/Signatures.xml"})))
    xml = fresh[f"{OWN}/Signature.xml"]
    import base64

    line = (
        '<ofd:Reference FileRef="/Doc_0/Signs/Signatures.xml"><ofd:CheckValue>'
        f"{base64.b64encode(sm3(listing)).decode()}</ofd:CheckValue></ofd:Reference>"
    )
    xml = xml.replace(b"</ofd:References>", line.encode() + b"</ofd:References>")
    xml = xml.replace(
        f"<ofd:Seal><ofd:BaseLoc>/{OWN}/Seal.esl</ofd:BaseLoc></ofd:Seal>".encode(), b""
    )
    fresh["Doc_0/Signs/Signatures.xml"] = listing
    # The description lists the seal file made by its recipe: the same bytes must stay in place.
    fresh[f"{OWN}/Signature.xml"] = xml
    fresh[f"{OWN}/SignedValue.dat"] = signed_data(region, xml, attributes=attributes, digest=digest)
    return package.write(list(fresh.items()))


@pytest.mark.parametrize("attributes", [False, True])
def test_signatures_without_a_seal_are_judged(sm2: Region, attributes: bool) -> None:
    found = verdict(signed_file(sm2, attributes=attributes), sm2)
    assert found.passed, found.codes
    (signature,) = found.signatures
    assert (signature.kind, signature.structure) == ("signature", "gbt35275")


@pytest.mark.parametrize("attributes", [False, True])
def test_a_signature_over_another_description_fails(sm2: Region, attributes: bool) -> None:
    found = verdict(signed_file(sm2, attributes=attributes, digest=bytes(32)), sm2)
    assert "E_DATAHASH_MISMATCH" in found.codes
    assert not found.passed


def test_a_seal_of_three_parts_is_of_no_version(sm2: Region) -> None:
    whole = der.whole(sm2.seal_der())
    cut = der.sequence(*(part.raw for part in whole.children()[:3]))
    with pytest.raises(der.DerError) as caught:
        parse_seal(cut)
    assert caught.value.code == "E_SES_VERSION"
