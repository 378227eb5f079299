"""The certificate types of the further departments: faces in both formats, holders, codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from catalog import sources
from certificates import typebook
from certificates.faces import FORMATS, compile_face
from certificates.faces.lint import lint
from certificates.fonts import Fonts
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


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("types")
    install(home, residents=400, as_of=DAY, further=tuple(DEPARTMENTS))
    return home


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", TYPES.values())
def test_every_face_compiles_fills_and_passes_its_rehearsal(
    home: Path, name: str, form: str
) -> None:
    kind, fonts = typebook.load(home)[name], Fonts.load()
    given = values(kind)
    template = compile_face(form, kind, fonts)
    data = template.fill(given)
    assert template.fill(given) == data
    assert lint(form, kind, fonts, given, data) == ()


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
