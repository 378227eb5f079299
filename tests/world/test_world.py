from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from catalog import connectors, sources
from examples.world import Truth, generate, install
from examples.world.__main__ import main
from examples.world.model import MARRIAGE, POPULATION
from examples.world.names import FAMILIES, FEMALE, MALE, PARTED, RARE
from quality.model import RuleCount, add_counts
from quality.service import Standards

DAY = date(2026, 3, 2)
Finding = tuple[str, int, str, str]


class Run:
    """What the engine makes of an installed world, through the catalogue's connectors."""

    def __init__(self, home: Path, source: str) -> None:
        self.standards = Standards.load(home)
        self.source = sources.load(home)[source]
        self.suite = self.standards.suite(self.source.suite)
        self.findings: set[Finding] = set()
        self.rows = 0
        self.counts: tuple[RuleCount, ...] = ()
        good: list[pl.DataFrame] = []
        self.bad = 0
        for path in sorted((home / "inbox" / source).iterdir()):
            connector = connectors.by_name(self.source.connector)
            layout = connector.examine(path, path.name, self.source)
            for block in connector.blocks(path, path.name, self.source, layout, layout.start):
                self.rows += block.rows_in
                self.bad += len(block.broken)
                self.findings |= {
                    (path.name, item.row, item.rule, item.column) for item in block.broken
                }
                good.append(self.judge(block.frame))
        together = pl.concat(good)
        doubles = self.standards.check_dataset(together.lazy(), self.suite)
        self.findings |= set(doubles.select("file", "row", "rule", "column").rows())
        places = doubles.select(pl.col("file").alias("_file"), pl.col("row").alias("_row"))
        self.bad += doubles.height
        self.good = together.join(places, on=["_file", "_row"], how="anti")

    def judge(self, frame: pl.DataFrame) -> pl.DataFrame:
        block = self.standards.check_block(frame, self.suite, on=DAY)
        assert block.good.height + block.bad.height == frame.height
        self.findings |= set(block.findings.select("file", "row", "rule", "column").rows())
        self.counts = add_counts(self.counts, block.counts)
        self.bad += block.bad.height
        return block.good


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def truth(home: Path) -> Truth:
    return install(home, residents=2000, as_of=DAY)


@pytest.fixture(scope="module")
def population(home: Path, truth: Truth) -> Run:
    return Run(home, POPULATION)


@pytest.fixture(scope="module")
def marriage(home: Path, truth: Truth) -> Run:
    return Run(home, MARRIAGE)


def test_the_quarantined_population_rows_are_exactly_the_seeded_ones(
    population: Run, truth: Truth
) -> None:
    assert population.findings == truth.findings(POPULATION)
    assert population.rows == truth.rows(POPULATION) == population.good.height + population.bad
    assert population.good.height == truth.published(POPULATION)


def test_the_quarantined_marriage_rows_are_exactly_the_seeded_ones(
    marriage: Run, truth: Truth
) -> None:
    assert marriage.findings == truth.findings(MARRIAGE)
    assert marriage.rows == truth.rows(MARRIAGE) == marriage.good.height + marriage.bad
    assert marriage.good.height == truth.published(MARRIAGE)


def test_every_kind_of_fault_and_spelling_is_seeded(truth: Truth) -> None:
    kinds = {source: set() for source in (POPULATION, MARRIAGE)}
    for fault in truth.quarantined:
        kinds[fault.source].add(fault.kind)
    assert kinds[POPULATION] == {
        *("wrong-check-digit", "impossible-date", "impossible-date-in-id", "abolished-division"),
        *("unknown-division-in-id", "sex-against-id", "birth-date-against-id", "name-missing"),
        *("broken-byte", "field-missing", "duplicate"),
    }
    assert kinds[MARRIAGE] == {
        *("spouse-missing", "id-as-number", "wrong-check-digit", "impossible-date", "duplicate"),
    }
    assert set(truth.repaired) == {
        *("date-slashes", "date-solid", "date-chinese", "date-serial", "id-15-digits"),
        *("id-full-width", "id-lower-x", "name-u3000", "sex-by-name", "nation-by-name"),
        *("relation-by-name", "division-former-code", "address-full-width"),
    }
    assert all(truth.repaired.values())


def test_repaired_spellings_reach_the_standard_form(population: Run) -> None:
    good = population.good
    assert good["id_number"].str.contains(r"^410199\d{11}[\dX]$").all()
    assert good["birth_date"].str.contains(r"^\d{4}-\d{2}-\d{2}$").all()
    assert set(good["sex"].unique()) == {"1", "2"}
    assert not good["name"].str.contains(r"[\s　]").any()
    assert not good["address"].str.contains("[０-９]").any()
    assert good["id_number"].n_unique() == good.height


def test_families_are_whole_and_consistent(population: Run, marriage: Run) -> None:
    good = population.good
    heads = good.filter(pl.col("relation") == "02")
    assert heads["household_number"].n_unique() == heads.height
    assert set(heads["household_number"]) == set(good["household_number"])
    minors = good.filter(pl.col("guardian1_id").is_not_null())
    assert set(minors["guardian1_id"]) | set(minors["guardian2_id"].drop_nulls()) <= set(
        good["id_number"]
    )
    known = good.select("id_number", "name")
    for side in ("male", "female"):
        joined = marriage.good.join(known, left_on=f"{side}_id", right_on="id_number")
        assert joined.height == marriage.good.height
        assert (joined[f"{side}_name"] == joined["name"]).all()


def test_nobody_married_before_the_legal_age(marriage: Run) -> None:
    ages = {c.rule: c.bad for c in marriage.counts if c.rule.endswith("of-age")}
    assert ages == {"husband-of-age": 0, "wife-of-age": 0}


def test_babies_are_recent_pending_and_have_married_parents_in_the_data(
    population: Run, marriage: Run, truth: Truth
) -> None:
    assert len(truth.babies) >= 5
    people = {row["id_number"]: row for row in population.good.iter_rows(named=True)}
    couples = {row["certificate_no"]: row for row in marriage.good.iter_rows(named=True)}
    for baby in truth.babies:
        row = people[baby.child.id_number]
        assert row["registration"] == "0"
        assert 0 < (DAY - date.fromisoformat(row["birth_date"])).days <= 60
        assert {row["guardian1_id"], row["guardian2_id"]} == {
            baby.father.id_number,
            baby.mother.id_number,
        }
        paper = couples[baby.certificate_no]
        assert (paper["male_id"], paper["female_id"]) == (row["guardian1_id"], row["guardian2_id"])
        assert people[baby.mother.id_number]["household_number"] == baby.household_number


def test_the_same_seed_gives_the_same_world_and_another_seed_another(tmp_path: Path) -> None:
    def digest(name: str, seed: int) -> dict[str, str]:
        generate(tmp_path / name, 300, seed=seed, as_of=DAY)
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((tmp_path / name).rglob("*.*"))
        }

    first = digest("a", 1)
    assert first == digest("b", 1)
    assert all(first[name] != other for name, other in digest("c", 2).items())


def test_the_next_delivery_differs_as_its_truth_says(
    home: Path, population: Run, tmp_path: Path
) -> None:
    truth = install(tmp_path, residents=2000, as_of=DAY, edition=2)
    after = Run(tmp_path, POPULATION)
    assert after.findings == truth.findings(POPULATION)
    columns = list(after.suite.names)
    before = {row[0]: row for row in population.good.select(columns).rows()}
    later = {row[0]: row for row in after.good.select(columns).rows()}
    both = before.keys() & later.keys()
    changes = truth.changes[POPULATION]
    assert len(later.keys() - before.keys()) == changes.added
    assert len(before.keys() - later.keys()) == changes.removed
    assert sum(before[key] != later[key] for key in both) == changes.changed
    assert min(changes.added, changes.removed, changes.changed) > 0


def test_people_are_synthetic(truth: Truth) -> None:
    people = [household.head for household in truth.households]
    people += [baby.child for baby in truth.babies]
    assert all(person.id_number.startswith("410199") for person in people)
    assert all(person.name.startswith(FAMILIES) for person in people)


def test_every_character_of_a_name_is_in_the_faces_of_certificates() -> None:
    from certificates.fonts import Fonts

    used = "".join((*FAMILIES, *MALE, *FEMALE, *PARTED, *RARE, "·"))
    assert not Fonts.load().missing(used)
    assert "\U00020bb7" in used


@pytest.mark.parametrize("residents", [1, 2, 3, 41, 120])
def test_small_worlds_hold_exactly_the_residents_asked_for(tmp_path: Path, residents: int) -> None:
    truth = install(tmp_path, residents=residents, as_of=DAY)
    run = Run(tmp_path, POPULATION)
    assert run.findings == truth.findings(POPULATION)
    copies = sum(
        fault.kind == "duplicate" for fault in truth.quarantined if fault.source == POPULATION
    )
    assert run.rows == residents + copies


def test_another_city_has_its_own_districts(tmp_path: Path) -> None:
    install(tmp_path, residents=200, region="410300", as_of=DAY)
    divisions = set(Run(tmp_path, POPULATION).good["division"])
    assert all(code.startswith("4103") for code in divisions)


def test_a_region_without_districts_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--out", str(tmp_path), "--residents", "5", "--region", "999999"]) == 2
    assert "999999" in capsys.readouterr().err


def test_the_command_prints_what_it_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--out", str(tmp_path), "--residents", "100", "--as-of", "2026-03-02"]
    assert main(arguments) == 0
    assert "rkjbxx_410100_1.csv" in capsys.readouterr().out
    written = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert written["plan"]["as_of"] == "2026-03-02"
    assert written["babies"]


def test_installing_again_replaces_the_delivery_and_keeps_the_hubs_own_files(
    tmp_path: Path,
) -> None:
    install(tmp_path, residents=100, as_of=DAY)
    own = tmp_path / "registry" / "catalog" / "sources" / "own.toml"
    own.write_text("title = 'x'", "utf-8")
    stray = tmp_path / "inbox" / POPULATION / "old.csv"
    stray.write_text("x", "utf-8")
    install(tmp_path, residents=100, as_of=DAY)
    assert own.exists()
    assert not stray.exists()
