"""Two cities on PostgreSQL and two S3 servers, by settings alone: the whole walk, figures and all."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from audit.tree import leaf_hash
from hub.dagchild import DagChild
from hub.dagrun import DagResult, OnProgress
from hub.demo import cities
from hub.demo.board import Board
from hub.demo.cities import Conductor
from hub.demo.citychild import CityChild
from hub.demo.plan import REGIONS, Options, Place, places
from hub.exchanging import HubLeaves
from hub.gate import lend, start_warm
from hub.settings import Settings, load
from hub.wiring import open_hub
from kernel.actors import system
from kernel.ports import Event, Tx
from storage.objects.folder import FolderObjects
from tests.conftest import ObjectServers
from tests.objectservers import KINDS
from tests.postgres import new_database
from tests.servers import free_port

pytestmark = pytest.mark.services

RESIDENTS = 400
CERTIFICATES = 16

Given = Mapping[str, str]


def given(postgres_url: str, object_servers: ObjectServers, kind: str, mark: str) -> Given:
    """Return the settings of a hub as an operator gives them: in the environment."""
    bucket = f"hub-{mark}-{secrets.token_hex(4)}"
    return {
        "TONGBAN_DATABASE_URL": new_database(postgres_url),
        "TONGBAN_OBJECTS_URL": object_servers(kind).address(bucket, query="?create=yes"),
    }


@contextmanager
def environment(values: Given) -> Iterator[None]:
    """Start what is started inside with these values."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


class Dags:
    """A child for each city, since each has settings of its own; told apart by the region."""

    def __init__(self, settings: Mapping[str, Given], found: tuple[Place, ...]) -> None:
        self._children = {}
        for place in found:
            with environment(settings[place.region]):
                self._children[place.region] = DagChild(place.home, place.region)

    def run(self, on_progress: OnProgress, *, hub: tuple[Path, str]) -> list[DagResult]:
        return self._children[hub[1]].run(on_progress, hub=hub)

    def close(self) -> None:
        for child in self._children.values():
            child.close()


def test_both_cities_walk_the_whole_way_each_on_its_own_database_and_bucket(
    tmp_path: Path,
    postgres_url: str,
    object_servers: ObjectServers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {
        region: given(postgres_url, object_servers, kind, region)
        for region, kind in zip(REGIONS, KINDS, strict=True)
    }

    class Child(CityChild):
        def __init__(self, place: Place) -> None:
            with environment(settings[place.region]):
                super().__init__(place)

    class Walk(Conductor):
        def _engines(self) -> Any:
            if self._dags is None:
                self._dags = Dags(settings, tuple(walk.place for walk in self._walks))  # type: ignore[assignment]  # runs as one does
                self._stack.callback(self._dags.close)  # type: ignore[union-attr]  # just made
                gate = start_warm(self._home)
                self._stack.callback(gate.wait)
                self._stack.callback(gate.terminate)
                for walk in self._walks:
                    lend(self._home, walk.place.home, gate.pid)
            return self._dags

    monkeypatch.setattr(cities, "CityChild", Child)
    options = Options(tmp_path, RESIDENTS, CERTIFICATES, two_ports(), once=True)
    found = places(options)
    with ExitStack() as stack:
        board = Board(found, Console(quiet=True))
        walked = Walk(tmp_path, found, board, stack).walk()
    for city in walked:
        assert city.reconciled, city
        assert city.exchange is not None
        assert city.exchange.answered > 0
        assert city.exchange.files == 2
    for place in found:
        assert not (place.home / "hub.db").exists(), "SQLite was used beside PostgreSQL"
        assert not (place.home / "objects").exists(), "a folder was used beside S3"
        quiet(place.home)


def two_ports() -> int:
    """Return a port after which the next one is free too."""
    while True:
        port = free_port()
        if free(port + 1):
            return port


def free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def quiet(home: Path) -> None:
    truth = json.loads((home / "inbox" / "truth.json").read_text("utf-8"))
    canaries = [truth["babies"][0][who]["id_number"] for who in ("child", "mother", "father")]
    for path in home.rglob("*.log"):
        told = path.read_text("utf-8", "replace")
        assert "Traceback" not in told, path.name
        assert not [value for value in canaries if value in told], path.name


@pytest.fixture(params=KINDS)
def settings(
    request: pytest.FixtureRequest,
    postgres_url: str,
    object_servers: ObjectServers,
    tmp_path: Path,
) -> Iterator[Settings]:
    with environment(given(postgres_url, object_servers, request.param, "one")):
        yield load(home=tmp_path / "hub", port=free_port(), environment="demo")


def test_a_second_start_finds_the_schema_as_it_is(settings: Settings) -> None:
    from hub.schema import bring_up_to_date
    from storage import migrations

    for _ in range(2):
        with open_hub(settings) as hub:
            assert not isinstance(hub.objects, FolderObjects)
            assert migrations.current(hub.database.engine) == migrations.head()
            bring_up_to_date(settings.database, hub.database)


def test_the_leaf_of_an_answer_is_known_while_an_earlier_entry_is_not_committed_yet(
    settings: Settings,
) -> None:
    """A hub puts its entry's leaf into its answer at once; others write at the same time."""
    actor = system("toy")
    inside, leave = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        tx.record(Event("toy.slow", "a", actor))
        inside.set()
        leave.wait(20)

    with open_hub(settings) as hub:
        late = hub.database.transactions.submit(slow)
        try:
            assert inside.wait(20)
            quick = hub.database.transactions.write(
                lambda tx: tx.record(Event("toy.quick", "b", actor))
            )
            (number,) = quick.journal
            (row,) = hub.database.transactions.read(
                lambda tx: hub.database.journal.among(tx, [number])
            )
            leaf = HubLeaves(hub).leaf(number)
            assert leaf == base64.b64encode(leaf_hash(row.body)).decode()
        finally:
            leave.set()
            late.result(20)
