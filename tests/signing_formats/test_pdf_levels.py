"""PAdES levels: what proves the time of a sealed PDF, and for how long."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import TongbanError
from signing import x509
from signing.formats.pdf.augment import Level, Material, augment, renew_before
from signing.formats.pdf.seal import seal
from signing.model import Indication, Verdict
from signing.policies import load
from signing.verify import inspect, judge

from .conftest import AT, END, PLACE, START, Party, Region, issue, make_region
from .stamping import Stamper, authority
from .test_mutations import MILD, never_passes

CERTIFICATE, ARCHIVE = load("certificate"), load("archive")
SHORT = settings(MILD, max_examples=40)
SOON, LATER = AT + timedelta(minutes=1), AT + timedelta(days=800)
CHECKED = AT + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class City:
    """A region with a time-stamp authority and revocation lists."""

    region: Region
    tsa: Party

    def stamps(self, at: datetime = SOON) -> Stamper:
        return Stamper(self.tsa, at, (self.region.ca.cert,))

    def crl(
        self, issuer: Party, at: datetime, revoked: tuple[tuple[int, datetime], ...] = ()
    ) -> bytes:
        return x509.build_crl(
            issuer_raw=x509.parse(issuer.cert).subject_raw,
            issuer_spki=issuer.spki,
            revoked=revoked,
            number=int(at.timestamp()),
            this_update=at,
            next_update=at + timedelta(days=1),
            algorithm=issuer.algorithm,
            sign=issuer.sign,
        )

    def material(self, at: datetime = CHECKED) -> Material:
        region = self.region
        return Material(
            (region.signer.cert, region.ca.cert, self.tsa.cert),
            (self.crl(region.ca, at), self.crl(region.root, at)),
        )

    def raise_to(self, data: bytes, level: str, at: datetime = CHECKED) -> bytes:
        return augment(
            data,
            level,
            timestamps=self.stamps(at),
            algorithm=self.region.algorithm,
            material=self.material(at),
        )

    def judge(self, data: bytes, at: datetime = CHECKED) -> tuple[Verdict, Verdict]:
        evidence = inspect(data)
        trust = self.region.trust
        return judge(evidence, CERTIFICATE, trust, at), judge(evidence, ARCHIVE, trust, at)


@pytest.fixture(scope="module")
def blank() -> bytes:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

    writer = PdfFileWriter()
    content = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.insert_page(PageObject(contents=content, media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.fixture(scope="module", params=["p256", "sm2"])
def city(request: pytest.FixtureRequest) -> City:
    region: Region = request.getfixturevalue(request.param)
    return City(region, authority(region))


def sealed(blank: bytes, city: City, *, stamped: bool) -> bytes:
    region = city.region
    stamps = city.stamps() if stamped else None
    return seal(blank, region.material(b"0"), PLACE, AT, region.signer.sign, timestamp=stamps)


@pytest.fixture(scope="module")
def b_b(blank: bytes, city: City) -> bytes:
    return sealed(blank, city, stamped=False)


@pytest.fixture(scope="module")
def b_t(blank: bytes, city: City) -> bytes:
    return sealed(blank, city, stamped=True)


@pytest.fixture(scope="module")
def b_lta(b_t: bytes, city: City) -> bytes:
    return city.raise_to(b_t, "B-LTA")


def level_of(verdict: Verdict) -> str:
    return next(item.level for item in verdict.signatures if item.kind != "timestamp")


def test_a_seal_with_a_time_stamp_is_b_t(b_t: bytes, city: City) -> None:
    for at in (CHECKED, LATER):
        for verdict in city.judge(b_t, at):
            assert verdict.passed, verdict.codes
            assert level_of(verdict) == "B-T"
            assert verdict.signatures[0].time_source == "timestamp"


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("begin", ["b_b", "b_t"])
def test_each_level_passes_under_both_policies(
    request: pytest.FixtureRequest, city: City, begin: str, level: Level
) -> None:
    data = city.raise_to(request.getfixturevalue(begin), level)
    for at in (CHECKED, LATER):
        for verdict in city.judge(data, at):
            assert verdict.passed, verdict.to_json()
            assert level_of(verdict) == level


def test_what_was_signed_stays_as_it_was(b_t: bytes, b_lta: bytes) -> None:
    assert b_lta.startswith(b_t)


def test_an_archived_file_is_renewed_again_and_again(b_lta: bytes, city: City) -> None:
    later = AT + timedelta(days=300)
    again = city.raise_to(b_lta, "B-LTA", later)
    assert again.startswith(b_lta)
    for verdict in city.judge(again, LATER):
        assert verdict.passed, verdict.codes
        assert level_of(verdict) == "B-LTA"
        assert [item.kind for item in verdict.signatures].count("timestamp") == 2


def test_it_is_known_until_when_to_renew(b_b: bytes, b_lta: bytes, city: City) -> None:
    assert renew_before(inspect(b_b)) is None
    assert renew_before(inspect(b_lta)) == END
    young = City(city.region, authority(city.region, end=END + timedelta(days=400)))
    again = young.raise_to(b_lta, "B-LTA", END - timedelta(days=1))
    assert renew_before(inspect(again)) == END + timedelta(days=400)
    codes = [
        judge(inspect(data), ARCHIVE, city.region.trust, END + timedelta(days=100)).codes
        for data in (b_lta, again)
    ]
    assert ["W_TIMESTAMP_ENDED" in found for found in codes] == [True, False]


def test_an_authority_whose_certificate_was_revoked_proves_nothing(b_t: bytes, city: City) -> None:
    region, moment = city.region, AT + timedelta(days=5)
    number = x509.parse(city.tsa.cert).serial
    lists = (city.crl(region.ca, moment, ((number, moment),)), city.crl(region.root, moment))
    trust = replace(region.trust, crls=lists)
    verdict = judge(inspect(b_t), CERTIFICATE, trust, moment + timedelta(hours=1))
    assert "W_TIMESTAMP_UNTRUSTED" in verdict.codes
    assert verdict.signatures[0].time_source == "claimed"
    assert not judge(inspect(b_t), CERTIFICATE, trust, LATER).passed


def test_a_stamp_from_outside_its_certificates_validity_proves_nothing(
    blank: bytes, city: City
) -> None:
    region = city.region
    young = City(region, authority(region, start=AT + timedelta(days=10)))
    data = sealed(blank, young, stamped=True)
    for verdict in city.judge(data, LATER):
        assert not verdict.passed
        assert "W_TIMESTAMP_UNTRUSTED" in verdict.codes


def test_lists_that_are_there_are_not_added_again(b_t: bytes, city: City) -> None:
    material, algorithm = city.material(), city.region.algorithm
    stamps = city.stamps()
    once = augment(b_t, "B-LT", timestamps=stamps, algorithm=algorithm, material=material)
    again = augment(once, "B-LT", timestamps=stamps, algorithm=algorithm, material=material)
    assert again == once
    assert city.raise_to(b_t, "B-T") == b_t


def test_later_revocation_does_not_undo_a_proven_seal(b_t: bytes, city: City) -> None:
    region = city.region
    moment = AT + timedelta(days=30)
    number = x509.parse(region.signer.cert).serial
    known = city.crl(region.ca, moment, ((number, moment),))
    material = replace(city.material(), crls=(known, city.crl(region.root, moment)))
    data = augment(
        b_t, "B-LTA", timestamps=city.stamps(moment), algorithm=region.algorithm, material=material
    )
    for verdict in city.judge(data, moment + timedelta(hours=1)):
        assert verdict.passed
        assert "W_REVOKED_LATER" in verdict.codes


def test_a_seal_revoked_before_its_first_proof_does_not_pass(b_b: bytes, city: City) -> None:
    region = city.region
    number = x509.parse(region.signer.cert).serial
    moment = AT + timedelta(days=30)
    known = city.crl(region.ca, moment, ((number, AT + timedelta(days=1)),))
    material = replace(city.material(), crls=(known, city.crl(region.root, moment)))
    data = augment(
        b_b, "B-LTA", timestamps=city.stamps(moment), algorithm=region.algorithm, material=material
    )
    for verdict in city.judge(data, moment + timedelta(hours=1)):
        assert not verdict.passed
        assert "E_REVOKED" in verdict.codes


def test_a_strangers_time_stamps_prove_nothing(b_b: bytes, city: City) -> None:
    stranger = authority(make_region(city.region.algorithm))
    data = augment(
        b_b,
        "B-LTA",
        timestamps=Stamper(stranger, CHECKED),
        algorithm=city.region.algorithm,
        material=city.material(),
    )
    for verdict in city.judge(data, LATER):
        assert verdict.indication is not Indication.TOTAL_PASSED
        assert "W_TIMESTAMP_UNTRUSTED" in verdict.codes


def test_a_stamp_after_the_end_of_the_certificate_comes_too_late(blank: bytes, city: City) -> None:
    family = city.region.algorithm
    end, late = AT + timedelta(days=10), AT + timedelta(days=20)
    brief = issue("测试局 DEMO", family, x509.SIGNER, city.region.ca, START, end)
    other = City(replace(city.region, signer=brief), city.tsa)
    data = other.raise_to(sealed(blank, other, stamped=False), "B-LTA", late)
    for verdict in other.judge(data, late + timedelta(hours=1)):
        assert not verdict.passed
        assert verdict.signatures[0].time_source == "timestamp"
        assert "INDETERMINATE_NO_POE" in verdict.codes


def test_what_is_not_sound_is_not_kept(b_t: bytes, blank: bytes, city: City) -> None:
    broken = bytearray(b_t)
    broken[b_t.index(b"BT ET")] ^= 1
    for data, reason in (
        (blank, "no signature"),
        (b"", "no signature"),
        (bytes(broken), "not sound"),
        (b_t + b"\n% more\n", "not sound"),
    ):
        with pytest.raises(TongbanError, match=f"seal-not-possible.*{reason}"):
            city.raise_to(data, "B-LTA")
    with pytest.raises(TongbanError, match="lists and OCSP answers are missing"):
        augment(b_t, "B-LT", timestamps=city.stamps(), algorithm=city.region.algorithm)
    with pytest.raises(TongbanError, match="seal-not-possible"):
        augment(
            b_t,
            "B-LT",
            timestamps=city.stamps(),
            algorithm=city.region.algorithm,
            material=Material((b"no certificate",), (b"no list",)),
        )


def test_stock_pyhanko_accepts_b_lta_of_p256(b_lta: bytes, city: City) -> None:
    if city.region.algorithm != "ecdsa_p256":
        pytest.skip("stock pyHanko knows no SM2")
    from asn1crypto import x509 as asn1
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    reader = PdfFileReader(io.BytesIO(b_lta))
    settings = {
        "trust_roots": [asn1.Certificate.load(city.region.root.cert)],
        "moment": CHECKED,
        "allow_fetching": False,
        "revocation_mode": "hard-fail",
    }
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(settings)
    (signature,), (stamp,) = (
        reader.embedded_regular_signatures,
        reader.embedded_timestamp_signatures,
    )
    status = validate_pdf_signature(signature, context, context)
    assert status.bottom_line, status.pretty_print_details()
    assert status.timestamp_validity.valid
    assert status.timestamp_validity.trusted
    late = validate_pdf_timestamp(stamp, context)
    assert late.valid, late.summary()
    assert late.trusted, late.summary()


def test_time_stamps_can_be_written_whatever_is_loaded_first() -> None:
    code = (
        "from signing.formats.oids import register; register();"
        "from asn1crypto import cms, tsp;"
        "assert cms.ContentType('tst_info').dotted == '1.2.840.113549.1.9.16.1.4';"
        "assert cms.ContentType('signed_data').dotted == '1.2.840.113549.1.7.2'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@SHORT
@given(data=st.data())
def test_a_mutated_archived_pdf_never_passes(b_lta: bytes, city: City, data: st.DataObject) -> None:
    never_passes(b_lta, city.region, data, CHECKED)


@SHORT
@given(data=st.data())
def test_a_mutated_stamped_pdf_never_passes(b_t: bytes, city: City, data: st.DataObject) -> None:
    never_passes(b_t, city.region, data, CHECKED)
