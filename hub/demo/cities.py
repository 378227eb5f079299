"""Conducts the cities: each walks by itself, and waits for the others where it deals with them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.demo import steps
from hub.demo.board import Board
from hub.demo.citychild import CityChild
from hub.demo.plan import Place
from hub.demo.summary import (
    CaseFigures,
    Certificates,
    CitySummary,
    Crossings,
    Fetches,
    Log,
    SourceRow,
    Tampering,
)
from hub.gate import lend, start_warm

if TYPE_CHECKING:
    from hub.dagchild import DagChild


@dataclass(slots=True)
class _Walk:
    """One city on its way, and what it brought home so far."""

    place: Place
    child: CityChild
    told: dict[str, Any] = field(default_factory=dict)


class Conductor:
    """Starts a process for each city, one for Airflow and one for the gate; walks with all."""

    def __init__(self, home: Path, cities: Sequence[Place], board: Board, stack: ExitStack) -> None:
        """Start the cities' processes; ``stack`` stops everything that was started."""
        self._home = home.absolute()
        self._board = board
        self._stack = stack
        self._walks = [_Walk(place, CityChild(place)) for place in cities]
        for walk in self._walks:
            stack.callback(walk.child.close)
        self._meeting = threading.Barrier(len(self._walks))
        self._dags: DagChild | None = None
        self._turn = threading.Lock()
        self._shared = threading.Lock()
        self._failed: tuple[Place, BaseException] | None = None

    def walk(self) -> tuple[CitySummary, ...]:
        """Walk all cities at once; raises the first failure of any, after naming its city."""
        threads = [
            threading.Thread(target=self._guarded, args=(walk,), name=walk.place.region)
            for walk in self._walks
        ]
        with self._board.bars:
            for thread in threads:
                thread.start()
            try:
                for thread in threads:
                    thread.join()
            except BaseException:
                self._end_all()
                raise
        if self._failed is not None:
            place, error = self._failed
            self._board.say(f"✗ {place.title}")
            raise error
        return tuple(self._summary(walk) for walk in self._walks)

    def _guarded(self, walk: _Walk) -> None:
        try:
            self._whole_way(walk)
        except threading.BrokenBarrierError:
            pass  # another city failed, and says why
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            with self._shared:
                first = self._failed is None
                if first:
                    self._failed = (walk.place, error)
            if first:
                self._end_all()

    def _end_all(self) -> None:
        """Let nobody wait for a city that will not come."""
        self._meeting.abort()
        for walk in self._walks:
            walk.child.kill()

    def _whole_way(self, walk: _Walk) -> None:
        place, told, call = walk.place, walk.told, walk.child.call
        with self._board.phase(place, "world"):
            call("world")
            call("pages")
        address = place.settings().address
        self._board.say(f"进度页 progress page: {address}/progress")
        with self._shared:
            dags = self._engines()
        with self._board.phase(place, "keys"):
            told["keys"] = call("keys")
        self._meet()
        with self._board.phase(place, "trust"):
            call("meet", others=[other.told["keys"] for other in self._others(walk)])
        with self._turn, self._board.phase(place, "ingest") as tell:
            steps.ingest(place.home, place.region, dags, tell)
            told["sources"] = call("sources")
        with self._board.phase(place, "issue") as tell:
            told["issue"] = call("issue", tell)
        with self._board.phase(place, "fetch"):
            told["fetch"] = call("fetch")
        self._meet()
        self._across(walk)
        self._meet()
        with self._board.phase(place, "verify"):
            told["verify"] = call("verify")
        with self._board.phase(place, "audit"):
            told["audit"] = call("audit")
        self._meet()
        with self._board.phase(place, "match"):
            others = self._others(walk)
            keys = {other.place.region: other.told["keys"]["log_key"] for other in others}
            told["match"] = call("match", keys=keys)

    def _across(self, walk: _Walk) -> None:
        """What needs the other cities: an agency asks there, and so does a window."""
        others = [
            {"region": other.place.region, "holder": other.told["fetch"]["holder"]}
            for other in self._others(walk)
        ]
        with self._board.phase(walk.place, "exchange"):
            walk.told["exchange"] = walk.child.call("exchange", others=others)
        with self._board.phase(walk.place, "intake"):
            walk.told["intake"] = walk.child.call("intake")

    def _meet(self) -> None:
        """Wait until every city is here."""
        self._meeting.wait()

    def _others(self, walk: _Walk) -> list[_Walk]:
        return [other for other in self._walks if other is not walk]

    def _engines(self) -> DagChild:
        """Start Airflow and the gate once, after the first page is up: both import for seconds."""
        if self._dags is None:
            from hub.dagchild import DagChild

            first = self._walks[0].place
            airflow = self._home / "airflow"
            self._dags = DagChild(first.home, first.region, airflow=airflow)
            self._stack.callback(self._dags.close)
            gate = start_warm(self._home)
            self._stack.callback(gate.wait)
            self._stack.callback(gate.terminate)
            for walk in self._walks:
                lend(self._home, walk.place.home, gate.pid)
        return self._dags

    def _summary(self, walk: _Walk) -> CitySummary:
        place, told = walk.place, walk.told
        fetch, log = told["fetch"], told["audit"]
        return CitySummary(
            region=place.region,
            name=place.name,
            address=place.settings().address,
            residents=place.residents,
            sources=tuple(SourceRow(**row) for row in told["sources"]),
            certificates=Certificates(**told["issue"]),
            fetches=Fetches(
                fetch["by_law"] + fetch["by_grant"], tuple(fetch["refused"]), fetch["ok"]
            ),
            exchange=self._crossings(walk),
            intake=CaseFigures(**told["intake"]),
            tampering=Tampering(**told["verify"]),
            log=Log(**log),
            seconds=self._board.seconds(place.region),
        )

    def _crossings(self, walk: _Walk) -> Crossings | None:
        found: Sequence[Mapping[str, Any]] = walk.told["exchange"]
        if not found:
            return None
        matches: Sequence[Mapping[str, Any]] = walk.told["match"]
        return Crossings(
            answered=sum(item["answered"] for item in found),
            refused=tuple(code for item in found for code in item["refused"]),
            files=sum(item["files"] for item in found),
            exchanges=sum(item["exchanges"] for item in matches),
            matched=sum(item["matched"] for item in matches),
            ok=all(item["ok"] for item in (*found, *matches)),
        )
