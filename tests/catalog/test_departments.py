"""Every further department's delivery comes in by its own way; quarantined is what was seeded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from catalog import sources
from catalog.model import Outcome
from examples.world import ALL, Truth, install
from examples.world.delivering import secret_file
from examples.world.departments import births, enterprises
from examples.world.service import Pages, keep, serving, token_of
from kernel.clock import FixedClock
from kernel.ports import Digest
from storage.probe import NoProbe
from tests.catalog.rig import Rig, build
from tests.catalog.test_world import found

AS_OF = date(2026, 3, 2)
RESIDENTS = 1500


def city(home: Path, edition: int = 1) -> Truth:
    return install(home, residents=RESIDENTS, as_of=AS_OF, edition=edition, further=ALL)


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    home = tmp_path_factory.mktemp("city")
    return home, city(home)


@pytest.fixture
def rig(laid: tuple[Path, Truth], clock: FixedClock) -> Rig:
    home = laid[0]
    rig = build(home, clock, NoProbe())
    return replace(rig, ingest=replace(rig.ingest, sources=sources.load(home)))


@contextmanager
def service(home: Path) -> Iterator[None]:
    """The births' service, whose second page fails once."""
    token = token_of(secret_file(home, births.SOURCE, "token"))
    with serving(Pages(home / "inbox" / births.SOURCE, token, failing=2)) as address:
        keep(secret_file(home, births.SOURCE), address)
        yield


def run(rig: Rig, source: str) -> Outcome:
    outcome = rig.ingest.run(rig.actor, source)
    assert isinstance(outcome, Outcome)
    return outcome


def check(rig: Rig, outcome: Outcome, truth: Truth) -> None:
    source = outcome.source
    assert outcome.counts.rows_in == truth.rows(source)
    assert outcome.counts.published == truth.published(source)
    seeded = Counter(
        (fault.file, fault.row, fault.rule, fault.column)
        for fault in truth.quarantined
        if fault.source == source
    )
    assert found(rig, outcome.batch) == seeded


def test_births_come_over_http_and_a_birth_without_a_mother_is_quarantined(
    rig: Rig, laid: tuple[Path, Truth]
) -> None:
    home, truth = laid
    with service(home):
        outcome = run(rig, births.SOURCE)
        check(rig, outcome, truth)
        assert not run(rig, births.SOURCE).changed
    fault = next(fault for fault in truth.quarantined if fault.kind == "mother-missing")
    held = rig.catalog.quarantine(rig.actor, str(outcome.version), rule="required")
    rows = {(row.file, row.row, row.column) for row in held.rows}  # type: ignore[union-attr]
    assert {(fault.file, fault.row, column) for column in ("mother_name", "mother_id")} <= rows


def test_enterprises_come_from_a_database_and_one_code_with_two_names_is_quarantined(
    rig: Rig, laid: tuple[Path, Truth]
) -> None:
    truth = laid[1]
    outcome = run(rig, enterprises.SOURCE)
    check(rig, outcome, truth)
    fault = next(fault for fault in truth.quarantined if fault.kind == "one-code-two-names")
    held = rig.catalog.quarantine(rig.actor, str(outcome.version), rule="duplicate")
    rows = {(row.file, row.row, row.column) for row in held.rows}  # type: ignore[union-attr]
    assert rows == {(fault.file, fault.row, "credit_code")}
    names = [record.values["name"] for record in rig.catalog.scan("enterprises")]
    assert len(names) == outcome.counts.published
    assert not any("虚构双名" in name for name in names)


def test_the_next_edition_changes_what_the_truth_says_and_the_register_says_so_too(
    tmp_path: Path, clock: FixedClock
) -> None:
    city(tmp_path)
    rig = build(tmp_path, clock, NoProbe())
    rig = replace(rig, ingest=replace(rig.ingest, sources=sources.load(tmp_path)))
    with service(tmp_path):
        for source in (births.SOURCE, enterprises.SOURCE):
            run(rig, source)
    truth = city(tmp_path, edition=2)
    with service(tmp_path):
        for resource, source in (("births", births.SOURCE), ("enterprises", enterprises.SOURCE)):
            assert run(rig, source).changed
            newest = rig.catalog.versions(rig.actor, resource)[0]  # type: ignore[index]
            wanted = truth.changes[source]
            assert (newest.added, newest.removed, newest.changed) == (
                wanted.added,
                wanted.removed,
                wanted.changed,
            )
            check(rig, run(rig, source), truth)
    manifest = json.loads(rig.ingest.objects.get(Digest(newest.manifest)))
    (file,) = manifest["delivery"]["files"]
    # the register's own column of changes agrees with the difference between the versions
    assert file["touched"] == newest.added + newest.changed
    assert file["mark"] == f"{AS_OF} 01:00:00"
