"""Rows 34 to 40: well sealed packages whose container, paths or XML are not what they seem."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Sequence
from functools import partial

from signing.formats.ofd import package
from tests.signing_formats.conftest import Region
from tests.signing_formats.craft import Recipe, craft, entries
from tests.taxonomy.exhibit import Exhibit
from tests.taxonomy.seals import CONTENT, Make, rewritten

Files = Sequence[tuple[str, bytes]]
EXTRA = "Doc_0/Res/font_X.ttf"
"""A path that is written first and then overwritten with another of the same length."""
DIRECTORY = b"PK\x01\x02"


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED, **fields: int) -> bytes:
    """Return an archive as Python's own writer makes it, with fields of each entry set."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            for field, value in fields.items():
                setattr(info, field, value)
            archive.writestr(info, data)
    return out.getvalue()


def hidden(one: bytes, two: bytes) -> bytes:
    """Return the entries of ``two`` under the central directory of ``one``, its beginning."""
    local = two[: two.index(DIRECTORY)]
    end = bytearray(one[one.index(DIRECTORY) :])
    end[-6:-2] = struct.pack("<L", len(local))
    return local + bytes(end)


def disagreeing(at: int, data: bytes) -> bytes:
    """Return the archive with one octet of its first local header changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def encrypted(data: bytes) -> bytes:
    """Return the archive with its first entry marked as encrypted, in both headers."""
    locked = bytearray(data)
    locked[6] |= 1
    locked[locked.index(DIRECTORY) + 8] |= 1
    return bytes(locked)


def _sealed(region: Region) -> list[tuple[str, bytes]]:
    return list(entries(region, Recipe()).items())


def _with_more(*more: tuple[str, bytes]) -> Make:
    return lambda region: package.write([*_sealed(region), *more])


def _renamed(path: bytes) -> Make:
    """Add a file whose path becomes ``path``, which our writer would not write."""
    own = EXTRA.encode()[: len(path)].ljust(len(path), b"X")

    def make(region: Region) -> bytes:
        return package.write([*_sealed(region), (own.decode(), b"x")]).replace(own, path)

    return make


def _after(change: Callable[[bytes], bytes]) -> Make:
    return lambda region: change(craft(region, Recipe()))


def _hidden(region: Region) -> bytes:
    files = _sealed(region)
    return hidden(package.write(files), package.write([*files, (EXTRA, b"x")]))


def _again(method: int, **fields: int) -> Make:
    return lambda region: zipped(_sealed(region), method, **fields)


def _xml(path: str, data: bytes) -> Make:
    def change(files: dict[str, bytes]) -> None:
        files[path] = data

    return rewritten(change)


XML = {
    "entity": ("E_XML_DTD", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'),
    "doctype": ("E_XML_DTD", b"<!DOCTYPE a><a/>"),
    "xinclude": (
        "E_XML_DTD",
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="x"/></a>',
    ),
    "depth": ("E_XML_LIMITS", b"<a>" * 200 + b"</a>" * 200),
    "attribute": ("E_XML_LIMITS", b'<a b="' + b"x" * 70_000 + b'"/>'),
    "utf-16": ("E_XML_LIMITS", "<a/>".encode("utf-16")),
}
"""Name to code and the XML that deserves it."""

EXHIBITS: tuple[Exhibit, ...] = (
    Exhibit(34, "entry-twice", "E_ZIP_DUPLICATE_ENTRY", _renamed(b"Doc_0/Res/font_0.ttf")),
    Exhibit(35, "prefix", "E_ZIP_STRUCTURE", _after(lambda data: b"prefix" + data)),
    Exhibit(35, "suffix", "E_ZIP_STRUCTURE", _after(lambda data: data + b"\x00")),
    Exhibit(35, "truncated", "E_ZIP_STRUCTURE", _after(lambda data: data[: len(data) * 3 // 4])),
    Exhibit(
        35,
        "no-directory",
        "E_ZIP_STRUCTURE",
        _after(lambda data: data[: data.index(DIRECTORY)]),
    ),
    Exhibit(35, "hidden-entry", "E_ZIP_STRUCTURE", _hidden),
    *(
        Exhibit(35, f"{name}-disagrees", "E_ZIP_STRUCTURE", _after(partial(disagreeing, at)))
        for name, at in (("time", 10), ("checksum", 14), ("packed-size", 18), ("size", 22))
    ),
    *(
        Exhibit(36, name, "E_ZIP_PATH_ESCAPE", _renamed(path))
        for name, path in (
            ("climbs", b"../../outside.txt"),
            ("climbs-inside", b"Doc_0/../../a.txt"),
            ("absolute", b"/tmp/outside.txt"),
            ("backslash", b"..\\..\\outside.txt"),
            ("drive", b"C:/outside.txt"),
            ("null", b"Doc_0/a.xml\x00.png"),
        )
    ),
    Exhibit(37, "case", "E_ZIP_CASE_COLLISION", _with_more(("DOC_0/document.xml", b"<other/>"))),
    Exhibit(
        37,
        "composition",
        "E_ZIP_CASE_COLLISION",
        _with_more(("Doc_0/\u00e9.xml", b"1"), ("Doc_0/e\u0301.xml", b"2")),
    ),
    Exhibit(
        38,
        "bomb",
        "E_ZIP_BOMB",
        lambda region: zipped([*_sealed(region), (EXTRA, bytes(60 * 1024 * 1024))]),
    ),
    Exhibit(
        38,
        "entries",
        "E_ZIP_BOMB",
        _with_more(*((f"Doc_0/Res/{number}", b"") for number in range(4096))),
    ),
    Exhibit(39, "bzip2", "E_ZIP_FEATURE", _again(zipfile.ZIP_BZIP2)),
    Exhibit(
        39, "symlink", "E_ZIP_FEATURE", _again(zipfile.ZIP_DEFLATED, external_attr=0o120777 << 16)
    ),
    Exhibit(39, "encrypted", "E_ZIP_FEATURE", _after(encrypted)),
    *(Exhibit(40, name, code, _xml("OFD.xml", data)) for name, (code, data) in XML.items()),
    Exhibit(40, "entity-on-a-page", "E_XML_DTD", _xml(CONTENT, XML["entity"][1])),
)
