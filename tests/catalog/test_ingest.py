from __future__ import annotations

import base64
import errno
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import store
from catalog.model import Outcome, State, Version
from catalog.ports import GateAnswer, GateRequest
from kernel.actors import Actor, system
from kernel.clock import FixedClock
from kernel.errors import Refused, TongbanError
from kernel.ports import Digest
from storage.probe import NoProbe
from tests.catalog.rig import ACTIONS, HEAD, Rig, build, rows


def run(rig: Rig) -> Outcome:
    outcome = rig.ingest.run(rig.actor, "roll-source")
    assert isinstance(outcome, Outcome)
    return outcome


def fails(rig: Rig) -> TongbanError:
    with pytest.raises(TongbanError) as caught:
        rig.ingest.run(rig.actor, "roll-source")
    return caught.value


def kinds(rig: Rig) -> list[str]:
    transactions = rig.ingest.transactions
    journal = transactions.read(
        lambda tx: (
            store.rows(tx).exec_driver_sql("select kind from storage_journal order by no").all()
        )
    )
    return [row[0] for row in journal]


def versions(rig: Rig) -> tuple[Version, ...]:
    found = rig.catalog.versions(rig.actor, "roll")
    assert not isinstance(found, Refused)
    return found


def test_every_row_is_published_or_quarantined_and_named(rig: Rig) -> None:
    data = (HEAD + rows(0, 300)).encode("gb18030") + "c000001|测试乙|女\n".encode("gb18030")
    data += b"x1|\xff|\xc4\xd0\n" + "坏行\n|测试丁|女\n".encode("gb18030")
    folder = rig.home / "inbox" / "roll-source"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(data)
    outcome = run(rig)
    assert outcome.state is State.PUBLISHED
    assert outcome.counts.reconciled
    assert (outcome.counts.rows_in, outcome.counts.published) == (304, 300)
    page = rig.catalog.quarantine(rig.actor, str(outcome.version))
    assert not isinstance(page, Refused)
    assert [(item.row, item.rule, item.column) for item in page.rows] == [
        (302, "duplicate", "code"),
        (303, "line-undecodable", ""),
        (304, "field-count", ""),
        (305, "required", "code"),
    ]


def test_running_again_changes_nothing(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 300) + "x|测试|9号\n")
    first = run(rig)
    before = kinds(rig), sorted(path.name for path in (rig.home / "objects").rglob("*"))
    second = run(rig)
    assert (second.version, second.changed, second.counts) == (first.version, False, first.counts)
    assert (kinds(rig), sorted(path.name for path in (rig.home / "objects").rglob("*"))) == before
    assert not list((rig.home / "work").rglob("*.parquet"))


def test_a_changed_delivery_makes_a_version_with_its_difference(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 100))
    first = run(rig)
    rig.deliver(HEAD + rows(10, 100).replace("c000050|测试甲|男", "c000050|测试戊|女"))
    second = run(rig)
    assert (first.version, second.version) == ("roll-1", "roll-2")
    newest = versions(rig)[0]
    assert (newest.added, newest.removed, newest.changed) == (10, 10, 1)
    diff = rig.catalog.diff(rig.actor, "roll-1", "roll-2")
    assert not isinstance(diff, Refused)
    assert diff.changed_columns == {"name": 1, "sex": 1}
    assert diff.unchanged == 89


def test_a_delivery_that_returns_to_an_older_state_is_a_new_version(rig: Rig) -> None:
    for first_row in (0, 5, 0):
        rig.deliver(HEAD + rows(first_row, 50))
        run(rig)
    assert [version.number for version in versions(rig)] == [3, 2, 1]
    assert run(rig).changed is False


def test_other_bytes_with_the_same_rows_confirm_the_version(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 50))
    run(rig)
    rig.deliver(HEAD + rows(0, 50), encoding="utf-8")
    outcome = run(rig)
    assert (outcome.version, outcome.changed) == ("roll-1", False)
    assert kinds(rig)[-1] == "catalog.version-confirmed"
    assert run(rig).version == "roll-1"


def test_several_files_are_one_delivery(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 50), "a.csv")
    rig.deliver("性别|姓名|编号\n男|测试乙|z1\n", "b.csv", "utf-8")
    outcome = run(rig)
    assert outcome.counts.rows_in == 51
    (record,) = rig.catalog.lookup("roll", "code", ["z1"])
    assert record.row_key == "2:2"
    assert rig.catalog.rows.record(str(record.version), "2:2") == record


def test_parts_and_manifest_add_up(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 300))
    run(rig)
    version = versions(rig)[0]
    manifest = json.loads(rig.ingest.objects.get(Digest(version.manifest)))
    assert sum(part["rows"] for part in manifest["parts"]) == 300 == manifest["counts"]["published"]
    assert len(manifest["parts"]) > 1
    for part in manifest["parts"]:
        assert pl.read_parquet(rig.ingest.objects.get(part["object"])).height == part["rows"]


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.integers(0, 30).map(lambda number: f"c{number}|测试甲|男"),
            st.sampled_from(["坏", '1|"开|男', "|空|女", "c1|测试|未知", "a|b|c|d"]),
        ),
        min_size=1,
        max_size=120,
    ),
    st.integers(60, 4000),
)
def test_no_row_is_lost_whatever_comes(
    tmp_path_factory: pytest.TempPathFactory, clock: FixedClock, lines: list[str], size: int
) -> None:
    rig = build(tmp_path_factory.mktemp("any"), clock, NoProbe())
    small = replace(rig.source, delivery=replace(rig.source.delivery, block_bytes=size))

    class AnyGate:
        def judge(self, request: GateRequest) -> GateAnswer:
            return GateAnswer(allowed=True)

    rig = replace(rig, ingest=replace(rig.ingest, sources={small.name: small}, gate=AnyGate()))
    rig.deliver(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    outcome = run(rig)
    assert outcome.counts.rows_in == len(lines)
    assert outcome.counts.reconciled
    keys = [record.row_key for record in rig.catalog.scan("roll")]
    assert len(keys) == len(set(keys)) == outcome.counts.published


def test_a_gate_that_refuses_is_recorded_once_and_shown(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 50))
    run(rig)
    rig.deliver(HEAD + "坏\n" * 40 + rows(0, 20))
    outcome = run(rig)
    assert (outcome.state, outcome.version) == (State.REFUSED, None)
    assert outcome.reasons == ("field-count:",)
    assert run(rig).state is State.REFUSED
    assert kinds(rig).count("catalog.publish-refused") == 1
    assert versions(rig)[0].id == "roll-1"
    views = rig.catalog.batches(rig.actor, "roll")
    assert not isinstance(views, Refused)
    assert {view.row["state"] for view in views} == {State.PUBLISHED, State.REFUSED}
    page = rig.catalog.quarantine(rig.actor, outcome.batch)
    assert not isinstance(page, Refused)
    assert page.total == 40


def test_a_broken_gate_is_a_failure_and_not_a_verdict(rig: Rig) -> None:
    class Broken:
        def judge(self, request: GateRequest) -> GateAnswer:
            raise TongbanError("gate-unavailable", reason="test")

    rig.deliver(HEAD + rows(0, 50))
    hurt = replace(rig, ingest=replace(rig.ingest, gate=Broken()))
    assert fails(hurt).code == "gate-unavailable"
    assert kinds(rig)[-1] == "catalog.ingest-failed"
    assert run(rig).state is State.PUBLISHED


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "delivery-empty"),
        (HEAD.encode(), "delivery-empty"),
        (HEAD.encode() + b"\n\n", "delivery-empty"),
        (HEAD.encode() + b"1|a", "delivery-truncated"),
        (b"\xff\xfe1\x00|\x00", "encoding-unknown"),
        ("编号|姓名\n1|甲\n".encode(), "columns-missing"),
        (b"\n", "columns-missing"),
    ],
)
def test_a_delivery_that_cannot_be_read_is_refused_and_recorded(
    rig: Rig, data: bytes, code: str
) -> None:
    rig.deliver(HEAD + rows(0, 30))
    run(rig)
    (rig.home / "inbox" / "roll-source" / "a.csv").write_bytes(data)
    assert fails(rig).code == code
    assert kinds(rig)[-1] == "catalog.ingest-failed"
    assert versions(rig)[0].id == "roll-1"


def test_no_delivery_is_told_with_the_pattern(rig: Rig) -> None:
    error = fails(rig)
    assert (error.code, error.params["pattern"]) == ("delivery-missing", "*.csv")


def test_a_delivery_of_over_two_gigabytes_is_refused_unread(rig: Rig) -> None:
    rig.deliver(HEAD)
    with (rig.home / "inbox" / "roll-source" / "a.csv").open("r+b") as file:
        file.truncate(2 * 1024**3 + 1)
    error = fails(rig)
    assert error.code == "delivery-too-large"
    assert error.params["limit"] == str(2 * 1024**3)


def test_an_unknown_source_names_those_there_are(rig: Rig) -> None:
    with pytest.raises(TongbanError) as caught:
        rig.ingest.run(rig.actor, "other")
    assert (caught.value.code, caught.value.params["known"]) == ("source-unknown", "roll-source")


def test_a_key_that_repeats_is_refused(rig: Rig) -> None:
    wrong = replace(rig.source, key=("sex",))
    rig.deliver(HEAD + rows(0, 30))
    assert (
        fails(replace(rig, ingest=replace(rig.ingest, sources={wrong.name: wrong}))).code
        == "key-not-unique"
    )


@pytest.mark.parametrize("missing", ["catalog.ingest", "catalog.publish"])
def test_a_right_that_is_missing_refuses(rig: Rig, missing: str) -> None:
    rig.deliver(HEAD + rows(0, 30))
    poor = system("poor", rights=tuple(action for action in ACTIONS if action != missing))
    assert rig.ingest.run(poor, "roll-source") == Refused("not-permitted", {"action": missing})
    assert "catalog.version-published" not in kinds(rig)


def test_a_stranger_sees_nothing(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 30))
    batch = run(rig).batch
    stranger = Actor("x", rig.actor.kind)
    catalog = rig.catalog
    for answer in (
        catalog.resources(stranger),
        catalog.resource(stranger, "roll"),
        catalog.versions(stranger, "roll"),
        catalog.quarantine(stranger, batch),
        catalog.search(stranger, "名册"),
        catalog.profile(stranger, "roll-1"),
        catalog.lineage(stranger, "roll-1"),
    ):
        assert isinstance(answer, Refused)


@pytest.mark.parametrize("where", ["put_file", "put"])
def test_a_full_disk_stops_cleanly_and_the_next_run_ends_it(
    rig: Rig, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.deliver(HEAD + rows(0, 300))
    kind = type(rig.ingest.objects)

    def full(*_: object) -> Digest:
        raise TongbanError("disk-full", what="objects")

    with monkeypatch.context() as patch:
        patch.setattr(kind, where, full)
        assert fails(rig).code == "disk-full"
    assert run(rig).counts.published == 300


def test_a_disk_that_fills_while_parts_are_written_is_told(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.deliver(HEAD + rows(0, 300))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(pl.DataFrame, "write_parquet", full)
        assert fails(rig).code == "disk-full"
    assert run(rig).counts.published == 300


def test_a_changed_description_changes_the_entry_but_makes_no_version(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 30))
    run(rig)
    about = replace(rig.source.about, abstract="另一段摘要")
    again = replace(rig.source, about=about)
    rig = replace(rig, ingest=replace(rig.ingest, sources={again.name: again}))
    assert run(rig).changed is False
    entry = rig.catalog.resource(rig.actor, "307001/000001")
    assert not isinstance(entry, Refused)
    assert entry.about.abstract == "另一段摘要"


def test_steps_may_run_in_other_processes_and_twice(rig: Rig, clock: FixedClock) -> None:
    rig.deliver(HEAD + rows(0, 300))
    batch = rig.ingest.collect(rig.actor, "roll-source")
    assert isinstance(batch, str)
    clock.advance(days=3)
    other = build(rig.home, clock, NoProbe()).ingest
    for _ in range(2):
        assert other.standardise(rig.actor, batch) is None
        assert rig.ingest.check(rig.actor, batch) is None
    first = other.publish(rig.actor, batch)
    second = rig.ingest.publish(rig.actor, batch)
    assert isinstance(first, Outcome)
    assert isinstance(second, Outcome)
    assert first.version == second.version == "roll-1"


def test_a_stranger_batch_is_unknown(rig: Rig) -> None:
    with pytest.raises(TongbanError) as caught:
        rig.ingest.publish(rig.actor, "nothing")
    assert caught.value.code == "batch-unknown"


def test_the_journal_holds_no_value_of_a_row(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 30, "测试秘密"))
    run(rig)
    bodies = rig.ingest.transactions.read(
        lambda tx: store.rows(tx).exec_driver_sql("select body from storage_journal").all()
    )
    text = b"".join(row[0] for row in bodies).decode()
    assert "测试秘密" not in text
    assert "c000001" not in text


def test_an_unreadable_line_is_kept_in_full_beside_the_version(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 30) + "坏行甲\n")
    outcome = run(rig)
    row = rig.ingest.transactions.read(lambda tx: store.batch(tx, outcome.batch))
    assert row is not None
    found = pl.concat([pl.read_parquet(rig.ingest.objects.get(item)) for item in row["findings"]])
    assert base64.b64decode(found["value"][0]).decode() == "坏行甲"
    assert Path(rig.home / "hub.db").exists()
