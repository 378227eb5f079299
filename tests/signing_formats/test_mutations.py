"""Flip, cut, repeat or move any bytes of a sealed file: it never passes, and a reason is given."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing.formats.pdf.seal import seal
from signing.policies import load
from signing.verify import inspect, judge

from .conftest import AT, PLACE, Region

CERTIFICATE = load("certificate")
KINDS = ("flip", "cut", "repeat", "move", "overwrite")


def mutate(data: bytes, kind: str, start: int, size: int, other: int) -> bytes:
    """Return the bytes with one piece changed in the way of ``kind``."""
    piece = data[start : start + size]
    rest = data[:start] + data[start + size :]
    if kind == "flip":
        return (
            data[:start] + bytes(byte ^ (other % 255 + 1) for byte in piece) + data[start + size :]
        )
    if kind == "cut":
        return rest
    at = other % (len(rest) + 1)
    if kind == "repeat":
        return data[:at] + piece + data[at:]
    if kind == "move":
        return rest[:at] + piece + rest[at:]
    return data[:at] + piece + data[at + len(piece) :]


@pytest.fixture(scope="module")
def sealed_pdf(p256: Region) -> bytes:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

    writer = PdfFileWriter()
    content = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.insert_page(PageObject(contents=content, media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return seal(out.getvalue(), p256.material(b"0"), PLACE, AT, p256.signer.sign)


def never_passes(good: bytes, region: Region, data: st.DataObject, at: datetime = AT) -> None:
    """Judge a mutation of what passes at ``at``."""
    changed = mutate(
        good,
        data.draw(st.sampled_from(KINDS)),
        data.draw(st.integers(0, len(good) - 1)),
        data.draw(st.integers(1, 400)),
        data.draw(st.integers(0, len(good))),
    )
    if changed == good:
        return
    verdict = judge(inspect(changed), CERTIFICATE, region.trust, at)
    assert not verdict.passed
    assert verdict.codes


MILD = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@MILD
@given(data=st.data())
def test_a_mutated_ofd_never_passes(sealed: bytes, sm2: Region, data: st.DataObject) -> None:
    never_passes(sealed, sm2, data)


@MILD
@given(data=st.data())
def test_a_mutated_pdf_never_passes(sealed_pdf: bytes, p256: Region, data: st.DataObject) -> None:
    never_passes(sealed_pdf, p256, data)
