"""The four steps of a delivery, each safe to repeat and to continue in another process.

Steps hand each other a batch id and nothing else; what they know lies in the batch's folder until
the version is published, and in the database from then on.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from catalog import store
from catalog.errors import Code
from catalog.fetching import Desk
from catalog.ingest import files, opening
from catalog.ingest.batch import Batch
from catalog.ingest.check import Checked, check
from catalog.ingest.collect import gather
from catalog.ingest.publish import commit, prepare
from catalog.ingest.standardise import Done, standardise, total_of
from catalog.lookups import Lookups
from catalog.model import Outcome, Source, State
from catalog.parts import PartCache
from catalog.ports import Gate
from kernel.actors import Actor, Scope, authorise
from kernel.clock import Clock, to_iso
from kernel.errors import Refused, TongbanError
from kernel.ports import Event, Objects, Probe, Transactions, Tx
from quality.ports import References
from quality.service import Standards

_Body = Callable[[Actor, Batch, Source], object]


@dataclass(frozen=True, slots=True)
class Ingest:
    """The pipeline of one hub. ``work`` holds batches under way, ``inbox`` the deliveries."""

    sources: Mapping[str, Source]
    inbox: Path
    work: Path
    transactions: Transactions
    objects: Objects
    cache: PartCache
    standards: Standards
    references: References
    gate: Gate
    clock: Clock
    probe: Probe
    faults: Mapping[str, TongbanError] = field(default_factory=dict)
    """Sources whose files cannot be used, by name."""
    lookups: Lookups | None = None
    """Makes the indexes of a new version; without it, look-ups search the rows."""

    def run(self, actor: Actor, source: str) -> Outcome | Refused:
        """Do all four steps. The same delivery under the same rules changes nothing.

        Raises TongbanError for what stops a delivery as a whole; the failure is recorded.
        """
        batch = self.collect(actor, source)
        if isinstance(batch, Refused):
            return batch
        for step in (self.standardise, self.check):
            refused = step(actor, batch)
            if refused is not None:
                return refused
        return self.publish(actor, batch)

    def collect(self, actor: Actor, source: str) -> str | Refused:
        """Keep the files of the inbox by digest and open a batch; returns its id.

        Raises TongbanError ``source-unknown``, ``delivery-*``, ``encoding-unknown``,
        ``columns-missing`` and so on.
        """
        known = self._source(source)
        allowed = authorise(actor, "catalog.ingest", Scope(org=known.org))
        if isinstance(allowed, Refused):
            return allowed
        opening.describe(actor, known, self.transactions, self.clock)
        with self._locked(known), self._recorded(actor, known):
            delivery = gather(known, self.inbox, self._desk(known))
            seen = opening.batch_for(known, delivery, self.standards.digest, self.transactions)
            if seen[2] is not None and self._settled(seen[2]):
                self._clear(known, seen[0])
            else:
                opening.open_batch(
                    known,
                    delivery,
                    seen,
                    self._folder(known, seen[0]),
                    actor=actor,
                    transactions=self.transactions,
                    clock=self.clock,
                    probe=self.probe,
                )
            return seen[0]

    def standardise(self, actor: Actor, batch: str) -> Refused | None:
        """Read what is left of the batch's blocks, in bounded memory."""
        return self._step(actor, batch, "catalog.ingest", self._standardise)

    def check(self, actor: Actor, batch: str) -> Refused | None:
        """Apply the rules of the whole dataset and ask the gate."""
        return self._step(actor, batch, "catalog.ingest", self._check)

    def publish(self, actor: Actor, batch: str) -> Outcome | Refused:
        """Make the batch the current version, or record that the gate refused it."""
        fresh: list[Outcome] = []
        refused = self._step(
            actor, batch, "catalog.publish", lambda *args: fresh.append(self._publish(*args))
        )
        if refused is not None:
            return refused
        return fresh[0] if fresh else self._outcome(batch)

    def _source(self, name: str) -> Source:
        if name in self.faults:
            raise self.faults[name]
        if name not in self.sources:
            known = "、".join(sorted(self.sources))
            raise TongbanError(Code.SOURCE_UNKNOWN, source=name, known=known)
        return self.sources[name]

    def _settled(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a batch needs no more work: refused, or the current version's."""
        if row["state"] is State.REFUSED:
            return True
        held = self.transactions.read(lambda tx: store.current(tx, row["resource"]))
        return row["state"] is State.PUBLISHED and row["version"] == held

    def _step(self, actor: Actor, batch_id: str, action: str, step: _Body) -> Refused | None:
        row = self.transactions.read(lambda tx: store.batch(tx, batch_id))
        if row is None:
            raise TongbanError(Code.BATCH_UNKNOWN, batch=batch_id)
        source = self._source(row["source"])
        allowed = authorise(actor, action, Scope(org=source.org))
        if isinstance(allowed, Refused):
            return allowed
        with self._locked(source), self._recorded(actor, source, batch_id):
            if not self._settled(row):
                folder = self._folder(source, batch_id)
                raw = files.read_json(folder / "batch.json")
                if raw is None:
                    raise TongbanError(Code.BATCH_UNKNOWN, batch=batch_id)
                step(actor, Batch.from_json(raw, folder), source)
            else:
                self._clear(source, batch_id)
        return None

    def _standardise(self, _actor: Actor, batch: Batch, source: Source) -> Done:
        path = batch.record("standardised")
        raw = files.read_json(path)
        if raw is not None:
            totals = tuple(total_of(total) for total in raw["totals"])
            lists = {"blocks": tuple(raw["blocks"]), "ignored": tuple(raw["ignored"])}
            return Done(**(raw | lists | {"totals": totals}))
        done = standardise(batch, source, self.objects, self.standards, self.probe)
        files.write_json(asdict(done), path, self.probe)
        return done

    def _check(self, actor: Actor, batch: Batch, source: Source) -> Checked:
        path = batch.record("checked")
        raw = files.read_json(path)
        if raw is not None:
            return Checked.from_json(raw)
        done = self._standardise(actor, batch, source)
        checked = check(
            batch,
            source,
            done,
            standards=self.standards,
            references=self.references,
            gate=self.gate,
            probe=self.probe,
        )
        files.write_json(checked.to_json(), path, self.probe)
        return checked

    def _publish(self, actor: Actor, batch: Batch, source: Source) -> Outcome:
        checked = self._check(actor, batch, source)
        suite = self.standards.suite(source.suite)
        prepared = prepare(
            batch,
            source,
            checked,
            suite=suite,
            objects=self.objects,
            transactions=self.transactions,
            cache=self.cache,
            sensitive=frozenset(item.column for item in source.items if item.sensitive),
            lookups=self.lookups,
        )
        outcome = commit(
            batch,
            source,
            checked,
            prepared,
            suite=suite,
            transactions=self.transactions,
            actor=actor,
            clock=self.clock,
        )
        # batches that a newer delivery overtook go with it: their parts hold personal data
        shutil.rmtree(batch.folder.parent, ignore_errors=True)
        return outcome

    def _clear(self, source: Source, batch_id: str) -> None:
        """Remove what a process left that died between its commit and its cleaning up."""
        shutil.rmtree(self._folder(source, batch_id), ignore_errors=True)

    def _desk(self, source: Source) -> Desk:
        mark = opening.mark(source, self.transactions, self.objects) if source.fetch else ""
        return Desk(self.objects, self.work / source.name / "fetch", self.clock, self.probe, mark)

    def _folder(self, source: Source, batch_id: str) -> Path:
        return self.work / source.name / batch_id

    def _outcome(self, batch_id: str) -> Outcome:
        row = self.transactions.read(lambda tx: store.batch(tx, batch_id))
        if row is None:
            raise TongbanError(Code.BATCH_UNKNOWN, batch=batch_id)
        return Outcome(
            row["source"],
            row["resource"],
            batch_id,
            row["state"],
            row["version"],
            row["counts"],
            changed=False,
            reasons=row["reasons"],
        )

    @contextmanager
    def _locked(self, source: Source) -> Iterator[None]:
        """Let one process at a time work on a source; the lock ends with its process."""
        files.make_folder(self.work)
        handle = os.open(self.work / f"{source.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def _recorded(self, actor: Actor, source: Source, batch_id: str = "") -> Iterator[None]:
        """Write a failure to the journal before it is raised; it never hides the failure."""
        try:
            yield
        except TongbanError as error:
            code = error.code

            def work(tx: Tx) -> None:
                if batch_id and store.batch(tx, batch_id) is not None:
                    values = {"batch": batch_id, "state": str(State.FAILED), "reasons": (code,)}
                    store.put_batch(tx, values | {"at": to_iso(self.clock.now())})
                data = {"batch": batch_id, "code": str(code)}
                tx.record(Event("catalog.ingest-failed", source.name, actor, data))

            with suppress(TongbanError):
                self.transactions.write(work)
            raise
