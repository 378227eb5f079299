"""A token may come later than the seal: nothing that the seal covers changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.errors import TongbanError
from signing.formats.ofd import package
from signing.formats.ofd.seal import seal
from signing.formats.ofd.stamp import stamp
from signing.policies import load
from signing.verify import inspect, judge

from .conftest import AT, PLACE, Region
from .stamping import Stamper, authority

SOON, LATER = AT + timedelta(minutes=1), AT + timedelta(days=800)
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"


def sealed(unsealed: bytes, region: Region) -> bytes:
    return seal(unsealed, region.material(), PLACE, AT, region.signer.sign)


def stamper(region: Region) -> Stamper:
    return Stamper(authority(region), SOON, (region.ca.cert,))


def test_a_late_token_proves_the_time_under_the_strict_policy(unsealed: bytes, sm2: Region) -> None:
    plain = sealed(unsealed, sm2)
    data = stamp(plain, stamper(sm2))
    verdict = judge(inspect(data), load("certificate"), sm2.trust, LATER)
    assert verdict.passed, verdict.to_json()
    assert (verdict.signatures[0].time_source, verdict.signatures[0].level) == ("timestamp", "B-T")
    before, after = package.read(plain).files, package.read(data).files
    assert list(before) == list(after)
    assert {name for name in after if after[name] != before[name]} == {VALUE}
    direct = seal(unsealed, sm2.material(), PLACE, AT, sm2.signer.sign, timestamp=stamper(sm2))
    assert list(package.read(direct).files) == list(after)


def test_a_token_that_is_there_stays(unsealed: bytes, sm2: Region) -> None:
    data = stamp(sealed(unsealed, sm2), stamper(sm2))
    assert stamp(data, stamper(sm2)) == data


def test_what_has_no_seal_or_no_room_is_told(unsealed: bytes, sm2: Region) -> None:
    for bad, reason in ((b"no package", "seal-not-possible"), (unsealed, "no seal")):
        with pytest.raises(TongbanError, match=reason):
            stamp(bad, stamper(sm2))
    files = dict(package.read(sealed(unsealed, sm2)).files)
    with pytest.raises(TongbanError, match="seal-not-possible"):
        stamp(package.write([*(files | {VALUE: b"\x30\x00"}).items()]), stamper(sm2))


def test_a_seal_of_version_1_has_no_room(
    monkeypatch: pytest.MonkeyPatch, unsealed: bytes, sm2: Region
) -> None:
    from dataclasses import replace

    from signing.formats.ofd import stamp as module

    read = module.parse_signature
    monkeypatch.setattr(module, "parse_signature", lambda data: replace(read(data), version=1))
    with pytest.raises(TongbanError, match="version 1"):
        stamp(sealed(unsealed, sm2), stamper(sm2))
