"""The update that seals a plain PDF: held to pyHanko's, octet by octet where it can be."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificates import typebook
from certificates.fonts import Fonts
from certificates.model import CertificateType, Template
from signing.formats.pdf.seal import prepare, seal, seal_by_library
from signing.formats.running import Beginnings, start
from signing.model import Indication, Placement
from signing.policies import load
from signing.verify import inspect, judge
from tests.certificates.samples import ANNOTATION, values

from .conftest import AT, Region, make_region

POLICY = load("certificate")
ALGORITHMS = ("ecdsa_p256", "sm2_sm3", "ecdsa_p384", "rsa_pss")
COMMON = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def kind() -> CertificateType:
    return typebook.load()["household-register"]


@pytest.fixture(scope="module")
def template(kind: CertificateType) -> Template:
    from certificates.faces import compile_face

    return compile_face("pdf", kind, Fonts.load([]))


@pytest.fixture(scope="module")
def regions() -> dict[str, Region]:
    return {name: make_region(name) for name in ALGORITHMS}


def cms_of(sealed: bytes) -> bytes:
    from asn1crypto import parser

    at = sealed.rindex(b"/Contents <") + 11
    octets = bytes.fromhex(sealed[at : sealed.index(b">", at)].decode())
    return octets[: parser.peek(octets)]


def attribute(cms: bytes) -> tuple[bytes, bytes]:
    """The message digest and the signature value of a CMS, read by asn1crypto."""
    from asn1crypto.cms import ContentInfo

    (info,) = ContentInfo.load(cms)["content"]["signer_infos"]
    (digest,) = (
        item["values"][0].native
        for item in info["signed_attrs"]
        if item["type"].dotted == "1.2.840.113549.1.9.4"
    )
    return digest, info["signature"].native


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_cms_is_the_librarys_octet_for_octet(
    name: str, regions: dict[str, Region], template: Template, kind: CertificateType
) -> None:
    region, unsealed = regions[name], template.fill(values(kind))
    place = [template.placement]
    theirs = cms_of(seal_by_library(unsealed, region.material(), place, AT, region.signer.sign))
    pending = prepare(unsealed, region.material(), place, AT)
    assert pending is not None
    digest, signature = attribute(theirs)
    assert pending.form.whole(pending.form.attributes(digest), signature) == theirs
    assert len(theirs) <= pending.form.size


def plain(item: Any) -> Any:
    """An object of pyHanko as plain values, references followed, streams decoded."""
    from pyhanko.pdf_utils import generic

    item = item.get_object() if hasattr(item, "get_object") else item
    if isinstance(item, generic.StreamObject):
        left = {"/Filter", "/Length"}
        return ({k: plain(v) for k, v in item.items() if k not in left}, item.data)
    if isinstance(item, dict):
        left = {"/Parent", "/P", "/Contents", "/ByteRange", "/Pages"}
        return {
            str(key): plain(value)
            for key, value in item.items()
            if key not in left or isinstance(value, int)
        }
    if isinstance(item, list):
        return [plain(item[place]) for place in range(len(item))]
    return item


def field_of(sealed: bytes) -> tuple[dict[str, Any], Any]:
    from pyhanko.pdf_utils.reader import PdfFileReader

    root = PdfFileReader(io.BytesIO(sealed)).root
    return plain(root), root["/AcroForm"]["/Fields"][0]


def test_catalogue_form_field_and_signature_say_what_the_librarys_say(
    regions: dict[str, Region], template: Template, kind: CertificateType
) -> None:
    region, unsealed = regions["ecdsa_p256"], template.fill(values(kind))
    given = (unsealed, region.material(), [template.placement], AT, region.signer.sign)
    (ours, own), (theirs, other) = field_of(seal(*given)), field_of(seal_by_library(*given))
    for found, field in ((ours, own), (theirs, other)):
        (widget,) = found["/AcroForm"]["/Fields"]
        # The appearance is drawn with other operators; its pictures must be the same.
        form = field["/AP"]["/N"]
        assert form["/Subtype"] == "/Form"
        widget["/AP"] = plain(form["/Resources"]["/XObject"]["/ImgSeal"])
    assert ours == theirs
    assert own["/P"]["/Annots"][0]["/T"] == "Seal1"


@given(
    rows=st.integers(0, 14),
    seconds=st.integers(0, 10**8),
    name=st.text("测试甲乙丙丁王李张刘陈", min_size=1, max_size=12),
    annotated=st.booleans(),
    which=st.sampled_from(ALGORITHMS),
)
@COMMON
def test_whatever_a_face_holds_the_sealed_file_passes_here_and_at_pyhanko(
    regions: dict[str, Region],
    template: Template,
    kind: CertificateType,
    *,
    rows: int,
    seconds: int,
    name: str,
    annotated: bool,
    which: str,
) -> None:
    at = AT + timedelta(seconds=seconds // 10)
    region = regions[which]
    made = values(kind, rows=rows, annotation=ANNOTATION if annotated else None)
    fields = {key: name for key in made.fields if "id" not in key and "date" not in key}
    unsealed = template.fill(values(kind, rows=rows, annotation=made.annotation, **fields))
    pending = prepare(unsealed, region.material(), [template.placement], at)
    assert pending is not None
    sealed = pending.finish(region.signer.sign(pending.digest))
    assert sealed.startswith(unsealed)
    verdict = judge(inspect(sealed), POLICY, region.trust, at)
    assert verdict.indication is Indication.TOTAL_PASSED, verdict.to_json()
    if which != "sm2_sm3":
        status = by_pyhanko(sealed, region)
        assert status.bottom_line
        assert status.docmdp_ok
        assert status.coverage.name == "ENTIRE_FILE"


def by_pyhanko(sealed: bytes, region: Region) -> Any:
    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    (signature,) = PdfFileReader(io.BytesIO(sealed)).embedded_signatures
    roots = [x509.Certificate.load(region.root.cert)]
    context = ValidationContext(trust_roots=roots, moment=AT, allow_fetching=False)
    return validate_pdf_signature(signature, context)


def test_sealing_again_asks_for_the_same_digest(
    regions: dict[str, Region], template: Template, kind: CertificateType
) -> None:
    region = regions["sm2_sm3"]
    files = [template.fill(values(kind, rows=rows)) for rows in (1, 2, 1, 3, 1)]
    asked = [prepare(item, region.material(), [template.placement], AT) for item in files]
    assert asked[0] == asked[2] == asked[4]
    assert len({item.digest for item in asked if item}) == 3


def test_one_changed_octet_never_passes(
    regions: dict[str, Region], template: Template, kind: CertificateType
) -> None:
    region = regions["ecdsa_p256"]
    place = [template.placement]
    sealed = seal(template.fill(values(kind)), region.material(), place, AT, region.signer.sign)
    update = len(template.fill(values(kind)))
    for offset in (*range(0, update, 4001), *range(update, len(sealed), 61)):
        changed = bytearray(sealed)
        changed[offset] ^= 1
        assert not judge(inspect(bytes(changed)), POLICY, region.trust, AT).passed, offset


def test_a_seal_goes_onto_a_later_page(
    regions: dict[str, Region], template: Template, kind: CertificateType
) -> None:
    region = regions["ecdsa_p256"]
    place = Placement(1, 20.0, 30.0, 42.0, 42.0)
    unsealed = template.fill(values(kind, rows=20))
    sealed = seal(unsealed, region.material(), [place], AT, region.signer.sign)
    verdict = judge(inspect(sealed), POLICY, region.trust, AT)
    assert verdict.passed
    assert verdict.signatures[0].stamps[0].page == "1"
    assert prepare(unsealed, region.material(), [Placement(9, 1, 1, 9, 9)], AT) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/Root 1 0 R", b"/Root 2 0 R"),
        (b"/Size 1", b"/Size 9"),
        (b"trailer\n<</Size", b"trailer\n<< /Size"),
        (b"startxref\n", b"startxref\n1"),
        (b"%%EOF\n", b"%%EOF\n\n"),
        (b"/Type/Pages/Count 1", b"/Type/Pages/Count 2"),
        (b"<</Type/Catalog", b"<</Type/Cotalog"),
        (b"/Lang(zh-CN)", b"/Lang(zh)/AcroForm 9 0 R"),
        (b"xref\n0 ", b"xref\n1 "),
        (b"/MediaBox[0 0", b"/MediaBox[1 0"),
    ],
)
def test_what_is_not_plain_is_left_to_the_library(
    regions: dict[str, Region], template: Template, kind: CertificateType, old: bytes, new: bytes
) -> None:
    unsealed = template.fill(values(kind))
    assert old in unsealed
    changed = unsealed.replace(old, new)
    assert prepare(changed, regions["ecdsa_p256"].material(), [template.placement], AT) is None
    for size in (0, 1, 100, len(unsealed) - 1):
        cut = unsealed[:size]
        assert prepare(cut, regions["ecdsa_p256"].material(), [template.placement], AT) is None


@given(
    beginnings=st.lists(st.binary(max_size=40), min_size=1, max_size=4),
    ends=st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=60)), max_size=12),
    name=st.sampled_from(["sm3", "sha256", "sha384"]),
)
@COMMON
def test_a_remembered_beginning_gives_the_digest_of_the_whole(
    beginnings: list[bytes], ends: list[tuple[int, bytes]], name: str
) -> None:
    known = Beginnings(name)
    for which, end in ends:
        data = beginnings[which % len(beginnings)] * 300 + end
        running = known.after(data)
        assert running.copy().digest() == once(name, data)
        running.update(b"more")
        assert running.digest() == once(name, data + b"more")


def once(name: str, data: bytes) -> bytes:
    if name != "sm3":
        return hashlib.new(name, data).digest()
    running = start(name)
    running.update(data)
    return running.digest()
