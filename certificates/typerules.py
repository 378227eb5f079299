"""What a certificate type must satisfy beyond its shape, so that a mistake stops at loading."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from certificates.face import Box, Face, Guilloche, Item, Line, Qr, Rosette, Table, Text
from certificates.holdercodes import holder_code_types
from certificates.model import CertificateType, FieldSpec, HolderSpec
from certificates.numbering import credit_code_ok
from kernel.errors import TongbanError

COMPUTED = frozenset(
    {
        "number",
        "identifier",
        "title",
        "issuing_org",
        "issued",
        "valid",
        "page",
        "pages",
        "demonstration",
    }
)
"""Text parts the layout fills itself, beside the fields and ``<table>_count`` of the type."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_EXTENSION = re.compile(r"KZ_[A-Z0-9_]+")
_SOURCE = re.compile(r"[a-z][a-z0-9_-]*\.[a-z][a-z0-9_]*")


def check(kind: CertificateType) -> None:
    """Raise TongbanError ``type-malformed`` with file, key and reason for the first mistake."""
    for key, reason in mistakes(kind):
        raise TongbanError("type-malformed", file=kind.name, key=key, reason=reason)


def mistakes(kind: CertificateType) -> Iterator[tuple[str, str]]:
    """Yield every mistake as key and reason."""
    yield from _codes(kind)
    yield from _specs("fields", kind.fields)
    for table in kind.tables:
        yield from _specs(f"tables.{table.name}.columns", table.columns)
        if {column.resource for column in table.columns} != {table.resource}:
            yield f"tables.{table.name}", "all columns must come from one resource"
    yield from _holder(kind.holder)
    yield from _face(kind)


def _codes(kind: CertificateType) -> Iterator[tuple[str, str]]:
    if len(kind.code) != 21 or not kind.code[18:].isdigit():
        yield "code", "a credit code and three digits are needed"
    elif kind.code[:18] != kind.defining_code:
        yield "code", "must begin with defining_code"
    for key, code in (("defining_code", kind.defining_code), ("issuing_code", kind.issuing_code)):
        if not credit_code_ok(code):
            yield key, "not a credit code of GB 32100 (check character)"
    if not re.fullmatch(r"[0-9]{6}", kind.area_code):
        yield "area_code", "six digits of GB/T 2260 are needed"


def _holder(holder: HolderSpec) -> Iterator[tuple[str, str]]:
    if len(holder.names) != len(holder.codes) or not holder.names:
        yield "holder.codes", "one code column per name column is needed"
    known = holder_code_types().get(holder.code_type)
    if known is None:
        yield "holder.code_type", "not a holder code type of GB/T 36903"
    elif holder.kind not in (known.kind, "both"):
        yield "holder.code_type", f"{known.title} names {known.kind} persons"
    elif holder.code_type_title != known.title:
        yield "holder.code_type_title", f"the standard says {known.title}"


def _specs(key: str, specs: tuple[FieldSpec, ...]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for spec in specs:
        if not _NAME.fullmatch(spec.name) or spec.name in seen | COMPUTED:
            yield f"{key}.{spec.name}", "names are small letters, distinct and not reserved"
        if not _SOURCE.fullmatch(spec.source):
            yield f"{key}.{spec.name}.source", "resource.column is needed"
        if spec.extension and not _EXTENSION.fullmatch(spec.extension):
            yield f"{key}.{spec.name}.extension", "extension names are KZ_ and capitals or digits"
        seen.add(spec.name)


def _face(kind: CertificateType) -> Iterator[tuple[str, str]]:
    face = kind.face
    names = {spec.name for spec in kind.fields} | COMPUTED
    names |= {f"{table.name}_count" for table in kind.tables}
    for where, items in (("face.items", face.items), ("face.continuation", face.continuation)):
        for no, item in enumerate(items):
            key = f"{where}[{no}]"
            if not _inside(item, face):
                yield key, "lies outside the page"
            if isinstance(item, Text):
                yield from _parts(key, item.text, names)
            if isinstance(item, Table):
                yield from _table(key, item, kind)
    if not any(isinstance(item, Qr) for item in face.items):
        yield "face.items", "a qr place is needed"
    seal = face.seal
    right, bottom = seal.x + seal.width, seal.y + seal.height
    if seal.x < 0 or seal.y < 0 or right > face.width or bottom > face.height:
        yield "face.seal", "lies outside the page"


def _parts(key: str, text: str, names: set[str]) -> Iterator[tuple[str, str]]:
    try:
        parts = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        yield f"{key}.text", str(error)
        return
    for name in parts:
        if name not in names:
            yield f"{key}.text", f"nothing fills {{{name}}}"


def _table(key: str, item: Table, kind: CertificateType) -> Iterator[tuple[str, str]]:
    spec = next((table for table in kind.tables if table.name == item.name), None)
    if spec is None:
        yield f"{key}.name", f"no table {item.name} in tables"
        return
    known = {column.name for column in spec.columns}
    for column in item.columns:
        if column.name not in known:
            yield f"{key}.columns", f"no column {column.name} in tables.{item.name}"


def _inside(item: Item, face: Face) -> bool:
    left, top, right, bottom = extent(item)
    return left >= 0 and top >= 0 and right <= face.width and bottom <= face.height


def extent(item: Item) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of what an item may cover, in millimetres."""
    match item:
        case Text():
            return item.x, item.y, item.x + item.width, item.y
        case Line():
            return (
                min(item.x1, item.x2),
                min(item.y1, item.y2),
                max(item.x1, item.x2),
                max(item.y1, item.y2),
            )
        case Box() | Guilloche():
            return item.x, item.y, item.x + item.width, item.y + item.height
        case Rosette():
            return (
                item.x - item.radius,
                item.y - item.radius,
                item.x + item.radius,
                item.y + item.radius,
            )
        case Qr():
            return item.x, item.y, item.x + item.size, item.y + item.size
        case Table():
            width = sum(column.width for column in item.columns)
            height = item.row_height * item.rows + (item.head_height or item.row_height)
            return item.x, item.y, item.x + width, item.y + height
