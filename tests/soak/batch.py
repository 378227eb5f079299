"""Certificates in batch by ``tongban issue``: interrupted, killed, resumed; none twice, none lost.

``python -m tests.soak.batch HOME --certificates N`` works on a hub whose population is published
and prints figures as JSON. A run is ended by SIGINT to its whole group, as Ctrl-C does, then one by
kill -9 of the command, then one by kill -9 of the signer alone; the last run goes to the end.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from hub.demo import city
from hub.settings import Settings, load
from hub.wiring import open_hub
from kernel.actors import system
from kernel.clock import SystemClock
from kernel.errors import Refused
from storage.database import Database, open_database
from storage.probe import NoProbe
from tests.soak import aftermath
from tests.soak.memory import MIB, Watch, members
from tests.soak.million import COMMAND
from tests.soak.tree import NAMES, named

TYPE = "household-register"
PATIENCE = 600.0
"""Seconds without one more certificate after which a run counts as stuck."""


@dataclass(frozen=True)
class Turn:
    """One run of the command: how it ended and what it added."""

    ended: str
    code: int
    issued: int
    seconds: float
    processor: float
    peak: int
    row: dict[str, Any] = field(default_factory=dict)
    bar: str = ""

    def figures(self) -> dict[str, Any]:
        return {
            "ended by": self.ended,
            "exit": self.code,
            "certificates in force after it": self.issued,
            "wall s": round(self.seconds, 1),
            "processor s": round(self.processor, 1),
            "peak MiB": self.peak // MIB,
            **({"said": self.row} if self.row else {"bar": self.bar.strip()[-120:]}),
        }


def run(home: Path, certificates: int) -> tuple[list[Turn], list[str]]:
    """Issue with three interruptions; returns the runs and what is not as it must be."""
    settings = load(home=home, environment="demo")
    there = _there(settings)
    strikes = ((0.2, interrupt), (0.5, kill), (0.7, kill_signer), (2.0, interrupt))
    turns = [
        turn(settings, certificates, there + share * (certificates - there), end)
        for share, end in strikes
    ]
    with open_hub(settings) as hub:
        aftermath.settle(hub, 600)
        faults = aftermath.faults(hub, [])
        register = aftermath.figures(hub, [])
    if register["certificates in the register"] != certificates:
        faults.append(f"{register['certificates in the register']} of {certificates} are in force")
    codes = [one.code for one in turns]
    if codes != [130, -signal.SIGKILL, 0, 0]:
        faults.append(f"exit codes {codes}")
    if turns[-1].row.get("issued"):
        faults.append("a run after the last found something to do")
    return turns, faults


def interrupt(process: subprocess.Popen[bytes]) -> str:
    os.killpg(process.pid, signal.SIGINT)
    return "SIGINT"


def kill(process: subprocess.Popen[bytes]) -> str:
    os.kill(process.pid, signal.SIGKILL)
    return "kill -9"


def kill_signer(process: subprocess.Popen[bytes]) -> str:
    for pid in members(process.pid):
        if named(pid) == NAMES["signing.signer"]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return "the end, its signer killed on the way"


def turn(
    settings: Settings,
    certificates: int,
    wanted: float,
    end: Callable[[subprocess.Popen[bytes]], str],
) -> Turn:
    """Run the command until so many certificates are in force, then strike."""
    words = ["issue", TYPE, "--home", str(settings.root), "--limit", str(certificates), "--json"]
    out, errors = settings.root / "issue.json", settings.root / "issue.errors"
    begun, ended = time.monotonic(), "the end"
    # ignored signals stay ignored in children: a harness in the background must not hand that on
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with out.open("wb") as first, errors.open("wb") as second:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words],
            stdout=first,
            stderr=second,
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "TONGBAN_ENVIRONMENT": "demo"},
            start_new_session=True,
        )
    watch = Watch(process.pid)
    database = open_database(settings.database, SystemClock(), NoProbe())
    try:
        if wait(process, database, wanted):
            ended = end(process)
        code = process.wait(timeout=PATIENCE * 100)
        watch.end()
        count = in_force(database)
    finally:
        database.close()
    said = out.read_text("utf-8")
    return Turn(
        ended,
        code,
        count,
        time.monotonic() - begun,
        watch.processor,
        watch.peak,
        json.loads(said) if said else {},
        errors.read_text("utf-8")[-300:],
    )


def wait(process: subprocess.Popen[bytes], database: Database, wanted: float) -> bool:
    """Wait until so many are in force; False when the process ends first."""
    last, since = in_force(database), time.monotonic()
    while process.poll() is None:
        time.sleep(0.05)
        count = in_force(database)
        if count >= wanted:
            return True
        if count > last:
            last, since = count, time.monotonic()
        assert time.monotonic() - since < PATIENCE, "no certificate for ten minutes"
    return False


def _there(settings: Settings) -> int:
    database = open_database(settings.database, SystemClock(), NoProbe())
    try:
        return in_force(database)
    finally:
        database.close()


def in_force(database: Database) -> int:
    query = "SELECT count(*) FROM certificates_certificate WHERE step = 'ISSUED'"
    with database.engine.connect() as connection:
        return int(connection.execute(text(query)).scalar() or 0)


def prepare(home: Path, residents: int) -> None:
    """Make a small hub; a big one is made by ``tests.soak.million`` and needs seals alone."""
    with open_hub(load(home=home, environment="demo")) as hub:
        if residents:
            city.people(hub, residents)
            actor = system("soak", hub.settings.region, ("catalog.ingest", "catalog.publish"))
            done = hub.ingest.run(actor, "ga-population")
            assert not isinstance(done, Refused), done
        city.seals(hub)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.batch", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--certificates", type=int, default=500)
    parser.add_argument("--residents", type=int, default=0, help="make a city first")
    given = parser.parse_args()
    prepare(given.home, given.residents)
    turns, faults = run(given.home, given.certificates)
    shown = {"runs": [one.figures() for one in turns], "faults": faults}
    sys.stdout.write(json.dumps(shown, ensure_ascii=False, indent=1) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
