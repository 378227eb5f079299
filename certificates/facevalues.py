"""From contents to what a face prints and what the metadata of the file says (GB/T 36903)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from certificates.model import Annotation, CertificateType, FaceValues, FieldSpec
from certificates.ports import Codes
from certificates.register_model import Certificate, Contents
from kernel.clock import BEIJING

VerifyAddress = Callable[[str], str]
"""Turns an identifier into the address of the public verify page, printed as QR."""


def face_values(
    kind: CertificateType,
    certificate: Certificate,
    contents: Contents,
    *,
    codes: Codes,
    address: VerifyAddress,
    annotation: Annotation | None = None,
) -> FaceValues:
    """Return everything a template needs. Nothing depends on the wall clock."""
    fields = _shown(kind.fields, contents.fields, codes)
    return FaceValues(
        number=contents.number,
        identifier=certificate.identifier,
        fields=fields,
        rows={
            table.name: [_shown(table.columns, row, codes) for row in contents.rows[table.name]]
            for table in kind.tables
        },
        qr=address(certificate.identifier),
        metadata=metadata(kind, certificate, contents, fields),
        issued_at=certificate.issued_at,
        annotation=annotation,
    )


def metadata(
    kind: CertificateType,
    certificate: Certificate,
    contents: Contents,
    fields: Mapping[str, str],
) -> dict[str, str]:
    """Return the certificate metadata under the standard's pinyin names.

    Dates are YYYYMMDD and times 14 digits, both Beijing, as the national feed has them. Several
    holders are joined by commas. An open end of validity is 长期.
    """
    sealed_at = certificate.issued_at.astimezone(BEIJING)
    end = certificate.valid_to
    values = {
        "ZZMC": kind.title,
        "ZZLXMC": kind.title,
        "ZZLXDM": kind.code,
        "ZZBH": contents.number,
        "ZZBS": certificate.identifier,
        "ZZBFJG": kind.issuing_org,
        "ZZBFJGDM": certificate.issuer,
        "ZZBFRQ": f"{sealed_at:%Y%m%d}",
        "CZZT": ",".join(item.name for item in contents.holders),
        "CZZTDM": ",".join(item.code for item in contents.holders),
        "CZZTDMLX": kind.holder.code_type_title,
        "CZZTDMLXDM": kind.holder.code_type,
        "ZZYXQQSRQ": f"{certificate.valid_from:%Y%m%d}",
        "ZZYXQJZRQ": f"{end:%Y%m%d}" if end else "长期",
        "ZZQZR": kind.issuing_org,
        "ZZQZSJ": f"{sealed_at:%Y%m%d%H%M%S}",
        "CJSJ": f"{sealed_at:%Y%m%d%H%M%S}",
    }
    for spec in kind.fields:
        if spec.extension:
            values[spec.extension] = fields[spec.name]
    return values


def _shown(specs: Sequence[FieldSpec], values: Mapping[str, str], codes: Codes) -> dict[str, str]:
    return {
        spec.name: codes.text(spec.codes, values[spec.name]) if spec.codes else values[spec.name]
        for spec in specs
    }
