"""The whole hub on PostgreSQL and S3, by settings alone: the phases of the demo, figures and all."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from hub.settings import Settings, load
from hub.wiring import Hub, open_hub
from kernel.actors import system
from kernel.errors import Refused
from storage.objects.folder import FolderObjects
from tests.conftest import ObjectServers
from tests.objectservers import KINDS
from tests.postgres import free_port

pytestmark = pytest.mark.services

RESIDENTS = 400
CERTIFICATES = 8


@pytest.fixture(params=list(KINDS))
def settings(
    request: pytest.FixtureRequest,
    postgres_url: str,
    object_servers: ObjectServers,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Settings:
    """A hub's settings as an operator gives them: in the environment."""
    name = f"hub_{secrets.token_hex(6)}"
    address = postgres_url.rsplit("/", 1)[0]
    engine = create_engine(
        postgres_url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    bucket = object_servers(request.param).address(name.replace("_", "-"), query="?create=yes")
    for key, value in {
        "HOME": str(tmp_path / "hub"),
        "DATABASE_URL": f"{address}/{name}",
        "OBJECTS_URL": bucket,
        "PORT": str(free_port()),
        "ENVIRONMENT": "demo",
    }.items():
        monkeypatch.setenv(f"TONGBAN_{key}", value)
    return load()


@pytest.fixture
def hub(settings: Settings) -> Iterator[Hub]:
    with open_hub(settings) as opened:
        yield opened


def ingest(hub: Hub) -> None:
    actor = system("ingest", hub.settings.region, ("catalog.ingest", "catalog.publish"))
    for name in sorted(hub.sources, key=lambda found: found != "ga-population"):
        done = hub.ingest.run(actor, name)
        assert not isinstance(done, Refused), done


def test_every_phase_of_the_main_job_runs_and_every_figure_adds_up(hub: Hub) -> None:
    from hub.demo import children, city, steps
    from hub.demo.fetching import fetch
    from hub.demo.window import walk

    town = city.people(hub, RESIDENTS)
    hub.signer.start()
    web = children.web(hub.settings)
    try:
        children.wait_ready(web, hub.settings)
        city.seals(hub)
        ingest(hub)
        for name in hub.sources:
            row = steps._source(hub, town, name)
            assert row.rows_in == row.published + row.quarantined, name
            assert row.as_seeded, name
        issued = steps.issue(hub, CERTIFICATES, lambda _done, _total: None)
        assert (issued.issued, issued.failed) == (CERTIFICATES, 0)
        assert issued.sealed == issued.verified == 2 * CERTIFICATES
        fetched = fetch(hub, town)
        assert fetched.ok
        assert fetched.refused == (
            "purpose-missing", "type-not-needed", "basis-not-registered", "consent-used",
        )  # fmt: skip
        assert walk(hub, town).reconciled
        found = steps.verify(hub)
        assert found.samples == found.passed == found.caught
        assert found.samples > 0
        log = steps.audit(hub)
        assert log.faults == 0
        assert log.size > CERTIFICATES
        assert searched(hub)
    finally:
        web.stop()
    assert not (hub.settings.root / "hub.db").exists(), "SQLite was used beside PostgreSQL"
    assert not (hub.settings.root / "objects").exists(), "a folder was used beside S3"
    quiet(hub.settings.root)


def searched(hub: Hub) -> bool:
    steward = system("steward", hub.settings.region, ("catalog.read",))
    found: Any = hub.catalog.search(steward, "人口")
    assert not isinstance(found, Refused), found
    return bool(found)


def quiet(home: Path) -> None:
    truth = json.loads((home / "inbox" / "truth.json").read_text("utf-8"))
    canaries = [truth["babies"][0][who]["id_number"] for who in ("child", "mother", "father")]
    for path in home.rglob("*.log"):
        told = path.read_text("utf-8", "replace")
        assert "Traceback" not in told, path.name
        assert not [value for value in canaries if value in told], path.name


def test_a_second_start_finds_the_schema_as_it_is(settings: Settings) -> None:
    from hub.schema import bring_up_to_date
    from storage import migrations

    for _ in range(2):
        with open_hub(settings) as hub:
            assert not isinstance(hub.objects, FolderObjects)
            assert migrations.current(hub.database.engine) == migrations.head()
            bring_up_to_date(settings.database, hub.database)
