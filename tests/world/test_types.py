"""The certificate types of the further departments: faces in both formats, holders, codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from catalog import sources
from certificates import typebook
from certificates.faces import wording
from certificates.subjects import Subject, gather
from examples.world import install
from examples.world.departments import DEPARTMENTS, TYPES
from kernel.clock import FixedClock
from kernel.ports import Vault
from quality.service import Standards
from storage.probe import NoProbe
from tests.catalog.rig import build
from tests.certificates.samples import values

DAY = date(2026, 3, 2)
ODD = {"birth_time": "2026年11月2日晨"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("types")
    install(home, residents=400, as_of=DAY, further=tuple(DEPARTMENTS))
    return home


def test_moments_and_amounts_are_printed_for_people() -> None:
    book = typebook.load()
    born = values(book["birth-certificate"], birth_time="2026-11-02T07:15:00")
    shown = wording.words(book["birth-certificate"], born)
    assert shown["birth_time"] == "2026年11月02日 07时15分"
    licence = book["business-licence"]
    for given, printed in (
        ("1234.500000", "1234.5"),
        ("500.000000", "500"),
        ("1000.000000", "1000"),
        ("0.000100", "0.0001"),
        ("", ""),
        ("约500", "约500"),
    ):
        assert wording.words(licence, values(licence, capital=given))["capital"] == printed
    odd = wording.words(book["birth-certificate"], replace(born, fields=born.fields | ODD))
    assert odd["birth_time"] == ODD["birth_time"]


def test_types_are_the_packages_defaults_and_say_that_they_are_made_up() -> None:
    book = typebook.load()
    for name in TYPES.values():
        assert book[name].synthetic
        shown = wording.words(book[name], values(book[name]))
        assert "演示证照" in shown["demonstration"]
        assert any("{demonstration}" in str(item) for item in book[name].face.items)


def test_types_take_their_values_from_columns_and_code_tables_that_there_are(home: Path) -> None:
    book, standards = typebook.load(home), Standards.load(home)
    for resource, name in TYPES.items():
        kind, suite = book[name], standards.suite(resource)
        used = {spec.column for spec in kind.fields} | {kind.key, kind.number}
        used |= {*kind.holder.names, *kind.holder.codes, *kind.holder.where}
        assert kind.resource == resource
        assert used <= set(suite.names)
        assert {spec.codes for spec in kind.fields if spec.codes} <= set(standards.tables)


def test_a_right_of_two_people_has_two_holders(home: Path, clock: FixedClock, vault: Vault) -> None:
    rig = build(home, clock, NoProbe())
    known = sources.load(home)
    rig = replace(rig, ingest=replace(rig.ingest, sources=known))
    rig.ingest.run(rig.actor, "zr-real-estate")
    kind = typebook.load(home)["real-estate"]
    rows = list(rig.catalog.rows.scan("real-estate"))
    shared = next(row for row in rows if "、" in row.values["owner_codes"])
    alone = next(row for row in rows if "、" not in row.values["owner_codes"])
    wanted = [row.values["certificate_no"] for row in (shared, alone)]
    found = gather(rig.catalog, vault, kind, wanted)
    both, one = (found[key] for key in wanted)
    assert isinstance(both, Subject)
    assert isinstance(one, Subject)
    names = shared.values["owner_names"].split("、")
    assert [holder.name for holder in both.contents.holders] == names
    assert len({holder.ref for holder in both.contents.holders}) == 2
    assert len(one.contents.holders) == 1
