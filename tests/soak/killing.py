"""kill -9 of any process of a hub under load: web, signer, gate, batch, desk, ingest, at random.

``python -m tests.soak.killing --kills 50 --residents 20000`` prints the report as JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from bench.fetch import FIELDS, MATTER, PURPOSE, TYPE, body, postgresql
from certificates.subjects import holder_ref
from hub.demo import city
from hub.demo.city import AGENCY
from hub.gate import announce
from hub.settings import Settings, load
from hub.wiring import Hub, open_hub
from kernel.actors import system
from kernel.errors import Refused
from tests.servers import free_port
from tests.soak import aftermath, notes
from tests.soak.offices import BATCH
from tests.soak.tree import Tree, kill

SEED = 20261125
RECOVERY = 90.0
"""Seconds after which a hub that does not work again counts as broken."""
FIRST = 40
"""Certificates issued before the load begins, so that there is something to fetch."""


@dataclass
class Report:
    """Who was killed, how long it took until all worked again, and what was found."""

    seed: int
    victims: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    restarts: int = 0
    seconds: float = 0.0
    figures: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        waits = sorted(self.recoveries)
        return {
            "seed": self.seed,
            "kills": sum(self.victims.values()),
            "victims": dict(sorted(self.victims.items())),
            "restarts": self.restarts,
            "seconds": round(self.seconds, 1),
            "recovery median s": round(waits[len(waits) // 2], 2) if waits else None,
            "recovery longest s": round(waits[-1], 2) if waits else None,
            "figures": self.figures,
            "faults": self.faults,
        }


def run(home: Path, *, kills: int, residents: int, seed: int = SEED, database: str = "") -> Report:
    """Make a hub, load it, kill, wait for its recovery, kill again; then look what is there."""
    report, chance, begun = Report(seed), random.Random(seed), time.monotonic()
    ports = [free_port(), free_port()]
    # every process of a hub prints the same address into certificates
    address = f"http://127.0.0.1:{ports[0]}"
    settings = load(home=home / "hub", port=ports[0], environment="demo", base_url=address)
    settings = settings.model_copy(update={"database_url": database})
    folder = home / "told"
    folder.mkdir()
    tree = Tree(
        programs(settings, ports, folder),
        home / "logs",
        {
            "TONGBAN_BASE_URL": address,
            "TONGBAN_DATABASE_URL": database,
            "TONGBAN_ENVIRONMENT": "demo",
        },
    )
    (settings.root / "run").mkdir(parents=True)
    announce(settings.root, tree.start("gate"))
    plan = prepare(settings, residents) | {"ports": ports}
    tree.start()
    wait_for(ports)
    with visitors(home, plan, folder) as clients:
        working(folder, time.time())
        while sum(report.victims.values()) < kills:
            time.sleep(chance.uniform(0.3, 2.5))
            victim = chance.choice(tree.members())
            kill(victim)
            at = time.time()
            report.victims[victim.name] += 1
            working(folder, at)
            tree.again(victim.name, at + RECOVERY)
            wait_for(ports)
            report.recoveries.append(time.time() - at)
            sys.stderr.write(f"killed {victim.name}: {report.recoveries[-1]:.1f} s\n")
        clients.stop(RECOVERY)
    tree.stop()
    report.restarts, report.seconds = tree.restarts, time.monotonic() - begun
    with open_hub(settings) as hub:
        aftermath.settle(hub)
        told = list(notes.read(folder))
        report.figures = aftermath.figures(hub, told)
        report.faults = aftermath.faults(hub, told)
    return report


def prepare(settings: Settings, residents: int) -> dict[str, Any]:
    """Make the city's data and seals, issue a few certificates, and say what may be asked."""
    with open_hub(settings) as hub:
        town = city.people(hub, residents)
        city.seals(hub)
        actor = system("soak", settings.region, ("catalog.ingest", "catalog.publish"))
        for source in ("ga-population", "mz-marriage"):
            _good(hub.ingest.run(actor, source))
        issuer = system("soak", settings.region, ("certificates.issue", "certificates.read"))
        home = next(one for one in town.truth.households if one.head == town.guardian)
        _good(hub.issuer.issue(issuer, TYPE, home.number).value)
        _good(hub.issuer.issue_batch(issuer, BATCH, limit=FIRST))
        known = _issued(hub, issuer, [one.head.id_number for one in town.truth.households])
        requester = hub.directory.org(hub.directory.clients[AGENCY].org)
        assert requester
    offer = {
        "requester": requester.code, "matter": MATTER, "purpose": PURPOSE, "type": TYPE,
        "fields": list(FIELDS), "code": town.guardian.id_number,
    }  # fmt: skip
    bodies = [body(number, code) for number, code in enumerate(known)]
    return {"home": str(settings.root), "bodies": bodies, "offer": offer}


def _issued(hub: Hub, issuer: Any, codes: Iterable[str]) -> list[str]:
    found = _good(hub.register.page(issuer, type_name=TYPE, after="", limit=FIRST))
    held = {ref for one in found for ref in one.holders}
    return [code for code in codes if holder_ref(hub.vault, "111", code) in held]


def programs(settings: Settings, ports: list[int], folder: Path) -> dict[str, list[str]]:
    """Return the command lines of the tree's top processes."""
    home = str(settings.root)
    webs = {
        f"web {number}": ["-m", "hub.serve", "--home", home, "--port", str(port), "--with-parent"]
        for number, port in enumerate(ports, 1)
    }
    offices = {
        name: ["-m", "tests.soak.offices", name, home, str(folder / f"{name}.notes")]
        for name in ("batch", "desk", "ingest")
    }
    socket = settings.root / "run" / "gate.sock"
    return {**webs, "gate": ["-m", "quality.gx.serve", "--socket", str(socket)], **offices}


@contextmanager
def visitors(home: Path, plan: dict[str, Any], folder: Path) -> Any:
    """Keep up the load until told to stop; clients are no part of the hub and are not killed."""
    path = home / "visitors.json"
    more = {"notes": str(folder / "visitors.notes"), "fetchers": 4, "granters": 2}
    path.write_text(json.dumps(plan | more), "utf-8")
    clients = Tree({"visitors": ["-m", "tests.soak.visitors", str(path)]}, home / "logs", {})
    clients.start()
    try:
        yield clients
    finally:
        clients.stop()
    assert clients.restarts == 0, "the clients broke down: see the log of visitors"


def wait_for(ports: list[int]) -> None:
    """Wait until every web process answers."""
    until = time.monotonic() + RECOVERY
    with httpx2.Client(timeout=2, trust_env=False) as client:
        for port in ports:
            while True:
                try:
                    client.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
                    break
                except httpx2.HTTPError:
                    assert time.monotonic() < until, "a web process does not answer"
                    time.sleep(0.1)


def working(folder: Path, since: float) -> None:
    """Wait until fetches, grants and single issues were acknowledged after a moment."""
    wanted = {"fetch", "use", "issued"}
    while time.time() - since < RECOVERY:
        time.sleep(0.05)
        if wanted <= {note["kind"] for note in _tail(folder) if note["at"] > since}:
            return
    missing = wanted - {note["kind"] for note in _tail(folder) if note["at"] > since}
    message = f"not working again after {RECOVERY:g} s: {sorted(missing)}"
    raise AssertionError(message)


def _tail(folder: Path) -> list[dict[str, Any]]:
    """Return the last notes of each file."""
    found = []
    for path in folder.glob("*.notes"):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16_384))
            lines = file.read().split(b"\n")[1:]
        found += [json.loads(line) for line in lines if line.endswith(b"}")]
    return found


def _good(answer: Any) -> Any:
    assert not isinstance(answer, Refused), answer
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.killing", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--postgresql", action="store_true", help="on a server of its own")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tongban-soak-") as name,
        postgresql() if given.postgresql else nullcontext("") as database,
    ):
        found = run(
            Path(name),
            kills=given.kills,
            residents=given.residents,
            seed=given.seed,
            database=database,
        )
    sys.stdout.write(json.dumps(found.to_json(), ensure_ascii=False, indent=1) + "\n")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
