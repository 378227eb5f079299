"""Values of a certificate by lineage: taken from published versions and from nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from certificates.errors import Code
from certificates.model import CertificateType, FieldSpec, HolderSpec, TableSpec
from certificates.ports import Source, SourceRecord
from certificates.register_model import Contents, Holder, Origin
from kernel.errors import Refused
from kernel.ids import HolderRef
from kernel.ports import Vault


@dataclass(frozen=True, slots=True)
class Subject:
    """One certificate to be: the value of the type's key, the contents and where they came from."""

    key: str
    contents: Contents
    origins: tuple[Origin, ...]


def holder_ref(vault: Vault, code_type: str, code: str) -> HolderRef:
    """Return the keyed index of a holder; letters of codes are upper case (GB 11643, GB 32100)."""
    return HolderRef(vault.blind(f"holder:{code_type}", code.strip().upper()))


def number_slot(vault: Vault, kind: CertificateType, contents: Contents) -> str:
    """Return the place of a printed number (证照编号), which one certificate at a time has."""
    return "n:" + vault.blind(f"number:{kind.code}", contents.number)


def slots(vault: Vault, kind: CertificateType, contents: Contents) -> tuple[str, ...]:
    """Return what a certificate occupies so that no other of its type may: its printed number and,
    unless the type allows several (允许多实例), each of its holders.
    """
    number = number_slot(vault, kind, contents)
    if kind.several:
        return (number,)
    return (number, *dict.fromkeys(f"h:{item.ref}" for item in contents.holders))


def keys(source: Source, kind: CertificateType, limit: int | None) -> Iterator[str]:
    """Iterate over the distinct keys of a type in the order of their rows, at most ``limit``."""
    seen: set[str] = set()
    for record in source.scan(kind.resource):
        key = record.values.get(kind.key, "")
        if not key or key in seen:
            continue
        if limit is not None and len(seen) >= limit:
            return
        seen.add(key)
        yield key


def gather(
    source: Source, vault: Vault, kind: CertificateType, wanted: Sequence[str]
) -> dict[str, Subject | Refused]:
    """Collect the values of certificates by key.

    A key without a row gives ``subject-unknown``, one without a required value
    ``source-incomplete``.
    """
    main = _grouped(source, kind.resource, kind.key, wanted)
    tables: dict[str, Mapping[str, Sequence[SourceRecord]]] = {}
    for table in kind.tables:
        same = (table.resource, table.key) == (kind.resource, kind.key)
        tables[table.name] = main if same else _grouped(source, table.resource, table.key, wanted)
    return {
        key: _subject(vault, kind, key, main.get(key, ()), tables) for key in dict.fromkeys(wanted)
    }


def _grouped(
    source: Source, resource: str, column: str, wanted: Sequence[str]
) -> dict[str, list[SourceRecord]]:
    groups: dict[str, list[SourceRecord]] = {}
    for record in source.lookup(resource, column, wanted):
        groups.setdefault(record.values.get(column, ""), []).append(record)
    return groups


def _subject(
    vault: Vault,
    kind: CertificateType,
    key: str,
    records: Sequence[SourceRecord],
    tables: Mapping[str, Mapping[str, Sequence[SourceRecord]]],
) -> Subject | Refused:
    head = _head(kind, records)
    if head is None:
        return Refused(Code.SUBJECT_UNKNOWN)
    fields = {spec.name: head.values.get(spec.column, "") for spec in kind.fields}
    rows = {table.name: _rows(table, tables[table.name].get(key, ())) for table in kind.tables}
    number = head.values.get(kind.number, "")
    holders = _holders(vault, kind, head)
    missing = _missing(kind.fields, fields, "")
    for table in kind.tables:
        for values, _ in rows[table.name]:
            missing = missing or _missing(table.columns, values, f"{table.name}.")
    if not number or any(not (item.code and item.name) for item in holders):
        missing = missing or "holder"
    if missing:
        return Refused(Code.SOURCE_INCOMPLETE, {"field": missing})
    contents = Contents(
        number=number,
        holders=holders,
        fields=fields,
        rows={name: tuple(values for values, _ in found) for name, found in rows.items()},
    )
    return Subject(key, contents, _origins(kind, head, rows))


def _head(kind: CertificateType, records: Sequence[SourceRecord]) -> SourceRecord | None:
    """Return the row that stands for the certificate; several candidates are ordered by key."""
    chosen = [record for record in records if _matches(record, kind.holder.where)]
    return min(chosen, key=lambda record: record.row_key) if chosen else None


def _matches(record: SourceRecord, where: Mapping[str, tuple[str, ...]]) -> bool:
    return all(record.values.get(column, "") in allowed for column, allowed in where.items())


def _rows(
    table: TableSpec, records: Sequence[SourceRecord]
) -> list[tuple[dict[str, str], SourceRecord]]:
    kept = [record for record in records if _matches(record, table.where)]
    kept.sort(key=lambda record: tuple(record.values.get(name, "") for name in table.order))
    return [
        ({spec.name: record.values.get(spec.column, "") for spec in table.columns}, record)
        for record in kept
    ]


def _holders(vault: Vault, kind: CertificateType, head: SourceRecord) -> tuple[Holder, ...]:
    spec = kind.holder
    return tuple(
        Holder(
            ref=holder_ref(vault, spec.code_type, code),
            code_type=spec.code_type,
            code=code,
            name=name,
        )
        for names, codes in zip(spec.names, spec.codes, strict=True)
        for name, code in _paired(head.values.get(names, ""), head.values.get(codes, ""), spec)
    )


def _paired(names: str, codes: str, spec: HolderSpec) -> Iterator[tuple[str, str]]:
    """Pair the names and codes of two cells; a name without its code pairs with nothing."""
    if not spec.separator:
        return iter([(names, codes)])
    parted = names.split(spec.separator), codes.split(spec.separator)
    return zip_longest(*parted, fillvalue="")


def _missing(specs: Sequence[FieldSpec], values: Mapping[str, str], prefix: str) -> str:
    return next(
        (f"{prefix}{spec.name}" for spec in specs if spec.required and not values[spec.name]), ""
    )


def _origins(
    kind: CertificateType,
    head: SourceRecord,
    rows: Mapping[str, Sequence[tuple[dict[str, str], SourceRecord]]],
) -> tuple[Origin, ...]:
    """Merge the fields that one row gave into one origin."""
    found: dict[tuple[str, str], tuple[str, list[str]]] = {}
    fields = [spec.name for spec in kind.fields]
    found[kind.resource, head.row_key] = (head.version, fields)
    for table in kind.tables:
        for position, (_, record) in enumerate(rows[table.name]):
            place = found.setdefault((table.resource, record.row_key), (record.version, []))
            place[1].append(f"{table.name}[{position}]")
    return tuple(
        Origin(resource, version, row_key, tuple(names))
        for (resource, row_key), (version, names) in found.items()
    )
