"""The book of certificate types: reads ``certificates/types/*.toml`` and the hub's own overlay.

Every file is read strictly: an unknown key, a wrong type, a text part no field fills or a thing
drawn outside the page is an error that names the file and the key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from certificates import typerules
from certificates.face import (
    Box,
    Column,
    Face,
    Guilloche,
    Item,
    Line,
    Qr,
    Rosette,
    SealPlace,
    Table,
    Text,
)
from certificates.model import CertificateType, FieldSpec, HolderSpec, TableSpec, Validity
from certificates.strict import Reader
from kernel import registry
from kernel.errors import TongbanError

ITEM_KINDS: Mapping[str, type[Item]] = {
    "text": Text,
    "line": Line,
    "box": Box,
    "guilloche": Guilloche,
    "rosette": Rosette,
    "qr": Qr,
    "table": Table,
}
"""``kind`` of an entry of ``face.items`` and the primitive it becomes."""


@dataclass(frozen=True, slots=True)
class Typebook:
    """All types a hub knows. ``digest`` covers every file and is kept with the work done by it."""

    types: Mapping[str, CertificateType]
    digest: str

    def __getitem__(self, name: str) -> CertificateType:
        """Return a type by name; raises TongbanError ``type-unknown``."""
        found = self.types.get(name)
        if found is None:
            raise TongbanError("type-unknown", type=name)
        return found

    def __iter__(self) -> Iterator[CertificateType]:
        """Iterate over the types by name."""
        return iter(self.types.values())


def load(home: Path | None = None) -> Typebook:
    """Read and check all types; raises TongbanError ``type-unreadable`` or ``type-malformed``."""
    found = registry.load("certificates", "types", ".toml", home)
    types = {name: read(member) for name, member in found.members.items()}
    owners: dict[str, str] = {}
    for kind in types.values():
        if kind.code in owners:
            reason = f"code already used by {owners[kind.code]}"
            raise TongbanError("type-malformed", file=kind.name, key="code", reason=reason)
        owners[kind.code] = kind.name
    return Typebook(types, found.digest)


def read(member: registry.Member) -> CertificateType:
    """Turn one file into a type; raises TongbanError ``type-unreadable`` or ``type-malformed``."""
    try:
        raw = member.toml()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TongbanError("type-unreadable", file=member.name, reason=error) from None
    reader = Reader(member.name, raw)
    kind = reader.build(
        CertificateType,
        name=member.name,
        digest=member.digest,
        holder=reader.table("holder").build(HolderSpec),
        fields=tuple(part.build(FieldSpec) for part in reader.tables("fields")),
        tables=tuple(_table(part) for part in reader.tables("tables", least=0)),
        validity=reader.table("validity").build(Validity),
        face=_face(reader.table("face")),
    )
    typerules.check(kind)
    return kind


def _table(reader: Reader) -> TableSpec:
    columns = tuple(part.build(FieldSpec) for part in reader.tables("columns"))
    return reader.build(TableSpec, columns=columns)


def _face(reader: Reader) -> Face:
    colours = reader.strings("colours")
    return reader.build(
        Face,
        items=_items(reader, "items", colours, least=1),
        continuation=_items(reader, "continuation", colours, least=0),
        seal=reader.table("seal").build(SealPlace),
        colours=colours,
    )


def _items(reader: Reader, key: str, colours: Mapping[str, str], *, least: int) -> tuple[Item, ...]:
    return tuple(_item(part, colours) for part in reader.tables(key, least=least))


def _item(reader: Reader, colours: Mapping[str, str]) -> Item:
    kind = ITEM_KINDS.get(reader.text("kind"))
    if kind is None:
        raise reader.error("kind", f"one of {', '.join(ITEM_KINDS)}")
    reader.recolour(colours)
    if kind is Table:
        columns = tuple(part.build(Column) for part in reader.tables("columns"))
        return reader.build(Table, columns=columns)
    item: Item = reader.build(kind)
    return item
