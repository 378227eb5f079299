"""Evidence of our own PDFs without the library: the library's evidence, or none."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificates import typebook
from certificates.fonts import Fonts
from certificates.press import FacePress
from signing.formats.pdf import known
from signing.formats.pdf.inspect import inspect, inspect_any
from signing.formats.pdf.seal import prepare, seal, seal_by_library
from signing.policies import load
from signing.verify import judge
from tests.certificates.samples import ANNOTATION, values

from .conftest import AT, PLACE, Region

COMMON = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
KINDS = ("household-register", "marriage")


@pytest.fixture(scope="module")
def press() -> FacePress:
    return FacePress(Fonts.load([]))


def face(press: FacePress, kind: str, **given: Any) -> bytes:
    found = typebook.load()[kind]
    return press.fill(found, "pdf", values(found, **given))


@pytest.fixture(scope="module", params=["p256", "sm2"])
def region(request: pytest.FixtureRequest) -> Region:
    found: Region = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def sealed(press: FacePress, region: Region) -> bytes:
    return seal(face(press, "marriage"), region.material(), PLACE, AT, region.signer.sign)


@given(
    kind=st.sampled_from(KINDS),
    rows=st.integers(0, 30),
    annotated=st.booleans(),
    seconds=st.integers(0, 10**7),
    name=st.text("测试甲乙丙丁王李张刘陈&<>()\\", min_size=1, max_size=9),
)
@COMMON
def test_the_evidence_is_the_librarys(
    press: FacePress,
    region: Region,
    *,
    kind: str,
    rows: int,
    annotated: bool,
    seconds: int,
    name: str,
) -> None:
    tables = typebook.load()[kind].tables
    fields = {key: name for key in values(typebook.load()[kind]).fields if "name" in key}
    note = ANNOTATION if annotated else None
    more = {"rows": rows} if tables else {}
    unsealed = face(press, kind, annotation=note, **more, **fields)
    at = AT + timedelta(seconds=seconds)
    data = seal(unsealed, region.material(), PLACE, at, region.signer.sign)
    found = known.inspect(data, "a.pdf")
    assert found is not None
    assert found == inspect_any(data, "a.pdf")


def agree(data: bytes) -> bool:
    """Tell whether the file is known; if it is, the library has to say the same about it."""
    found = known.inspect(data, "")
    if found is not None:
        assert found == inspect_any(data, "")
    return found is not None


def test_a_changed_octet_is_known_only_where_no_signature_reaches(
    sealed: bytes, press: FacePress, region: Region
) -> None:
    """The CA's certificate in the CMS is not signed: the evidence shows it as it is."""
    update = len(face(press, "marriage"))
    for offset in (*range(0, update, 211), *range(update, len(sealed), 13)):
        for flip in (1, 0x20):
            changed = bytearray(sealed)
            changed[offset] ^= flip
            if agree(bytes(changed)):
                evidence = known.inspect(bytes(changed), "")
                assert evidence is not None
                assert evidence.certificates != known.inspect(sealed, "").certificates  # type: ignore[union-attr] # is known
                assert not judge(evidence, load("certificate"), region.trust, AT).passed


def test_what_is_cut_or_grown_is_not_known(sealed: bytes) -> None:
    for changed in (sealed[:-1], sealed + b"\n", b"\n" + sealed, sealed[: len(sealed) // 2], b""):
        assert not agree(changed)


def test_a_later_revision_is_not_known(sealed: bytes) -> None:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(sealed))
    writer.add_object(generic.TextStringObject("more"))
    out = io.BytesIO()
    writer.write(out)
    assert not agree(out.getvalue())


def test_files_of_others_are_not_known(press: FacePress, region: Region) -> None:
    unsealed = face(press, "marriage")
    theirs = seal_by_library(unsealed, region.material(), PLACE, AT, region.signer.sign)
    assert not agree(theirs)
    assert not agree(unsealed)


def test_a_signature_over_something_else_is_not_known(press: FacePress, region: Region) -> None:
    pending = prepare(face(press, "marriage"), region.material(), PLACE, AT)
    assert pending is not None
    assert agree(pending.finish(region.signer.sign(pending.digest)))
    wrong = pending.finish(region.signer.sign(bytes(32)))
    assert not agree(wrong)
    assert inspect(wrong).signatures[0].signature_valid is False


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/Lang(zh-CN)", b"/Lang(zh-TW)"),
        (b"/Lang(zh-CN)", b"/Lang(zh-CN)/DSS 1 0 R"),
        (b"/Lang(zh-CN)", b"/Lang(zh-CN)/OpenAction 9 0 R"),
        (b"/Creator(Tongban)", b"/Creator(Tongban)/Creator(Others)"),
        (b"/Creator(Tongban)", b"/Creator 5 0 R"),
        (b"/Creator(Tongban)", b"/Creator(Ton\\147ban)"),
        (b"/Title <FEFF", b"/Title <FEFFD842"),
        (b"/Title <FEFF", b"/Title <FFFE"),
        (b"/Resources<<", b"/MediaBox[0 0 9 9]/Resources<<"),
        (b"/Resources<<", b"/UserUnit 2/Resources<<"),
        (b"%PDF-1.7", b"%PDF-1.4"),
    ],
)
def test_a_face_in_another_spelling_is_known_only_with_equal_evidence(
    press: FacePress, region: Region, old: bytes, new: bytes
) -> None:
    from certificates.faces.pdf import syntax

    unsealed = face(press, "marriage")
    assert old in unsealed
    changed = unsealed.replace(old, new, 1)
    shift, at = len(new) - len(old), unsealed.index(old)
    table = int(unsealed[unsealed.rindex(b"startxref\n") + 10 :].split()[0])
    head = unsealed[table:].split(b"trailer")[0]
    offsets = [int(line[:10]) for line in head.splitlines()[3:]]
    moved = [offset + shift if offset > at else offset for offset in offsets]
    start = table + shift
    entries = {
        "Root": b"1 0 R",
        "Info": unsealed[unsealed.rindex(b"/Info ") + 6 :].split(b"/")[0],
        "ID": b"[<%s><%s>]" % (b"A" * 32, b"A" * 32),
    }
    made = changed[:start] + syntax.ending(moved, start, entries)
    agree(seal(made, region.material(), PLACE, AT, region.signer.sign))


def test_an_ordinary_respelt_face_would_be_known(press: FacePress, region: Region) -> None:
    """The test above compares something: with nothing replaced, its file is known."""
    unsealed = face(press, "marriage")
    assert agree(seal(unsealed, region.material(), PLACE, AT, region.signer.sign))
