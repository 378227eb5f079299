"""The police's delivery after a decision: the named newborns are entered, nothing else changes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from examples.world import Truth, install
from examples.world.entered import entered, main
from examples.world.model import MARRIAGE, POPULATION, Changes
from tests.world.test_world import Run

DAY = date(2026, 3, 2)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    install(tmp_path, residents=600, as_of=DAY, neighbours=("410300",))
    return tmp_path


def published(home: Path) -> dict[str, dict[str, object]]:
    rows = Run(home, POPULATION).good.drop("_row", "_file").to_dicts()
    return {str(row["id_number"]): row for row in rows}


def delivered(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home / "inbox" / POPULATION).iterdir()}


def test_only_the_named_children_change_and_the_truth_says_so(home: Path) -> None:
    before, wrote, truth = published(home), delivered(home), Truth.read(home / "inbox/truth.json")
    crossing = next(baby for baby in truth.babies if baby.mother_region == "410300")
    chosen = {truth.babies[0].child.id_number, crossing.child.id_number}
    later = entered(home, chosen)
    after = published(home)
    changed = {number for number, row in after.items() if row != before[number]}
    assert before.keys() == after.keys()
    assert changed == chosen
    assert later.changes == {POPULATION: Changes(0, 0, 2), MARRIAGE: Changes()}
    for number in chosen:
        assert after[number] == before[number] | {"registration": "1"}
        assert str(after[number]["relation"])[0] in "23"
    members = {house.number: house.members for house in truth.households}
    grown = {h.number: h.members - members[h.number] for h in later.households}
    assert grown[crossing.household_number] == 1
    assert sum(grown.values()) == 2
    run = Run(home, POPULATION)
    assert run.findings == later.findings(POPULATION)
    assert run.good.height == later.published(POPULATION)
    assert delivered(home).keys() == wrote.keys()
    assert sum(map(len, delivered(home).values())) == sum(map(len, wrote.values()))


def test_what_was_written_is_read_back_whole(home: Path) -> None:
    path = home / "inbox" / "truth.json"
    truth = Truth.read(path)
    assert truth == install(home, residents=600, as_of=DAY, neighbours=("410300",))
    entered(home, [truth.babies[0].child.id_number])
    assert Truth.read(path).babies == truth.babies


def test_a_child_entered_already_changes_nothing(home: Path) -> None:
    child = Truth.read(home / "inbox/truth.json").babies[0].child.id_number
    entered(home, [child])
    wrote = delivered(home)
    assert entered(home, [child]).changes[POPULATION] == Changes()
    assert delivered(home) == wrote


def test_the_next_delivery_of_the_city_keeps_them_entered(home: Path) -> None:
    truth = Truth.read(home / "inbox/truth.json")
    chosen = {baby.child.id_number for baby in truth.babies[:2]}
    entered(home, chosen)
    before = published(home)
    later = install(home, residents=600, as_of=DAY, neighbours=("410300",), edition=2)
    after = published(home)
    assert set(later.plan.entered) == chosen
    assert {after[number]["registration"] for number in chosen} == {"1"}
    both = before.keys() & after.keys()
    assert sum(before[key] != after[key] for key in both) == later.changes[POPULATION].changed
    assert [baby.child for baby in later.babies] == [baby.child for baby in truth.babies]
    other = install(home, residents=600, as_of=DAY, seed=7, neighbours=("410300",))
    assert other.plan.entered == ()


def test_an_unknown_child_is_told_and_nothing_is_written(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrote, truth = delivered(home), Truth.read(home / "inbox/truth.json")
    head = truth.households[0].head.id_number
    assert main(["--home", str(home), truth.babies[0].child.id_number, head]) == 2
    assert head in capsys.readouterr().err
    assert delivered(home) == wrote


def test_the_command_tells_how_many_were_entered(
    home: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    truth = Truth.read(home / "inbox/truth.json")
    assert main(["--home", str(home), *(b.child.id_number for b in truth.babies[:2])]) == 0
    assert capsys.readouterr().out == f"{POPULATION}: 2 entered\n"
    assert main(["--home", str(tmp_path_factory.mktemp("empty")), "x"]) == 2


def test_a_truth_that_is_none_is_told(home: Path) -> None:
    path = home / "inbox" / "truth.json"
    path.write_text('{"plan": {}}', "utf-8")
    with pytest.raises(ValueError, match="does not hold the truth"):
        entered(home, ["x"])
