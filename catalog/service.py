"""The catalogue as people and pages use it: entries, versions, quality, lineage, search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from catalog import figures, store
from catalog.errors import Code
from catalog.lookups import Lookups
from catalog.model import (
    ColumnProfile,
    Diff,
    Edge,
    Hit,
    QuarantinedRow,
    QuarantinePage,
    Record,
    Resource,
    Score,
    Version,
)
from catalog.parts import PartCache
from catalog.ports import Use, Uses
from catalog.rows import Rows
from kernel.actors import Actor, Reach, Scope, authorise
from kernel.clock import Clock
from kernel.errors import Refused, TongbanError
from kernel.ports import Objects, Transactions, Tx
from quality.masking import mask
from quality.model import Mask, RuleCount
from quality.service import Standards

READ = "catalog.read"
QUARANTINE = "catalog.quarantine"


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a version's columns come from, and which certificate fields they go into."""

    edges: tuple[Edge, ...]
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class BatchView:
    """One run of a source as shown on a page: state, counts, and why it was refused."""

    batch: str
    row: Mapping[str, Any]
    totals: tuple[RuleCount, ...]


class Catalog:
    """Reads of the catalogue. Verbs for people take the actor; look-ups are for other rooms."""

    def __init__(
        self,
        *,
        transactions: Transactions,
        objects: Objects,
        cache: PartCache,
        standards: Standards,
        clock: Clock,
        uses: Uses | None = None,
        synonyms: Sequence[Sequence[str]] = (),
        lookups: Lookups | None = None,
    ) -> None:
        self.rows = Rows(transactions, objects, cache, lookups)
        self._transactions = transactions
        self._cache = cache
        self._standards = standards
        self._clock = clock
        self._uses = uses
        self._synonyms = synonyms

    def resources(self, actor: Actor) -> tuple[Resource, ...] | Refused:
        """Return the entries that the actor may see, in order of their codes."""
        allowed = authorise(actor, READ)
        if isinstance(allowed, Refused):
            return allowed
        found = self._transactions.read(store.resources)
        own = allowed.reach is Reach.ORG
        return tuple(self._fresh(item) for item in found if not own or item.org == actor.org)

    def resource(self, actor: Actor, resource: str) -> Resource | Refused:
        """Return one entry by its name or code; raises TongbanError ``resource-unknown``."""
        entry = self._entry(resource)
        allowed = authorise(actor, READ, Scope(org=entry.org))
        return allowed if isinstance(allowed, Refused) else entry

    def versions(self, actor: Actor, resource: str) -> tuple[Version, ...] | Refused:
        """Return the versions of a resource, newest first."""
        entry = self.resource(actor, resource)
        if isinstance(entry, Refused):
            return entry
        return tuple(self._transactions.read(lambda tx: store.versions(tx, entry.id)))

    def diff(self, actor: Actor, before: str, after: str) -> Diff | Refused:
        """Compare two versions of one resource by key."""
        refused = self._may_see(actor, after)
        if refused is not None:
            return refused
        old, new = self.rows.opened(before), self.rows.opened(after)
        if old.manifest["resource"] != new.manifest["resource"]:
            raise TongbanError(Code.VERSION_UNKNOWN, version=before)
        empty = pl.LazyFrame(schema=dict.fromkeys(new.columns or old.columns, pl.String))
        frames = [empty if item.frame is None else item.frame for item in (old, new)]
        return figures.diff(frames[0], frames[1], new.manifest["key"], (before, after))

    def profile(self, actor: Actor, version: str) -> tuple[ColumnProfile, ...] | Refused:
        """Return the figures of each column of a version."""
        refused = self._may_see(actor, version)
        if refused is not None:
            return refused
        raw = self.rows.opened(version).manifest["profile"]
        return tuple(
            ColumnProfile(**(item | {"shown": tuple((v, n) for v, n in item["shown"])}))
            for item in raw
        )

    def score(self, actor: Actor, resource: str) -> Score | Refused | None:
        """Return the score of the current version with its freshness as of now."""
        entry = self.resource(actor, resource)
        return entry if isinstance(entry, Refused) else entry.score

    def lineage(self, actor: Actor, version: str) -> Lineage | Refused:
        """Return columns of the source files, standard columns, and certificate fields."""
        refused = self._may_see(actor, version)
        if refused is not None:
            return refused
        edges = self._transactions.read(lambda tx: store.lineage(tx, version))
        resource = self.rows.opened(version).manifest["resource"]
        uses = self._uses.uses_of(resource) if self._uses else ()
        return Lineage(tuple(edges), tuple(uses))

    def batches(self, actor: Actor, resource: str, limit: int = 20) -> list[BatchView] | Refused:
        """Return the last runs of a resource's source, refused and failed ones included."""
        entry = self.resource(actor, resource)
        if isinstance(entry, Refused):
            return entry
        found = self._transactions.read(
            lambda tx: [
                (row, tuple(store.totals(tx, row["batch"])))
                for row in store.batches(tx, entry.id, limit)
            ]
        )
        return [BatchView(row["batch"], row, totals) for row, totals in found]

    def rules(self, actor: Actor, version: str) -> tuple[RuleCount, ...] | Refused:
        """Return how often each rule was broken in the batch of a version."""
        refused = self._may_see(actor, version)
        if refused is not None:
            return refused
        batch = self._version(version).batch
        return tuple(self._transactions.read(lambda tx: store.totals(tx, batch)))

    def quarantine(
        self, actor: Actor, batch: str, *, rule: str = "", offset: int = 0, limit: int = 50
    ) -> QuarantinePage | Refused:
        """Return findings of a batch, or of the batch of a version, values masked.

        Ordered by file, row, rule and column; ``total`` counts findings, not rows.
        """
        row = self._batch(batch)
        allowed = authorise(actor, QUARANTINE, Scope(org=row["org"]))
        if isinstance(allowed, Refused):
            return allowed
        totals = self._transactions.read(lambda tx: store.totals(tx, row["batch"]))
        paths = [self._cache.path(digest) for digest in row["findings"]]
        if not paths:
            return QuarantinePage(0, offset, (), {})
        found = pl.scan_parquet(paths).sort("file", "row", "rule", "column")
        if rule:
            found = found.filter(pl.col("rule") == rule)
        page = found.slice(offset, limit).collect()
        counted = pl.scan_parquet(paths).group_by("rule").len().collect()
        by_rule = dict(sorted(counted.iter_rows(), key=lambda item: (-item[1], item[0])))
        total = by_rule.get(rule, 0) if rule else sum(by_rule.values())
        masks = self._masks(row["resource"], {item.column for item in totals})
        rows = tuple(_shown(item, masks) for item in page.iter_rows(named=True))
        return QuarantinePage(total, offset, rows, by_rule)

    def search(self, actor: Actor, text: str, limit: int = 20) -> tuple[Hit, ...] | Refused:
        """Find entries by name, alias, department, item or pinyin initials, best first.

        Raises TongbanError ``search-empty``.
        """
        allowed = authorise(actor, READ)
        if isinstance(allowed, Refused):
            return allowed
        if not text.strip():
            raise TongbanError(Code.SEARCH_EMPTY)

        def query(tx: Tx) -> tuple[list[tuple[str, float]], list[Resource]]:
            found = store.found(tx, text.strip(), self._synonyms, limit)
            return found, store.resources(tx, ids=[name for name, _ in found])

        found, entries = self._transactions.read(query)
        own = allowed.reach is Reach.ORG
        known = {str(item.id): item for item in entries if not own or item.org == actor.org}
        return tuple(
            Hit(item.id, item.about.name, item.about.provider, item.about.abstract, score)
            for name, score in found
            if (item := known.get(name)) is not None
        )

    def lookup(self, resource: str, column: str, values: Sequence[str]) -> list[Record]:
        """Return rows of the current version; see ``catalog.ports.Lookup``."""
        return self.rows.lookup(resource, column, values)

    def lookup_many(
        self, resource: str, column: str, values: Sequence[str]
    ) -> dict[str, list[Record]]:
        """Return rows of the current version for each value in one pass."""
        return self.rows.lookup_many(resource, column, values)

    def scan(self, resource: str) -> Iterator[Record]:
        """Yield all rows of the current version; see ``catalog.ports.Lookup``."""
        return self.rows.scan(resource)

    def _entry(self, resource: str) -> Resource:
        found = self._transactions.read(lambda tx: store.resources(tx, resource))
        if not found:
            raise TongbanError(Code.RESOURCE_UNKNOWN, resource=resource)
        return self._fresh(found[0])

    def _fresh(self, entry: Resource) -> Resource:
        if entry.score is None:
            return entry
        now = self._clock.now()
        points = figures.timeliness(entry.about.refresh_cycle, entry.updated_at, now)
        return replace(entry, score=figures.with_timeliness(entry.score, points))

    def _version(self, version: str) -> Version:
        found = self._transactions.read(lambda tx: store.versions(tx, only=version))
        if not found:
            raise TongbanError(Code.VERSION_UNKNOWN, version=version)
        return found[0]

    def _may_see(self, actor: Actor, version: str) -> Refused | None:
        entry = self.resource(actor, self._version(version).resource)
        return entry if isinstance(entry, Refused) else None

    def _batch(self, name: str) -> Mapping[str, Any]:
        """Return the row of a batch, or of the batch that made a version."""
        row = self._transactions.read(lambda tx: store.batch(tx, name))
        if row is None:
            batch = self._version(name).batch
            row = self._transactions.read(lambda tx: store.batch(tx, batch))
        if row is None:
            raise TongbanError(Code.BATCH_UNKNOWN, batch=name)
        return row

    def _masks(self, resource: str, columns: set[str]) -> dict[str, Mask]:
        """Return a mask per column; columns no element protects follow the entry's own mark."""
        entry = self._entry(resource)
        marked = {item.column for item in entry.items if item.sensitive}
        masks = dict.fromkeys(marked, Mask.ID)
        for edge in self._elements(entry):
            if edge.element and edge.column in columns:
                own = self._standards.element(edge.element).mask
                masks[edge.column] = own if own is not Mask.NONE else masks.get(edge.column, own)
        return masks

    def _elements(self, entry: Resource) -> list[Edge]:
        current = entry.current
        if current is None:
            return []
        return self._transactions.read(lambda tx: store.lineage(tx, current))


def _shown(row: dict[str, Any], masks: Mapping[str, Mask]) -> QuarantinedRow:
    value = str(row["value"] or "")
    column = row["column"]
    shown = mask(value, masks.get(column, Mask.NONE)) if column else _size(value)
    return QuarantinedRow(row["file"], row["row"], row["rule"], column, shown)


def _size(raw: str) -> str:
    """Return what may be said of an unreadable line in base64: anything may be in it."""
    return f"{len(raw) * 3 // 4 - raw[-2:].count('=')} bytes"
