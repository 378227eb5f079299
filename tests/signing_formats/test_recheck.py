"""A finished file looked at again by digests of its own: what holds, and all that does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certificates import typebook
from certificates.fonts import Fonts
from certificates.press import FacePress
from signing.formats.batch import Laid, lay
from signing.formats.ofd import package
from signing.formats.pdf.seal import seal_by_library
from tests.certificates.samples import values

from .conftest import AT, PLACE, Region

KINDS = [("ofd", "sm2"), ("pdf", "p256"), ("pdf", "sm2")]


@pytest.fixture(scope="module")
def press() -> FacePress:
    return FacePress(Fonts.load([]))


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def made(request: pytest.FixtureRequest, press: FacePress) -> tuple[Region, Laid, bytes, bytes]:
    file_format, family = request.param
    region: Region = request.getfixturevalue(family)
    kind = typebook.load()["marriage"]
    unsealed = press.fill(kind, file_format, values(kind))
    laid = lay(file_format, unsealed, region.material(), press.placement(kind, file_format), AT)
    assert laid is not None
    signature = region.signer.sign(laid.digest)
    return region, laid, laid.finish(signature), signature


Made = tuple[Region, Laid, bytes, bytes]


def test_what_was_made_holds(made: Made) -> None:
    _, laid, sealed, signature = made
    assert laid.holds(sealed, signature)
    assert laid.holds(bytes(bytearray(sealed)), signature)


def test_no_changed_octet_holds(made: Made) -> None:
    _, laid, sealed, signature = made
    for offset in (*range(0, len(sealed), 97), *range(len(sealed) - 6000, len(sealed), 11)):
        changed = bytearray(sealed)
        changed[offset] ^= 1 << offset % 8
        assert not laid.holds(bytes(changed), signature), offset


def test_a_file_cut_or_grown_does_not_hold(made: Made) -> None:
    _, laid, sealed, signature = made
    for changed in (sealed[:-1], sealed + b"\n", sealed[1:], b"", sealed[: len(sealed) // 2]):
        assert not laid.holds(changed, signature)


def test_another_signature_seal_or_key_does_not_hold(made: Made) -> None:
    region, laid, sealed, signature = made
    other = region.signer.sign(bytes(32))
    assert not laid.holds(sealed, other)
    assert not laid.holds(laid.finish(other), other), "made of a signature over something else"
    stranger = region.material()
    stranger = replace(stranger, certificate=region.maker.cert)
    assert not laid.look(sealed, stranger, signature)


@pytest.mark.parametrize("made", KINDS[:1], indirect=True)
def test_a_part_added_to_a_package_does_not_hold(made: Made) -> None:
    _, laid, sealed, signature = made
    files = [*package.read(sealed).files.items()]
    assert package.write(files) == sealed
    assert not laid.holds(package.write([*files, ("Doc_0/more.xml", b"")]), signature)
    assert not laid.holds(package.write(files[:-1]), signature)
    assert not laid.holds(package.write([*files[1:]]), signature)


def test_what_a_library_laid_out_is_not_known_to_hold(press: FacePress, p256: Region) -> None:
    kind = typebook.load()["marriage"]
    unsealed = press.fill(kind, "pdf", values(kind))
    place = press.placement(kind, "pdf")
    laid = lay("pdf", unsealed, p256.material(), place, AT)
    assert laid is not None
    signatures: list[bytes] = []

    def sign(digest: bytes) -> bytes:
        signatures.append(p256.signer.sign(digest))
        return signatures[-1]

    theirs = seal_by_library(unsealed, p256.material(), [place], AT, sign)
    assert not laid.holds(theirs, signatures[0])


def test_a_foreign_pdf_is_left_to_the_library(p256: Region) -> None:
    assert lay("pdf", b"%PDF-1.7 nothing", p256.material(), PLACE[0], AT) is None
