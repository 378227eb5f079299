"""Files that must be refused: one octet of a good file changed, or something added after the seal."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

from asn1crypto import parser
from asn1crypto.cms import ContentInfo

Change = Callable[[bytes], bytes]


def content(data: bytes) -> bytes:
    """Change one octet of what the seal covers; the file stays readable."""
    if data.startswith(b"%PDF"):
        streams = re.finditer(
            rb"stream\r?\n(.*?)endstream", data[: data.find(b"/ByteRange")], re.DOTALL
        )
        longest = max(streams, key=lambda found: len(found[1]))
        return _flip(data, sum(longest.span(1)) // 2)
    return _member(data, "Content.xml", lambda xml: _flip(xml, xml.index(b'Boundary="') + 10))


def signature(data: bytes) -> bytes:
    """Change the last octet of the (first) signature value."""
    if data.startswith(b"%PDF"):
        start = _gap(data)
        octets = bytes.fromhex(data[start : data.index(b">", start)].decode("ascii"))
        (signer,) = ContentInfo.load(octets[: parser.peek(octets)])["content"]["signer_infos"]
        value = signer["signature"].contents
        at = start + 2 * (octets.index(value) + len(value)) - 1
        other = b"1" if data[at : at + 1] != b"1" else b"2"
        return data[:at] + other + data[at + 1 :]
    return _member(data, "SignedValue.dat", lambda value: _flip(value, _end(value) - 1))


def later(data: bytes) -> bytes:
    """Add a revision after the seal that only draws on the page; the signed octets stay."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    drawing = generic.StreamObject(stream_data=b"0 0 0 rg 100 100 80 80 re f")
    writer.add_stream_to_page(0, writer.add_object(drawing))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _gap(data: bytes) -> int:
    found = re.search(rb"/ByteRange\s*\[\s*\d+\s+(\d+)", data)
    assert found
    return int(found[1]) + 1


def _end(value: bytes) -> int:
    """Where the signature value ends: with the structure, or before a time stamp in a [0]."""
    rest, parts = parser.parse(value)[4], []
    while rest:
        size = parser.peek(rest)
        parts.append(rest[:size])
        rest = rest[size:]
    return len(value) - (len(parts[4]) if len(parts) == 5 else 0)


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _member(data: bytes, ending: str, change: Callable[[bytes], bytes]) -> bytes:
    """Write the archive again, each file as it was but the first one of that name."""
    out, changed = io.BytesIO(), False
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            octets = old.read(entry)
            if entry.filename.endswith(ending) and not changed:
                octets, changed = change(octets), True
            new.writestr(entry, octets)
    assert changed, ending
    return out.getvalue()
