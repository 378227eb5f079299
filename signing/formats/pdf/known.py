"""Evidence of a sealed PDF that is exactly as this hub's own writers make one.

Such a file holds no surprise: its update is compared octet by octet with the one that the form
would write, and its CMS with the one spelling of what is signed. Whatever differs anywhere, is not
intact, or was changed later is none of ours and goes through the PDF library, which says why.
Tests hold the evidence to what the library's way gives.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from kernel.clock import BEIJING, to_iso
from kernel.errors import TongbanError
from signing.algorithms import Algorithm, by_oid, ecdsa_p256, sm2_sm3
from signing.formats.crypto import verify
from signing.formats.pdf import quick
from signing.formats.pdf.cmsform import CmsForm
from signing.formats.pdf.plain import Plain, number_of_page, read
from signing.formats.pool import Notes, Pool
from signing.formats.running import start
from signing.model import EVIDENCE_SCHEMA, Evidence, SignatureEvidence, StampEvidence
from signing.ses import der
from signing.x509 import parse

_HEADER = b"%PDF-1.7\n"
_CATALOG = re.compile(
    rb"<</Type/Catalog/Pages \d+ 0 R/Metadata \d+ 0 R/Lang\(zh-CN\)"
    rb"/ViewerPreferences<</DisplayDocTitle true>>>>"
)
_PAGE = re.compile(
    rb"<</Type/Page/Parent \d+ 0 R/MediaBox\[0 0 [\d.]+ [\d.]+\]/Contents \d+ 0 R/Resources<<"
    rb"/Font<</F2 \d+ 0 R>>/XObject<</B \d+ 0 R>>/ExtGState<<[\w/<>. ]*>>>>>>"
)
_END = re.compile(
    rb"trailer\n<</Size \d{1,7}/Root \d{1,7} 0 R/Info (\d{1,7}) 0 R"
    rb"/ID\[<[0-9A-F]{32}><([0-9A-F]{32})>\]/Prev \d{1,10}>>\nstartxref\n(\d{1,10})\n%%EOF\n\Z"
)
_LONGEST_END = 320
_FIRST_OFFSET = re.compile(rb"xref\n1 1\n(\d{10}) 00000 n \n(\d{1,7}) 1\n")
_RECT = re.compile(rb"/Rect\[(-?\d{1,6}) (-?\d{1,6}) (-?\d{1,6}) (-?\d{1,6})\]")
_IMAGE = re.compile(rb"/Width (\d{1,6})/Height (\d{1,6})[^\n]{0,99}/Length (\d{1,9})>>stream\n")
_SIGNATURE = re.compile(
    rb"/Type/Sig/Filter/Adobe\.PPKLite/SubFilter/ETSI\.CAdES\.detached"
    rb"/M\(D:(\d{14})\+08'00'\)/Name (<FEFF[0-9A-F]*>)/Reference"
)
_ENTRY = re.compile(
    rb"/([A-Za-z_]\w{0,99}) ?(?:<FEFF((?:[0-9A-F]{4})*)>|\(([\w:+' ]*)\))", re.ASCII
)
_POINTS_PER_MM = 72 / 25.4
_ALGORITHMS = frozenset({ecdsa_p256.OID, sm2_sm3.OID})
_LONGEST_TEXT = 2000


def inspect(data: bytes, name: str) -> Evidence | None:
    """Return the evidence of an intact file of ours, None for every other file."""
    try:
        return _inspect(data, name)
    except (der.DerError, TongbanError, ValueError, IndexError):
        return None


def _inspect(data: bytes, name: str) -> Evidence | None:
    update = _update(data)
    if update is None:
        return None
    pool = Pool()
    facts = _signed(update, pool)
    metadata = _metadata(update)
    if facts is None or metadata is None:
        return None
    method, names = facts
    field = quick.FIELD.decode()
    signature = SignatureEvidence(
        id=field,
        kind="signature",
        structure="cms",
        path=field,
        time=to_iso(update.at),
        signer=names[0],
        signature_algorithm=method.oid,
        digest_algorithm=method.digest_name,
        signature_valid=True,
        content_valid=True,
        stamps=(_stamp(update),),
        level="B-B",
        certificates=names,
    )
    return Evidence(
        schema=EVIDENCE_SCHEMA,
        name=name,
        format="pdf",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        signatures=(signature,),
        certificates=pool.encoded(),
        metadata=metadata,
    )


@dataclass(frozen=True, slots=True)
class _Update:
    """A sealed file taken apart, every octet of its update accounted for but the value's."""

    data: bytes
    plain: Plain
    page: int
    rect: tuple[int, int, int, int]
    at: datetime
    gap: tuple[int, int]
    """Where the value's brackets begin and end."""
    info: int


def _update(data: bytes) -> _Update | None:
    """Rebuild the update from what varies in it and compare; None where that gives other octets."""
    end = _END.search(data, max(0, len(data) - _LONGEST_END))
    if end is None or not data.startswith(_HEADER):
        return None
    table = int(end[3])
    first = _FIRST_OFFSET.match(data, table)
    if first is None:
        return None
    length = int(first[1])
    base = data[:length]
    page = number_of_page(base, int(first[2]))
    plain = read(base, page) if page is not None else None
    if plain is None or page is None or not _expected(plain):
        return None
    rect = _RECT.search(data, length)
    signature = _SIGNATURE.search(data, length)
    opening = data.find(b"/Contents <", length)
    if rect is None or signature is None or opening < 0:
        return None
    gap = opening + len(b"/Contents "), data.find(b">", opening) + 1
    form = _form(data, length, signature[2])
    if form is None:
        return None
    corners = tuple(map(int, rect.groups()))
    box = (corners[0], corners[1], corners[2], corners[3])
    at = datetime.strptime(signature[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    head, tail = form.around(plain, box, at, length=length, gap=gap[1] - gap[0], second=end[2])
    same = data[length : gap[0]] == head and data[gap[1] :] == tail
    found = _Update(data, plain, page, box, at, gap, int(end[1]))
    return found if same else None


def _expected(plain: Plain) -> bool:
    return bool(_CATALOG.fullmatch(plain.catalog) and _PAGE.fullmatch(plain.page_object))


def _form(data: bytes, start_at: int, name: bytes) -> quick.Appearance | None:
    """Return the pictures of the seal as the file holds them, and its name."""
    packed: list[bytes] = []
    sizes: list[tuple[int, int]] = []
    for _ in range(2):
        found = _IMAGE.search(data, start_at)
        if found is None:
            return None
        wide, high, length = map(int, found.groups())
        packed.append(data[found.end() : found.end() + length])
        sizes.append((wide, high))
        start_at = found.end() + length
    return quick.Appearance(packed[0], packed[1], sizes[0], name)


def _signed(update: _Update, pool: Pool) -> tuple[Algorithm, tuple[str, ...]] | None:
    """Return the method and the certificates' names where the signature holds over the file."""
    first, second = update.gap
    digits = update.data[first + 1 : second - 1]
    contents = bytes.fromhex(digits.decode("ascii"))
    if digits != digits.upper() or len(digits) != 2 * len(contents):
        return None
    node, size = der.read(contents)
    if contents[size:].strip(b"\0"):
        return None
    parts = node.exactly(2)[1].exactly(1)[0].children()
    certificates = [item.raw for item in parts[3].children()]
    info = parts[4].exactly(1)[0].children()
    method = by_oid(info[4].first().oid())
    if method.oid not in _ALGORITHMS or not certificates:
        return None
    form = CmsForm.of_certificates(certificates, method)
    running = start(method.digest_name)
    running.update(update.data[:first])
    running.update(memoryview(update.data)[second:])
    attributes, value = form.attributes(running.digest()), info[5].octets()
    if form.whole(attributes, value) != node.raw or len(contents) != form.size:
        return None
    cert, notes = parse(certificates[0]), Notes()
    names = tuple(pool.add(item) for item in certificates)
    for item in certificates:
        parse(item)
    message = der.tlv(der.SET, attributes)
    holds = verify(cert, method.oid, message, value, notes, path="")
    return (method, names) if holds and not notes.items else None


def _metadata(update: _Update) -> dict[str, str] | None:
    """Return document information as text; None where it is not as our writer writes it."""
    body = update.plain.dictionary(update.data, update.info)
    if body is None or not body.startswith(b"<<") or not body.endswith(b">>"):
        return None
    found: dict[str, str] = {}
    at, end = 2, len(body) - 2
    while at < end:
        entry = _ENTRY.match(body, at, end)
        if entry is None:
            return None
        key, wide, narrow = entry.groups()
        text = bytes.fromhex(wide.decode()).decode("utf-16-be") if wide is not None else ""
        if key.decode() in found or (wide is None and narrow is None):
            return None
        found[key.decode()] = (narrow.decode() if wide is None else text)[:_LONGEST_TEXT]
        at = entry.end()
    return dict(sorted(found.items()))


def _stamp(update: _Update) -> StampEvidence:
    x1, y1, x2, y2 = update.rect
    top = update.plain.height
    places = (min(x1, x2), top - max(y1, y2), abs(x2 - x1), abs(y2 - y1))
    numbers = [f"{value / _POINTS_PER_MM:.1f}" for value in places]
    return StampEvidence(str(update.page), *numbers)
