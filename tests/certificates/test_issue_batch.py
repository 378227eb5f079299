"""Batches: interrupted and resumed, drawn again, judged by sample."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from certificates import issue as issuing
from certificates.issue import Issuer
from certificates.model import CertificateType, FaceValues, Format
from certificates.ports import Judgement, Sealed, SealOrder
from certificates.register_model import Step
from certificates.sampling import Sampling
from certificates.store import METADATA
from kernel.clock import FixedClock
from kernel.errors import Refused, TongbanError
from kernel.ports import Objects, Vault
from storage.database import Database
from tests.certificates.doubles import (
    FATHER,
    MOTHER,
    UNCLE,
    Bench,
    LedgerJudge,
    LedgerSealer,
    PlainPress,
    birth,
    make_bench,
    many_marriages,
    small_world,
)
from tests.certificates.test_issue import OFFICE, batch, issue, kinds

FIRST = "J410199-2020-000000"
Make = Callable[[int], Bench]


@pytest.fixture
def database(make_database: Callable[..., Database]) -> Database:
    return make_database(METADATA)


@pytest.fixture
def of(
    database: Database, objects: Objects, vault: Vault, clock: FixedClock, tmp_path: Path
) -> Make:
    def make(count: int) -> Bench:
        rows = many_marriages(count)
        return make_bench(database.transactions, objects, vault, clock, tmp_path, rows)

    return make


class Halted(Exception):  # noqa: N818 - a power cut, not an error
    pass


def halting(bench: Bench, at: str) -> Bench:
    class Stopping:
        def durable(self, name: str) -> AbstractContextManager[None]:
            if name == f"certificates.{at}":
                raise Halted
            return bench.tools.probe.durable(name)

    return bench.with_tools(probe=Stopping())


class OtherPress(PlainPress):
    """The next release of the software, which draws a little differently."""

    def fill(self, kind: CertificateType, file_format: Format, values: FaceValues) -> bytes:
        return super().fill(kind, file_format, values) + b" "


@pytest.mark.parametrize("at", ["intend", "signature", "object", "seal"])
def test_an_interrupted_batch_goes_on_from_faces_drawn_again(
    of: Make, database: Database, at: str
) -> None:
    bench = of(5)
    with pytest.raises(Halted):
        Issuer(halting(bench, at).tools).issue_batch(OFFICE, "marriage")
    done = Issuer(bench.tools).resume(OFFICE, idle=timedelta(0))
    assert not isinstance(done, Refused)
    assert [item.issued for item in done] == [5]
    assert kinds(database).count("issued") == 5
    assert len(bench.sealer.entries()) == 10


@pytest.mark.parametrize("at", ["intend", "signature", "seal"])
def test_a_face_that_comes_out_otherwise_is_never_sealed(
    of: Make, database: Database, at: str
) -> None:
    bench = of(1)
    with pytest.raises(Halted):
        Issuer(halting(bench, at).tools).issue(OFFICE, "marriage", FIRST)
    before = bench.sealer.entries()
    newer = bench.with_tools(press=OtherPress())
    done = Issuer(newer.tools).resume(OFFICE, idle=timedelta(0))
    assert not isinstance(done, Refused)
    assert [item.failed[0].code for item in done] == ["face-changed"]
    assert bench.sealer.entries() == before
    assert kinds(database)[-1] == "issue-failed"
    assert issue(newer, key=FIRST).step is Step.ISSUED, "the subject is free for another"
    assert Issuer(newer.tools).resume(OFFICE, idle=timedelta(0)) == ()


class CountingJudge(LedgerJudge):
    def __init__(self) -> None:
        self.seen = 0

    def judge(self, sealed: bytes, at: datetime, anchors: tuple[bytes, ...] = ()) -> Judgement:
        self.seen += not anchors
        return super().judge(sealed, at, anchors)


def test_a_sample_of_a_batch_gets_the_full_verdict_and_a_single_one_always_does(of: Make) -> None:
    bench = of(121)
    counting = CountingJudge()
    bench = bench.with_tools(judge=counting, sampling=Sampling(2, 51))
    assert batch(bench, limit=120).issued == 120
    assert counting.seen == 5 + 2, "2, 51, 102, 153 … of 200 and 2 of 40"
    issue(bench, key="J410199-2020-000120")
    assert counting.seen == 9


def test_an_unproven_file_of_a_batch_always_gets_the_full_verdict(
    of: Make, database: Database
) -> None:
    bench = of(20).with_tools(sampling=Sampling(2, 51))
    bench.sealer.spoil_from = 30
    with pytest.raises(TongbanError, match="seal-rejected"):
        batch(bench)
    assert "issued" not in kinds(database)


def test_files_of_a_seal_that_was_not_rehearsed_all_get_the_full_verdict(of: Make) -> None:
    """The seal was renewed, or its settings changed, between the rehearsal and its use."""
    counting = CountingJudge()
    bench = of(20).with_tools(judge=counting, sampling=Sampling(2, 51))
    bench.sealer.rehearsed = "seal-0"
    assert batch(bench).issued == 20
    assert counting.seen == 2 * 20


class WatchedSealer(LedgerSealer):
    """Knows who sealed, and keeps no ledger."""

    threads: tuple[threading.Thread, ...] = ()

    def seal_many(self, orders: Sequence[SealOrder], unsealed: Sequence[bytes]) -> list[Sealed]:
        # the threads themselves: a number is given again when its thread has ended
        self.threads = tuple(dict.fromkeys((*self.threads, threading.current_thread())))
        return [Sealed(self._apply(data, "real"), proven=True, form=self.form) for data in unsealed]


class Scales:
    """Weighs what Python holds at the beginning of each batch."""

    def __init__(self) -> None:
        self.bytes: list[int] = []

    @contextmanager
    def track(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        gc.collect()
        self.bytes.append(tracemalloc.get_traced_memory()[0])
        yield lambda units: None


def test_a_long_run_has_its_threads_for_good_and_keeps_nothing_of_its_certificates(
    of: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "BATCH", 50)
    monkeypatch.setattr(issuing, "CHUNK", 25)
    sealer, scales = WatchedSealer(tmp_path / "unused.txt"), Scales()
    bench = of(400).with_tools(sealer=sealer)
    tracemalloc.start()
    try:
        done = Issuer(bench.tools).issue_batch(OFFICE, "marriage", progress=scales)
    finally:
        tracemalloc.stop()
    assert isinstance(done, tuple)
    assert [item.issued for item in done] == [50] * 8
    assert 1 <= len(sealer.threads) <= bench.tools.workers
    assert threading.current_thread() not in sealer.threads
    grown = (scales.bytes[-1] - scales.bytes[3]) / 200
    assert grown < 500, "bytes for each certificate; its sealed contents alone have more"


@pytest.fixture
def births(
    database: Database, objects: Objects, vault: Vault, clock: FixedClock, tmp_path: Path
) -> Bench:
    rows = small_world()
    rows["births"] = [birth(f"U09000000{no}", "测试丙", MOTHER, FATHER) for no in range(3)]
    return make_bench(database.transactions, objects, vault, clock, tmp_path, rows)


def test_a_batch_passes_over_what_a_subject_has_where_a_holder_may_have_several(
    births: Bench, database: Database
) -> None:
    with pytest.raises(Halted):
        Issuer(halting(births, "intend").tools).issue_batch(OFFICE, "birth-certificate", limit=1)
    done = batch(births, "birth-certificate")
    assert (done.issued, done.skipped, done.failed) == (2, 1, ()), "one is under way"
    Issuer(births.tools).resume(OFFICE, idle=timedelta(0))
    done = batch(births, "birth-certificate")
    assert (done.issued, done.skipped, done.failed) == (0, 3, ())
    assert kinds(database).count("issued") == 3
    again = Issuer(births.tools).issue(OFFICE, "birth-certificate", "U090000001").value
    assert again == Refused("already-issued")


def test_a_number_that_the_source_gave_to_somebody_else_is_told_as_taken(births: Bench) -> None:
    assert batch(births, "birth-certificate").issued == 3
    births.source.rows["births"][1] = birth("U090000001", "测试戊", UNCLE, FATHER)
    done = batch(births, "birth-certificate")
    assert (done.issued, done.skipped) == (0, 2)
    assert [item.code for item in done.failed] == ["number-taken"]


def test_two_subjects_of_one_batch_cannot_have_one_number(births: Bench) -> None:
    kind = births.tools.types["birth-certificate"]
    other = replace(kind, number="issue_date")
    book = replace(births.tools.types, types={**births.tools.types.types, kind.name: other})
    done = batch(births.with_tools(types=book), "birth-certificate")
    assert (done.issued, done.skipped) == (1, 0)
    assert [item.code for item in done.failed] == ["number-taken"] * 2
