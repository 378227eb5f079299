"""Reads and writes of the room's tables. No personal data passes through here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from catalog import search
from catalog.model import (
    About,
    Counts,
    Cycle,
    Edge,
    Item,
    Part,
    Resource,
    Score,
    ShareType,
    State,
    Version,
)
from catalog.tables import (
    INGEST,
    ITEM,
    LINEAGE,
    LOOKUP,
    METADATA,
    PART,
    QUARANTINE,
    RESOURCE,
    VERSION,
)
from kernel.ids import DeliveryId, ResourceId, VersionId
from kernel.ports import Tx
from quality.model import Dimension, RuleCount, Severity
from storage.transactions import rows

__all__ = ["METADATA"]


def put_resource(tx: Tx, resource: Resource, digest: str, at: str) -> bool:
    """Write an entry, its items and its search row; False where it was the same already."""
    connection = rows(tx)
    found = described(tx, resource.id)
    if found == digest:
        return False
    values = {
        "source": resource.source,
        "org": resource.org,
        "code": resource.about.code,
        "about": json.dumps(asdict(resource.about), ensure_ascii=False, sort_keys=True),
        "digest": digest,
        "updated_at": at,
    }
    if found is None:
        connection.execute(insert(RESOURCE).values(id=resource.id, **values))
    else:
        connection.execute(update(RESOURCE).where(RESOURCE.c.id == resource.id).values(values))
    connection.execute(delete(ITEM).where(ITEM.c.resource == resource.id))
    connection.execute(
        insert(ITEM),
        [
            {"resource": resource.id, "position": position, **asdict(item)}
            for position, item in enumerate(resource.items)
        ],
    )
    search.index(connection, resource)
    return True


def described(tx: Tx, resource: str) -> str | None:
    """Return the digest of an entry's description, or None for a new one."""
    query = select(RESOURCE.c.digest).where(RESOURCE.c.id == resource)
    found: str | None = rows(tx).execute(query).scalar()
    return found


def resources(tx: Tx, only: str | None = None, ids: Sequence[str] | None = None) -> list[Resource]:
    """Return entries in order of their codes, with figures of the current version.

    All of them, the one called ``only`` (name or code), or those called ``ids``.
    """
    connection = rows(tx)
    joined = RESOURCE.outerjoin(VERSION, VERSION.c.id == RESOURCE.c.current)
    query = select(RESOURCE, VERSION.c.counts, VERSION.c.score, VERSION.c.published_at)
    query = query.select_from(joined).order_by(RESOURCE.c.code, RESOURCE.c.id)
    if only is not None:
        query = query.where((RESOURCE.c.id == only) | (RESOURCE.c.code == only))
    if ids is not None:
        query = query.where(RESOURCE.c.id.in_(ids))
    found = connection.execute(query).all()
    wanted = select(ITEM).where(ITEM.c.resource.in_([row.id for row in found]))
    if only is None and ids is None:
        wanted = select(ITEM)
    items: dict[str, list[Item]] = {}
    for row in connection.execute(wanted.order_by(ITEM.c.resource, ITEM.c.position)):
        items.setdefault(row.resource, []).append(
            Item(
                row.column, row.name, row.type, row.length,
                row.source_column, bool(row.sensitive), row.description,
            )
        )  # fmt: skip
    return [_resource(row, items.get(row.id, [])) for row in found]


def _resource(row: Row[Any], items: Sequence[Item]) -> Resource:
    return Resource(
        id=ResourceId(row.id),
        source=row.source,
        org=row.org,
        about=_about(json.loads(row.about)),
        items=tuple(items),
        current=VersionId(row.current) if row.current else None,
        updated_at=row.published_at or "",
        rows=_counts(row.counts).published if row.counts else 0,
        score=Score(**json.loads(row.score)) if row.score else None,
    )


def _about(raw: dict[str, Any]) -> About:
    raw["share_type"] = ShareType(raw["share_type"])
    raw["refresh_cycle"] = Cycle(raw["refresh_cycle"])
    raw["aliases"] = tuple(raw["aliases"])
    raw["keywords"] = tuple(raw["keywords"])
    return About(**raw)


def _counts(text: str) -> Counts:
    return Counts(**json.loads(text))


def current(tx: Tx, resource: str) -> str | None:
    """Return the id of the current version, or None."""
    query = select(RESOURCE.c.current).where(RESOURCE.c.id == resource)
    found: str | None = rows(tx).execute(query).scalar()
    return found


def versions(tx: Tx, resource: str | None = None, only: str | None = None) -> list[Version]:
    """Return versions of a resource, newest first; or the one called ``only``."""
    query = select(VERSION).order_by(VERSION.c.number.desc())
    if resource is not None:
        query = query.where(VERSION.c.resource == resource)
    if only is not None:
        query = query.where(VERSION.c.id == only)
    return [
        Version(
            id=VersionId(row.id),
            resource=ResourceId(row.resource),
            number=row.number,
            batch=row.batch,
            delivery=DeliveryId(row.delivery),
            rules_digest=row.rules_digest,
            manifest=row.manifest,
            counts=_counts(row.counts),
            score=Score(**json.loads(row.score)),
            published_at=row.published_at,
            added=row.added,
            removed=row.removed,
            changed=row.changed,
        )
        for row in rows(tx).execute(query)
    ]


def content(tx: Tx, version: str) -> str | None:
    """Return the content digest of a version."""
    query = select(VERSION.c.content).where(VERSION.c.id == version)
    found: str | None = rows(tx).execute(query).scalar()
    return found


def parts(tx: Tx, version: str) -> list[Part]:
    """Return the parts of a version in order."""
    query = select(PART).where(PART.c.version == version).order_by(PART.c.name)
    return [Part(row.name, row.object, row.rows) for row in rows(tx).execute(query)]


def next_number(tx: Tx, resource: str) -> int:
    """Return the number that the next version of a resource gets."""
    query = select(func.max(VERSION.c.number)).where(VERSION.c.resource == resource)
    return int(rows(tx).execute(query).scalar() or 0) + 1


def put_version(
    tx: Tx, version: Version, *, org: str, content: str, parts: Sequence[Part],
    edges: Sequence[Edge],
) -> None:  # fmt: skip
    """Write a version with parts and lineage, and make it current."""
    connection = rows(tx)
    row = asdict(version) | {
        "org": org,
        "content": content,
        "counts": json.dumps(asdict(version.counts), sort_keys=True),
        "score": json.dumps(asdict(version.score), sort_keys=True),
    }
    connection.execute(insert(VERSION).values(row))
    if parts:
        connection.execute(insert(PART), [asdict(part) | {"version": version.id} for part in parts])
    if edges:
        connection.execute(insert(LINEAGE), [asdict(edge) for edge in edges])
    connection.execute(
        update(RESOURCE).where(RESOURCE.c.id == version.resource).values(current=version.id)
    )


def lookups(tx: Tx, version: str) -> dict[str, str]:
    """Return the index objects of a version by column."""
    query = select(LOOKUP).where(LOOKUP.c.version == version).order_by(LOOKUP.c.column)
    return {row.column: row.object for row in rows(tx).execute(query)}


def put_lookups(tx: Tx, version: str, made: Mapping[str, str]) -> None:
    """Write the index objects of columns, replacing those that were named before."""
    connection = rows(tx)
    for column, digest in made.items():
        key = (LOOKUP.c.version == version) & (LOOKUP.c.column == column)
        if not connection.execute(update(LOOKUP).where(key).values(object=digest)).rowcount:
            values = {"version": version, "column": column, "object": digest}
            connection.execute(insert(LOOKUP).values(values))


def lineage(tx: Tx, version: str) -> list[Edge]:
    """Return the column lineage of a version."""
    query = select(LINEAGE).where(LINEAGE.c.version == version)
    ordered = query.order_by(LINEAGE.c.source_file, LINEAGE.c.column)
    return [
        Edge(VersionId(row.version), row.source_file, row.source_column, row.column, row.element)
        for row in rows(tx).execute(ordered)
    ]


def put_totals(tx: Tx, batch: str, totals: Sequence[RuleCount]) -> None:
    """Write how often each rule was broken in a batch, replacing what was there."""
    connection = rows(tx)
    connection.execute(delete(QUARANTINE).where(QUARANTINE.c.batch == batch))
    if totals:
        values = [
            {
                "batch": batch, "rule": total.rule, "column": total.column, "title": total.title,
                "severity": str(total.severity), "dimension": str(total.dimension),
                "rows": total.rows, "bad": total.bad, "threshold": str(total.threshold),
            }
            for total in totals
        ]  # fmt: skip
        connection.execute(insert(QUARANTINE), values)


def totals(tx: Tx, batch: str) -> list[RuleCount]:
    """Return the rules of a batch, those broken most often first."""
    query = select(QUARANTINE).where(QUARANTINE.c.batch == batch)
    ordered = query.order_by(QUARANTINE.c.bad.desc(), QUARANTINE.c.rule, QUARANTINE.c.column)
    return [
        RuleCount(
            row.rule, row.column, row.title, row.rows, row.bad, float(row.threshold),
            Severity(row.severity), Dimension(row.dimension),
        )
        for row in rows(tx).execute(ordered)
    ]  # fmt: skip


def batch(tx: Tx, batch_id: str) -> Mapping[str, Any] | None:
    """Return the row of a batch with ``state``, ``counts``, ``reasons`` and ``findings`` read."""
    query = select(INGEST).where(INGEST.c.batch == batch_id)
    row = rows(tx).execute(query).mappings().one_or_none()
    return _batch(row) if row is not None else None


def batches(tx: Tx, resource: str, limit: int = 20) -> list[Mapping[str, Any]]:
    """Return the last batches of a resource, newest first."""
    query = select(INGEST).where(INGEST.c.resource == resource)
    ordered = query.order_by(INGEST.c.at.desc(), INGEST.c.batch).limit(limit)
    return [_batch(row) for row in rows(tx).execute(ordered).mappings()]


def _batch(row: Any) -> Mapping[str, Any]:
    read: dict[str, Any] = {
        "state": State(row["state"]),
        "counts": _counts(row["counts"]),
        "reasons": tuple(json.loads(row["reasons"])),
        "findings": tuple(json.loads(row["findings"])),
    }
    return dict(row) | read


def put_batch(tx: Tx, values: Mapping[str, Any]) -> None:
    """Write a batch or change it; ``values`` has ``batch`` and the columns to set."""
    connection = rows(tx)
    encoded = dict(values)
    for name in ("reasons", "findings"):
        if name in encoded:
            encoded[name] = json.dumps(list(encoded[name]), ensure_ascii=False)
    if "counts" in encoded:
        encoded["counts"] = json.dumps(asdict(encoded["counts"]), sort_keys=True)
    changed = connection.execute(
        update(INGEST).where(INGEST.c.batch == encoded["batch"]).values(encoded)
    )
    if not changed.rowcount:
        connection.execute(insert(INGEST).values(encoded))


def found(tx: Tx, query: str, more: Sequence[Sequence[str]], limit: int) -> list[tuple[str, float]]:
    """Return (resource, score) of a search, best first."""
    return search.find(rows(tx), query, more, limit)
