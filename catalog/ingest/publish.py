"""Puts parts into the object store and makes a version of them in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from catalog import figures, manifest, store
from catalog.ingest.batch import Batch
from catalog.ingest.check import Checked
from catalog.lookups import Lookups
from catalog.model import Counts, Diff, Edge, Outcome, Part, Score, Source, State, Version
from catalog.parts import PartCache
from kernel.actors import Actor
from kernel.clock import Clock, to_iso
from kernel.ids import VersionId
from kernel.ports import Event, Json, Objects, Transactions, Tx
from quality.model import Suite


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything of a version that lies in the object store already."""

    parts: tuple[Part, ...]
    findings: tuple[str, ...]
    counts: Counts
    score: Score
    content: str
    manifest: str
    diff: Diff | None
    before: str | None
    lookups: Mapping[str, str] = field(default_factory=dict)
    """Index objects by column."""


def prepare(
    batch: Batch,
    source: Source,
    checked: Checked,
    *,
    suite: Suite,
    objects: Objects,
    transactions: Transactions,
    cache: PartCache,
    sensitive: frozenset[str],
    lookups: Lookups | None = None,
) -> Prepared:
    """Store parts, indexes, findings and manifest; nothing is published by it."""
    parts = tuple(
        Part(f"{number:05d}.parquet", objects.put_file(batch.folder / name), rows)
        for number, (name, rows) in enumerate(checked.good)
    )
    findings = tuple(objects.put_file(batch.folder / name) for name in checked.findings)
    bad = tuple(objects.put_file(batch.folder / name) for name in checked.bad)
    counts = Counts(checked.rows_in, checked.published, checked.quarantined, checked.found)
    score = figures.score(checked.totals)
    before = transactions.read(lambda tx: store.current(tx, source.resource))
    rows = cache.scan(parts) if parts else _empty(suite)
    diff = _diff(transactions, cache, before, rows, source)
    data = manifest.build(
        batch=batch,
        source=source,
        parts=parts,
        findings=findings,
        bad=bad,
        counts=counts,
        totals=checked.totals,
        score=score,
        profile=figures.profile(rows, sensitive) if parts else (),
        diff=diff,
        ignored=checked.ignored,
        report=checked.report,
    )
    content = manifest.content_digest(parts, findings)
    indexes: Mapping[str, str] = {}
    if lookups is not None and parts and checked.allowed:
        names = lookups.columns(source.resource, source.key, suite.names, before)
        indexes = lookups.build(parts, names)
    return Prepared(
        parts, findings, counts, score, content, objects.put(data), diff, before, indexes
    )


def _empty(suite: Suite) -> pl.LazyFrame:
    return pl.LazyFrame(schema=dict.fromkeys(suite.names, pl.String))


def _diff(
    transactions: Transactions,
    cache: PartCache,
    before: str | None,
    rows: pl.LazyFrame,
    source: Source,
) -> Diff | None:
    if before is None:
        return None
    held = transactions.read(lambda tx: store.parts(tx, before))
    if not held:
        return None
    return figures.diff(cache.scan(held), rows, source.key, (before, ""))


def commit(
    batch: Batch,
    source: Source,
    checked: Checked,
    prepared: Prepared,
    *,
    suite: Suite,
    transactions: Transactions,
    actor: Actor,
    clock: Clock,
) -> Outcome:
    """Publish, or record that the gate refused; one transaction either way.

    Content equal to that of the current version makes no new one: the batch then belongs to it.
    """
    at = to_iso(clock.now())

    def work(tx: Tx) -> Outcome:
        if not checked.allowed:
            return _refuse(tx, batch, source, checked, prepared, actor=actor, at=at)
        held = store.current(tx, source.resource)
        if held is not None and store.content(tx, held) == prepared.content:
            outcome = _outcome(batch, source, prepared, State.PUBLISHED, VersionId(held))
            _settle(tx, batch, prepared, State.PUBLISHED, at, version=held)
            data = {"version": held, "batch": batch.id, "delivery": str(batch.delivery.id)}
            tx.record(Event("catalog.version-confirmed", source.resource, actor, data))
            return outcome
        number = store.next_number(tx, source.resource)
        version = _version(batch, source, prepared, number, at)
        edges = _edges(version.id, batch, source, suite)
        store.put_version(
            tx, version, org=source.org, content=prepared.content, parts=prepared.parts, edges=edges
        )
        store.put_lookups(tx, version.id, prepared.lookups)
        store.put_totals(tx, batch.id, checked.totals)
        _settle(tx, batch, prepared, State.PUBLISHED, at, version=version.id)
        tx.record(Event("catalog.version-published", version.id, actor, _facts(version)))
        return _outcome(batch, source, prepared, State.PUBLISHED, version.id, changed=True)

    return transactions.write(work).value


def _refuse(
    tx: Tx,
    batch: Batch,
    source: Source,
    checked: Checked,
    prepared: Prepared,
    *,
    actor: Actor,
    at: str,
) -> Outcome:
    store.put_totals(tx, batch.id, checked.totals)
    _settle(tx, batch, prepared, State.REFUSED, at, reasons=checked.reasons)
    rules: list[Json] = list(checked.reasons)
    data: dict[str, Json] = {"batch": batch.id, "delivery": batch.delivery.id, "rules": rules}
    tx.record(Event("catalog.publish-refused", source.resource, actor, data))
    return _outcome(batch, source, prepared, State.REFUSED, None, reasons=checked.reasons)


def _settle(
    tx: Tx,
    batch: Batch,
    prepared: Prepared,
    state: State,
    at: str,
    *,
    version: str | None = None,
    reasons: Sequence[str] = (),
) -> None:
    values: Mapping[str, Any] = {
        "batch": batch.id,
        "state": str(state),
        "version": version,
        "counts": prepared.counts,
        "reasons": reasons,
        "findings": prepared.findings,
        "at": at,
    }
    store.put_batch(tx, values)


def _version(batch: Batch, source: Source, prepared: Prepared, number: int, at: str) -> Version:
    diff = prepared.diff
    return Version(
        id=VersionId(f"{source.resource}-{number}"),
        resource=source.resource,
        number=number,
        batch=batch.id,
        delivery=batch.delivery.id,
        rules_digest=batch.rules_digest,
        manifest=prepared.manifest,
        counts=prepared.counts,
        score=prepared.score,
        published_at=at,
        added=diff.added if diff else prepared.counts.published,
        removed=diff.removed if diff else 0,
        changed=diff.changed if diff else 0,
    )


def _edges(version: VersionId, batch: Batch, source: Source, suite: Suite) -> list[Edge]:
    elements = {column.name: column.element for column in suite.columns}
    return [
        Edge(version, file.name, title, column, elements.get(column, ""))
        for file in batch.delivery.files
        for title, column in source.columns.items()
    ]


def _facts(version: Version) -> dict[str, Any]:
    return {
        "resource": str(version.resource),
        "batch": version.batch,
        "delivery": str(version.delivery),
        "manifest": version.manifest,
        "rows_in": version.counts.rows_in,
        "published": version.counts.published,
        "quarantined": version.counts.quarantined,
    }


def _outcome(
    batch: Batch,
    source: Source,
    prepared: Prepared,
    state: State,
    version: VersionId | None,
    *,
    changed: bool = False,
    reasons: Sequence[str] = (),
) -> Outcome:
    return Outcome(
        source.name,
        source.resource,
        batch.id,
        state,
        version,
        prepared.counts,
        changed,
        tuple(reasons),
    )
