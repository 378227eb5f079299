"""Families across cities: two cities generated apart write the two halves of one family."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from examples.world import Truth, install
from examples.world.__main__ import main
from examples.world.crossing import families
from examples.world.model import MARRIAGE, POPULATION, SHARED_FAMILIES, Baby
from examples.world.people import NEWBORN_DAYS
from quality.service import Standards
from tests.world.test_departments import pages
from tests.world.test_world import Run

DAYS = {"410100": date(2026, 3, 2), "410300": date(2026, 3, 3)}
NEIGHBOURS = {"410100": ("410300", "410200"), "410300": ("410100",)}
STANDARDS = Standards.load()


class City:
    """One city as its hub would know it: the rows that the rules let through."""

    def __init__(self, home: Path, region: str, edition: int = 1) -> None:
        self.truth: Truth = install(
            home,
            residents=800,
            region=region,
            as_of=DAYS[region],
            edition=edition,
            further=("births",),
            neighbours=NEIGHBOURS[region],
        )
        runs = {source: Run(home, source) for source in (POPULATION, MARRIAGE)}
        for source, run in runs.items():
            assert run.findings == self.truth.findings(source)
            assert run.good.height == self.truth.published(source)
        self.people = {row["id_number"]: row for row in runs[POPULATION].good.to_dicts()}
        self.couples = runs[MARRIAGE].good
        suite = STANDARDS.suite("births")
        block = STANDARDS.check_block(pages(home / "inbox" / "wj-births"), suite, on=DAYS[region])
        self.births = block.good

    def shared(self) -> list[Baby]:
        own = self.truth.plan.region
        return [baby for baby in self.truth.babies if baby.mother_region != own]

    def has(self, resource: str, column: str, values: Collection[str]) -> set[str] | None:
        del column
        return self.people.keys() & set(values) if resource == "population" else None


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, City]:
    return {region: City(tmp_path_factory.mktemp(region), region) for region in DAYS}


@pytest.mark.parametrize(("here", "there"), [("410100", "410300"), ("410300", "410100")])
def test_father_and_child_stand_here_mother_and_marriage_there(
    cities: dict[str, City], here: str, there: str
) -> None:
    one, other = cities[here], cities[there]
    babies = [baby for baby in one.shared() if baby.mother_region == there]
    assert len(babies) == SHARED_FAMILIES
    for baby in babies:
        child, father = one.people[baby.child.id_number], one.people[baby.father.id_number]
        assert child["registration"] == "0"
        assert 0 < (DAYS[here] - date.fromisoformat(child["birth_date"])).days < NEWBORN_DAYS
        assert child["household_number"] == father["household_number"] == baby.household_number
        assert (child["guardian1_id"], child["guardian2_id"]) == (
            baby.father.id_number,
            baby.mother.id_number,
        )
        assert (father["relation"], father["marital_status"]) == ("02", "20")
        assert baby.mother.id_number not in one.people
        mother = other.people[baby.mother.id_number]
        assert (mother["relation"], mother["marital_status"]) == ("02", "20")
        assert mother["name"] == baby.mother.name
        assert mother["division"].startswith(there[:4])
        assert baby.certificate_no not in set(one.couples["certificate_no"])
        paper = other.couples.row(
            by_predicate=pl.col("certificate_no") == baby.certificate_no, named=True
        )
        assert paper["male_id"] == baby.father.id_number
        assert paper["male_name"] == baby.father.name
        assert paper["female_id"] == baby.mother.id_number
        born = one.births.row(
            by_predicate=pl.col("child_name").eq(baby.child.name)
            & pl.col("mother_id").eq(baby.mother.id_number),
            named=True,
        )
        assert born["father_id"] == baby.father.id_number
        assert born["birth_time"][:10] == child["birth_date"]


def test_nobody_lives_in_two_cities(cities: dict[str, City]) -> None:
    one, other = (city.people.keys() for city in cities.values())
    assert len(one) > 700
    assert not one & other
    own = [f for city in cities.values() for f in city.truth.babies]
    assert len({baby.certificate_no for baby in own}) == len(own)


def test_rows_about_residents_of_another_city_are_counted_as_the_truth_says(
    cities: dict[str, City],
) -> None:
    for city in cities.values():
        for resource, source, frame in (
            ("marriage", MARRIAGE, city.couples),
            ("births", "wj-births", city.births),
        ):
            counts = STANDARDS.dataset_counts(frame.lazy(), STANDARDS.suite(resource), city)
            found = {item.rule: item.bad for item in counts if item.bad}
            found.pop("duplicate", None)
            assert found == city.truth.warned[source]
            assert found


def test_a_neighbour_that_is_not_generated_yet_is_agreed_with_all_the_same(
    cities: dict[str, City],
) -> None:
    wanted = families(cities["410100"].truth.plan.seed, "410100", "410200", DAYS["410100"])
    babies = [baby for baby in cities["410100"].shared() if baby.mother_region == "410200"]
    assert [baby.mother for baby in babies] == [family.mother for family in wanted]
    everyone = {
        person.id_number
        for home in ("410100", "410200", "410300")
        for away in ("410100", "410200", "410300")
        if home != away
        for family in families(1, home, away, DAYS["410100"])
        for person in (family.father, family.mother)
    }
    assert len(everyone) == 6 * SHARED_FAMILIES * 2


def test_the_next_delivery_leaves_these_families_as_they_were(
    cities: dict[str, City], tmp_path: Path
) -> None:
    before, after = cities["410300"], City(tmp_path, "410300", edition=2)
    assert after.shared() == before.shared()
    for baby in before.shared():
        for person in (baby.child, baby.father):
            assert after.people[person.id_number] | {"_row": 0} == (
                before.people[person.id_number] | {"_row": 0}
            )


def test_their_ids_can_be_spelled_in_fifteen_digits() -> None:
    standards = STANDARDS
    for seed in range(10):
        for family in families(seed, "410100", "410300", DAYS["410100"]):
            for person in (family.father, family.mother):
                old = person.id_number[:6] + person.id_number[8:17]
                assert standards.read("citizen_id", old).value == person.id_number


@pytest.mark.parametrize("other", ["410100", "999999"])
def test_a_neighbour_that_cannot_be_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], other: str
) -> None:
    assert main(["--out", str(tmp_path), "--residents", "5", "--neighbours", other]) == 2
    assert other in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
