"""A time stamp proves when a seal was made, if its authority is trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from signing import x509
from signing.checks.case import Case
from signing.checks.permitted_algorithm import check as check_keys
from signing.checks.timestamps import check as check_stamps
from signing.model import Evidence, Indication, Verdict
from signing.policies import load
from signing.ses import der
from signing.ses.parse import parse_signature
from signing.verify import inspect, judge

from .conftest import AT, Party, Region, issue, make_region
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
    imprint: str = "",
    digest: str = "",
) -> bytes:
    def add(value: bytes) -> bytes:
        signature = parse_signature(value).signature if over is None else over
        made = token(party, signature, at, content=content, imprint=imprint, digest=digest)
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


@pytest.mark.parametrize("imprint", ["md5", "sha1", "sha256"])
def test_a_stamp_over_a_digest_that_is_not_permitted_proves_nothing(
    sm2: Region, imprint: str
) -> None:
    data = stamped(sm2, authority(sm2), imprint=imprint)
    late = verdict(data, sm2)
    assert {"W_TIMESTAMP_WEAK", "INDETERMINATE_NO_POE"} <= set(late.codes)
    assert late.indication is Indication.INDETERMINATE
    (signature,) = late.signatures
    assert signature.time_source == "claimed"
    (said,) = (item for item in signature.findings if item.code == "W_TIMESTAMP_WEAK")
    assert said.detail == f"{imprint} with sm2 key"
    assert imprint in said.zh
    # Without the stamp the seal is as good as one that never had any.
    assert verdict(data, sm2, AT).passed


def p256_token(party: Party, imprint: str, digest: str) -> Evidence:
    """Return evidence of a stamp by an authority of another family over an SM2 seal."""
    region = replace(make_region("sm2_sm3"), ca=party, root=party)
    stamper = authority(replace(region, algorithm=party.algorithm))
    return inspect(stamped(region, stamper, imprint=imprint, digest=digest))


@pytest.mark.parametrize(
    ("imprint", "digest", "wanted"),
    [
        ("sha256", "", []),
        ("sha384", "", []),
        ("sha1", "", ["sha1 with p256 key"]),
        ("md5", "", ["md5 with p256 key"]),
        ("", "sha1", ["sha1 with p256 key"]),
        ("sm3", "", ["sm3 with p256 key"]),
    ],
)
def test_both_digests_of_a_token_are_asked_for(
    p256: Region, imprint: str, digest: str, wanted: list[str]
) -> None:
    evidence = p256_token(p256.ca, imprint, digest)
    (signature,) = evidence.signatures
    (stamp,) = signature.timestamps
    assert stamp.imprint_valid
    # The authority signs with SHA-256 whatever the token says of the digest.
    assert stamp.signature_valid is not bool(digest)
    case = Case(evidence, signature, p256.trust, AT, CERTIFICATE.permitted)
    assert [item for item in case.weakness(stamp).split("; ") if item] == wanted
    assert not replace(case, permitted=None).weakness(stamp)


def test_a_weak_key_above_an_authority_makes_its_stamps_weak(sm2: Region) -> None:
    evidence = inspect(stamped(sm2, authority(sm2)))
    (signature,) = evidence.signatures
    (stamp,) = signature.timestamps
    middle = issue("弱中间 DEMO", "ecdsa_p256", x509.ISSUING_CA, sm2.root)
    party = authority(replace(sm2, ca=middle))
    weak = inspect(stamped(sm2, party))
    trust = replace(sm2.trust, cas=(*sm2.trust.cas, x509.parse(middle.cert)))
    rows = {"sm2": ("sm3",)}
    assert not Case(evidence, signature, trust, AT, rows).weakness(stamp)
    case = Case(weak, weak.signatures[0], trust, AT, rows)
    said = case.weakness(weak.signatures[0].timestamps[0])
    assert said == "弱中间 DEMO: p256 key is not permitted"
    assert case.proven_time is None
    assert "W_TIMESTAMP_WEAK" in [item.code for item in check_stamps(case)]
    assert not list(check_keys(case))
