"""Fetches a second over HTTP, against a bare FastAPI route with one indexed read.

Ours is the whole way of an agency's request for fields on a legal basis: token, matter and purpose,
holder, status, the journal's durable commit, decryption and the receipt, in ``hub.serve`` as it is
started for real. Both servers run beside each other and are loaded in turn by the same client.
Afterwards the journal must hold exactly one entry for every answer that the client counted.

``python -m bench.fetch --seconds 60 --database both`` keeps up the load, one refusal among twenty
answers, on SQLite and on a PostgreSQL of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sqlalchemy import create_engine, text

from bench.load import Load, Plan, under_load
from certificates.subjects import holder_ref
from hub.demo import children, city
from hub.demo.agency import Agency
from hub.demo.fetching import MATTER, PURPOSE
from hub.settings import Settings, load
from hub.wiring import open_hub
from kernel.actors import system
from kernel.errors import Refused

RESIDENTS = 300
CERTIFICATES = 20
CONNECTIONS = 32
MOST = 20_000
REFUSED = 200
MIXED = 19
"""Good requests for each that is refused, under lasting load."""
SPEED_BAR = 0.03
"""Share of the bare route's speed that is left with everything a lawful answer needs. Low, because
on a busy machine ours waits for the disk and for its threads' turns, which the bare route has not.
"""
WORK_BAR = 0.05
"""The same for processor time, which other programs disturb less: at most 20 bare answers, which
leaves room for 300 fetches a second on one core."""
SERVER_WORK_BAR = 0.03
"""On PostgreSQL a transaction is five messages and not shared by many answers."""
TYPE = "household-register"
FIELDS = ("household_number", "head_name", "address")
SERVED, REFUSAL = "certificates.request-served", "certificates.request-refused"


@dataclass(frozen=True, slots=True)
class Size:
    """How long is measured. ``lasting``: one stretch with refusals among the answers."""

    seconds: float = 2.0
    rounds: int = 3
    lasting: bool = False


def run(size: Size | None = None, database: str = "") -> list[dict[str, Any]]:
    """Measure on SQLite, or on the PostgreSQL database at an address."""
    size = size or Size()
    with tempfile.TemporaryDirectory(prefix="tongban-bench-") as name, ExitStack() as stack:
        settings = load(home=Path(name) / "hub", port=_port(), environment="demo")
        settings = settings.model_copy(update={"database_url": database})
        stack.enter_context(_environment(TONGBAN_DATABASE_URL=database, BARE_DATABASE=database))
        bodies = prepare(settings)
        web = children.web(settings)
        stack.callback(web.stop)
        address, bare = stack.enter_context(_bare(Path(name)))
        children.wait_ready(web, settings)
        with Agency(settings) as agency:
            path, most = ("/v1/certificate-requests",), int(MOST * max(1.0, size.seconds / 2))
            fetch = Plan(
                settings.address, path, CONNECTIONS, size.seconds, most, agency.token, bodies
            )
        paths = tuple(f"/rows/{number:08d}" for number in range(0, 50_000, 7))
        read = Plan(address, paths, CONNECTIONS, min(size.seconds, 10.0), MOST * 5)
        wrong = {**bodies[0], "purpose": "curiosity"}
        refused = replace(fetch, bodies=(wrong,), most=REFUSED)
        loads = [under_load(replace(fetch, seconds=1.0)), under_load(refused)]
        under_load(replace(read, seconds=1.0))
        if size.lasting:
            fetch = replace(fetch, bodies=(*bodies * MIXED, *(wrong,) * len(bodies)))
        timed, ratios, spent, peer = [], [], [], []
        for _ in range(size.rounds):  # in turns, so that a noisy neighbour meets both alike
            before = _cpu(bare.pid)
            reading = under_load(read)
            peer.append((reading, (_cpu(bare.pid) - before) / reading.answers))
            before = _cpu(web.pid)
            fetching = under_load(fetch)
            spent.append((_cpu(web.pid) - before) / fetching.answers)
            timed.append(fetching)
            ratios.append(fetching.rate / reading.rate)
        usual = {"200", *(loads[1].statuses if size.lasting else ())}
        assert all(set(one.statuses) <= usual for one in timed), "an answer that nobody expects"
        bar = SERVER_WORK_BAR if database else WORK_BAR
        return _rows(timed, peer, spent, ratios, bar) + _parity(settings, [*loads, *timed])


def prepare(settings: Settings) -> tuple[dict[str, Any], ...]:
    """Make a small hub with certificates and return a request for each."""
    with open_hub(settings) as hub:
        town = city.people(hub, RESIDENTS)
        city.seals(hub)
        actor = system("bench", settings.region, ("catalog.ingest", "catalog.publish"))
        _good(hub.ingest.run(actor, "ga-population"))
        issuer = system("bench", settings.region, ("certificates.issue", "certificates.read"))
        _good(hub.issuer.issue_batch(issuer, TYPE, limit=CERTIFICATES))
        issued = _good(hub.register.page(issuer, type_name=TYPE, after="", limit=CERTIFICATES))
        held = {ref for one in issued for ref in one.holders}
        heads = [home.head.id_number for home in town.truth.households]
        known = [code for code in heads if holder_ref(hub.vault, "111", code) in held]
    assert len(known) >= CERTIFICATES / 2, f"{len(known)} holders of {len(issued)} certificates"
    return tuple(body(number, code) for number, code in enumerate(known))


def entries(settings: Settings) -> Mapping[str, list[str]]:
    """Return the subjects of the journal's entries on requests, by kind."""
    query = text("SELECT kind, subject FROM storage_journal WHERE kind IN (:served, :refused)")
    address = settings.database.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(address)
    found: dict[str, list[str]] = {SERVED: [], REFUSAL: []}
    with engine.connect() as connection:
        for row in connection.execute(query, {"served": SERVED, "refused": REFUSAL}):
            found[row.kind].append(row.subject)
    engine.dispose()
    return found


def row(measure: str, value: float, unit: str, bar: float | None = None) -> dict[str, Any]:
    holds = bar is None or bool(value >= bar)
    return {"measure": measure, "value": round(value, 3), "unit": unit, "bar": bar, "holds": holds}


def _rows(
    timed: list[Load],
    peer: list[tuple[Load, float]],
    spent: list[float],
    ratios: list[float],
    work_bar: float,
) -> list[dict[str, Any]]:
    waits = sorted(wait for one in timed for wait in one.waits)
    read, work, bare = [one for one, _ in peer], median(spent), median(cpu for _, cpu in peer)
    assert all(set(one.statuses) == {"200"} for one in read), "an answer was not 200"
    receipts = sum((one.receipts for one in timed), Counter[str]())
    numbered = 1 - receipts["pending"] / receipts.total()
    bare_waits = [wait for one in read for wait in one.waits]
    return [
        row("fetches over HTTP, fields by law, durable", median(o.rate for o in timed), "1/s"),
        row("bare FastAPI route, one indexed read", median(one.rate for one in read), "1/s"),
        row("fetches against the bare route", median(ratios), "times", SPEED_BAR),
        row("fetch: processor time of the server, log included", work * 1e6, "µs"),
        row("bare route: processor time of the server", bare * 1e6, "µs"),
        row("processor time of a bare answer against a fetch", bare / work, "times", work_bar),
        row("fetch: median wait, 32 connections", median(waits) * 1000, "ms"),
        row("fetch: 99 of 100 wait at most", quantiles(waits, n=100)[98] * 1000, "ms"),
        row("bare route: median wait", median(bare_waits) * 1000, "ms"),
        row("answers whose receipt has its final index", numbered, "share"),
        row("length of an answer, ours", timed[-1].size, "bytes"),
        row("length of an answer, bare", read[-1].size, "bytes"),
    ]


def _parity(settings: Settings, loads: list[Load]) -> list[dict[str, Any]]:
    """Compare what the client counted with what the journal holds, request by request."""
    found = entries(settings)
    served = [request for one in loads for request in one.requests]
    refused = sum(one.answers - one.statuses["200"] for one in loads)
    apart = set(served) ^ set(found[SERVED])
    assert not apart, f"{len(apart)} answers without entry, or entries without answer"
    assert len(served) == len(found[SERVED]), "a request is in the journal twice"
    assert refused == len(found[REFUSAL]), f"{refused} refusals, {len(found[REFUSAL])} entries"
    total = len(found[SERVED]) + len(found[REFUSAL])
    return [
        row("answers counted by the client, refusals included", len(served) + refused, "answers"),
        row("journal entries for each answer", total / (len(served) + refused), "entries", 1.0),
    ]


def body(number: int, code: str) -> dict[str, Any]:
    return {
        "matter": MATTER,
        "case_no": f"BENCH-{number:04d}",
        "purpose": PURPOSE,
        "legal_basis": "compulsory-education-12",
        "certificate": {"type": TYPE},
        "holder": {"code": code},
        "fields": list(FIELDS),
    }


def _good(answer: Any) -> Any:
    assert not isinstance(answer, Refused), answer
    return answer


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Hand values to child processes; empty ones are left out."""
    given = {name: value for name, value in values.items() if value}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _bare(home: Path) -> Iterator[tuple[str, children.Child]]:
    port = _port()
    words = ["-m", "bench.bare", str(home / "bare.db"), str(port)]
    child = children.Child(words, home / "bare.log", {})
    try:
        yield f"http://127.0.0.1:{port}", child
    finally:
        child.stop()


def _port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _cpu(pid: int) -> float:
    """Return the processor seconds of a process so far, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a server that syncs its commits, as a hub wants it, and make a database in it."""
    from tests import servers
    from tests.postgres import new_database

    with servers.running("postgres") as server:
        yield new_database(server.url)


def main(words: list[str]) -> int:
    """Measure for as long as asked on the databases named; 1 when a bar is missed."""
    from bench.__main__ import show

    parser = argparse.ArgumentParser(prog="python -m bench.fetch", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    given = parser.parse_args(words)
    wanted = ("sqlite", "postgresql") if given.database == "both" else (given.database,)
    size, held = Size(given.seconds, 1, lasting=True), True
    for name in wanted:
        with postgresql() if name == "postgresql" else nullcontext("") as address:
            rows = run(size, address)
        print(f"fetch on {name}, {given.seconds:g} s", flush=True)
        show(rows)
        held = held and all(one["holds"] for one in rows)
        out = Path("var/bench")
        out.mkdir(parents=True, exist_ok=True)
        text_of = json.dumps(rows, ensure_ascii=False, indent=1)
        (out / f"fetch-{name}.json").write_text(text_of, "utf-8")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
