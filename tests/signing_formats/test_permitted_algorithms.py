"""Which keys and digests a policy permits is a row of its file; PDF seals of each pass or do not."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from kernel.errors import TongbanError
from signing import x509
from signing.checks.case import Case, Raised
from signing.checks.permitted_algorithm import check
from signing.formats.pdf.seal import seal
from signing.model import Indication
from signing.policies import load
from signing.verify import inspect, judge
from signing.x509.key import kind, longest_signature, rsa_bits

from .conftest import AT, PLACE, Party, Region, issue, make_region

CERTIFICATE, ARCHIVE = load("certificate"), load("archive")
KINDS = {
    "ecdsa_p384": "p384",
    "rsa_pkcs1_2048": "rsa-2048",
    "rsa_pss_3072": "rsa-3072",
    "rsa_pkcs1_4096": "rsa-4096",
    "rsa_pss_4096": "rsa-4096",
}


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


def region(p256: Region, algorithm: str) -> Region:
    """The P-256 region with one signer of another family."""
    signer = issue("测试局 DEMO", algorithm, x509.SIGNER, p256.ca)
    return replace(p256, algorithm=algorithm, signer=signer)


@pytest.fixture(scope="module", params=sorted(KINDS))
def family(request: pytest.FixtureRequest, p256: Region) -> Region:
    return region(p256, request.param)


@pytest.fixture(scope="module")
def sealed(blank: bytes, family: Region) -> bytes:
    return seal(blank, family.material(), PLACE, AT, family.signer.sign)


def test_each_key_and_scheme_seals_a_pdf_that_passes(sealed: bytes, family: Region) -> None:
    for policy in (CERTIFICATE, ARCHIVE):
        verdict = judge(inspect(sealed, "a.pdf"), policy, family.trust, AT)
        assert verdict.indication is Indication.TOTAL_PASSED, verdict.to_json()
    cert = x509.parse(family.signer.cert)
    assert kind(cert.key_algorithm, cert.curve, cert.spki) == KINDS[family.algorithm]
    changed = sealed.replace(b"BT ET", b"ET BT", 1)
    verdict = judge(inspect(changed, "a.pdf"), CERTIFICATE, family.trust, AT)
    assert verdict.indication is Indication.TOTAL_FAILED
    assert "E_DIGEST_MISMATCH" in verdict.codes


def test_stock_pyhanko_accepts_each_of_them(sealed: bytes, family: Region) -> None:
    from asn1crypto import x509 as asn1
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(
        trust_roots=[asn1.Certificate.load(family.root.cert)],
        other_certs=[asn1.Certificate.load(family.ca.cert)],
        moment=AT,
        allow_fetching=False,
    )
    reader = PdfFileReader(io.BytesIO(sealed))
    status = validate_pdf_signature(reader.embedded_signatures[0], context)
    assert status.bottom_line, status.summary()


def test_a_whole_region_of_p384_passes(blank: bytes) -> None:
    city = make_region("ecdsa_p384")
    made = seal(blank, city.material(), PLACE, AT, city.signer.sign)
    verdict = judge(inspect(made, "a.pdf"), CERTIFICATE, city.trust, AT)
    assert verdict.indication is Indication.TOTAL_PASSED, verdict.to_json()


@pytest.mark.parametrize("name", ["ed25519", "rsa_pss_1024", "md5", ""])
def test_other_algorithms_make_no_pdf_seal(blank: bytes, p256: Region, name: str) -> None:
    with pytest.raises(TongbanError, match="seal-not-possible"):
        seal(blank, replace(p256.material(), algorithm=name), PLACE, AT, p256.signer.sign)


def evidence_case(blank: bytes, city: Region, **rows: tuple[str, ...]) -> Case:
    made = seal(blank, city.material(), PLACE, AT, city.signer.sign)
    evidence = inspect(made, "a.pdf")
    permitted = {name.replace("_", "-"): row for name, row in rows.items()}
    return Case(evidence, evidence.signatures[0], city.trust, AT, permitted)


def test_rows_decide_and_each_refusal_has_its_code(blank: bytes, sm2: Region, p256: Region) -> None:
    path = evidence_case(blank, p256).signature.path

    def raised(city: Region, **rows: tuple[str, ...]) -> list[Raised]:
        found = check(evidence_case(blank, city, **rows))
        return [item for item in found if "DEMO: " not in item.detail]  # said of those above

    assert not raised(p256, p256=("sha256",))
    assert raised(p256, sm2=("sm3",)) == [
        Raised("E_ALG_UNSUPPORTED", path, "p256 key is not permitted")
    ]
    assert raised(p256, p256=("sha384",)) == [Raised("E_WEAK_DIGEST", path, "sha256 with p256 key")]
    assert raised(p256, p256=("sha384",), p384=("sha256",)) == [
        Raised("E_ALG_UNSUPPORTED", path, "sha256 with p256 key")
    ]
    assert not raised(sm2, sm2=("sm3",))
    assert [item.code for item in raised(sm2, sm2=("sha256",))] == ["E_WEAK_DIGEST"]
    rsa = region(p256, "rsa_pss_2048")
    assert not raised(rsa, rsa_1024=("sha512",), rsa_2048=("sha256",), rsa_3072=("sha384",))
    assert [item.code for item in raised(rsa, rsa_3072=("sha256",))] == ["E_ALG_UNSUPPORTED"]


def test_the_keys_above_the_signer_count_as_well(blank: bytes, p256: Region) -> None:
    middle = issue("中间 DEMO", "ecdsa_p384", x509.ISSUING_CA, p256.root)
    signer = issue("测试局 DEMO", "ecdsa_p256", x509.SIGNER, middle)
    city = replace(p256, ca=middle, signer=signer)
    path = evidence_case(blank, city).signature.path
    assert not list(check(evidence_case(blank, city, p256=("sha256",), p384=("sha384",))))
    for rows, detail in (
        ({"p256": ("sha256",)}, "中间 DEMO: p384 key is not permitted"),
        ({"p256": ("sha256",), "p384": ("sha512",)}, "中间 DEMO: sha384 with p384 key"),
    ):
        (raised,) = check(evidence_case(blank, city, **rows))
        assert (raised.path, raised.detail) == (path, detail)


def test_sm2_goes_with_sm3_alone_under_both_policies() -> None:
    assert CERTIFICATE.permitted["sm2"] == ARCHIVE.permitted["sm2"] == ("sm3",)
    for policy in (CERTIFICATE, ARCHIVE):
        assert not any("sm3" in row for name, row in policy.permitted.items() if name != "sm2")


def small_rsa(p256: Region) -> Region:
    from cryptography.hazmat.primitives.asymmetric import rsa

    from signing.algorithms._keys import private_der, public_der

    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    spki = public_der(key.public_key())
    cert = x509.build(
        subject=x509.Name("测试局 DEMO"),
        issuer_raw=x509.parse(p256.ca.cert).subject_raw,
        spki=spki,
        issuer_spki=p256.ca.spki,
        profile=x509.SIGNER,
        not_before=AT,
        not_after=AT.replace(year=2027),
        algorithm="ecdsa_p256",
        sign=p256.ca.sign,
    )
    return replace(p256, algorithm="rsa_pkcs1", signer=Party("rsa_pkcs1", private_der(key), cert))


def test_an_rsa_key_of_1024_bits_is_for_archives_only(blank: bytes, p256: Region) -> None:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    city = small_rsa(p256)
    key = serialization.load_der_private_key(city.signer.private, None)

    def sign(digest: bytes) -> bytes:
        made: bytes = key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
        return made

    evidence = inspect(seal(blank, city.material(), PLACE, AT, sign), "a.pdf")
    strict = judge(evidence, CERTIFICATE, city.trust, AT)
    assert "E_ALG_UNSUPPORTED" in strict.codes
    assert not strict.passed
    assert judge(evidence, ARCHIVE, city.trust, AT).passed


@pytest.mark.parametrize(
    "rows",
    ["", "[permitted]\n", '[permitted]\nsm2 = ["md5"]\n', '[permitted]\n"rsa-x" = ["sha256"]\n',
     '[permitted]\nsm2 = "sm3"\n', "[permitted]\nsm2 = 3\n", "permitted = 1\n"],
)  # fmt: skip
def test_a_policy_without_sound_rows_is_unreadable(tmp_path: Path, rows: str) -> None:
    text = (Path(x509.__file__).parents[1] / "policies" / "certificate.toml").read_text("utf-8")
    head, _ = text.split("[permitted]")
    title, severities = head.split("[severity]")
    top, table = (rows, "") if rows.startswith("permitted =") else ("", rows)
    folder = tmp_path / "registry" / "signing" / "policies"
    folder.mkdir(parents=True)
    (folder / "own.toml").write_text(f"{top}{title}[severity]{severities}{table}", "utf-8")
    with pytest.raises(TongbanError, match="policy-unreadable"):
        load("own", tmp_path)


@pytest.mark.parametrize("spki", [b"", b"\x30\0", b"\x30\x04\x30\0\3\0", b"\x30\x06\x30\0\3\2\0\1"])
def test_an_unreadable_rsa_key_has_no_size(spki: bytes) -> None:
    assert rsa_bits(spki) == 0
    assert kind("1.2.840.113549.1.1.1", "", spki) == "rsa-0"


def test_a_curve_without_a_name_is_its_oid(p256: Region) -> None:
    assert kind("1.2.840.10045.2.1", "1.3.36.3.3.2.8.1.1.7", b"") == "1.3.36.3.3.2.8.1.1.7"
    assert longest_signature("1.2.840.10045.2.1", p256.signer.spki) == 72


def test_each_certificate_stands_once_in_the_signature(sealed: bytes, family: Region) -> None:
    evidence = inspect(sealed, "a.pdf")
    names = evidence.signatures[0].certificates
    assert len(names) == len(set(names)) == 2
    start = sealed.rindex(b"/Contents <") + 11
    contents = bytes.fromhex(sealed[start : sealed.index(b">", start)].decode())
    assert contents.count(family.signer.cert) == contents.count(family.ca.cert) == 1
