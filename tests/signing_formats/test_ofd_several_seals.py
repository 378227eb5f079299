"""Several seals on one OFD, seam seals over its pages, and how both are judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kernel.errors import TongbanError
from signing.formats.ofd import package
from signing.formats.ofd.seal import seal
from signing.formats.ofd.seam import MOST_PAGES, strips
from signing.model import Evidence, Indication, Placement, Verdict
from signing.policies import load
from signing.verify import inspect, judge

from .conftest import AT, NS, PLACE, Region, issue, unsealed_files
from .craft import Recipe, craft

SECOND = (Placement(0, 20.0, 200.0, 40.0, 40.0),)
LISTING = "Doc_0/Signs/Signatures.xml"


def pages(count: int) -> bytes:
    """A document of so many A4 pages."""
    files = dict(unsealed_files())
    listed = "".join(
        f'<ofd:Page ID="{at + 100}" BaseLoc="Pages/Page_{at}/Content.xml"/>' for at in range(count)
    )
    document = files["Doc_0/Document.xml"].decode()
    start, end = document.index("<ofd:Pages>"), document.index("</ofd:Pages>")
    files["Doc_0/Document.xml"] = (document[: start + 11] + listed + document[end:]).encode()
    content = files["Doc_0/Pages/Page_0/Content.xml"]
    for at in range(count):
        files[f"Doc_0/Pages/Page_{at}/Content.xml"] = content
    return package.write(list(files.items()))


def verdict(data: bytes, region: Region, policy: str = "certificate") -> Verdict:
    return judge(inspect(data), load(policy), region.trust, AT)


def noted(evidence: Evidence) -> list[str]:
    return [
        f"{item.code} {item.detail}" for row in evidence.signatures for item in row.observations
    ]


def once(region: Region, data: bytes, *, later: bool) -> bytes:
    places = SECOND if later else PLACE
    return seal(data, region.material(), places, AT, region.signer.sign, later=later)


def test_three_seals_of_which_the_last_closes_the_file_pass(unsealed: bytes, sm2: Region) -> None:
    sealed = unsealed
    for later in (True, True, False):
        sealed = once(sm2, sealed, later=later)
    found = verdict(sealed, sm2)
    assert found.passed, found.to_json()
    assert [row.id for row in found.signatures] == ["s001", "s003", "s005"]
    listing = package.read(sealed).files[LISTING]
    assert b"<ofd:MaxSignId>s006</ofd:MaxSignId>" in listing


def test_a_file_that_still_waits_for_its_last_seal_is_refused(unsealed: bytes, sm2: Region) -> None:
    waiting = once(sm2, unsealed, later=True)
    found = verdict(waiting, sm2)
    assert found.indication is Indication.TOTAL_FAILED
    assert "E_PARTIAL_COVERAGE" in found.codes
    assert verdict(waiting, sm2, "archive").passed


def test_nothing_is_added_to_a_closed_file(sealed: bytes, sm2: Region) -> None:
    with pytest.raises(TongbanError, match="seal-not-possible") as caught:
        once(sm2, sealed, later=False)
    assert "closed" in str(caught.value.params["reason"])


def test_a_seal_by_other_software_can_be_followed_by_ours(sm2: Region) -> None:
    skip = frozenset({LISTING})
    first = craft(sm2, Recipe(skip=skip))
    found = verdict(once(sm2, first, later=False), sm2)
    assert found.passed, found.to_json()


def test_each_seal_is_judged_and_the_worst_decides(unsealed: bytes, sm2: Region) -> None:
    from signing import x509

    stranger = replace(sm2, signer=issue("陌生机构 DEMO", "sm2_sm3", x509.SIGNER))
    found = verdict(once(stranger, once(sm2, unsealed, later=True), later=False), sm2)
    assert found.indication is Indication.INDETERMINATE
    assert found.signatures[0].indication is Indication.TOTAL_PASSED


def test_taking_the_closing_seal_away_is_found(unsealed: bytes, sm2: Region) -> None:
    first = once(sm2, unsealed, later=True)
    files = dict(package.read(once(sm2, first, later=False)).files)
    files[LISTING] = package.read(first).files[LISTING]
    kept = {path: data for path, data in files.items() if "/Sign_1/" not in path}
    assert not verdict(package.write(list(kept.items())), sm2).passed
    assert not verdict(package.write(list(files.items())), sm2).passed


def test_a_changed_file_breaks_every_seal(unsealed: bytes, sm2: Region) -> None:
    files = dict(package.read(once(sm2, once(sm2, unsealed, later=True), later=False)).files)
    files["Doc_0/Pages/Page_0/Content.xml"] += b" "
    found = verdict(package.write(list(files.items())), sm2)
    assert all("E_DIGEST_MISMATCH" in row.codes for row in found.signatures)


@pytest.mark.parametrize(
    "listing",
    [
        b"<broken",
        f"<ofd:Signatures {NS}><ofd:Signature ID='1' BaseLoc='/absent.xml'/></ofd:Signatures>".encode(),
        f"<ofd:Signatures {NS}><ofd:Signature ID='1' BaseLoc='../../x'/></ofd:Signatures>".encode(),
    ],
)
def test_a_broken_list_is_not_added_to(listing: bytes, unsealed: bytes, sm2: Region) -> None:
    files = dict(package.read(once(sm2, unsealed, later=True)).files) | {LISTING: listing}
    with pytest.raises(TongbanError, match="seal-not-possible"):
        once(sm2, package.write(list(files.items())), later=False)


@pytest.mark.parametrize("count", [2, 3, 7, MOST_PAGES, MOST_PAGES + 1, 45])
def test_a_seam_seal_lies_on_every_page_and_passes(count: int, sm2: Region) -> None:
    material = sm2.material()
    places = (*PLACE, *strips(material, [210.0] * count, 100.0))
    sealed = seal(pages(count), material, places, AT, sm2.signer.sign)
    found = verdict(sealed, sm2)
    assert found.passed, found.to_json()
    assert "E_STAMP_PLACEMENT" not in found.codes
    assert [stamp.page for stamp in found.signatures[0].stamps[1:]] == [
        str(at + 100) for at in range(count)
    ]


def test_strips_lie_as_other_software_lays_them(corpus: Path, sm2: Region) -> None:
    (row,) = inspect((corpus / "ofd/signed/ofdrw-riding-V4RideRight.ofd").read_bytes()).signatures
    ours = strips(sm2.material(), [210.0] * 5, 40.0)
    assert [(stamp.x_mm, stamp.clip) for stamp in row.stamps] == [
        (f"{place.x_mm:g}", " ".join(f"{item:g}" for item in place.clip or ())) for place in ours
    ]
    assert not [item for item in row.observations if item.code == "E_STAMP_PLACEMENT"]


def test_a_missing_strip_is_told(sm2: Region) -> None:
    places = strips(sm2.material(), [210.0] * 4, 100.0)[:3]
    sealed = seal(pages(4), sm2.material(), places, AT, sm2.signer.sign)
    assert "E_STAMP_PLACEMENT strips do not make up whole seals" in noted(inspect(sealed))
    assert verdict(sealed, sm2).passed


@pytest.mark.parametrize(
    ("clip", "told"),
    [
        ((0.0, 0.0, 0.0, 40.0), "strip without size"),
        ((50.0, 0.0, 8.0, 40.0), "strip without size"),
        ((float("nan"), 0.0, 8.0, 40.0), "boundary is no four numbers"),
        ((0.0, 0.0, float("inf"), 40.0), "boundary is no four numbers"),
        ((20.0, 0.0, 20.0, 40.0), "seal lies off the page"),
    ],
)
def test_a_strip_that_nobody_sees_is_told(
    clip: tuple[float, float, float, float], told: str, sm2: Region
) -> None:
    place = Placement(0, 200.0, 40.0, 40.0, 40.0, clip=clip)
    sealed = seal(pages(2), sm2.material(), (place,), AT, sm2.signer.sign)
    assert f"E_STAMP_PLACEMENT {told}" in noted(inspect(sealed))


@pytest.mark.parametrize("widths", [[], [210.0], [210.0, 1.0]])
def test_a_seam_needs_pages_that_hold_it(widths: list[float], sm2: Region) -> None:
    with pytest.raises(TongbanError, match="seal-not-possible"):
        strips(sm2.material(), widths, 40.0)


def test_one_picture_stands_on_several_pages(sm2: Region) -> None:
    places = [Placement(at, 120.0, 200.0, 40.0, 40.0) for at in range(3)]
    sealed = seal(pages(3), sm2.material(), places, AT, sm2.signer.sign)
    found = verdict(sealed, sm2)
    assert found.passed
    assert len(found.signatures) == 1
    assert len(found.signatures[0].stamps) == 3
    assert sum(path.endswith("Seal.esl") for path in package.read(sealed).files) == 1
