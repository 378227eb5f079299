"""Final numbers for many answers in one look, and batches that end exactly at their size."""

from __future__ import annotations

import pytest

from audit import sequencer
from audit.model import ReceiptState
from audit.receipts import to_text, verify
from audit.tree import leaf_hash
from kernel.ids import JournalNo
from tests.audit.conftest import KEY, Log, record


def test_rows_without_a_number_and_rows_that_are_none_are_left_out(log: Log) -> None:
    first = [JournalNo(no) for no in record(log.database, 0, 3)]
    receipts = log.receipts()
    assert receipts.numbered(first) == {}
    assert receipts.numbered([]) == {}
    log.sequencer().run_once(force=True)
    later = [JournalNo(no) for no in record(log.database, 3, 1)]
    found = receipts.numbered([*first, *later, JournalNo(999)])
    assert list(found) == first
    assert [one.index for one in found.values()] == [0, 1, 2]
    assert {one.state for one in found.values()} == {ReceiptState.NUMBERED}


def test_a_number_is_the_one_the_proof_is_later_for(log: Log) -> None:
    numbers = [JournalNo(no) for no in record(log.database, 0, 5)]
    log.sequencer().run_once(force=True)
    quick = log.receipts().numbered(numbers)
    rows = log.database.transactions.read(lambda tx: log.database.journal.after(tx, 0, 10))
    for row in rows:
        proven = log.receipts().receipt(row.no)
        assert (proven.index, proven.leaf_hash) == (quick[row.no].index, quick[row.no].leaf_hash)
        assert quick[row.no].leaf_hash == leaf_hash(row.body)
        assert verify(to_text(proven), row.body, KEY)[0] == proven.index


@pytest.mark.parametrize("size", [4, 5, 10, 11])
def test_a_backlog_that_ends_with_a_batch_is_numbered_whole(
    log: Log, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(sequencer, "_BATCH", 5)
    record(log.database, 0, size)
    done = log.sequencer().run_once(force=True)
    assert done is not None
    assert (done.numbered, done.size) == (size, size)
    assert log.check().faults == ()
