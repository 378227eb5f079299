"""What must be true of a hub when the killing is over: nothing acknowledged is lost, none is twice."""

from __future__ import annotations

import base64
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import text

from hub.wiring import Hub
from kernel.actors import system
from kernel.errors import Refused
from kernel.ids import JournalNo
from kernel.ports import Digest
from signing.signer.ledger import FILE as LEDGER

JUDGED = 20
"""Certificates whose sealed files are verified once more."""
Note = dict[str, Any]


def settle(hub: Hub, seconds: float = 120.0) -> None:
    """Finish what was left half done, and let the log take up the last entries."""
    actor = system("soak", hub.settings.region, ("certificates.issue",))
    done = hub.issuer.resume(actor, idle=timedelta(0))
    assert not isinstance(done, Refused), done
    sequencer, until = hub.log.sequencer(), time.monotonic() + seconds
    while hub.log.check().waiting and time.monotonic() < until:
        sequencer.run_once()
        time.sleep(0.1)


def faults(hub: Hub, notes: Sequence[Note]) -> list[str]:
    """Return what is not as it must be, a sentence each."""
    return [
        *_fetches(hub, notes),
        *_grants(hub, notes),
        *_certificates(hub, notes),
        *_files(hub),
        *_numbers(hub),
        *_versions(hub, notes),
        *_log(hub, notes),
    ]


def figures(hub: Hub, notes: Sequence[Note]) -> dict[str, int]:
    """Return how much there was to lose."""
    told = Counter(note["kind"] for note in notes)
    served = [note for note in notes if note["kind"] in {"fetch", "use"} and note["status"] == 200]
    refused = sum(note["kind"] in {"fetch", "use", "again"} for note in notes) - len(served)
    return {
        "fetches served": len(served),
        "fetches refused": refused,
        "questions sent again": sum(note["lost"] for note in notes if note["kind"] == "end"),
        "grants": told["grant"],
        "grants whose answer was lost": told["grant-lost"],
        "certificates issued singly": told["issued"],
        "certificates issued in batch": sum(n["done"] for n in notes if n["kind"] == "tick"),
        "certificates in the register": _count(hub, "certificates_certificate", "step = 'ISSUED'"),
        "numbers voided": _count(hub, "certificates_certificate", "step = 'VOID'"),
        "versions published": told["version"],
        "journal entries": _count(hub, "storage_journal", "1 = 1"),
        "signatures in the ledger": len(_ledger(hub)),
    }


def _fetches(hub: Hub, notes: Sequence[Note]) -> Iterator[str]:
    answers = [note for note in notes if note["kind"] in {"fetch", "use", "again"}]
    told = [note["request"] for note in answers if note["status"] == 200]
    entries = Counter(_subjects(hub, "certificates.request-served"))
    yield from _same("fetch", told, entries)
    refused = sum(note["status"] != 200 for note in answers)
    there = len(_subjects(hub, "certificates.request-refused"))
    if refused != there:
        yield f"{refused} refusals were answered, {there} are in the journal"
    unlike = {note["code"] for note in answers if note["status"] != 200}
    if not unlike <= {"purpose-not-registered", "consent-used"}:
        yield f"refused for other reasons: {sorted(unlike)}"


def _same(what: str, told: list[str], entries: Counter[str]) -> Iterator[str]:
    twice = [subject for subject, count in entries.items() if count > 1]
    if twice:
        yield f"{len(twice)} entries of a {what} are there twice"
    if len(set(told)) != len(told):
        yield f"one {what} answered two questions"
    lost, more = set(told) - set(entries), set(entries) - set(told)
    if lost or more:
        yield f"{what}: {len(lost)} acknowledged without entry, {len(more)} entries unacknowledged"


def _grants(hub: Hub, notes: Sequence[Note]) -> Iterator[str]:
    told = {note["id"]: note["case"] for note in notes if note["kind"] == "grant"}
    lost = {note["case"] for note in notes if note["kind"] == "grant-lost"}
    there = dict(_rows(hub, "SELECT id, case_no FROM certificates_grant"))
    if missing := told.keys() - there.keys():
        yield f"{len(missing)} acknowledged grants are missing"
    if strange := {there[key] for key in there.keys() - told.keys()} - lost:
        yield f"{len(strange)} grants that nobody gave"
    if len(set(there.values())) != len(there):
        yield "a case has two grants"
    entries = Counter(_subjects(hub, "certificates.grant-given"))
    if entries != Counter(there.keys()):
        yield "grants and their entries differ"
    used = dict(_rows(hub, "SELECT grant_id, request_id FROM certificates_grant_use"))
    for note in notes:
        if note["kind"] == "use" and used.get(note["grant"]) != note["request"]:
            yield f"grant {note['grant']} was used otherwise than answered"
        if note["kind"] == "again" and note["status"] == 200:
            yield f"grant {note['grant']} was used twice"


def _certificates(hub: Hub, notes: Sequence[Note]) -> Iterator[str]:
    rows = _rows(hub, "SELECT id, type, step, status, identifier FROM certificates_certificate")
    issued = {row[0]: row for row in rows if row[2] == "ISSUED"}
    told = {note["id"]: note["identifier"] for note in notes if note["kind"] == "issued"}
    for key, identifier in told.items():
        if key not in issued or issued[key][4] != identifier:
            yield f"{key} was acknowledged and is not issued under {identifier}"
    ticked = sum(note["done"] for note in notes if note["kind"] == "tick")
    batch = sum(row[1] == "household-register" for row in issued.values())
    if batch < ticked:
        yield f"{ticked} certificates of the batch were acknowledged, {batch} are issued"
    if left := [row for row in rows if row[2] not in {"ISSUED", "VOID"}]:
        yield f"{len(left)} issues are half done"
    if Counter(_subjects(hub, "certificates.issued")) != Counter(list(issued)):
        yield "issued certificates and their entries differ"
    if len({row[4] for row in rows}) != len(rows):
        yield "a number names two certificates"
    query = (
        "SELECT h.holder_ref, c.type FROM certificates_holder h JOIN certificates_certificate c"
        " ON c.id = h.certificate_id WHERE c.step = 'ISSUED' AND c.status = 'issued'"
    )
    if twice := [key for key, count in Counter(_rows(hub, query)).items() if count > 1]:
        yield f"{len(twice)} holders have two certificates of a type in force"


def _files(hub: Hub) -> Iterator[str]:
    query = (
        "SELECT f.certificate_id, f.format, f.digest FROM certificates_file f JOIN"
        " certificates_certificate c ON c.id = f.certificate_id"
        " WHERE f.role = 'original' AND c.step = 'ISSUED'"
    )
    files = _rows(hub, query)
    issued = _count(hub, "certificates_certificate", "step = 'ISSUED'")
    if len(files) != 2 * issued:
        yield f"{issued} certificates have {len(files)} sealed files"
    missing = [digest for _, _, digest in files if not hub.objects.has(Digest(digest))]
    if missing:
        yield f"{len(missing)} sealed files are not in the object store"
    for key, form, digest in islice(reversed(files), JUDGED):
        verdict = hub.tools.judge.judge(hub.objects.get(Digest(digest)), hub.clock.now())
        if not verdict.passed:
            yield f"{form} of {key} does not verify: {verdict.codes}"


def _numbers(hub: Hub) -> Iterator[str]:
    """Each number has one digest: at the signer, in the register and in the journal alike."""
    known = dict(_rows(hub, "SELECT identifier, step FROM certificates_certificate"))
    ledger = _ledger(hub)
    digests: dict[tuple[str, str], set[bytes]] = {}
    for number, purpose, digest in ledger:
        digests.setdefault((number, purpose), set()).add(digest)
        kind, _, identifier = number.partition("/")
        if kind in {"certificate-pdf", "certificate-ofd"} and identifier not in known:
            yield f"the signer signed for {identifier}, which the register does not know"
    if any(len(found) > 1 for found in digests.values()):
        yield "a number has two digests"
    numbers = {number for number, _, _ in ledger}
    unsigned = [
        name
        for name, step in known.items()
        for form in ("pdf", "ofd")
        if step == "ISSUED" and f"certificate-{form}/{name}" not in numbers
    ]
    if unsigned:
        yield f"{len(unsigned)} issued files without a signature in the ledger"


def _ledger(hub: Hub) -> list[tuple[str, str, bytes]]:
    db = sqlite3.connect(hub.settings.root / LEDGER)
    try:
        return db.execute("SELECT number, purpose, digest FROM signer_answers").fetchall()
    finally:
        db.close()


def _versions(hub: Hub, notes: Sequence[Note]) -> Iterator[str]:
    steward = system("soak", hub.settings.region, ("catalog.read",))
    found = hub.catalog.versions(steward, "population")
    assert not isinstance(found, Refused), found
    there = {item.id: item for item in found}
    if sorted(item.number for item in found) != list(range(1, len(found) + 1)):
        yield "numbers of versions have a gap"
    for note in notes:
        if note["kind"] == "version":
            item = there.get(note["id"])
            if item is None or item.counts.published != note["published"]:
                yield f"version {note['id']} is not as acknowledged"
            elif not item.counts.reconciled:
                yield f"version {note['id']} does not add up"
    entries = Counter(_subjects(hub, "catalog.version-published"))
    if any(entries[item.id] != 1 for item in found):
        yield "versions and their entries differ"


def _log(hub: Hub, notes: Sequence[Note]) -> Iterator[str]:
    report = hub.log.check()
    if not report.ok or report.waiting:
        kinds = Counter(fault.kind.value for fault in report.faults)
        yield f"the log: {dict(kinds)}, {report.waiting} entries wait"
    receipts = [note["receipt"] for note in notes if note.get("receipt", {}).get("leaf_hash")]
    for part in _parts(receipts, 200):
        numbers = [JournalNo(receipt["journal"]) for receipt in part]
        kept = hub.log.receipts.numbered(numbers)
        for receipt in part:
            held = kept.get(JournalNo(receipt["journal"]))
            leaf = base64.b64encode(held.leaf_hash).decode() if held else ""
            if held is None or (held.index, leaf) != (receipt["index"], receipt["leaf_hash"]):
                yield f"receipt {receipt['journal']} is not in the log as it was given"


def _parts(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _subjects(hub: Hub, kind: str) -> list[str]:
    return [
        row[0] for row in _rows(hub, f"SELECT subject FROM storage_journal WHERE kind = '{kind}'")
    ]


def _count(hub: Hub, table: str, where: str) -> int:
    return int(_rows(hub, f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


def _rows(hub: Hub, query: str) -> list[Any]:
    with hub.database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]
