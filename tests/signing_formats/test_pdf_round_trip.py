"""What we seal as PDF, we verify; stock pyHanko agrees; and nothing else passes."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from kernel.errors import TongbanError
from signing.checks.case import Trust
from signing.formats.pdf.seal import seal
from signing.model import Indication, Placement
from signing.policies import load
from signing.verify import inspect, judge

from .conftest import AT, PLACE, Region

CERTIFICATE, ARCHIVE = load("certificate"), load("archive")


@pytest.fixture(scope="module")
def blank() -> bytes:
    """One empty page, as stock pyHanko writes it."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

    writer = PdfFileWriter()
    content = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.insert_page(PageObject(contents=content, media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.fixture(scope="module", params=["p256", "sm2"])
def family(request: pytest.FixtureRequest) -> Region:
    region: Region = request.getfixturevalue(request.param)
    return region


@pytest.fixture(scope="module")
def sealed(blank: bytes, family: Region) -> bytes:
    return seal(blank, family.material(), PLACE, AT, family.signer.sign)


def test_a_sealed_pdf_passes_with_the_regions_trust(sealed: bytes, family: Region) -> None:
    verdict = judge(inspect(sealed, "a.pdf"), CERTIFICATE, family.trust, AT)
    assert verdict.indication is Indication.TOTAL_PASSED, verdict.to_json()
    (signature,) = verdict.signatures
    assert "测试局" in signature.signer
    assert signature.time.startswith("2026-03-02T01:02:03")
    assert signature.level == "B-B"
    assert b"06092A864886F70D010702" in sealed.upper(), "PKCS #7's own content type"
    (stamp,) = signature.stamps
    assert (stamp.page, round(float(stamp.x_mm)), round(float(stamp.y_mm))) == ("0", 120, 200)


def test_stock_pyhanko_accepts_our_p256_seal(blank: bytes, p256: Region) -> None:
    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    made = seal(blank, p256.material(), PLACE, AT, p256.signer.sign)
    (signature,) = PdfFileReader(io.BytesIO(made)).embedded_signatures
    roots = [x509.Certificate.load(p256.root.cert)]
    context = ValidationContext(trust_roots=roots, moment=AT, allow_fetching=False)
    status = validate_pdf_signature(signature, context)
    assert status.bottom_line
    assert status.docmdp_ok


@pytest.mark.parametrize("step", range(12))
def test_one_changed_byte_never_passes(sealed: bytes, family: Region, step: int) -> None:
    for offset in range(step * 23, len(sealed), 12 * 23):
        changed = bytearray(sealed)
        changed[offset] ^= 1 << step % 8
        verdict = judge(inspect(bytes(changed)), CERTIFICATE, family.trust, AT)
        assert not verdict.passed, offset
        assert verdict.codes, offset


def test_bytes_appended_after_the_seal_are_named(sealed: bytes, family: Region) -> None:
    for tail in (b"\n", b"\n% more\n", b"\x00" * 10):
        verdict = judge(inspect(sealed + tail), CERTIFICATE, family.trust, AT)
        assert not verdict.passed
        assert {"E_UNCOVERED_FILE", "E_CHANGED_AFTER_SEAL"} & set(verdict.codes)


def test_a_page_changed_in_an_update_is_a_change_after_the_seal(
    sealed: bytes, family: Region
) -> None:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(sealed))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"q Q"))
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    for policy in (CERTIFICATE, ARCHIVE):
        verdict = judge(inspect(out.getvalue()), policy, family.trust, AT)
        assert verdict.indication is Indication.TOTAL_FAILED
        assert "E_CHANGED_AFTER_SEAL" in verdict.codes


def test_a_removed_signature_field_leaves_an_unsealed_file(sealed: bytes) -> None:
    cut = sealed.replace(b"/AcroForm", b"/AcroFrom")
    verdict = judge(inspect(cut), CERTIFICATE, Trust(), AT)
    assert verdict.indication is None
    assert "E_NO_SIGNATURE" in verdict.codes


def test_an_unsealed_pdf_is_unsealed(blank: bytes) -> None:
    verdict = judge(inspect(blank), CERTIFICATE, Trust(), AT)
    assert verdict.indication is None
    assert verdict.codes == ("E_NO_SIGNATURE",)


@pytest.mark.parametrize("size", [0, 1, 8, 100, 300])
def test_a_truncated_pdf_says_that_it_is_damaged(sealed: bytes, size: int) -> None:
    verdict = judge(inspect(sealed[:size]), CERTIFICATE, Trust(), AT)
    assert verdict.indication is Indication.TOTAL_FAILED
    assert "E_FORMAT" in verdict.codes


def test_a_file_that_is_no_pdf_cannot_be_sealed(p256: Region) -> None:
    for junk in (b"", b"%PDF-1.7\n", b"\x00" * 200):
        with pytest.raises(TongbanError, match="seal-not-possible"):
            seal(junk, p256.material(), PLACE, AT, p256.signer.sign)


def test_a_page_that_does_not_exist_cannot_be_sealed(blank: bytes, p256: Region) -> None:
    with pytest.raises(TongbanError, match="seal-not-possible"):
        seal(blank, p256.material(), (Placement(7, 1, 1, 40, 40),), AT, p256.signer.sign)


def test_a_signature_with_a_certificate_that_ended_is_indeterminate(
    sealed: bytes, family: Region
) -> None:
    verdict = judge(inspect(sealed), CERTIFICATE, family.trust, AT + timedelta(days=900))
    assert verdict.indication is Indication.INDETERMINATE
    assert "INDETERMINATE_NO_POE" in verdict.codes


def test_sealing_inside_a_running_event_loop_works(blank: bytes, p256: Region) -> None:
    import asyncio

    async def inside() -> bytes:
        return seal(blank, p256.material(), PLACE, AT, p256.signer.sign)

    assert judge(inspect(asyncio.run(inside())), CERTIFICATE, p256.trust, AT).passed


def test_sealing_again_asks_the_key_for_the_same_digest(blank: bytes, family: Region) -> None:
    asked: list[bytes] = []

    def sign(digest: bytes) -> bytes:
        asked.append(digest)
        return family.signer.sign(digest)

    material = family.material(b"0")
    for _ in range(2):
        seal(blank, material, PLACE, AT, sign)
    assert len(asked) == 2
    assert asked[0] == asked[1]


def sealed_with_ses(blank: bytes, region: Region, covered: bytes | None = None) -> bytes:
    """A PDF whose signature value is a GB/T 38540 structure, as some vendors write it."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
    from pyhanko.sign.signers import cms_embedder, pdf_byterange

    from signing.algorithms.sm2_sm3 import OID, sm3
    from signing.ses import build

    writer = IncrementalPdfFileWriter(io.BytesIO(blank))
    spec = SigFieldSpec("Seal", box=(10, 10, 100, 100))
    steps = cms_embedder.PdfCMSEmbedder(new_field_spec=spec).write_cms("Seal", writer)
    next(steps)
    holder = pdf_byterange.PdfSignedData(
        obj_type=generic.pdf_name("/Sig"),
        subfilter=SigSeedSubFilter.PADES,
        bytes_reserved=16000,
    )
    holder["/SubFilter"] = generic.pdf_name("/GM.sm2seal")
    steps.send(cms_embedder.SigObjSetup(sig_placeholder=holder))
    prepared, output = steps.send(cms_embedder.SigIOSetup(md_algorithm="sha256", in_place=True))
    data = output.getvalue()
    start, end = prepared.reserved_region_start, prepared.reserved_region_end
    covered = data[:start] + data[end:] if covered is None else covered
    tbs = build.to_be_signed(
        seal_der=region.seal_der(), at=AT, data_hash=sm3(covered), property_info="a.pdf"
    )
    value = build.signature(tbs, region.signer.cert, OID, region.signer.sign_message(tbs))
    steps.send(value)
    return bytes(output.getvalue())


def test_an_electronic_seal_inside_a_pdf_is_recognised_and_judged(
    blank: bytes, sm2: Region
) -> None:
    good = judge(inspect(sealed_with_ses(blank, sm2)), CERTIFICATE, sm2.trust, AT)
    assert good.passed, good.to_json()
    (signature,) = good.signatures
    assert (signature.kind, signature.structure) == ("seal", "ses-v4")
    assert signature.seal_name == "示例市测试局"
    bad = judge(inspect(sealed_with_ses(blank, sm2, b"other")), CERTIFICATE, sm2.trust, AT)
    assert bad.indication is Indication.TOTAL_FAILED
    assert "E_DIGEST_MISMATCH" in bad.codes
