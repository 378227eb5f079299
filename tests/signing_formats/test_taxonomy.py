"""Every kind of bad OFD has a name: one test per row of the list of failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from signing import x509
from signing.algorithms.sm2_sm3 import sm3, z
from signing.checks.case import Trust
from signing.formats.crypto import SM2_N
from signing.formats.ofd import package
from signing.model import Indication, Verdict
from signing.policies import load
from signing.ses import build, der
from signing.verify import inspect, judge

from .conftest import AT, END, START, Region, issue, unsealed_files
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


def test_the_crafted_seal_without_a_fault_passes(sm2: Region) -> None:
    found = verdict(craft(sm2, Recipe()), sm2)
    assert found.passed, found.to_json()
    assert set(found.codes) <= {"W_NO_TIMESTAMP", "INDETERMINATE_REVOCATION"}


def changed(region: Region, path: str) -> bytes:
    files = entries(region, Recipe())
    files[path] += b" "
    return package.write(list(files.items()))


def test_row_01_a_changed_file(sm2: Region) -> None:
    found = expect(changed(sm2, "Doc_0/Pages/Page_0/Content.xml"), sm2, "E_DIGEST_MISMATCH")
    assert any(item.path.endswith("Content.xml") for item in found.signatures[0].findings)


def test_row_02_a_removed_signature(sm2: Region) -> None:
    def cut(data: bytes) -> bytes:
        start = data.index(b"<ofd:Signatures>")
        return data[:start] + data[data.index(b"</ofd:DocBody>") :]

    expect(craft(sm2, Recipe(root=cut)), sm2, "E_NO_SIGNATURE", None)


def test_row_03_an_extra_file(sm2: Region) -> None:
    data = craft(sm2, Recipe(late=[("Doc_0/Res/extra.png", b"x")]))
    expect(data, sm2, "E_UNCOVERED_FILE")
    assert verdict(data, sm2, "archive").passed


def test_row_04_no_references(sm2: Region) -> None:
    every = frozenset(dict(unsealed_files())) | {
        f"{OWN}/Seal.esl",
        "Doc_0/Signs/Signatures.xml",
    }
    data = craft(sm2, Recipe(skip=every))
    expect(data, sm2, "E_EMPTY_REFERENCES")
    assert not verdict(data, sm2, "archive").passed


@pytest.mark.parametrize("path", ["OFD.xml", "Doc_0/Pages/Page_0/Content.xml"])
def test_row_05_partial_coverage(sm2: Region, path: str) -> None:
    data = craft(sm2, Recipe(skip=frozenset({path})))
    expect(data, sm2, "E_PARTIAL_COVERAGE")
    assert verdict(data, sm2, "archive").passed


def test_row_06_a_later_version_is_shown(sm2: Region) -> None:
    def later(data: bytes) -> bytes:
        return data.replace(b"Doc_0/Document.xml", b"Doc_0/Document_1.xml")

    files = unsealed_files()
    document = dict(files)["Doc_0/Document.xml"]
    data = craft(
        sm2,
        Recipe(root=later, skip=frozenset({"OFD.xml"}), late=[("Doc_0/Document_1.xml", document)]),
    )
    expect(data, sm2, "E_UNSIGNED_VERSION")
    assert not verdict(data, sm2, "archive").passed


def test_row_07_a_second_unsigned_document(sm2: Region) -> None:
    def second(data: bytes) -> bytes:
        body = b"<ofd:DocBody><ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
        return data.replace(b"</ofd:OFD>", body)

    expect(craft(sm2, Recipe(root=second)), sm2, "E_UNSIGNED_DOCBODY")


def test_row_08_a_changed_description(sm2: Region) -> None:
    move = Recipe(xml_after_signing=lambda data: data.replace(b"120 200", b"100 100"))
    expect(craft(sm2, move), sm2, "E_DATAHASH_MISMATCH")


def test_row_09_a_wrong_signature(sm2: Region) -> None:
    expect(craft(sm2, Recipe(sign_over=lambda tbs: tbs + b"x")), sm2, "E_SIGNATURE")


def test_row_10_a_signature_over_something_else(sm2: Region) -> None:
    seal_der = sm2.seal_der()
    recipe = Recipe(seal_der=seal_der, sign_over=lambda _: seal_der)
    expect(craft(sm2, recipe), sm2, "E_SIGNATURE_SCOPE")


def test_row_11_a_swapped_picture(sm2: Region) -> None:
    good = sm2.seal_der()
    at = good.index(b"IDAT") + 6
    forged = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
    expect(craft(sm2, Recipe(seal_der=forged)), sm2, "E_SEAL_SIGNATURE")


def test_row_12_another_seal_file(sm2: Region) -> None:
    expect(craft(sm2, Recipe(esl=lambda data: data + b"\x00")), sm2, "E_SEAL_FILE_MISMATCH")


def test_row_13_a_maker_nobody_trusts(sm2: Region) -> None:
    root = issue("陌生根", "sm2_sm3", x509.ROOT)
    stranger = replace(sm2, maker=issue("陌生制章", "sm2_sm3", x509.SIGNER, root))
    data = craft(sm2, Recipe(seal_der=stranger.seal_der()))
    expect(data, sm2, "E_SEALMAKER_UNTRUSTED", UNKNOWN)


def test_row_14_a_signer_who_is_not_on_the_seal(sm2: Region) -> None:
    other = issue("别局", "sm2_sm3", x509.SIGNER, sm2.ca)
    data = craft(sm2, Recipe(seal_der=sm2.seal_der(members=(other.cert,))))
    expect(data, sm2, "E_SIGNER_NOT_IN_SEAL")


def test_row_15_an_expired_seal(sm2: Region) -> None:
    seal_der = sm2.seal_der(end=AT - timedelta(days=1))
    expect(craft(sm2, Recipe(seal_der=seal_der)), sm2, "E_SEAL_EXPIRED")


def test_row_15_a_seal_that_is_not_yet_valid(sm2: Region) -> None:
    seal_der = sm2.seal_der(start=AT + timedelta(days=1))
    expect(craft(sm2, Recipe(seal_der=seal_der)), sm2, "E_SEAL_NOT_YET_VALID")


def test_row_16_a_signer_certificate_that_had_ended(sm2: Region) -> None:
    old = issue("旧证", "sm2_sm3", x509.SIGNER, sm2.ca, START, AT - timedelta(days=1))
    region = replace(sm2, signer=old)
    expect(craft(region, Recipe()), sm2, "E_SIGNER_CERT_EXPIRED")


def test_row_17_a_maker_certificate_out_of_its_window(sm2: Region) -> None:
    end = AT + timedelta(days=500)
    late = issue("晚制章", "sm2_sm3", x509.SIGNER, sm2.ca, END, end)
    region = replace(sm2, maker=late)
    found = verdict(craft(region, Recipe()), region)
    assert "W_MAKER_CERT_WINDOW" in found.codes


def revoked(region: Region, moment: timedelta) -> Verdict:
    signer = x509.parse(region.signer.cert)
    ca = x509.parse(region.ca.cert)
    crl = x509.build_crl(
        issuer_raw=ca.subject_raw,
        issuer_spki=ca.spki,
        revoked=[(signer.serial, AT + moment)],
        number=1,
        this_update=AT,
        next_update=AT + timedelta(days=1),
        algorithm="sm2_sm3",
        sign=region.ca.sign,
    )
    trust = replace(region.trust, crls=(crl,))
    return judge(inspect(craft(region, Recipe())), CERTIFICATE, trust, AT + timedelta(hours=2))


def test_row_18_a_signer_revoked_before(sm2: Region) -> None:
    found = revoked(sm2, timedelta(days=-1))
    assert "E_REVOKED" in found.codes
    assert found.indication is FAILED


def test_row_18_a_signer_revoked_later_needs_proof_of_time(sm2: Region) -> None:
    found = revoked(sm2, timedelta(hours=1))
    assert found.indication is UNKNOWN
    assert [item.value for item in found.sub_indications] == ["REVOKED_NO_POE"]


def test_row_19_no_anchor(sm2: Region) -> None:
    found = judge(inspect(craft(sm2, Recipe())), CERTIFICATE, Trust(), AT)
    assert "INDETERMINATE_CHAIN" in found.codes
    assert found.indication is UNKNOWN


def test_row_19_no_revocation_list_is_said(sm2: Region) -> None:
    assert "INDETERMINATE_REVOCATION" in verdict(craft(sm2, Recipe()), sm2).codes


def test_row_20_a_key_that_may_not_sign(sm2: Region) -> None:
    usage = x509.Profile(frozenset({x509.KeyUsage.KEY_ENCIPHERMENT}))
    region = replace(sm2, signer=issue("加密证书", "sm2_sm3", usage, sm2.ca))
    expect(craft(region, Recipe()), sm2, "E_KEY_USAGE", UNKNOWN)


def test_row_20_an_end_certificate_that_may_issue(sm2: Region) -> None:
    bits = frozenset({x509.KeyUsage.DIGITAL_SIGNATURE, x509.KeyUsage.KEY_CERT_SIGN})
    region = replace(sm2, signer=issue("双用", "sm2_sm3", x509.Profile(bits), sm2.ca))
    assert "W_KEY_USAGE" in verdict(craft(region, Recipe()), sm2).codes


def test_row_21_no_timestamp_is_said(sm2: Region) -> None:
    assert "W_NO_TIMESTAMP" in verdict(craft(sm2, Recipe()), sm2).codes


def test_row_21_a_timestamp_of_three_bytes(sm2: Region) -> None:
    def stamped(value: bytes) -> bytes:
        parts = der.whole(value).content
        return der.sequence(parts, der.tlv(0xA0, der.bits(b"\x01\x02\x03")))

    found = expect(craft(sm2, Recipe(value=stamped)), sm2, "E_TIMESTAMP", UNKNOWN)
    assert not found.passed


def test_row_22_a_signing_time_in_the_future(sm2: Region) -> None:
    expect(craft(sm2, Recipe(at=AT + timedelta(days=3))), sm2, "E_TIME_IN_FUTURE")


def test_row_22_sealed_before_the_seal_was_made(sm2: Region) -> None:
    early = START - timedelta(hours=1)
    data = craft(sm2, Recipe(at=early))
    assert "W_TIME_ORDER" in verdict(data, sm2).codes


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


def test_row_45_a_certificate_that_cannot_be_read(sm2: Region) -> None:
    region = replace(sm2, signer=replace(sm2.signer, cert=sm2.signer.cert[:-5]))
    expect(craft(region, Recipe()), sm2, "E_CERT_FORMAT")
