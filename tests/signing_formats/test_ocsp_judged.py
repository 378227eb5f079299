"""What OCSP answers do to a verdict: good, revoked, ended, forged, another's, inside a PDF."""

from __future__ import annotations

import io
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing import ocsp, ocsp_wire, x509
from signing.algorithms import by_name
from signing.model import Indication, Verdict
from signing.ocsp_model import CertStatus, Single
from signing.policies import load
from signing.ses import der
from signing.verify import inspect, judge
from signing.x509.model import OCSP_SIGNING, KeyUsage, Profile

from .conftest import AT, PLACE, Party, Region, issue
from .test_revocation import NOW, listing, serial

POLICY = load("certificate")
DAY = timedelta(days=1)
UNKNOWN = "INDETERMINATE_REVOCATION"
WITHOUT_NO_CHECK = Profile(
    frozenset({KeyUsage.DIGITAL_SIGNATURE}), extended_key_usage=(OCSP_SIGNING,)
)


def answered(
    region: Region,
    revoked: datetime | None = None,
    *,
    by: Party | None = None,
    made: datetime = AT + timedelta(hours=1),
    ends: datetime | None = AT + DAY,
    reason: int = 0,
    status: CertStatus | None = None,
    produced: datetime | None = None,
) -> bytes:
    """An answer on the region's signer; ``by`` signs it, without one the CA itself."""
    cert, ca = x509.parse(region.signer.cert), x509.parse(region.ca.cert)
    signer = by or region.ca
    named = ocsp_wire.read_request(ocsp_wire.request(cert, ca)).cert_ids[0]
    what = status or (CertStatus.REVOKED if revoked else CertStatus.GOOD)
    return ocsp_wire.answer(
        (Single(named, what, made, ends, revoked, reason),),
        produced_at=produced or made,
        responder=x509.parse(signer.cert),
        algorithm=signer.algorithm,
        sign=lambda _: signer.sign,
        certificates=(signer.cert,) if by else (),
    )


def judged(
    sealed: bytes, region: Region, *answers: bytes, lists: tuple[bytes, ...] = (),
    at: datetime = NOW,
) -> Verdict:  # fmt: skip
    trust = replace(region.trust, crls=(listing(region.root), *lists), ocsps=answers)
    return judge(inspect(sealed), POLICY, trust, at)


def test_an_answer_instead_of_a_list_settles_it_and_its_age_is_told(
    sealed: bytes, sm2: Region
) -> None:
    found = judged(sealed, sm2, answered(sm2))
    assert found.indication is Indication.TOTAL_PASSED
    assert UNKNOWN not in found.codes
    used = found.signatures[0].revocation[0]
    assert (used.source, used.age_seconds, used.ended) == ("ocsp", 3600, False)


def test_a_delegate_of_the_issuer_may_answer(sealed: bytes, sm2: Region) -> None:
    delegate = issue("演示状态 DEMO", "sm2_sm3", x509.OCSP_RESPONDER, sm2.ca)
    assert UNKNOWN not in judged(sealed, sm2, answered(sm2, by=delegate)).codes


@pytest.mark.parametrize(
    "why", ["no purpose", "root's", "another CA's", "over", "the signer's own"]
)
def test_nobody_else_may_answer(sealed: bytes, sm2: Region, why: str) -> None:
    alien = issue("别处", "sm2_sm3", x509.ISSUING_CA)
    by = {
        "no purpose": lambda: issue("演示", "sm2_sm3", x509.SIGNER, sm2.ca),
        "root's": lambda: issue("演示", "sm2_sm3", x509.OCSP_RESPONDER, sm2.root),
        "another CA's": lambda: issue("演示", "sm2_sm3", x509.OCSP_RESPONDER, alien),
        "over": lambda: issue("演示", "sm2_sm3", x509.OCSP_RESPONDER, sm2.ca, end=AT),
        "the signer's own": lambda: sm2.signer,
    }[why]()
    assert UNKNOWN in judged(sealed, sm2, answered(sm2, by=by)).codes


def test_a_delegate_that_is_not_exempt_needs_a_list_that_does_not_name_it(
    sealed: bytes, sm2: Region
) -> None:
    delegate = issue("演示状态 DEMO", "sm2_sm3", WITHOUT_NO_CHECK, sm2.ca)
    word = answered(sm2, AT - DAY, by=delegate)
    assert "E_REVOKED" not in judged(sealed, sm2, word).codes
    assert "E_REVOKED" in judged(sealed, sm2, word, lists=(listing(sm2.ca),)).codes
    number = x509.parse(delegate.cert).serial
    ended = listing(sm2.ca, [(number, AT - DAY)])
    assert "E_REVOKED" not in judged(sealed, sm2, word, lists=(ended,)).codes


def test_a_revocation_for_ever_outweighs_newer_and_older_words(sealed: bytes, sm2: Region) -> None:
    for at in (AT, AT + timedelta(hours=1, minutes=30)):
        bad = answered(sm2, AT - DAY, made=at)
        assert "E_REVOKED" in judged(sealed, sm2, bad, lists=(listing(sm2.ca),)).codes
        named = listing(sm2.ca, [(serial(sm2), AT - DAY)])
        assert "E_REVOKED" in judged(sealed, sm2, answered(sm2, made=at), lists=(named,)).codes
    assert "E_REVOKED" in judged(sealed, sm2, answered(sm2, made=NOW), bad).codes


def test_a_hold_counts_until_a_newer_word_releases_it(sealed: bytes, sm2: Region) -> None:
    held = answered(sm2, AT - DAY, reason=6)
    assert "TRY_LATER" in [item.value for item in judged(sealed, sm2, held).sub_indications]
    late = AT + timedelta(hours=1, minutes=30)
    released = judged(sealed, sm2, held, answered(sm2, made=late))
    assert released.indication is Indication.TOTAL_PASSED
    again = judged(sealed, sm2, held, lists=(listing(sm2.ca, made=late),))
    assert again.indication is Indication.TOTAL_PASSED


def test_an_ended_answer_is_unknown_but_an_older_list_in_force_still_counts(
    sealed: bytes, sm2: Region
) -> None:
    short = answered(sm2, ends=AT + timedelta(hours=1, minutes=30))
    assert UNKNOWN in judged(sealed, sm2, short).codes
    older = listing(sm2.ca, made=AT)
    assert UNKNOWN not in judged(sealed, sm2, short, lists=(older,)).codes
    assert UNKNOWN in judged(sealed, sm2, answered(sm2, ends=None)).codes


def test_unknown_and_answers_from_after_the_moment_say_nothing(sealed: bytes, sm2: Region) -> None:
    for data in (
        answered(sm2, status=CertStatus.UNKNOWN),
        answered(sm2, made=NOW + DAY),
        answered(sm2, produced=NOW + DAY),
    ):
        assert UNKNOWN in judged(sealed, sm2, data).codes


def test_a_changed_or_foreign_signature_says_nothing(sealed: bytes, sm2: Region) -> None:
    good = answered(sm2)
    at = good.index(ocsp.parse(good).signature)  # type: ignore[union-attr] # just made
    assert UNKNOWN in judged(sealed, sm2, good[:at] + b"\0" + good[at + 1 :]).codes
    twin = issue("演示签发 DEMO", "sm2_sm3", x509.ISSUING_CA)
    assert UNKNOWN in judged(sealed, sm2, answered(replace(sm2, ca=twin))).codes


@pytest.fixture(scope="module")
def revoked_word(sm2: Region) -> bytes:
    return answered(sm2, AT - DAY)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.floats(0, 1, exclude_max=True),
    bits=st.integers(1, 255),
    kind=st.sampled_from(["flip", "cut", "drop", "repeat"]),
)
def test_no_change_of_an_answer_makes_it_say_good(
    sm2: Region, revoked_word: bytes, place: float, bits: int, kind: str
) -> None:
    cert, ca = x509.parse(sm2.signer.cert), x509.parse(sm2.ca.cert)
    whole, at = revoked_word, int(place * len(revoked_word))
    changed = {
        "flip": whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :],
        "cut": whole[:at],
        "drop": whole[:at] + whole[at + 1 :],
        "repeat": whole[:at] + whole[at : at + 1] + whole[at:],
    }[kind]
    found = ocsp.for_certificate((), cert, ca, NOW, given=(changed,))
    assert found is None or found.status is CertStatus.REVOKED


@pytest.mark.parametrize(("name", "read"), [("1.3.6.1.5.5.7.48.1.2", True), ("1.2.3.4", False)])
def test_a_critical_extension_of_unknown_meaning_makes_it_no_answer(
    name: str, *, read: bool
) -> None:
    critical = der.sequence(der.oid(name), b"\x01\x01\xff", der.octets(der.octets(b"n")))
    listed = der.whole(der.sequence(critical))
    if read:
        assert ocsp_wire._extensions(listed)
        return
    with pytest.raises(der.DerError):
        ocsp_wire._extensions(listed)


@pytest.fixture(scope="module")
def sealed_pdf(p256: Region) -> bytes:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

    from signing.formats.pdf.seal import seal

    writer = PdfFileWriter()
    content = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.insert_page(PageObject(contents=content, media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return seal(out.getvalue(), p256.material(b"0"), PLACE, AT, p256.signer.sign)


def test_answers_kept_in_a_pdf_are_read_and_judged(sealed_pdf: bytes, p256: Region) -> None:
    from asn1crypto import ocsp as asn1
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    def kept(word: bytes) -> bytes:
        update = IncrementalPdfFileWriter(io.BytesIO(sealed_pdf))
        DocumentSecurityStore.supply_dss_in_writer(
            update, None, ocsps=[asn1.OCSPResponse.load(word)]
        )
        out = io.BytesIO()
        update.write(out)
        return out.getvalue()

    trust = replace(p256.trust, crls=(listing(p256.root),))
    good = judge(inspect(kept(answered(p256))), load("archive"), trust, NOW)
    assert UNKNOWN not in good.codes, good.codes
    assert good.signatures[0].revocation[0].source == "ocsp"
    bad = judge(inspect(kept(answered(p256, AT - DAY))), load("archive"), trust, NOW)
    assert "E_REVOKED" in bad.codes


@pytest.mark.parametrize(("state", "status"), [("V", "good"), ("R", "revoked")])
def test_what_openssl_answers_is_understood(
    p256: Region, tmp_path: Path, state: str, status: str
) -> None:
    delegate = issue("演示状态 DEMO", "ecdsa_p256", x509.OCSP_RESPONDER, p256.ca)
    cert, ca = x509.parse(p256.signer.cert), x509.parse(p256.ca.cert)
    (tmp_path / "ca.pem").write_bytes(x509.to_pem(p256.ca.cert))
    (tmp_path / "responder.pem").write_bytes(x509.to_pem(delegate.cert))
    (tmp_path / "responder.der").write_bytes(delegate.private)
    subprocess.run(
        ["openssl", "pkey", "-inform", "DER", "-in", "responder.der", "-out", "responder.key"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    when = "260301000000Z" if state == "R" else ""
    (tmp_path / "index.txt").write_text(
        f"{state}\t290101000000Z\t{when}\t{cert.serial:032X}\tunknown\t/CN=x\n"
    )
    (tmp_path / "request.der").write_bytes(ocsp_wire.request(cert, ca, b"nonce-of-16-octs"))
    done = subprocess.run(
        [
            *("openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem"),
            *("-rsigner", "responder.pem", "-rkey", "responder.key", "-ndays", "7"),
            *("-reqin", "request.der", "-respout", "answer.der"),
        ],
        cwd=tmp_path, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    data = (tmp_path / "answer.der").read_bytes()
    answer = ocsp.parse(data)
    assert answer is not None
    assert der.whole(answer.nonce).octets() == b"nonce-of-16-octs"
    if not x509.parse(delegate.cert).valid_at(datetime.now(UTC)):
        pytest.skip("the certificates of this test have ended")
    found = ocsp.for_certificate((data,), cert, ca)
    assert found is not None
    assert found.status.value == status
    assert by_name("ecdsa_p256").oid == answer.signature_oid
