"""Runs a small batch in forked children, killing each at another durable write; then resumes.

``python -m tests.certificates.killed FOLDER`` prints one JSON line per kill point. The doubles sign
nothing, so that forking is harmless here. Also the child of the race between processes.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certificates import register_store
from certificates.issue import Issuer
from certificates.register_model import Certificate
from certificates.store import METADATA
from kernel.actors import system
from kernel.clock import FixedClock
from kernel.ports import Probe
from storage.database import Database, open_database
from storage.objects.folder import FolderObjects
from storage.probe import KillProbe, NoProbe, RecordingProbe
from storage.vault import AeadVault
from tests.certificates.doubles import Bench, make_bench, many_marriages

OFFICE = system("issue", "410100", ("certificates.issue",))
SUBJECTS = 2
SAME_AFTER = frozenset({"certificates.object", "certificates.signature", "storage.commit"})
"""Writes before which the stored state equals that after the write that came earlier."""


def opened(folder: Path, probe: Probe) -> tuple[Database, Bench]:
    clock = FixedClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    database = open_database(f"sqlite:///{folder / 'hub.db'}", clock, probe)
    database.create(METADATA)
    objects = FolderObjects(folder / "objects", probe)
    rows = many_marriages(SUBJECTS)
    vault = AeadVault(bytes(range(32)))
    bench = make_bench(database.transactions, objects, vault, clock, folder, rows, probe)
    return database, bench


def run(folder: Path, probe: Probe) -> None:
    database, bench = opened(folder, probe)
    Issuer(bench.tools).issue_batch(OFFICE, "marriage")
    database.close()


def recover(folder: Path) -> dict[str, object]:
    database, bench = opened(folder, NoProbe())
    issuer = Issuer(bench.tools)
    issuer.resume(OFFICE, idle=timedelta(0))
    issuer.issue_batch(OFFICE, "marriage")
    journal = database.transactions.read(lambda tx: database.journal.after(tx, 0, 1000))
    kinds = Counter(row.kind for row in journal)
    subjects = Counter(row.subject for row in journal if row.kind == "certificates.issued")
    page = database.transactions.read(
        lambda tx: register_store.issued_page(tx, kind="", issuer="", after="", limit=100)
    )
    ids = [draft.certificate.id for draft in page]
    files = database.transactions.read(
        lambda tx: register_store.files(tx, ids, register_store.ORIGINAL)
    )
    whole = all(
        bench.tools.judge.judge(
            bench.tools.objects.get(item.digest), bench.tools.clock.now()
        ).passed
        for found in files.values()
        for item in found
    )
    open_work = database.transactions.read(
        lambda tx: register_store.unfinished(tx, bench.tools.clock.now(), 100)
    )
    database.close()
    return {
        "issued": len(ids),
        "results": max(subjects.values(), default=0),
        "entries": kinds["certificates.issued"],
        "files": sum(len(found) for found in files.values()),
        "whole": whole,
        "open": len(open_work),
        "signatures": len(bench.sealer.entries()),
    }


def child(work: Callable[..., object], *args: object) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work(*args)
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1]


def every_point(root: Path) -> None:
    dry = RecordingProbe()
    names_file = root / "names.json"

    def record() -> None:
        folder = root / "dry"
        folder.mkdir()
        run(folder, dry)
        names_file.write_text(json.dumps(dry.names))

    child(record)
    # Each object has two probes around the same write; one of them is enough.
    names = [name for name in json.loads(names_file.read_text()) if name != "objects.keep"]
    counts = Counter(names)
    for name, count in counts.items():
        for number in range(1, count + 1):
            for before in (False,) if name in SAME_AFTER else (True, False):
                folder = root / f"{name}-{number}-{before}"
                folder.mkdir()
                status = child(run, folder, KillProbe(name, number, before=before))
                answer = folder / "answer.json"
                child(lambda f=folder, a=answer: a.write_text(json.dumps(recover(f))))
                point = f"{name}#{number}:{'before' if before else 'after'}"
                line = {"point": point, "signal": os.WTERMSIG(status)}
                sys.stdout.write(json.dumps(line | json.loads(answer.read_text())) + "\n")


def race(folder: Path, serial: str) -> None:
    """One of several processes issuing the same subjects, with one serial for all if given."""
    database, bench = opened(folder, NoProbe())
    if serial:
        bench = bench.with_tools(serials=lambda: serial)
    issuer = Issuer(bench.tools)
    won = [
        issuer.issue(OFFICE, "marriage", row["certificate_no"]).value
        for row in bench.source.rows["marriage"]
    ]
    sys.stdout.write(f"{sum(isinstance(item, Certificate) for item in won)}\n")
    database.close()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        race(Path(sys.argv[1]), sys.argv[2].strip("-"))
    else:
        every_point(Path(sys.argv[1]))
