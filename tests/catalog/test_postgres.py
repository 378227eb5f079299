"""The same pipeline and the same search words on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from catalog import store
from catalog.model import Outcome
from catalog.service import Catalog
from kernel.clock import FixedClock
from storage.database import open_database
from storage.probe import NoProbe
from tests.catalog.rig import HEAD, build, rows
from tests.postgres import new_database

pytestmark = pytest.mark.services


def test_a_source_is_published_and_found_on_postgresql(
    tmp_path: Path, clock: FixedClock, postgres_url: str
) -> None:
    database = open_database(new_database(postgres_url), clock, NoProbe())
    try:
        database.create(store.METADATA)
        database.create(store.METADATA)
        rig = build(tmp_path, clock, NoProbe())
        catalog = Catalog(
            transactions=database.transactions,
            objects=rig.ingest.objects,
            cache=rig.ingest.cache,
            standards=rig.ingest.standards,
            clock=clock,
        )
        ingest = replace(rig.ingest, transactions=database.transactions, references=catalog.rows)
        for first in (0, 5):
            rig.deliver(HEAD + rows(first, 200) + "坏\n")
            outcome = ingest.run(rig.actor, "roll-source")
            assert isinstance(outcome, Outcome)
            assert outcome.counts.reconciled
        assert outcome.version == "roll-2"
        found = {
            asked: [hit.resource for hit in catalog.search(rig.actor, asked)]  # type: ignore[union-attr]
            for asked in (
                "名册",
                "居民",
                "rkcs",
                "人口 姓名",
                "册",
                "没有的词",
                "it's",
                "'",
                "&|!",
            )
        }
        assert found == {
            "名册": ["roll"],
            "居民": ["roll"],
            "rkcs": ["roll"],
            "人口 姓名": ["roll"],
            "册": ["roll"],
            "没有的词": [],
            "it's": [],
            "'": [],
            "&|!": [],
        }
    finally:
        database.close()
