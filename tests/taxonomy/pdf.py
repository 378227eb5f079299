"""The same failures in PDF files, where a PDF has them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from signing import x509
from signing.checks.case import Trust
from signing.formats.pdf.seal import seal
from tests.signing_formats.conftest import AT, END, PLACE, START, Region, issue
from tests.signing_formats.stamping import Stamper, authority
from tests.taxonomy.exhibit import Exhibit, Made, Outcome
from tests.taxonomy.seals import DAY, HOUR, Make, revoked


@cache
def blank() -> bytes:
    """One empty page, as stock pyHanko writes it."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

    writer = PdfFileWriter()
    content = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.insert_page(PageObject(contents=content, media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def sealed(region: Region, *, at: datetime = AT, stamped: bool = False) -> bytes:
    """Return the page sealed by the region's signer."""
    soon = at + timedelta(minutes=1)
    stamper = Stamper(authority(region), soon, (region.ca.cert,)) if stamped else None
    return seal(blank(), region.material(b"0"), PLACE, at, region.signer.sign, timestamp=stamper)


def redrawn(data: bytes) -> bytes:
    """Return the file with one more revision that gives its page other content."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"q Q"))
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _after(change: Callable[[bytes], bytes]) -> Make:
    return lambda region: change(sealed(region))


def _range(data: bytes, change: Callable[[list[int]], list[int]]) -> bytes:
    """Return the file with other numbers in its ByteRange, as wide as before."""
    found = re.search(rb"/ByteRange ?\[([\d ]+)\]", data)
    assert found
    numbers = change([int(item) for item in found[1].split()])
    text = b" ".join(b"%d" % item for item in numbers)
    return data[: found.start(1)] + text.ljust(len(found[1])) + data[found.end(1) :]


def _wrong(region: Region) -> bytes:
    def sign(digest: bytes) -> bytes:
        return region.signer.sign(digest[::-1])

    return seal(blank(), region.material(b"0"), PLACE, AT, sign)


def _by(profile: x509.Profile, start: datetime, end: datetime) -> Make:
    def make(region: Region) -> Made:
        signer = issue("另证", region.algorithm, profile, region.ca, start, end)
        return Made(sealed(replace(region, signer=signer)), region.trust)

    return make


def _off_the_curve(region: Region) -> bytes:
    broken = bytearray(region.signer.cert)
    broken[broken.index(x509.parse(region.signer.cert).spki[-32:]) + 31] ^= 1
    good = sealed(region)
    was, now = (cert.hex().encode() for cert in (region.signer.cert, bytes(broken)))
    at = good.lower().index(was)
    return good[:at] + now + good[at + len(now) :]


def _revoked(moment: datetime, *, stamped: bool = False) -> Make:
    return lambda region: Made(
        sealed(region, stamped=stamped), revoked(region, moment), AT + timedelta(hours=2)
    )


def _foreign_anchor(region: Region) -> Made:
    anchor = x509.parse(issue("外市根", region.algorithm, x509.ROOT).cert)
    return Made(sealed(region), Trust(anchors=(anchor,)))


def _pdf(  # noqa: PLR0917 - a row of the table below
    row: int,
    name: str,
    code: str,
    make: Make,
    certificate: Outcome = "reject",
    archive: Outcome | None = None,
) -> Exhibit:
    return Exhibit(row, name, code, make, certificate, archive, "pdf")


_ENCIPHER = x509.Profile(frozenset({x509.KeyUsage.KEY_ENCIPHERMENT}))

EXHIBITS: tuple[Exhibit, ...] = (
    _pdf(0, "good", "", sealed, "accept"),
    _pdf(
        1,
        "content-changed",
        "E_DIGEST_MISMATCH",
        _after(lambda data: data.replace(b"BT ET", b"ET BT", 1)),
    ),
    _pdf(
        2,
        "field-removed",
        "E_NO_SIGNATURE",
        _after(lambda data: data.replace(b"/AcroForm", b"/AcroFrom")),
        "unsigned",
    ),
    _pdf(
        3,
        "bytes-after-the-seal",
        "E_UNCOVERED_FILE",
        _after(lambda data: data + b"\n% more\n"),
        archive="accept",
    ),
    _pdf(
        5,
        "range-from-the-second-byte",
        "E_SIGNATURE_SCOPE",
        _after(lambda data: _range(data, lambda n: [1, n[1] - 1, *n[2:]])),
    ),
    _pdf(
        5,
        "range-with-a-gap",
        "E_SIGNATURE_SCOPE",
        _after(lambda data: _range(data, lambda n: [n[0], n[1] - 9, *n[2:]])),
    ),
    _pdf(9, "signature-wrong", "E_SIGNATURE", _wrong),
    _pdf(
        16,
        "signer-expired",
        "E_SIGNER_CERT_EXPIRED",
        _by(x509.SIGNER, START, AT - DAY),
        "indeterminate",
    ),
    _pdf(
        16,
        "signer-not-yet-valid",
        "E_SIGNER_CERT_EXPIRED",
        _by(x509.SIGNER, AT + DAY, END),
        "indeterminate",
    ),
    _pdf(18, "revoked-before", "E_REVOKED", _revoked(AT - DAY)),
    _pdf(18, "revoked-later-unproven", "E_REVOKED", _revoked(AT + HOUR), "indeterminate"),
    _pdf(
        18,
        "revoked-later-proven",
        "W_REVOKED_LATER",
        _revoked(AT + HOUR, stamped=True),
        "accept",
    ),
    _pdf(19, "anchor-of-others", "INDETERMINATE_CHAIN", _foreign_anchor, "indeterminate"),
    _pdf(20, "key-for-encryption", "E_KEY_USAGE", _by(_ENCIPHER, START, END), "indeterminate"),
    _pdf(21, "no-timestamp", "W_NO_TIMESTAMP", sealed, "accept"),
    _pdf(
        22,
        "time-in-future",
        "E_TIME_IN_FUTURE",
        lambda region: sealed(region, at=AT + timedelta(days=3)),
    ),
    _pdf(27, "key-off-the-curve", "E_KEY_INVALID", _off_the_curve),
    _pdf(33, "page-changed-later", "E_CHANGED_AFTER_SEAL", _after(redrawn)),
)
