"""A time stamp proves when a seal was made, if its authority is trusted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from signing import x509
from signing.model import Indication, Verdict
from signing.policies import load
from signing.ses import der
from signing.ses.parse import parse_signature
from signing.verify import inspect, judge

from .conftest import AT, Party, Region, make_region
from .craft import Recipe, craft
from .stamping import authority, token

CERTIFICATE = load("certificate")
LATER = AT + timedelta(days=800)
SOON = AT + timedelta(minutes=1)


def stamped(
    region: Region,
    party: Party,
    *,
    over: bytes | None = None,
    at: datetime = SOON,
    content: str = "1.2.840.113549.1.7.2",
) -> bytes:
    def add(value: bytes) -> bytes:
        signature = parse_signature(value).signature if over is None else over
        made = token(party, signature, at, content=content)
        return der.sequence(der.whole(value).content, der.tlv(0xA0, der.bits(made)))

    return craft(region, Recipe(value=add))


def verdict(data: bytes, region: Region, at: datetime = LATER) -> Verdict:
    return judge(inspect(data), CERTIFICATE, region.trust, at)


@pytest.mark.parametrize("content", ["1.2.840.113549.1.7.2", "1.2.156.10197.6.1.4.2.2"])
def test_a_stamped_seal_passes_after_its_certificate_has_ended(sm2: Region, content: str) -> None:
    found = verdict(stamped(sm2, authority(sm2), content=content), sm2)
    assert found.indication is Indication.TOTAL_PASSED, found.codes
    (signature,) = found.signatures
    assert (signature.time_source, signature.level) == ("timestamp", "B-T")
    assert signature.time.startswith("2026-03-02T01:03:03")


def test_without_a_stamp_the_same_seal_is_indeterminate(sm2: Region) -> None:
    assert verdict(craft(sm2, Recipe()), sm2).indication is Indication.INDETERMINATE


def test_a_stamp_over_other_bytes_is_invalid(sm2: Region) -> None:
    found = verdict(stamped(sm2, authority(sm2), over=b"other"), sm2)
    assert "E_TIMESTAMP" in found.codes
    assert not found.passed


def test_a_stamp_with_a_changed_time_is_invalid(sm2: Region) -> None:
    data = stamped(sm2, authority(sm2))
    changed = data.replace(b"20260302010303Z", b"20260302010309Z")
    assert changed != data
    assert not verdict(changed, sm2).passed


def test_a_stamp_by_a_stranger_proves_nothing(sm2: Region) -> None:
    found = verdict(stamped(sm2, authority(make_region("sm2_sm3"))), sm2)
    assert "W_TIMESTAMP_UNTRUSTED" in found.codes
    assert "INDETERMINATE_NO_POE" in found.codes
    assert found.signatures[0].time_source == "claimed"


def test_a_stamp_by_an_ordinary_signer_proves_nothing(sm2: Region) -> None:
    found = verdict(stamped(sm2, authority(sm2, x509.SIGNER)), sm2)
    assert "W_TIMESTAMP_UNTRUSTED" in found.codes
    assert found.indication is Indication.INDETERMINATE


def test_a_stamp_after_the_certificate_had_ended_proves_too_little(sm2: Region) -> None:
    late = AT + timedelta(days=700)
    party = authority(sm2)
    found = verdict(stamped(sm2, party, at=late), sm2)
    assert not found.passed
    assert {"E_SEAL_EXPIRED", "INDETERMINATE_NO_POE"} & set(found.codes)
