from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from certificates import numbering, register_store, slot_store
from certificates.contents import open_contents
from certificates.issue import Issuer
from certificates.ports import SealOrder
from certificates.register_model import BatchResult, Certificate, Step
from certificates.reserve import last_day
from certificates.store import METADATA
from kernel.actors import Actor, ActorKind, Reach, system
from kernel.clock import FixedClock
from kernel.errors import Refused, TongbanError
from kernel.ids import CertificateId
from kernel.ports import JournalRow, Objects, Vault
from storage.database import Database
from tests.certificates.doubles import (
    FATHER,
    Bench,
    LedgerSealer,
    make_bench,
    many_marriages,
    small_world,
)

OFFICE = system("issue", "410100", ("certificates.issue",))
KEY = "J410199-2020-000001"


@pytest.fixture
def database(make_database: Callable[..., Database]) -> Database:
    return make_database(METADATA)


@pytest.fixture
def bench(
    database: Database, objects: Objects, vault: Vault, clock: FixedClock, tmp_path: Path
) -> Bench:
    return make_bench(database.transactions, objects, vault, clock, tmp_path)


def journal(database: Database) -> list[JournalRow]:
    return database.transactions.read(lambda tx: database.journal.after(tx, 0, 10000))


def kinds(database: Database) -> list[str]:
    return [row.kind.removeprefix("certificates.") for row in journal(database)]


def issue(bench: Bench, type_name: str = "marriage", key: str = KEY) -> Certificate:
    done = Issuer(bench.tools).issue(OFFICE, type_name, key).value
    assert isinstance(done, Certificate)
    return done


def batch(bench: Bench, type_name: str = "marriage", limit: int | None = None) -> BatchResult:
    done = Issuer(bench.tools).issue_batch(OFFICE, type_name, limit=limit)
    assert isinstance(done, tuple)
    assert len(done) == 1
    return done[0]


def test_one_certificate_goes_through_five_steps_each_recorded(
    bench: Bench, database: Database
) -> None:
    one = issue(bench)
    assert (one.step, one.status) == (Step.ISSUED, "issued")
    assert numbering.check(one.identifier) == "ok"
    assert kinds(database) == ["reserved", "rendered", "sealing-intended", "sealed", "issued"]
    assert len(one.holders) == 2


def test_values_come_from_published_rows_and_keep_their_lineage(
    bench: Bench, database: Database
) -> None:
    one = issue(bench, "household-register", "H0001")
    draft = database.transactions.read(lambda tx: register_store.find(tx, [one.id]))[0]
    contents = open_contents(bench.tools.vault, one.id, draft.contents)
    assert contents.fields["head_name"] == "测试甲"
    assert [row["name"] for row in contents.rows["members"]] == ["测试甲", "测试乙"]
    origins = database.transactions.read(lambda tx: register_store.origins(tx, one.id))
    assert {(item.resource, item.version, item.row_key) for item in origins} == {
        ("population", "v1", "population.csv:2"),
        ("population", "v1", "population.csv:3"),
    }
    assert "members[0]" in origins[0].fields


def test_no_personal_value_is_readable_in_the_database_or_the_journal(
    bench: Bench, database: Database, tmp_path: Path
) -> None:
    issue(bench)
    issue(bench, "household-register", "H0001")
    files = [*tmp_path.glob("hub.db*")]
    stored = b"".join(path.read_bytes() for path in files)
    for value in (FATHER, "测试甲", "测试路", KEY):
        assert value.encode() not in stored


def test_a_holder_gets_one_valid_certificate_of_a_type(bench: Bench, database: Database) -> None:
    issue(bench)
    again = Issuer(bench.tools).issue(OFFICE, "marriage", KEY).value
    assert again == Refused("already-issued")
    assert kinds(database)[-1] == "issue-refused"


def test_several_are_allowed_where_the_type_says_so(bench: Bench) -> None:
    rows = small_world()
    rows["marriage"].append(dict(rows["marriage"][0], certificate_no="J410199-2021-000009"))
    bench.source.rows = rows
    issue(bench)
    second = Issuer(bench.tools).issue(OFFICE, "marriage", "J410199-2021-000009").value
    assert isinstance(second, Refused)
    kind = replace(bench.tools.types["marriage"], several=True)
    book = replace(bench.tools.types, types={**bench.tools.types.types, "marriage": kind})
    assert issue(bench.with_tools(types=book), key="J410199-2021-000009").step is Step.ISSUED


def test_an_unknown_subject_and_missing_data_are_refused(bench: Bench, database: Database) -> None:
    issuer = Issuer(bench.tools)
    assert issuer.issue(OFFICE, "marriage", "J0").value == Refused("subject-unknown")
    bench.source.rows["marriage"][0]["female_name"] = ""
    refused = issuer.issue(OFFICE, "marriage", KEY).value
    assert refused == Refused("source-incomplete", {"field": "female_name"})
    assert kinds(database) == ["issue-refused", "issue-refused"]


def test_an_unknown_type_is_an_error(bench: Bench) -> None:
    with pytest.raises(TongbanError, match="type-unknown"):
        Issuer(bench.tools).issue(OFFICE, "passport", "1")


def test_who_may_not_issue_is_refused_and_recorded(bench: Bench, database: Database) -> None:
    clerk = Actor("u1", ActorKind.STAFF, rights={"certificates.request": Reach.ALL})
    other = Actor(
        "u2", ActorKind.STAFF, org="11410100MB0TE0038G", rights={"certificates.issue": Reach.ORG}
    )
    for actor in (clerk, other):
        issuer = Issuer(bench.tools)
        code = "not-permitted"
        done = issuer.issue(actor, "marriage", KEY).value
        assert isinstance(done, Refused)
        assert done.code == code
        done_batch = issuer.issue_batch(actor, "marriage")
        assert isinstance(done_batch, Refused)
        assert isinstance(issuer.resume(actor), Refused)
    assert set(kinds(database)) == {"issue-refused"}


def test_a_batch_leaves_one_intent_and_one_result_per_certificate(
    make_database: Callable[..., Database],
    objects: Objects,
    vault: Vault,
    clock: FixedClock,
    tmp_path: Path,
) -> None:
    database = make_database(METADATA)
    rows = many_marriages(120)
    bench = make_bench(database.transactions, objects, vault, clock, tmp_path, rows)
    done = batch(bench)
    assert (done.issued, done.skipped, done.failed) == (120, 0, ())
    assert kinds(database).count("sealing-intended") == 1
    assert kinds(database).count("issued") == 120
    assert bench.sealer.rehearsals == 2, "one per template"
    assert [(item.format, item.count) for item in bench.sealer.intents] == [
        ("ofd", 120),
        ("pdf", 120),
    ]
    again = batch(bench)
    assert (again.issued, again.skipped) == (0, 120)
    assert len(bench.sealer.entries()) == 240


def test_a_limit_takes_the_first_subjects(
    make_database: Callable[..., Database],
    objects: Objects,
    vault: Vault,
    clock: FixedClock,
    tmp_path: Path,
) -> None:
    rows = many_marriages(9)
    database = make_database(METADATA)
    bench = make_bench(database.transactions, objects, vault, clock, tmp_path, rows)
    assert batch(bench, limit=4).issued == 4
    assert batch(bench, limit=4).skipped == 4
    assert batch(bench).issued == 5


def test_a_name_without_a_glyph_voids_its_certificate_alone(
    make_database: Callable[..., Database],
    objects: Objects,
    vault: Vault,
    clock: FixedClock,
    tmp_path: Path,
) -> None:
    rows = many_marriages(3)
    rows["marriage"][1]["male_name"] = "测试\U00020bb7"
    database = make_database(METADATA)
    bench = make_bench(database.transactions, objects, vault, clock, tmp_path, rows)
    done = batch(bench)
    assert done.issued == 2
    assert [item.code for item in done.failed] == ["glyph-missing"]
    rows["marriage"][1]["male_name"] = "测试戊"
    assert batch(bench).issued == 1, "the voided subject is free again"


def test_a_single_issue_that_cannot_be_drawn_says_why(bench: Bench) -> None:
    bench.source.rows["marriage"][0]["male_name"] = "\U00020bb7"
    assert Issuer(bench.tools).issue(OFFICE, "marriage", KEY).value == Refused("glyph-missing")


def test_nothing_is_sealed_when_the_rehearsal_fails(bench: Bench, database: Database) -> None:
    bench.sealer.spoil = True
    with pytest.raises(TongbanError, match="rehearsal-failed"):
        Issuer(bench.tools).issue(OFFICE, "marriage", KEY)
    assert not bench.sealer.entries()
    bench.sealer.spoil = False
    done = Issuer(bench.tools).resume(OFFICE, idle=timedelta(0))
    assert isinstance(done, tuple)
    assert sum(item.issued for item in done) == 1


def test_a_sealed_file_that_does_not_verify_is_not_kept(
    bench: Bench, database: Database, tmp_path: Path
) -> None:
    class Spoiler(LedgerSealer):
        def seal(self, order: SealOrder, unsealed: bytes) -> bytes:
            return super().seal(order, unsealed) + b"0"

    broken = bench.with_tools(sealer=Spoiler(tmp_path / "other.txt"))
    with pytest.raises(TongbanError, match="seal-rejected"):
        Issuer(broken.tools).issue(OFFICE, "marriage", KEY)
    assert kinds(database)[-1] == "sealing-intended"
    assert sum(item.issued for item in Issuer(bench.tools).resume(OFFICE, idle=timedelta(0))) == 1


def test_equal_frozen_values_give_equal_bytes(
    bench: Bench, database: Database, clock: FixedClock
) -> None:
    class Broken(LedgerSealer):
        def seal(self, order: SealOrder, unsealed: bytes) -> bytes:
            super().seal(order, unsealed)
            raise TongbanError("signature-failed")

    broken = bench.with_tools(sealer=Broken(bench.sealer.ledger))
    with pytest.raises(TongbanError):
        Issuer(broken.tools).issue(OFFICE, "marriage", KEY)
    clock.advance(hours=3)
    done = Issuer(bench.tools).resume(OFFICE)
    assert sum(item.issued for item in done) == 1, "the ledger accepted the same digest again"
    assert len(bench.sealer.entries()) == 2


def test_resume_leaves_alone_what_somebody_works_on(bench: Bench, database: Database) -> None:
    bench.sealer.spoil = True
    with pytest.raises(TongbanError):
        Issuer(bench.tools).issue(OFFICE, "marriage", KEY)
    bench.sealer.spoil = False
    assert Issuer(bench.tools).resume(OFFICE) == ()


def test_a_reissue_is_the_next_version_and_supersedes(
    bench: Bench, database: Database, clock: FixedClock
) -> None:
    old = issue(bench, "household-register", "H0001")
    bench.source.rows["population"][0]["address"] = "示例市测试路2号"
    bench.source.version = "v2"
    clock.advance(days=3)
    new = Issuer(bench.tools).reissue(OFFICE, old.id).value
    assert isinstance(new, Certificate)
    assert (new.version, new.serial, new.supersedes) == (2, old.serial, old.id)
    before, after = database.transactions.read(lambda tx: register_store.find(tx, [old.id, new.id]))
    assert (before.certificate.status, before.certificate.superseded_by) == ("superseded", new.id)
    assert after.certificate.status == "issued"
    twice = Issuer(bench.tools).reissue(OFFICE, old.id).value
    assert twice == Refused("reissue-impossible")
    assert Issuer(bench.tools).issue(OFFICE, "household-register", "H0001").value == Refused(
        "already-issued"
    )


def test_a_reissue_to_another_head_frees_the_old_one(bench: Bench, database: Database) -> None:
    old = issue(bench, "household-register", "H0001")
    bench.source.rows["population"][0]["relation"] = "10"
    bench.source.rows["population"][1]["relation"] = "02"
    new = Issuer(bench.tools).reissue(OFFICE, old.id).value
    assert isinstance(new, Certificate)
    assert new.holders != old.holders
    slots = [f"h:{ref}" for ref in (*old.holders, *new.holders)]
    owners = database.transactions.read(
        lambda tx: slot_store.slot_owners(tx, "household-register", slots)
    )
    assert owners == {slots[1]: new.id}


def test_an_unknown_certificate_cannot_be_reissued(bench: Bench) -> None:
    refused = Issuer(bench.tools).reissue(OFFICE, CertificateId("cert-0")).value
    assert refused == Refused("certificate-unknown")


def test_a_type_that_changed_under_way_voids_the_issue(bench: Bench) -> None:
    bench.sealer.spoil = True
    kind = replace(bench.tools.types["marriage"], digest="0" * 64)
    book = replace(bench.tools.types, types={**bench.tools.types.types, "marriage": kind})

    class Stopping:
        def durable(self, name: str) -> AbstractContextManager[None]:
            if name == "certificates.render":
                raise KeyboardInterrupt
            return bench.tools.probe.durable(name)

    with pytest.raises(KeyboardInterrupt):
        Issuer(bench.with_tools(probe=Stopping()).tools).issue(OFFICE, "marriage", KEY)
    bench.sealer.spoil = False
    done = Issuer(bench.with_tools(types=book).tools).resume(OFFICE, idle=timedelta(0))
    assert [item.failed[0].code for item in done] == ["type-changed"]


def test_two_threads_racing_for_one_number_have_one_winner(
    bench: Bench, database: Database
) -> None:
    same = bench.with_tools(serials=lambda: "SAME0000000000000001")
    rows = many_marriages(8)
    same.source.rows = rows
    results: list[object] = []
    barrier = threading.Barrier(8)

    def race(number: int) -> None:
        barrier.wait()
        key = rows["marriage"][number]["certificate_no"]
        results.append(Issuer(same.tools).issue(OFFICE, "marriage", key).value)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(item, Certificate) for item in results) == 1
    assert results.count(Refused("number-taken")) == 7


def test_issuers_racing_for_one_holder_have_one_winner(bench: Bench, database: Database) -> None:
    results: list[object] = []
    barrier = threading.Barrier(8)

    def race() -> None:
        barrier.wait()
        results.append(Issuer(bench.tools).issue(OFFICE, "marriage", KEY).value)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(item, Certificate) for item in results) == 1
    assert kinds(database).count("issued") == 1


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        (date(2026, 3, 2), None, None),
        (date(2026, 3, 2), 3, date(2029, 3, 1)),
        (date(2028, 2, 29), 1, date(2029, 2, 28)),
        (date(2025, 3, 1), 3, date(2028, 2, 29)),
    ],
)
def test_validity_ends_the_day_before_its_anniversary(
    start: date, years: int | None, end: date | None
) -> None:
    assert last_day(start, years) == end
