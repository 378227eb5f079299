"""Walks a case in forked children, killing each at another durable write of a decision; goes on.

``python -m tests.intake.killed FOLDER`` prints one JSON line per kill point. The doubles sign
nothing, so that forking is harmless here.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from certificates.store import METADATA as CERTIFICATES
from intake.model import StepState
from intake.store import METADATA as INTAKE
from kernel.clock import FixedClock
from kernel.ids import CaseId
from kernel.ports import Probe
from storage.database import open_database
from storage.objects.folder import FolderObjects
from storage.probe import KillProbe, NoProbe, RecordingProbe
from storage.vault import AeadVault
from tests.certificates.doubles import make_bench
from tests.certificates.killed import child
from tests.intake.rig import BIRTH, CLERK, OFFICE, PAPER, City, case


def opened(folder: Path, probe: Probe) -> City:
    clock = FixedClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    database = open_database(f"sqlite:///{folder / 'hub.db'}", clock, probe)
    database.create(CERTIFICATES, INTAKE)
    objects = FolderObjects(folder / "objects", probe)
    vault = AeadVault(bytes(range(32)))
    bench = make_bench(database.transactions, objects, vault, clock, folder, None, probe)
    return City(bench, database)


def prepare(folder: Path) -> None:
    """Bring a case to where both certificates are still to come, and the register has delivered."""
    city = opened(folder, NoProbe())
    city.issue()
    found = city.opened()
    city.cases.meet(CLERK, found.id)
    case(city.cases.submit(CLERK, found.id, PAPER).value)
    (folder / "case.txt").write_text(found.id)
    city.database.close()


def decide(folder: Path, probe: Probe) -> None:
    """Let the walk grant both steps with certificates."""
    city = opened(folder, probe)
    city.enter()
    city.go_on(CaseId((folder / "case.txt").read_text()))
    city.database.close()


def recover(folder: Path) -> dict[str, object]:
    """Go on as the worker and the people would, and count what there is."""
    city = opened(folder, NoProbe())
    city.enter()
    key = CaseId((folder / "case.txt").read_text())
    done = city.go_on(key)
    kinds = Counter(
        row.kind
        for row in city.database.transactions.read(
            lambda tx: city.database.journal.after(tx, 0, 9999)
        )
    )
    counts = city.register.counts()
    issued = {kind: n for (kind, step), n in counts.items() if step.value == "ISSUED"}
    city.issuer.resume(OFFICE)
    steps = {item.code: item for item in done.steps}
    city.database.close()
    return {
        "state": done.state.value,
        "births": issued.get("birth-certificate", 0),
        "books": issued.get("household-register", 0),
        "done": [steps[code].state is StepState.DONE for code in (PAPER, BIRTH)],
        "certificates": all(steps[code].certificate for code in (PAPER, BIRTH)),
        "decisions": kinds["intake.step-concluded"],
        "produced": kinds["intake.result-produced"],
    }


def every_point(root: Path) -> None:
    base = root / "base"
    base.mkdir()
    child(prepare, base)
    names_file = root / "names.json"

    def record() -> None:
        dry = RecordingProbe()
        decide(_copy(base, root / "dry"), dry)
        names_file.write_text(json.dumps(dry.names))

    child(record)
    names = [name for name in json.loads(names_file.read_text()) if name.startswith("intake.")]
    for name, count in Counter(names).items():
        for number in range(1, count + 1):
            for before in (True, False):
                folder = _copy(base, root / f"{name}-{number}-{before}")
                status = child(decide, folder, KillProbe(name, number, before=before))
                answer = folder / "answer.json"
                child(lambda f=folder, a=answer: a.write_text(json.dumps(recover(f))))
                point = f"{name}#{number}:{'before' if before else 'after'}"
                line = {"point": point, "signal": os.WTERMSIG(status)}
                sys.stdout.write(json.dumps(line | json.loads(answer.read_text())) + "\n")


def _copy(base: Path, folder: Path) -> Path:
    shutil.copytree(base, folder)
    return folder


if __name__ == "__main__":
    every_point(Path(sys.argv[1]))
