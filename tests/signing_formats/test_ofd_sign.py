"""OFD signatures without a seal (type Sign), in both spellings of GB/T 35275."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kernel.clock import from_iso
from kernel.errors import TongbanError
from signing.algorithms.sm2_sm3 import SM3_OID
from signing.formats.ofd import package
from signing.formats.ofd.seal import seal
from signing.formats.ofd.sign import sign
from signing.model import Indication, Verdict
from signing.policies import load
from signing.ses import der, gbt35275
from signing.ses.signed_data import DATA, Form, build, to_be_signed
from signing.verify import inspect, judge

from .conftest import AT, END, PLACE, Region
from .craft import rebuilt, signed_over_sha256

FORMS = pytest.mark.parametrize("form", list(Form))
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"


def verdict(data: bytes, region: Region, at: datetime = AT) -> Verdict:
    return judge(inspect(data), load("certificate"), region.trust, at)


def signed(region: Region, data: bytes, form: Form, *, later: bool = False) -> bytes:
    return sign(
        data, (region.signer.cert, region.ca.cert), AT, region.signer.sign, form, later=later
    )


@FORMS
def test_a_signature_passes_and_is_told_as_one(form: Form, unsealed: bytes, sm2: Region) -> None:
    found = verdict(signed(sm2, unsealed, form), sm2)
    assert found.passed, found.to_json()
    (row,) = found.signatures
    assert (row.kind, row.structure, row.stamps) == ("signature", "gbt35275", ())
    assert from_iso(row.time) == AT


@FORMS
def test_every_file_is_covered(form: Form, unsealed: bytes, sm2: Region) -> None:
    whole = dict(package.read(signed(sm2, unsealed, form)).files)
    for path, data in whole.items():
        files = whole | {path: data + b" "}
        assert not verdict(package.write(list(files.items())), sm2).passed, path
    files = whole | {"Doc_0/Res/extra.png": b"x"}
    assert "E_UNCOVERED_FILE" in verdict(package.write(list(files.items())), sm2).codes


@FORMS
def test_every_byte_of_the_value_counts(form: Form, unsealed: bytes, sm2: Region) -> None:
    files = dict(package.read(signed(sm2, unsealed, form)).files)
    value = files[VALUE]
    for at in range(0, len(value), 2):
        flipped = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
        found = verdict(package.write(list((files | {VALUE: flipped}).items())), sm2)
        assert not found.passed, (at, value[at])


@FORMS
def test_the_value_is_read_back_as_it_was_written(form: Form, sm2: Region) -> None:
    message = to_be_signed(form, b"\x05" * 32, AT)
    signature = sm2.signer.sign_message(message)
    data = build(form, message, (sm2.signer.cert, sm2.ca.cert), signature)
    back = gbt35275.parse(data)
    assert (back.signed, back.attested, back.signature) == (message, b"\x05" * 32, signature)
    assert back.certificates == (sm2.signer.cert, sm2.ca.cert)
    assert back.signing_time == (AT if form is Form.ATTRIBUTES else None)


def test_a_time_after_2049_is_written_at_length() -> None:
    message = to_be_signed(Form.ATTRIBUTES, bytes(32), datetime(2051, 1, 2, tzinfo=UTC))
    assert b"20510102000000Z" in message
    attributes = [node.raw for node in der.whole(message).children()]
    assert attributes == sorted(attributes)


@FORMS
def test_a_certificate_that_had_ended_is_found(form: Form, unsealed: bytes, sm2: Region) -> None:
    late = END + timedelta(days=1)
    data = sign(unsealed, (sm2.signer.cert,), late, sm2.signer.sign, form)
    found = verdict(data, sm2, late)
    assert found.indication is Indication.TOTAL_FAILED
    assert "E_SIGNER_CERT_EXPIRED" in found.codes


@FORMS
def test_the_wrong_key_is_found(form: Form, unsealed: bytes, sm2: Region) -> None:
    data = sign(unsealed, (sm2.signer.cert,), AT, sm2.maker.sign, form)
    assert "E_SIGNATURE" in verdict(data, sm2).codes


@FORMS
def test_a_seal_may_close_a_signed_file(form: Form, unsealed: bytes, sm2: Region) -> None:
    first = signed(sm2, unsealed, form, later=True)
    found = verdict(seal(first, sm2.material(), PLACE, AT, sm2.signer.sign), sm2)
    assert found.passed, found.to_json()
    assert [row.kind for row in found.signatures] == ["signature", "seal"]


def test_a_closed_file_takes_no_signature(sealed: bytes, sm2: Region) -> None:
    with pytest.raises(TongbanError, match="seal-not-possible"):
        signed(sm2, sealed, Form.ATTACHED)


@pytest.mark.parametrize("algorithm", ["none", "p256"])
def test_only_an_sm2_certificate_signs(
    algorithm: str, unsealed: bytes, sm2: Region, p256: Region
) -> None:
    certificates = (p256.signer.cert,) if algorithm == "p256" else ()
    with pytest.raises(TongbanError):
        sign(unsealed, certificates, AT, sm2.signer.sign)


SM3 = der.sequence(der.oid(SM3_OID))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"", b"", ""),
        (der.integer(1), der.integer(3), "version"),
        (der.tlv(der.SET, SM3), der.tlv(der.SET), "digest algorithms"),
        (der.tlv(der.SET, SM3), der.tlv(der.SET, SM3, SM3), "digest algorithms"),
        (SM3, der.sequence(der.oid(SM3_OID), b"\x05\x00"), ""),
        (SM3, der.sequence(der.oid(SM3_OID), der.utf8("x")), "algorithm parameters"),
        (der.oid(DATA), der.oid("1.2.3.4"), "content type"),
        (
            der.octets(b"value"),
            der.octets(b"value") + b"\xa1\x00",
            "parts that no signature covers",
        ),
    ],
)
@FORMS
def test_what_no_signature_covers_has_one_value(
    old: bytes, new: bytes, told: str, form: Form, sm2: Region
) -> None:
    message = to_be_signed(form, bytes(32), AT)
    data = build(form, message, (sm2.signer.cert,), b"value")
    assert gbt35275.parse(rebuilt(data, old, new)).odd == told


def test_a_certificate_beside_the_chain_is_found(unsealed: bytes, sm2: Region) -> None:
    data = sign(unsealed, (sm2.signer.cert, sm2.maker.cert), AT, sm2.signer.sign)
    assert "W_STRAY_CERTIFICATE" in verdict(data, sm2).codes


@FORMS
def test_sm2_beside_another_digest_than_sm3_is_refused(form: Form, sm2: Region) -> None:
    evidence = inspect(signed_over_sha256(sm2, form))
    (row,) = evidence.signatures
    assert (row.signature_valid, row.content_valid) == (True, True)
    assert (row.content_algorithm, row.digest_algorithm) == ("sha256", SM3_OID)
    for policy in ("certificate", "archive"):
        found = judge(evidence, load(policy), sm2.trust, AT)
        assert found.codes.count("E_ALG_UNSUPPORTED") == 1
        assert found.indication is Indication.INDETERMINATE
    (said,) = (item for item in found.signatures[0].findings if item.code == "E_ALG_UNSUPPORTED")
    assert said.detail == "sha256 with sm2 key"
