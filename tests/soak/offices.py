"""Processes of a hub at work: a batch of certificates, a desk that issues one by one, an ingest.

``python -m tests.soak.offices batch|desk|ingest HOME NOTES``; each goes on where it was killed and
ends when its input does.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path

from certificates import subjects
from certificates.register_model import Certificate
from hub.settings import load
from hub.wiring import Hub, open_hub
from kernel.actors import system
from kernel.errors import Refused, TongbanError
from kernel.ids import CertificateId
from tests.soak import notes as noted
from tests.soak.notes import Notes, until_input_ends

BATCH, DESK = "household-register", "marriage"
SOURCE = "ga-population"
ISSUER = system("soak", "410100", ("certificates.issue", "certificates.read"))
STEWARD = system("soak", "410100", ("catalog.ingest", "catalog.publish"))


class Told:
    """A progress bar that notes what it is told, the number of subjects without a place left out."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    @contextmanager
    def track(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        first = True

        def tick(done: int) -> None:
            nonlocal first
            if not first:
                self._notes.add("tick", done=done)
            first = False

        yield tick


def batch(hub: Hub, notes: Notes, stop: threading.Event) -> None:
    """Issue one type for everybody, from the first to the last, again and again."""
    hub.issuer.resume(ISSUER, idle=timedelta(0))
    while not stop.is_set():
        done = hub.issuer.issue_batch(ISSUER, BATCH, progress=Told(notes))
        assert not isinstance(done, Refused), done
        notes.add("batch", issued=sum(item.issued for item in done))
        stop.wait(1.0)


def desk(hub: Hub, notes: Notes, stop: threading.Event) -> None:
    """Issue one certificate after the other; every third time the next version of an earlier one."""
    mine = [note for note in noted.read(notes.path.parent) if note["kind"] in {"issued", "turn"}]
    turn = max((note["turn"] for note in mine if note["kind"] == "turn"), default=0)
    ids = {note["id"]: note["before"] for note in mine if note["kind"] == "issued"}
    last = [key for key in ids if key not in ids.values()]
    kind = hub.typebook[DESK]
    for key in islice(subjects.keys(hub.tools.source, kind, None), turn, None):
        if stop.is_set():
            return
        turn += 1
        given = hub.issuer.issue(ISSUER, DESK, key).value
        _issued(notes, given)
        if turn % 3 == 0 and last:
            _issued(notes, hub.issuer.reissue(ISSUER, CertificateId(last.pop(0))).value)
        if isinstance(given, Certificate):
            last.append(given.id)
        notes.add("turn", turn=turn)
    stop.wait()


def _issued(notes: Notes, given: Certificate | Refused) -> None:
    if isinstance(given, Refused):
        notes.add("refused", code=given.code)
    else:
        notes.add("issued", id=given.id, identifier=given.identifier, before=given.supersedes or "")


def ingest(hub: Hub, notes: Notes, stop: threading.Event) -> None:
    """Deliver the population with one address changed, and publish it."""
    mine = [note for note in noted.read(notes.path.parent) if note["kind"] == "version"]
    turn = max((note["turn"] for note in mine), default=0)
    inbox = hub.settings.deliveries / SOURCE
    first = min(inbox.glob("*.csv"))
    while not stop.is_set():
        turn += 1
        text = first.read_bytes().decode("gb18030", "surrogateescape")
        changed = re.sub(r"号楼\d+单元\d+室", f"号楼1单元{turn}室", text, count=1)
        draft = first.with_name(f".{first.name}")
        draft.write_bytes(changed.encode("gb18030", "surrogateescape"))
        draft.replace(first)
        done = hub.ingest.run(STEWARD, SOURCE)
        assert not isinstance(done, Refused), done
        notes.add(
            "version",
            turn=turn,
            id=done.version,
            state=done.state,
            published=done.counts.published,
            rows_in=done.counts.rows_in,
        )
        stop.wait(1.0)


def main(work: str, home: str, path: str) -> int:
    """Do one kind of work; a failure is noted by its code and ends the process."""
    stop, notes = until_input_ends(), Notes(Path(path))
    works = {"batch": batch, "desk": desk, "ingest": ingest}
    try:
        with open_hub(load(home=Path(home), environment="demo")) as hub:
            works[work](hub, notes, stop)
    except TongbanError as error:
        notes.add("failed", code=error.code, work=work)
        time.sleep(0.2)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
