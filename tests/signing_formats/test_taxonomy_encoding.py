"""Every kind of bad OFD has a name: encodings, numbers, keys, structure and places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from signing import x509
from signing.algorithms.sm2_sm3 import sm3, z
from signing.formats.crypto import SM2_N
from signing.formats.ofd import package
from signing.model import Indication, Verdict
from signing.policies import load
from signing.ses import build, der
from signing.verify import inspect, judge

from .conftest import AT, END, NS, START, Region, unsealed_files
from .craft import OWN, Recipe, craft, entries, md5, numbers, raw_numbers

CERTIFICATE, ARCHIVE = load("certificate"), load("archive")
FAILED, UNKNOWN = Indication.TOTAL_FAILED, Indication.INDETERMINATE


def verdict(data: bytes, region: Region, policy: str = "certificate") -> Verdict:
    return judge(inspect(data), load(policy), region.trust, AT)


def expect(
    data: bytes, region: Region, code: str, indication: Indication | None = FAILED
) -> Verdict:
    found = verdict(data, region)
    assert code in found.codes, found.codes
    assert found.indication is indication, found.to_json()
    return found


def test_row_23_an_unknown_version(sm2: Region) -> None:
    seal_der = sm2.seal_der()
    odd = seal_der.replace(b"\x16\x02ES\x02\x01\x04", b"\x16\x02ES\x02\x01\x09")
    expect(craft(sm2, Recipe(seal_der=odd)), sm2, "E_SES_VERSION", UNKNOWN)


def test_row_23_versions_that_disagree(sm2: Region) -> None:
    def five(tbs: bytes) -> bytes:
        return tbs.replace(b"\x02\x01\x04", b"\x02\x01\x05", 1)

    expect(craft(sm2, Recipe(tbs=five)), sm2, "E_SES_VERSION", UNKNOWN)


def test_row_24_ber_with_indefinite_length(sm2: Region) -> None:
    def loose(value: bytes) -> bytes:
        return b"\x30\x80" + der.whole(value).content + b"\x00\x00"

    expect(craft(sm2, Recipe(value=loose)), sm2, "E_ASN1_NOT_DER")


def test_row_24_a_length_that_is_not_minimal(sm2: Region) -> None:
    def padded(value: bytes) -> bytes:
        content = der.whole(value).content
        return b"\x30\x84" + len(content).to_bytes(4, "big") + content

    expect(craft(sm2, Recipe(value=padded)), sm2, "E_ASN1_NOT_DER")


def test_row_24_trailing_bytes(sm2: Region) -> None:
    expect(craft(sm2, Recipe(value=lambda data: data + b"\x05\x00")), sm2, "E_ASN1_TRAILING_DATA")


def test_row_25_raw_numbers(sm2: Region) -> None:
    data = craft(sm2, Recipe(signature=raw_numbers))
    expect(data, sm2, "W_RAW_RS_SIGNATURE")
    assert verdict(data, sm2, "archive").passed


@pytest.mark.parametrize(
    "pair", [(0, 5), (5, 0), (SM2_N, 5), (5, SM2_N + 1), (7, SM2_N - 7), (-3, 5)]
)
def test_row_26_numbers_out_of_range(sm2: Region, pair: tuple[int, int]) -> None:
    expect(craft(sm2, Recipe(signature=lambda _: numbers(*pair))), sm2, "E_SIG_RANGE")


def test_row_27_a_key_off_the_curve(sm2: Region) -> None:
    broken = bytearray(sm2.signer.cert)
    at = broken.index(x509.parse(sm2.signer.cert).spki[-32:])
    broken[at + 31] ^= 1
    region = replace(sm2, signer=replace(sm2.signer, cert=bytes(broken)))
    expect(craft(region, Recipe()), sm2, "E_KEY_INVALID")


def test_row_28_the_key_oid_as_signature_algorithm(sm2: Region) -> None:
    data = craft(sm2, Recipe(algorithm="1.2.156.10197.1.301"))
    expect(data, sm2, "E_ALG_UNSUPPORTED", UNKNOWN)


@pytest.mark.parametrize("method", ["MD5", "1.2.840.113549.2.5", None])
def test_row_28_md5_named_or_by_default(sm2: Region, method: str | None) -> None:
    found = expect(
        craft(sm2, Recipe(check_method=method, digest=md5)), sm2, "E_WEAK_DIGEST", UNKNOWN
    )
    assert not found.passed


def test_row_29_a_keyed_digest_is_read_and_mentioned(sm2: Region) -> None:
    own = z(sm2.signer.spki)
    recipe = Recipe(check_method="1.2.156.10197.1.401.2", digest=lambda data: sm3(own + data))
    found = verdict(craft(sm2, recipe), sm2)
    assert "W_KEYED_DIGEST" in found.codes
    assert found.passed, found.codes


def test_row_30_property_info_that_names_another_file(sm2: Region) -> None:
    data = craft(sm2, Recipe(property_info="/Doc_0/Signs/Sign_9/Signature.xml"))
    expect(data, sm2, "W_PROPERTYINFO_MISMATCH")
    assert verdict(data, sm2, "archive").passed


@pytest.mark.parametrize(
    "path",
    [f"{OWN}/SignedValue.dat", f"{OWN}/Signature.xml", f"{OWN}/Seal.esl", "Doc_0/PublicRes.xml"],
)
def test_row_31_a_missing_part(sm2: Region, path: str) -> None:
    expect(craft(sm2, Recipe(drop=frozenset({path}))), sm2, "E_MISSING_PART")


def test_row_33_a_seal_appended_after_whole_protection(sm2: Region) -> None:
    files = entries(sm2, Recipe())
    listing = files["Doc_0/Signs/Signatures.xml"]
    second = b'<ofd:Signature ID="s009" BaseLoc="/Doc_0/Signs/Sign_1/Signature.xml"/>'
    files["Doc_0/Signs/Signatures.xml"] = listing.replace(
        b"</ofd:Signatures>", second + b"</ofd:Signatures>"
    )
    files["Doc_0/Signs/Sign_1/Signature.xml"] = files[f"{OWN}/Signature.xml"]
    expect(package.write(list(files.items())), sm2, "E_CHANGED_AFTER_SEAL")


@pytest.mark.parametrize(
    "reference",
    ["/../../etc/passwd", "file:///etc/passwd", "http://192.0.2.1/a", "C:\\a", "\\a"],
)
def test_row_41_a_reference_out_of_the_package(sm2: Region, reference: str) -> None:
    extra = (
        f'<ofd:Reference FileRef="{reference}"><ofd:CheckValue>AA==</ofd:CheckValue>'
        "</ofd:Reference>"
    )
    expect(craft(sm2, Recipe(references=extra)), sm2, "E_REF_PATH_ESCAPE")


AMBIGUOUS: list[Callable[[bytes], bytes]] = [
    lambda xml: xml.replace(
        b"</ofd:SignedInfo>", b"</ofd:SignedInfo><ofd:SignedInfo></ofd:SignedInfo>"
    ),
    lambda xml: xml.replace(b"</ofd:References>", b"</ofd:References><ofd:References/>"),
    lambda xml: xml.replace(
        b"</ofd:References>",
        b'<ofd:Reference FileRef="/OFD.xml"><ofd:CheckValue>AA==</ofd:CheckValue></ofd:Reference>'
        b"</ofd:References>",
    ),
]


@pytest.mark.parametrize("change", AMBIGUOUS)
def test_row_42_an_ambiguous_description(sm2: Region, change: Callable[[bytes], bytes]) -> None:
    expect(craft(sm2, Recipe(xml=change)), sm2, "E_XML_AMBIGUOUS")


def test_row_42_two_signatures_of_one_id(sm2: Region) -> None:
    files = entries(sm2, Recipe())
    listing = files["Doc_0/Signs/Signatures.xml"]
    twin = b'<ofd:Signature ID="s001" BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml"/>'
    files["Doc_0/Signs/Signatures.xml"] = listing.replace(
        b"</ofd:Signatures>", twin + b"</ofd:Signatures>"
    )
    expect(package.write(list(files.items())), sm2, "E_XML_AMBIGUOUS")


def test_row_43_a_strange_namespace(sm2: Region) -> None:
    def strange(data: bytes) -> bytes:
        return data.replace(b"http://www.ofdspec.org/2016", b"http://example.invalid/ofd")

    expect(craft(sm2, Recipe(root=strange)), sm2, "E_NAMESPACE")


def test_row_43_the_old_namespace_is_mentioned(sm2: Region) -> None:
    def old(data: bytes) -> bytes:
        return data.replace(b"http://www.ofdspec.org/2016", b"http://www.ofdspec.org")

    found = verdict(craft(sm2, Recipe(root=old)), sm2)
    assert "W_NAMESPACE" in found.codes
    assert found.passed


@pytest.mark.parametrize("boundary", [b"900 900 40 40", b"0 0 0 0", b"1 2 3", b"a b c d"])
def test_row_44_a_seal_drawn_where_nobody_sees_it(sm2: Region, boundary: bytes) -> None:
    recipe = Recipe(xml=lambda data: data.replace(b"120 200 40 40", boundary))
    assert "E_STAMP_PLACEMENT" in verdict(craft(sm2, recipe), sm2).codes


def test_row_44_a_seal_on_a_page_that_does_not_exist(sm2: Region) -> None:
    recipe = Recipe(xml=lambda data: data.replace(b'PageRef="1"', b'PageRef="77"'))
    assert "E_STAMP_PLACEMENT" in verdict(craft(sm2, recipe), sm2).codes


def test_row_44_a_picture_that_lies_about_its_type(sm2: Region) -> None:
    info = build.seal_info(
        es_id="41010000000002",
        kind=1,
        name="示例市测试局",
        certificates=(sm2.signer.cert,),
        created=START,
        valid_from=START,
        valid_to=END,
        picture=build.Picture("PNG", b"GIF89a", 40, 40),
        vid="T",
    )
    oid = "1.2.156.10197.1.501"
    seal_der = build.seal(info, sm2.maker.cert, oid, sm2.maker.sign_message(info))
    assert "E_STAMP_PLACEMENT" in verdict(craft(sm2, Recipe(seal_der=seal_der)), sm2).codes


def test_row_44_a_stamp_that_is_only_drawn(sm2: Region) -> None:
    page = f'<ofd:PageAnnot {NS}><ofd:Annot ID="9" Type="Stamp"/></ofd:PageAnnot>'
    files = [*unsealed_files(), ("Doc_0/Annots/Page_0/Annotation.xml", page.encode())]
    found = verdict(craft(sm2, Recipe(files=files)), sm2)
    assert "E_FAKE_STAMP_IMAGE" in found.codes
    assert found.passed, "the real seal stands"


def test_row_45_a_certificate_that_cannot_be_read(sm2: Region) -> None:
    region = replace(sm2, signer=replace(sm2.signer, cert=sm2.signer.cert[:-5]))
    expect(craft(region, Recipe()), sm2, "E_CERT_FORMAT")
