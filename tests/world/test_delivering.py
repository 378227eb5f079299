"""A hub comes for what further departments have: a database, an object store, a service."""

from __future__ import annotations

import stat
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from catalog import sources
from catalog.model import Source
from examples.world import ALL, Truth, install
from examples.world.delivering import secret_file, source_file
from examples.world.departments import DEPARTMENTS
from examples.world.install import lay
from examples.world.secretfiles import keep, token_of
from examples.world.service import Pages, failing_page, serving
from kernel.clock import FixedClock
from kernel.errors import Refused
from storage.objects import open_objects
from storage.probe import NoProbe
from tests.catalog.rig import Rig, build

DAY = date(2026, 3, 2)
ESTATE = "zr-real-estate"


def told(home: Path) -> dict[str, str]:
    raw = tomllib.loads(source_file(home, ESTATE).read_text("utf-8"))
    digests: dict[str, str] = raw["fetch"]["digests"]
    return digests


def laid(home: Path, edition: int = 1, store: str = "") -> Truth:
    return install(
        home,
        residents=400,
        as_of=DAY,
        further=ALL,
        edition=edition,
        store=store,
        enterprises=60,
        neighbours=("410300", "410200"),
    )


def test_secrets_are_for_this_user_alone_and_the_archive_is_in_the_store(tmp_path: Path) -> None:
    truth = laid(tmp_path)
    files = [secret_file(tmp_path, source) for source in ("sc-enterprises", ESTATE)]
    files.append(secret_file(tmp_path, "wj-births", "token"))
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(path.read_text("utf-8").splitlines()) == 1
    assert not (tmp_path / "inbox" / ESTATE).exists()
    (name,) = told(tmp_path)
    assert [file.name for file in truth.files if file.source == ESTATE] == [name]
    assert files[1].read_text("utf-8").strip().startswith(str(tmp_path))


def test_the_next_delivery_is_another_object_and_a_registry_laid_again_forgets_none(
    tmp_path: Path,
) -> None:
    store = tmp_path / "land"
    laid(tmp_path / "home", store=str(store))
    first = told(tmp_path / "home")
    lay(tmp_path / "home", as_of=DAY, further=ALL)
    assert told(tmp_path / "home") == first
    laid(tmp_path / "home", edition=2, store=str(store))
    second = told(tmp_path / "home")
    assert first.keys() == second.keys()
    assert first != second
    for digest in (*first.values(), *second.values()):
        with open_objects(store).local(digest) as path:
            assert path.read_bytes().startswith(b"PK")


def test_a_registry_without_a_delivery_is_sound(tmp_path: Path) -> None:
    lay(tmp_path, as_of=DAY, further=ALL)
    assert {name for name, _ in DEPARTMENTS.values()} <= sources.load(tmp_path).keys()


@pytest.fixture
def rig(tmp_path: Path, clock: FixedClock) -> Rig:
    laid(tmp_path)
    rig = build(tmp_path, clock, NoProbe())
    return replace(rig, ingest=replace(rig.ingest, sources=sources.load(tmp_path)))


def publish(rig: Rig, source: Source, truth: Truth) -> None:
    outcome = rig.ingest.run(rig.actor, source.name)
    assert not isinstance(outcome, Refused)
    assert outcome.counts.reconciled
    assert outcome.counts.rows_in == truth.rows(source.name)
    assert outcome.counts.published == truth.published(source.name)


def test_five_departments_deliver_in_five_ways_and_every_count_is_the_truths(
    rig: Rig, tmp_path: Path
) -> None:
    known = sources.load(tmp_path)
    assert {source.connector for source in known.values()} == {
        *("csv", "xlsx", "rest", "database", "object_store"),
    }
    pages = tmp_path / "inbox" / "wj-births"
    token = token_of(secret_file(tmp_path, "wj-births", "token"))
    truth = Truth.read(tmp_path / "inbox" / "truth.json")
    with serving(Pages(pages, token, failing_page(pages))) as address:
        keep(secret_file(tmp_path, "wj-births"), address)
        for source in sources.in_order(known):
            publish(rig, source, truth)
