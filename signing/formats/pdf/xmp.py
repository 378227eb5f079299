"""What a metadata stream says (XMP, ISO 16684-1), but for what programs write when they save."""

from __future__ import annotations

from typing import Any

from signing.formats.errors import FormatError
from signing.formats.ofd.xml import Element, parse
from signing.formats.pdf.fields import PARSER_ERRORS

_XMP, _PDF = "{http://ns.adobe.com/xap/1.0/}", "{http://ns.adobe.com/pdf/1.3/}"
_WRITTEN_BY_SAVING = frozenset(
    {
        *(f"{_XMP}ModifyDate", f"{_XMP}MetadataDate", f"{_PDF}Producer"),
        *("{http://ns.adobe.com/xap/1.0/mm/}InstanceID", "{adobe:ns:meta/}xmptk"),
    }
)
Statement = tuple[str, str]
"""Names of elements from the outermost on, with the attribute's if it is one, and the value."""


def told(stream: Any) -> tuple[Statement, ...] | None:
    """Return what a stream says, sorted; nothing for no stream, None for one that is no XMP."""
    if stream is None:
        return ()
    try:
        root = parse(bytes(stream.data).strip(b"\x00 \t\r\n"), "/Metadata").root
    except FormatError:
        return None
    except PARSER_ERRORS:  # a stream whose filters cannot be undone
        return None
    found: list[Statement] = []
    _walk(root, "", found)
    return tuple(sorted(found))


def _walk(element: Element, above: str, found: list[Statement]) -> None:
    if element.tag in _WRITTEN_BY_SAVING:
        return
    path = f"{above}/{element.tag}"
    values = [(path, element.text or "")]
    values += [(f"{path}@" + str(name), str(value)) for name, value in element.items()]
    found += [
        (where, value.strip())
        for where, value in values
        if value.strip() and where.rpartition("@")[2] not in _WRITTEN_BY_SAVING
    ]
    for child in element:
        _walk(child, path, found)
