"""The XMP packet (ISO 16684-1) of a certificate: Dublin Core and the standard's own names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from xml.sax.saxutils import escape

NAMESPACE = "urn:oid:1.2.156.3005.2"
"""Namespace of the certificate entries: the root of all certificate identifiers."""

_HEAD = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" \
xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" \
xmlns:zz="urn:oid:1.2.156.3005.2">
"""
_TAIL = """</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def packet(title: str, author: str, at: datetime, entries: Mapping[str, str]) -> bytes:
    """Return the packet; ``entries`` are written as ``zz:<name>``."""
    lines = [
        _HEAD,
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt>',
        "</dc:title>",
        f"<dc:creator><rdf:Seq><rdf:li>{escape(author)}</rdf:li></rdf:Seq></dc:creator>",
        "<dc:language><rdf:Bag><rdf:li>zh-CN</rdf:li></rdf:Bag></dc:language>\n",
        f"<xmp:CreateDate>{at.isoformat(timespec='seconds')}</xmp:CreateDate>",
        "<xmp:CreatorTool>Tongban</xmp:CreatorTool><pdf:Producer>Tongban</pdf:Producer>\n",
        *(f"<zz:{name}>{escape(value)}</zz:{name}>\n" for name, value in entries.items()),
        _TAIL,
    ]
    return "".join(lines).encode("utf-8")
