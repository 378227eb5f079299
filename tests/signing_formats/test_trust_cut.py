"""A region that is cut off: verdicts say so and since when, and earlier moments stay as they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from signing import x509
from signing.model import Indication, SubIndication, Verdict
from signing.policies import load as load_policy
from signing.trust import TrustList, TrustStore
from signing.verify import inspect, judge

from .conftest import AT, END, START, Region

CUT = AT + timedelta(days=1)


def listed(region: Region, code: str = "410100") -> TrustList:
    root, ca, maker = (x509.parse(one.cert) for one in (region.root, region.ca, region.maker))
    return TrustList(code, "示例市", 1, START, END, (root,), (ca,), (maker,))


def judged(data: bytes, *lists: TrustList, days: int = 2) -> Verdict:
    store = TrustStore(lists)
    return judge(
        inspect(data, "a.ofd"), load_policy("certificate"), store, AT + timedelta(days=days)
    )


def test_a_file_of_a_cut_region_is_indeterminate_and_says_since_when(
    sealed: bytes, sm2: Region
) -> None:
    found = judged(sealed, replace(listed(sm2), cut=CUT))
    assert found.indication is Indication.INDETERMINATE
    assert SubIndication.REVOKED_CA_NO_POE in found.sub_indications
    (reason,) = [
        item
        for item in found.signatures[0].findings
        if item.code == "INDETERMINATE_TRUST_CUT"
        and item.path == found.signatures[0].findings[0].path
    ][:1]
    assert "示例市 410100, 2026-03-03T01:02:03.000Z" in reason.zh
    assert "2026-03-03T01:02:03.000Z" in reason.en
    assert not {"INDETERMINATE_CHAIN", "E_SEALMAKER_UNTRUSTED"} & set(found.codes)


def test_before_the_cut_and_without_one_it_passed(sealed: bytes, sm2: Region) -> None:
    assert judged(sealed, replace(listed(sm2), cut=CUT), days=0).passed
    assert judged(sealed, listed(sm2)).passed


def test_another_region_is_not_touched(sealed: bytes, sm2: Region, p256: Region) -> None:
    assert judged(sealed, listed(sm2), replace(listed(p256, "410200"), cut=CUT)).passed


@pytest.mark.parametrize("others", [True, False])
def test_a_stranger_is_no_file_of_the_cut_region(
    sealed: bytes, p256: Region, *, others: bool
) -> None:
    lists = (replace(listed(p256, "410200"), cut=CUT), *((listed(p256),) if others else ()))
    found = judged(sealed, *lists)
    assert "INDETERMINATE_TRUST_CUT" not in found.codes
    assert "INDETERMINATE_CHAIN" in found.codes
