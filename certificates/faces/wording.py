"""Turns values into the words of a face: dates in Chinese, validity, computed parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from certificates.model import CertificateType, FaceValues, FieldSpec, TableSpec
from kernel.clock import BEIJING
from kernel.errors import TongbanError

DEMONSTRATION = "演示证照：证照类型代码或版面为合成，持证主体为虚构，不具有法律效力"

_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_MINUTE = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):\d{2}")
_AMOUNT = re.compile(r"-?\d+\.\d+")


def date_text(value: str) -> str:
    """Return ``2026-01-02`` or ``20260102`` as 2026年1月2日; other text unchanged."""
    found = _DATE.fullmatch(value)
    if not found:
        return value
    year, month, day = (int(part) for part in found.groups())
    return f"{year}年{month}月{day}日"


def minute_text(value: str) -> str:
    """Return ``2026-01-02T09:05:00`` as 2026年01月02日 09时05分; other text unchanged."""
    found = _MINUTE.fullmatch(value)
    if not found:
        return value
    year, month, day, hour, minute = found.groups()
    return f"{year}年{month}月{day}日 {hour}时{minute}分"


def amount_text(value: str) -> str:
    """Return ``1234.500000`` as 1234.5 and ``500.00`` as 500; other text unchanged."""
    return value.rstrip("0").rstrip(".") if _AMOUNT.fullmatch(value) else value


_PRINTED: Mapping[str, Callable[[str], str]] = {
    "text": str,
    "date": date_text,
    "datetime": minute_text,
    "amount": amount_text,
}
"""How a value is printed, by ``FieldSpec.kind``."""


def moment_text(moment: datetime) -> str:
    """Return a Beijing time as 2026年1月2日 09:05."""
    local = moment.astimezone(BEIJING)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def validity_text(metadata: Mapping[str, str]) -> str:
    """Return 有效期 from ZZYXQQSRQ and ZZYXQJZRQ; open-ended is 长期."""
    start, end = metadata.get("ZZYXQQSRQ", ""), metadata.get("ZZYXQJZRQ", "")
    if not end or end == "长期" or end.startswith("9999"):
        return "长期"
    return f"{date_text(start)}至{date_text(end)}" if start else f"至{date_text(end)}"


def fixed_words(kind: CertificateType) -> dict[str, str]:
    """Return the computed parts that are equal on all certificates of a type."""
    return {"title": kind.title, "demonstration": DEMONSTRATION if kind.synthetic else ""}


def words(kind: CertificateType, values: FaceValues) -> dict[str, str]:
    """Return all parts a text may name, except page numbers.

    Raises TongbanError ``face-value-missing`` or ``face-value-unknown``.
    """
    issued = values.issued_at.astimezone(BEIJING)
    shown = fixed_words(kind)
    shown |= printed(kind, kind.fields, values.fields, "")
    shown |= {
        "number": values.number,
        "identifier": values.identifier,
        "issuing_org": values.metadata.get("ZZBFJG", kind.issuing_org),
        "issued": f"{issued.year}年{issued.month}月{issued.day}日",
        "valid": validity_text(values.metadata),
    }
    return shown


def table_rows(kind: CertificateType, spec: TableSpec, values: FaceValues) -> list[dict[str, str]]:
    """Return the printed rows of one table, in the order given."""
    rows = values.rows.get(spec.name, ())
    return [printed(kind, spec.columns, row, f"{spec.name}.") for row in rows]


def check_names(kind: CertificateType, values: FaceValues) -> None:
    """Raise ``face-value-unknown`` for a table the type does not have."""
    known = {table.name for table in kind.tables}
    for name in values.rows:
        if name not in known:
            raise TongbanError("face-value-unknown", type=kind.title, field=name)


def printed(
    kind: CertificateType, specs: tuple[FieldSpec, ...], given: Mapping[str, str], path: str
) -> dict[str, str]:
    """Return the display text of each field; absent optional ones are empty."""
    names = {spec.name for spec in specs}
    for name in given:
        if name not in names:
            raise TongbanError("face-value-unknown", type=kind.title, field=path + name)
    shown = {}
    for spec in specs:
        value = given.get(spec.name, "")
        if spec.required and not value.strip():
            raise TongbanError("face-value-missing", type=kind.title, field=path + spec.name)
        shown[spec.name] = _PRINTED[spec.kind](value)
    return shown
