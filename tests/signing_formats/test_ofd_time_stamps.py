"""A seal with a time stamp in it: what proves the time, and what does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import TongbanError
from signing import x509
from signing.algorithms.sm2_sm3 import sm3
from signing.formats.ofd.seal import finish, prepare, seal
from signing.model import Indication, Verdict
from signing.policies import load
from signing.verify import inspect, judge

from .conftest import AT, END, PLACE, START, Party, Region, issue, make_region
from .stamping import Stamper, authority
from .test_mutations import MILD, never_passes

CERTIFICATE, ARCHIVE = load("certificate"), load("archive")
SHORT = settings(MILD, max_examples=40)
SOON, LATER = AT + timedelta(minutes=1), AT + timedelta(days=800)


@dataclass(frozen=True, slots=True)
class Other:
    """Stamps something else than it was asked to."""

    inner: Stamper

    def stamp(self, digest: bytes, algorithm: str) -> bytes:
        return self.inner.stamp(sm3(digest), algorithm)


def stamped(unsealed: bytes, region: Region, party: Party, at: datetime = SOON) -> bytes:
    stamper = Stamper(party, at, (region.ca.cert,))
    return seal(unsealed, region.material(), PLACE, AT, region.signer.sign, timestamp=stamper)


@pytest.fixture(scope="module")
def good(unsealed: bytes, sm2: Region) -> bytes:
    return stamped(unsealed, sm2, authority(sm2))


def verdict(data: bytes, region: Region, at: datetime = LATER) -> Verdict:
    return judge(inspect(data), CERTIFICATE, region.trust, at)


@pytest.mark.parametrize("at", [SOON, END - timedelta(days=1), LATER])
def test_the_stamp_proves_the_time_before_and_after_the_certificate_has_ended(
    good: bytes, sm2: Region, at: datetime
) -> None:
    for policy in (CERTIFICATE, ARCHIVE):
        found = judge(inspect(good), policy, sm2.trust, at)
        assert found.indication is Indication.TOTAL_PASSED, found.codes
        (signature,) = found.signatures
        assert (signature.time_source, signature.level) == ("timestamp", "B-T")
        assert "W_NO_TIMESTAMP" not in found.codes


def test_without_one_nothing_changes(unsealed: bytes, sm2: Region) -> None:
    plain = seal(unsealed, sm2.material(), PLACE, AT, sm2.signer.sign)
    found = verdict(plain, sm2, SOON)
    assert found.passed
    assert "W_NO_TIMESTAMP" in found.codes
    assert found.signatures[0].level == "B-B"


def test_a_stamp_over_other_bytes_is_not_put_in(unsealed: bytes, sm2: Region) -> None:
    wrong = Other(Stamper(authority(sm2), SOON))
    with pytest.raises(TongbanError, match="time-stamp-invalid"):
        seal(unsealed, sm2.material(), PLACE, AT, sm2.signer.sign, timestamp=wrong)


def test_a_stamp_over_another_seals_signature_is_invalid(unsealed: bytes, sm2: Region) -> None:
    from signing.formats.ofd import package
    from signing.ses import der
    from signing.ses.parse import parse_signature

    pending = prepare(unsealed, sm2.material(), PLACE, AT)
    stamper = Stamper(authority(sm2), SOON)
    first, second = (
        finish(pending, sm2.signer.sign(pending.digest), timestamp=stamper) for _ in "12"
    )
    files, others = (dict(package.read(data).files) for data in (first, second))
    foreign = parse_signature(others[pending.value_path]).timestamp or b""
    own = der.whole(files[pending.value_path]).children()
    files[pending.value_path] = der.sequence(
        *(part.raw for part in own[:-1]), der.tlv(0xA0, der.bits(foreign))
    )
    found = verdict(package.write(list(files.items())), sm2, SOON)
    assert not found.passed
    assert "E_TIMESTAMP" in found.codes


def test_an_authority_nobody_trusts_proves_nothing(unsealed: bytes, sm2: Region) -> None:
    stranger = authority(make_region("sm2_sm3"))
    found = verdict(stamped(unsealed, sm2, stranger), sm2)
    assert found.indication is Indication.INDETERMINATE
    assert {"W_TIMESTAMP_UNTRUSTED", "INDETERMINATE_NO_POE"} <= set(found.codes)


def test_a_stamp_later_than_the_expiry_proves_too_little(unsealed: bytes, sm2: Region) -> None:
    brief = issue("测试局 DEMO", "sm2_sm3", x509.SIGNER, sm2.ca, START, AT + timedelta(days=10))
    region = replace(sm2, signer=brief)
    late = AT + timedelta(days=20)
    found = verdict(stamped(unsealed, region, authority(sm2), late), region, late)
    assert not found.passed
    assert found.signatures[0].time_source == "timestamp"
    assert "INDETERMINATE_NO_POE" in found.codes


def test_a_certificate_that_does_not_belong_to_the_stamp_is_named(
    unsealed: bytes, sm2: Region
) -> None:
    stray = issue("无关 DEMO", "sm2_sm3", x509.SIGNER)
    stamper = Stamper(authority(sm2), SOON, (stray.cert,))
    data = seal(unsealed, sm2.material(), PLACE, AT, sm2.signer.sign, timestamp=stamper)
    found = verdict(data, sm2, SOON)
    assert not found.passed
    assert "W_STRAY_CERTIFICATE" in found.codes


@SHORT
@given(data=st.data())
def test_a_mutated_stamped_ofd_never_passes(good: bytes, sm2: Region, data: st.DataObject) -> None:
    never_passes(good, sm2, data)
