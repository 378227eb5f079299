"""Values for the face of any type, made from its own description: synthetic people only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from certificates import numbering
from certificates.fonts import truetype
from certificates.fonts.book import packaged
from certificates.fonts.outline import FontFile
from certificates.model import Annotation, CertificateType, FaceValues, FieldSpec

AT = datetime(2026, 3, 5, 2, 30, tzinfo=UTC)
ANNOTATION = Annotation(
    "示例市卫生健康委员会",
    AT,
    "新生儿出生一件事联办（办件编号 410100-2026-000001）",
    datetime(2026, 4, 5, tzinfo=UTC),
)
RARE = "𠮷"


def values(
    kind: CertificateType, *, rows: int = 3, annotation: Annotation | None = None, **fields: str
) -> FaceValues:
    """Return complete values; ``fields`` replace single ones."""
    identifier = numbering.make(kind.code, kind.issuing_code, "TB2026000001", 1)
    number = "J410199-2026-000001"
    shown = {spec.name: _sample(spec, 0) for spec in kind.fields} | fields
    metadata = {
        "ZZMC": kind.title,
        "ZZLXMC": kind.title,
        "ZZLXDM": kind.code,
        "ZZBH": number,
        "ZZBS": identifier,
        "ZZBFJG": kind.issuing_org,
        "ZZBFJGDM": kind.issuing_code,
        "ZZBFRQ": "20260305",
        "CZZT": "测试甲",
        "CZZTDM": "410199199001010015",
        "CZZTDMLX": kind.holder.code_type_title,
        "CZZTDMLXDM": kind.holder.code_type,
        "ZZYXQQSRQ": "20260305",
        "ZZYXQJZRQ": "长期",
    }
    metadata |= {spec.extension: shown[spec.name] for spec in kind.fields if spec.extension}
    return FaceValues(
        number=number,
        identifier=identifier,
        fields=shown,
        rows={
            table.name: [
                {spec.name: _sample(spec, no) for spec in table.columns} for no in range(rows)
            ]
            for table in kind.tables
        },
        qr="https://hub.example/v/" + identifier,
        metadata=metadata,
        issued_at=AT,
        annotation=annotation,
    )


def with_row(values: FaceValues, table: str, no: int, **cells: str) -> FaceValues:
    """Return values with some cells of one row replaced."""
    rows = [dict(row) for row in values.rows[table]]
    rows[no] |= cells
    return replace(values, rows={**values.rows, table: rows})


def rare_font() -> bytes:
    """Return a font that has U+20BB7 alone, with the outline of another character."""
    serif = FontFile.open(packaged("text")[0])
    number = serif.find("吉")
    assert number
    return truetype.build(
        "Rare", {ord(RARE): serif.glyph(number)}, ascent=880, descent=-120, notice="test"
    )


def _sample(spec: FieldSpec, no: int) -> str:
    if spec.kind == "date":
        return f"199{no % 10}-0{no % 9 + 1}-1{no % 10}"
    if "id" in spec.name.split("_"):
        return f"41019919900101{no:04d}"
    return f"测试{spec.title[:3]}{no}"
