"""Look-ups by index find what a search of all rows finds, whatever became of the index."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import index, store
from catalog.index import Column, Index
from catalog.lookups import Lookups
from catalog.model import Record
from catalog.rows import Rows
from kernel.errors import TongbanError
from kernel.ports import Digest
from storage.objects.names import hex_of
from tests.catalog.rig import HEAD, Rig, rows

ASKED = ("c000007", "c000199", "c000300", "nobody", "", "\ud800")


@pytest.fixture
def ready(rig: Rig) -> Rig:
    rig.deliver(HEAD + rows(0, 200, "测试甲"), "a.csv")
    rig.deliver(HEAD + rows(200, 200, "测试乙"), "b.csv")
    rig.ingest.run(rig.actor, "roll-source")
    return rig


def searched(rig: Rig, column: str, values: Sequence[str]) -> list[Record]:
    """Look up without any index."""
    tools = rig.ingest
    return Rows(tools.transactions, tools.objects, tools.cache).lookup("roll", column, values)


def fresh(rig: Rig, key: bytes = b"test") -> Lookups:
    """What another process of the hub would have."""
    tools = rig.ingest
    return Lookups(
        transactions=tools.transactions, objects=tools.objects, cache=tools.cache, key=key
    )


def reader(rig: Rig, key: bytes = b"test") -> Rows:
    tools = rig.ingest
    return Rows(tools.transactions, tools.objects, tools.cache, fresh(rig, key))


def named(rig: Rig) -> dict[str, str]:
    return rig.ingest.transactions.read(lambda tx: store.lookups(tx, "roll-1"))


def local(rig: Rig, digest: str) -> Path:
    return rig.ingest.cache.place(digest, ".index")


def test_a_version_is_published_with_an_index_of_its_key(ready: Rig) -> None:
    made = named(ready)
    assert list(made) == ["code"]
    assert ready.ingest.objects.has(Digest(made["code"]))
    found = ready.catalog.lookup("roll", "code", ASKED)
    assert [record.values["code"] for record in found] == ["c000007", "c000199", "c000300"]
    assert found == searched(ready, "code", ASKED)


def test_an_index_says_nothing_to_whoever_has_it_alone(ready: Rig) -> None:
    data = ready.ingest.objects.get(Digest(named(ready)["code"]))
    assert b"c000" not in data
    other = index.Index(np.frombuffer(data[64 : 64 + 400 * 8], "<u8"), np.arange(400), b"guess")  # type: ignore[arg-type] # a wider type
    assert not len(other.find(["c000007"]))


def test_a_column_looked_up_once_is_indexed_from_then_on(ready: Rig) -> None:
    rights = reader(ready)
    wanted = searched(ready, "name", ["测试乙"])
    assert len(wanted) == 200
    assert rights.lookup("roll", "name", ["测试乙"]) == wanted
    assert sorted(named(ready)) == ["code", "name"]
    ready.deliver(HEAD + rows(500, 10))
    ready.ingest.run(ready.actor, "roll-source")
    again = ready.ingest.transactions.read(lambda tx: store.lookups(tx, "roll-2"))
    assert sorted(again) == ["code", "name"]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[64] ^= 1
    path.write_bytes(data)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncated, one_bit, emptied, Path.unlink])
@pytest.mark.parametrize("place", ["copy", "object", "both"])
def test_a_lost_or_damaged_index_is_made_anew(
    ready: Rig, damage: object, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(damage)
    digest = named(ready)["code"]
    copy = local(ready, digest)
    kept = ready.home / "objects" / "sha256" / hex_of(digest)[:2] / hex_of(digest)[2:]
    for path in (copy, kept):  # they may be one file under two names
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
    if place in {"copy", "both"}:
        damage(copy)
    if place in {"object", "both"}:
        damage(kept)
    with caplog.at_level(logging.WARNING, "tongban.catalog"):
        found = reader(ready).lookup("roll", "code", ASKED)
    assert found == searched(ready, "code", ASKED)
    assert bool(caplog.records) == (place == "both")
    assert "c0000" not in caplog.text
    assert named(ready)["code"] == digest
    assert index.load(copy, Column("code", parts(ready), b"test"))


def parts(rig: Rig) -> tuple[tuple[str, int], ...]:
    found = rig.ingest.transactions.read(lambda tx: store.parts(tx, "roll-1"))
    return tuple((part.object, part.rows) for part in found)


def test_an_index_of_other_rows_or_under_another_key_is_not_taken(ready: Rig) -> None:
    other = reader(ready, b"another key")
    assert other.lookup("roll", "code", ASKED) == searched(ready, "code", ASKED)
    ready.ingest.transactions.housekeep(
        lambda tx: store.put_lookups(tx, "roll-1", {"name": named(ready)["code"]})
    )
    assert len(reader(ready).lookup("roll", "name", ["测试甲"])) == 200


def test_rows_are_searched_where_no_index_can_be_made(
    ready: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise TongbanError("disk-full", what="parts")

    monkeypatch.setattr(index, "build", full)
    rights = reader(ready)
    with caplog.at_level(logging.WARNING, "tongban.catalog"):
        assert len(rights.lookup("roll", "name", ["测试甲"])) == 200
        assert len(rights.lookup("roll", "name", ["测试甲"])) == 200
    assert [record.message for record in caplog.records] == [
        "index of roll-1.name cannot be made: disk-full"
    ]


def test_rows_that_do_not_hold_the_value_are_never_given(
    ready: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = Index(np.empty(0, np.uint64), np.empty(0, np.uint32), b"")
    monkeypatch.setattr(Index, "find", lambda *_: np.array([3, 4, 5], np.int64))
    lookups = fresh(ready)
    monkeypatch.setattr(lookups, "open", lambda *_: wrong)
    tools = ready.ingest
    rights = Rows(tools.transactions, tools.objects, tools.cache, lookups)
    with caplog.at_level(logging.WARNING, "tongban.catalog"):
        assert rights.lookup("roll", "code", ["c000300"]) == searched(ready, "code", ["c000300"])
    assert "named other rows" in caplog.text


def test_a_look_up_reads_the_rows_it_wants_alone(
    ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = reader(ready)
    assert rights.lookup("roll", "code", ["c000001"])
    blank = replace(rights.opened("roll-1"), frame=pl.LazyFrame(schema={"code": pl.String}))
    monkeypatch.setattr(rights, "opened", lambda _: blank)
    assert [record.row_key for record in rights.lookup("roll", "code", ASKED)] == [
        "1:9", "1:201", "2:102",
    ]  # fmt: skip
    assert rights.lookup("roll", "code", ["nobody"]) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("index")


CELLS = st.lists(st.none() | st.text(max_size=3) | st.sampled_from("甲乙丙"), max_size=30)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cells=st.lists(CELLS, min_size=1, max_size=4),
    asked=st.lists(st.text(max_size=3) | st.sampled_from("甲乙丙"), max_size=6),
    at_once=st.sampled_from([1, 3, 1000]),
)
def test_an_index_names_the_rows_of_each_value(
    folder: Path, cells: list[list[str | None]], asked: list[str], at_once: int
) -> None:
    files = [folder / f"{number}.parquet" for number in range(len(cells))]
    for file, column in zip(files, cells, strict=True):
        pl.DataFrame({"c": column}, schema={"c": pl.String}).write_parquet(file, row_group_size=8)
    column = Column("c", tuple((str(no), len(part)) for no, part in enumerate(cells)), b"k")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "_AT_ONCE", at_once)
        index.build(column, files, folder / "out")
    opened = index.load(folder / "out", column)
    assert opened is not None
    flat = [cell for part in cells for cell in part]
    assert opened.find(asked).tolist() == [
        number for number, cell in enumerate(flat) if cell is not None and cell in asked
    ]
    assert opened.hashes.tolist() == sorted(opened.hashes.tolist())
    assert index.load(folder / "out", replace(column, name="d")) is None
    assert not list(folder.glob("out.*"))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(numbers=st.lists(st.integers(0, 39_999), min_size=1, max_size=40))
def test_rows_taken_one_by_one_are_those_of_their_numbers(
    wide: tuple[Rows, pl.DataFrame], numbers: list[int]
) -> None:
    rights, whole = wide
    asked = [f"c{number:06d}" for number in numbers]
    found = [record.values["code"] for record in rights.lookup("roll", "code", asked)]
    assert found == [f"c{number:06d}" for number in sorted(set(numbers))]
    assert whole.height == 40_000


@pytest.fixture
def wide(rig: Rig) -> tuple[Rows, pl.DataFrame]:
    spec = replace(rig.source.delivery, block_bytes=150_000)
    source = replace(rig.source, delivery=spec)
    ingest = replace(rig.ingest, sources={source.name: source})
    rig.deliver(HEAD + rows(0, 40_000))
    ingest.run(rig.actor, "roll-source")
    held = rig.catalog.rows.opened("roll-1")
    assert held.frame is not None
    assert len(held.parts) > 2
    return rig.catalog.rows, held.frame.select("code").collect()


def test_a_part_with_other_rows_than_its_version_says_is_told(folder: Path) -> None:
    file = folder / "short.parquet"
    pl.DataFrame({"c": ["a", "b"]}).write_parquet(file)
    with pytest.raises(TongbanError) as caught:
        index.build(Column("c", (("x", 3),), b""), [file], folder / "short")
    assert caught.value.code == "counts-differ"
