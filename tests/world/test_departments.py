"""The further departments: what the rules find in their deliveries is what was seeded, exactly."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable, Collection
from contextlib import closing
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from examples.world import Truth, generate
from examples.world.__main__ import main
from examples.world.departments import DEPARTMENTS, births, enterprises, estate
from quality.service import Standards

DAY = date(2026, 3, 2)
NAMES = tuple(DEPARTMENTS)
STANDARDS = Standards.load()


def pages(folder: Path) -> pl.DataFrame:
    frames = [pl.DataFrame(schema=dict.fromkeys(births.TITLES, pl.String))]
    for path in sorted(folder.glob("*.json")):
        body = json.loads(path.read_text("utf-8"))
        assert body["page"] == int(path.stem[-4:])
        rows = pl.DataFrame(body["records"], schema=dict.fromkeys(births.TITLES, pl.String))
        frames.append(placed(rows, path.name, 1))
    return pl.concat(frames, how="diagonal").rename(births.TITLES)


def database(folder: Path) -> pl.DataFrame:
    with closing(sqlite3.connect(folder / enterprises.FILE)) as connection:
        names = ", ".join(enterprises.TITLES)
        found = connection.execute(
            f"SELECT {names} FROM {enterprises.TABLE} ORDER BY XH"
        ).fetchall()
    frame = pl.DataFrame(found, schema=dict.fromkeys(enterprises.TITLES, pl.String), orient="row")
    return placed(frame.rename(enterprises.TITLES), enterprises.ROWS, 1)


def archive(folder: Path) -> pl.DataFrame:
    (path,) = folder.iterdir()
    with zipfile.ZipFile(path) as opened:
        (name,) = opened.namelist()
        data = opened.read(name)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    frame = pl.DataFrame(rows, schema=dict.fromkeys(estate.TITLES, pl.String))
    return placed(frame.rename(estate.TITLES), path.name, 2)


def placed(frame: pl.DataFrame, name: str, first: int) -> pl.DataFrame:
    rows = pl.int_range(first, first + frame.height, dtype=pl.Int64).alias("_row")
    return frame.with_columns(rows, pl.lit(name).alias("_file"))


READ: dict[str, Callable[[Path], pl.DataFrame]] = {
    "births": pages,
    "enterprises": database,
    "real-estate": archive,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("departments")


@pytest.fixture(scope="module")
def truth(home: Path) -> Truth:
    return generate(home, 1000, as_of=DAY, further=NAMES)


class Register:
    """The people of the households, as the published register would know them."""

    def __init__(self, truth: Truth) -> None:
        self.people = {house.head.id_number for house in truth.households}
        for baby in truth.babies:
            self.people |= {baby.mother.id_number, baby.father.id_number}

    def has(self, resource: str, column: str, values: Collection[str]) -> set[str] | None:
        del column
        return self.people & set(values) if resource == "population" else None


@pytest.mark.parametrize("name", NAMES)
def test_what_the_rules_find_is_what_was_seeded(home: Path, truth: Truth, name: str) -> None:
    source = DEPARTMENTS[name][0]
    frame, suite = READ[name](home / source), STANDARDS.suite(name)
    assert frame.height == truth.rows(source)
    block = STANDARDS.check_block(frame, suite, on=DAY)
    doubles = STANDARDS.check_dataset(block.good.lazy(), suite)
    both = pl.concat([block.findings, doubles])
    found = set(both.select("file", "row", "rule", "column").rows())
    assert found == truth.findings(source)
    assert found
    assert block.good.height - doubles.height == truth.published(source)
    counts = STANDARDS.dataset_counts(block.good.lazy(), suite, Register(truth))
    warned = {count.rule: count.bad for count in counts if count.bad and count.rule != "duplicate"}
    assert warned == truth.warned[source]


def test_some_rights_belong_to_two_people_and_some_owners_are_unknown(
    home: Path, truth: Truth
) -> None:
    block = STANDARDS.check_block(
        archive(home / estate.SOURCE), STANDARDS.suite("real-estate"), on=DAY
    )
    assert (block.good["owner_codes"].str.len_chars() == 37).any()
    assert truth.warned[estate.SOURCE] == {"owner-in-population": 4}


def test_the_second_edition_changes_what_the_truth_says(
    home: Path, truth: Truth, tmp_path: Path
) -> None:
    later = generate(tmp_path, 1000, as_of=DAY, further=NAMES, edition=2)
    for name, (source, _) in DEPARTMENTS.items():
        suite = STANDARDS.suite(name)
        old, new = (
            STANDARDS.check_block(READ[name](where / source), suite, on=DAY).good
            for where in (home, tmp_path)
        )
        key = suite.key[0]
        old, new = (rows.unique(key, keep="first").drop("_row", "_file") for rows in (old, new))
        both = new.join(old, on=key, how="inner").height
        same = new.join(old, on=new.columns, how="inner", nulls_equal=True).height
        wanted = later.changes[source]
        assert (new.height - both, old.height - both, both - same) == (
            wanted.added,
            wanted.removed,
            wanted.changed,
        )
        assert wanted.changed
    assert truth.changes == {}


def test_the_same_seed_gives_the_same_bytes(home: Path, truth: Truth, tmp_path: Path) -> None:
    generate(tmp_path, 1000, as_of=DAY, further=NAMES)
    for source, _ in DEPARTMENTS.values():
        for ours in (home / source).iterdir():
            assert digest(ours) == digest(tmp_path / source / ours.name)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_none_deliver_unless_asked_and_an_unknown_one_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--out", str(tmp_path), "--residents", "100", "--as-of", "2026-03-02"]
    assert main(arguments) == 0
    assert not (tmp_path / births.SOURCE).exists()
    assert main([*arguments, "--departments", "births,weather"]) == 2
    assert "weather" in capsys.readouterr().err


def test_as_many_enterprises_as_asked_for_come_in_batches(tmp_path: Path) -> None:
    found = []
    for edition in (1, 2):
        out = tmp_path / str(edition)
        truth = generate(
            out, 60, as_of=DAY, further=("enterprises",), enterprises=5_100, edition=edition
        )
        frame = database(out / enterprises.SOURCE)
        assert frame.height == truth.rows(enterprises.SOURCE) == 5_101 + 2 * (edition - 1)
        assert frame["credit_code"].n_unique() == frame.height - 1
        found.append(frame.filter(pl.col("address").str.ends_with("（迁入）")).height)
        faults = truth.findings(enterprises.SOURCE)
        assert len(faults) == len(range(7, 5_100, 50)) + 1
    assert found[0] == 0
    assert truth.changes[enterprises.SOURCE].changed == found[1] > 190


@pytest.mark.parametrize("count", ["19", "900001", "-1"])
def test_a_number_of_enterprises_that_cannot_be_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], count: str
) -> None:
    arguments = ["--out", str(tmp_path), "--residents", "100", "--enterprises", count]
    assert main(arguments) == 2
    assert count in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
