"""Metadata of a certificate file under the names of GB/T 36903: what is inside the PDF or OFD.

Names are the pinyin abbreviations (ZZBS …) where the standard's exchanges use one, otherwise the
English names (certificate_version …). Dates are ``YYYYMMDD``, times ``YYYYMMDDhhmmss``, both
Beijing time. The list with its sources is ``certificates/codes/metadata.csv``.
"""

from __future__ import annotations

import re
from datetime import datetime

from certificates import numbering
from certificates.model import Annotation, CertificateType, FaceValues
from kernel.clock import BEIJING
from kernel.errors import TongbanError

REQUIRED = (
    "ZZMC",
    "ZZLXMC",
    "ZZLXDM",
    "ZZBH",
    "ZZBS",
    "certificate_version",
    "ZZBFJG",
    "ZZBFJGDM",
    "ZZBFRQ",
    "CZZT",
    "CZZTDM",
    "CZZTDMLX",
    "CZZTDMLXDM",
    "certificate_area_code",
)
"""Entries that every certificate file must carry."""

ANNOTATION = ("JZJZZSJ", "JZJZZZ", "JZJZZSY", "JZJYXQJZSJ")
"""Entries of an annotated copy; an original carries none of them."""


_NO_XML = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def of_file(kind: CertificateType, values: FaceValues) -> dict[str, str]:
    """Return all entries to write, in a fixed order.

    Those of ``values``, what the type and the identifier say besides, and JZJ* exactly when there
    is an annotation. Empty ones are left out. Raises TongbanError ``glyph-missing`` for characters
    that no XML can hold.
    """
    given = {name: text for name, text in values.metadata.items() if name not in ANNOTATION}
    entries = given | _derived(kind, values)
    if values.annotation:
        entries |= annotated(values.annotation)
    for found in filter(None, map(_NO_XML.search, entries.values())):
        character = found.group()
        point = f"U+{ord(character):04X}"
        raise TongbanError("glyph-missing", char=ascii(character), code_point=point)
    return {name: text for name, text in entries.items() if text}


def _derived(kind: CertificateType, values: FaceValues) -> dict[str, str]:
    try:
        version = numbering.parse(values.identifier).version
    except TongbanError:
        version = 0
    return {
        "certificate_version": f"{version:03d}" if version else "",
        "certificate_define_authority_name": kind.defining_org,
        "certificate_define_authority_code": kind.defining_code,
        "certificate_validity_range": kind.validity.range_text,
        "certificate_area_code": kind.area_code,
    }


def annotated(annotation: Annotation) -> dict[str, str]:
    """Return the four entries of an annotated copy."""
    return {
        "JZJZZSJ": moment(annotation.created_at),
        "JZJZZZ": annotation.maker,
        "JZJZZSY": annotation.cause,
        "JZJYXQJZSJ": moment(annotation.expires_at),
    }


def moment(at: datetime) -> str:
    """Return a time as the metadata writes it."""
    return f"{at.astimezone(BEIJING):%Y%m%d%H%M%S}"
