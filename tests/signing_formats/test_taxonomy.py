"""Every kind of bad OFD has a name: one test per row of the list of failures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from signing import x509
from signing.checks.case import Trust
from signing.formats.ofd import package
from signing.model import Indication, Verdict
from signing.policies import load
from signing.ses import der
from signing.verify import inspect, judge

from .conftest import AT, END, START, Region, issue, unsealed_files
from .craft import OWN, Recipe, craft, entries

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
