"""Opens a batch for a delivery, and keeps the entry of its resource up to date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from catalog import store
from catalog.ingest import files
from catalog.ingest.batch import Batch, id_of, rules_of
from catalog.model import Counts, Delivery, Resource, Source, State
from kernel.actors import Actor
from kernel.canonical import canonical
from kernel.clock import BEIJING, Clock, to_iso
from kernel.ports import Digest, Event, Json, Objects, Probe, Transactions, Tx

_NOTHING = Counts(0, 0, 0)


def describe(actor: Actor, source: Source, transactions: Transactions, clock: Clock) -> bool:
    """Write the entry of a source's resource when it is new or its description changed."""
    entry = Resource(source.resource, source.name, source.org, source.about, source.items)
    raw: Json = {"about": asdict(source.about), "items": [asdict(item) for item in source.items]}
    digest = hashlib.sha256(canonical(raw) + source.name.encode()).hexdigest()
    if transactions.read(lambda tx: store.described(tx, source.resource)) == digest:
        return False
    at = to_iso(clock.now())

    def work(tx: Tx) -> bool:
        store.put_resource(tx, entry, digest, at)
        data: dict[str, Json] = {"source": source.name, "digest": digest}
        tx.record(Event("catalog.resource-described", source.resource, actor, data))
        return True

    return transactions.write(work).value


def batch_for(
    source: Source, delivery: Delivery, standards: str, transactions: Transactions
) -> tuple[str, str, Mapping[str, Any] | None]:
    """Return the id of the batch, its rules digest, and its row if it was seen before."""

    def look(tx: Tx) -> tuple[str, str, Mapping[str, Any] | None]:
        looked = [store.current(tx, name) or "" for name in source.after]
        rules = rules_of(source, standards, looked)
        batch_id = id_of(source, delivery, rules)
        return batch_id, rules, store.batch(tx, batch_id)

    return transactions.read(look)


def mark(source: Source, transactions: Transactions, objects: Objects) -> str:
    """Return the high-water mark of what the source delivered for the current version.

    Empty while there is none: nothing is published, or the source has no column of changes.
    """

    def look(tx: Tx) -> str:
        version = store.current(tx, source.resource)
        return store.versions(tx, only=version)[0].manifest if version is not None else ""

    digest = transactions.read(look)
    if not digest:
        return ""
    delivery = json.loads(objects.get(Digest(digest)))
    if delivery["source"] != source.name:
        return ""
    return next((str(file["mark"]) for file in delivery["delivery"]["files"] if "mark" in file), "")


def open_batch(
    source: Source,
    delivery: Delivery,
    seen: tuple[str, str, Mapping[str, Any] | None],
    folder: Path,
    *,
    actor: Actor,
    transactions: Transactions,
    clock: Clock,
    probe: Probe,
) -> Batch:
    """Write the batch's own record, then its row, unless both are there from a run that broke."""
    batch_id, rules, row = seen
    today = clock.now().astimezone(BEIJING).date()
    day = date.fromisoformat(row["day"]) if row else today
    batch = Batch(batch_id, source.name, delivery, rules, day, folder)
    files.make_folder(folder)
    files.write_json(batch.to_json(), batch.record("batch"), probe)
    if row is None or row["state"] is not State.COLLECTED:
        _collected(source, batch, actor, transactions, to_iso(clock.now()))
    return batch


def _collected(
    source: Source, batch: Batch, actor: Actor, transactions: Transactions, at: str
) -> None:
    values: dict[str, Any] = {
        "batch": batch.id,
        "source": source.name,
        "resource": source.resource,
        "org": source.org,
        "delivery": batch.delivery.id,
        "rules_digest": batch.rules_digest,
        "day": batch.day.isoformat(),
        "state": str(State.COLLECTED),
        "version": None,
        "counts": _NOTHING,
        "reasons": (),
        "findings": (),
        "at": at,
    }
    data: dict[str, Json] = {
        "batch": batch.id,
        "files": len(batch.delivery.files),
        "bytes": sum(file.size for file in batch.delivery.files),
        "digest": batch.delivery.digest,
    }
    touched = [file.touched for file in batch.delivery.files if file.touched is not None]
    if touched:
        data["touched"] = sum(touched)

    def work(tx: Tx) -> None:
        store.put_batch(tx, values)
        tx.record(Event("catalog.delivery-collected", batch.delivery.id, actor, data))

    transactions.write(work)
