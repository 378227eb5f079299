"""Metadata of a certificate file under the names of GB/T 36903: what is inside the PDF or OFD.

Names are the pinyin abbreviations (ZZBS …) where the standard's exchanges use one, otherwise the
English names (certificate_version …). Dates are ``YYYYMMDD``, times ``YYYY-MM-DD HH:MM:SS``, both
Beijing time. The list with its sources is ``certificates/codes/metadata.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from certificates.model import Annotation, CertificateType, FaceValues

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

_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Facts:
    """What the issuer knows beside the type: numbers, issuer, holders, validity, seal."""

    number: str
    identifier: str
    version: int
    issuing_org: str
    issuing_code: str
    issued_at: datetime
    holder_names: Sequence[str]
    holder_codes: Sequence[str]
    seal_name: str = ""
    signer: str = ""


def describe(kind: CertificateType, facts: Facts, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of an original, ``fields`` being its printed or source values.

    Several holders are joined by commas, as exchanges do; the register keeps them apart.
    """
    issued = facts.issued_at.astimezone(_BEIJING).date()
    entries = {
        "ZZMC": kind.title,
        "ZZLXMC": kind.title,
        "ZZLXDM": kind.code,
        "ZZBH": facts.number,
        "ZZBS": facts.identifier,
        "certificate_version": f"{facts.version:03d}",
        "ZZBFJG": facts.issuing_org,
        "ZZBFJGDM": facts.issuing_code,
        "ZZBFRQ": f"{issued:%Y%m%d}",
        "certificate_define_authority_name": kind.defining_org,
        "certificate_define_authority_code": kind.defining_code,
        "CZZT": ",".join(facts.holder_names),
        "CZZTDM": ",".join(facts.holder_codes),
        "CZZTDMLX": kind.holder.code_type_title,
        "CZZTDMLXDM": kind.holder.code_type,
        "ZZYXQQSRQ": f"{issued:%Y%m%d}",
        "ZZYXQJZRQ": valid_until(kind, issued),
        "certificate_validity_range": kind.validity.range_text,
        "certificate_area_code": kind.area_code,
        "ZZQZR": facts.signer or facts.issuing_org,
        "ZZQZSJ": moment(facts.issued_at),
        "ZZQZMC": facts.seal_name,
    }
    for spec in kind.fields:
        if spec.extension and fields.get(spec.name):
            entries[spec.extension] = fields[spec.name]
    return {name: value for name, value in entries.items() if value}


def valid_until(kind: CertificateType, issued: date) -> str:
    """Return the last day of validity as ``YYYYMMDD``, or 长期."""
    years = kind.validity.years
    if years is None:
        return "长期"
    try:
        last = issued.replace(year=issued.year + years)
    except ValueError:  # 29 February
        last = date(issued.year + years, 3, 1)
    return f"{last - timedelta(days=1):%Y%m%d}"


def of_file(values: FaceValues) -> dict[str, str]:
    """Return the entries to write: those given, with JZJ* exactly when there is an annotation."""
    entries = {name: text for name, text in values.metadata.items() if text}
    for name in ANNOTATION:
        entries.pop(name, None)
    return entries | (annotated(values.annotation) if values.annotation else {})


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
    return f"{at.astimezone(_BEIJING):%Y-%m-%d %H:%M:%S}"
