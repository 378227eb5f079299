"""The demo city through the whole pipeline: what is quarantined is what was seeded, exactly."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from catalog import sources, store
from catalog.model import Outcome
from examples.world.install import install
from examples.world.model import Truth
from kernel.clock import FixedClock
from kernel.errors import Refused
from storage.probe import NoProbe
from tests.catalog.rig import Rig, build

AS_OF = date(2026, 3, 2)


@pytest.fixture
def city(tmp_path: Path, clock: FixedClock) -> tuple[Rig, Truth]:
    truth = install(tmp_path, residents=1500, as_of=AS_OF)
    rig = build(tmp_path, clock, NoProbe())
    known = {
        name: replace(source, delivery=replace(source.delivery, block_bytes=40_000))
        for name, source in sources.load(tmp_path).items()
    }
    return replace(rig, ingest=replace(rig.ingest, sources=known)), truth


def run_all(rig: Rig) -> list[Outcome]:
    outcomes = [
        rig.ingest.run(rig.actor, source.name) for source in sources.in_order(rig.ingest.sources)
    ]
    assert not any(isinstance(outcome, Refused) for outcome in outcomes)
    return outcomes  # type: ignore[return-value] # checked in the line before


def found(rig: Rig, batch: str) -> Counter[tuple[object, ...]]:
    row = rig.ingest.transactions.read(lambda tx: store.batch(tx, batch))
    assert row is not None
    frames = [pl.read_parquet(rig.ingest.objects.get(item)) for item in row["findings"]]
    return Counter(pl.concat(frames).select("file", "row", "rule", "column").iter_rows())


def test_a_city_is_published_and_its_seeded_faults_alone_are_quarantined(
    city: tuple[Rig, Truth],
) -> None:
    rig, truth = city
    for outcome in run_all(rig):
        files = [file for file in truth.files if file.source == outcome.source]
        assert outcome.counts.rows_in == sum(file.rows for file in files)
        assert outcome.counts.quarantined == sum(file.quarantined for file in files)
        assert outcome.counts.reconciled
        seeded = Counter(
            (fault.file, fault.row, fault.rule, fault.column)
            for fault in truth.quarantined
            if fault.source == outcome.source
        )
        assert found(rig, outcome.batch) == seeded


def test_the_next_delivery_differs_as_the_truth_says(city: tuple[Rig, Truth]) -> None:
    rig, _ = city
    run_all(rig)
    assert not any(outcome.changed for outcome in run_all(rig))
    truth = install(rig.home, residents=1500, as_of=AS_OF, edition=2)
    run_all(rig)
    for resource, source in (("population", "ga-population"), ("marriage", "mz-marriage")):
        versions = rig.catalog.versions(rig.actor, resource)
        assert not isinstance(versions, Refused)
        wanted = truth.changes[source]
        expected = (wanted.added, wanted.removed, wanted.changed)
        newest = versions[0]
        assert len(versions) == (2 if any(expected) else 1)
        if any(expected):
            assert (newest.added, newest.removed, newest.changed) == expected


def test_marriages_find_their_spouses_and_babies_their_parents(city: tuple[Rig, Truth]) -> None:
    rig, truth = city
    run_all(rig)
    catalog = rig.catalog
    baby = truth.babies[0]
    (record,) = catalog.lookup("population", "id_number", [baby.child.id_number])
    assert {record.values["guardian1_id"], record.values["guardian2_id"]} == {
        baby.father.id_number,
        baby.mother.id_number,
    }
    both = [baby.father.id_number, baby.mother.id_number, "nobody"]
    many = catalog.lookup_many("population", "id_number", both)
    assert [len(many[value]) for value in both] == [1, 1, 0]
    (marriage,) = catalog.lookup("marriage", "certificate_no", [baby.certificate_no])
    assert marriage.values["male_id"] == baby.father.id_number
    assert catalog.rows.has("population", "id_number", both) == set(both[:2])
    assert catalog.rows.has("nothing", "id_number", both) is None


def test_people_find_the_resources_by_the_words_they_use(city: tuple[Rig, Truth]) -> None:
    rig, _ = city
    run_all(rig)
    for asked, wanted in {
        "人口": "population",
        "身份证号": "population",
        "结婚": "marriage",
        "公安局": "population",
        "rkjb": "population",
        "hydj": "marriage",
        "婚姻 登记": "marriage",
    }.items():
        hits = rig.catalog.search(rig.actor, asked)
        assert not isinstance(hits, Refused)
        assert hits, asked
        assert hits[0].resource == wanted, asked
