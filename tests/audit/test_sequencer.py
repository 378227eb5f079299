from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import text

from audit import store
from audit.model import ReceiptState
from audit.note import open_note
from audit.receipts import to_json, to_text, verify
from audit.sequencer import own_name
from audit.store import latest
from audit.tree import CompactRange, leaf_hash, root_of
from kernel.errors import TongbanError
from kernel.ids import JournalNo
from storage.files import FolderFiles
from storage.tx import rows
from tests.audit.conftest import KEY, Log, Signer, record


def bodies(log: Log) -> list[bytes]:
    return [
        row.body
        for row in log.database.transactions.read(
            lambda tx: log.database.journal.after(tx, 0, 10_000)
        )
    ]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
def test_the_checkpoint_is_the_tree_over_the_journal(log: Log, size: int) -> None:
    record(log.database, 0, size)
    done = log.sequencer().run_once()
    assert done is not None
    assert (done.numbered, done.size, done.signed) == (size, size, size)
    published = log.files.read("checkpoint")
    assert published is not None
    checkpoint = open_note(published, KEY)
    assert (checkpoint.size, checkpoint.root) == (
        size,
        root_of([leaf_hash(one) for one in bodies(log)]),
    )
    assert log.files.read("key") == (KEY.to_text() + "\n").encode()


def test_nothing_to_do_writes_nothing(log: Log) -> None:
    sequencer = log.sequencer()
    assert sequencer.run_once(force=True) is not None
    assert log.files.read("checkpoint") is None
    sequencer.close()
    log.grow(3)
    before = sorted(log.files.names())
    done = log.sequencer().run_once(force=True)
    assert done is not None
    assert done.numbered == 0
    assert sorted(log.files.names()) == before


def test_growth_in_steps_equals_growth_at_once(log: Log) -> None:
    log.grow(1, 3, 255, 256, 300, 511, 513, 1030)
    report = log.check()
    assert report.faults == ()
    assert (report.proven, report.size, report.signed_size, report.checkpoints) == (
        True,
        1030,
        1030,
        9,
    )
    assert log.check_offline().ok


def test_old_partial_tiles_go_when_the_full_tile_is_there(log: Log) -> None:
    log.grow(10, 200, 300)
    names = set(log.files.names("tile"))
    assert names == {
        "tile/0/000",
        "tile/entries/000",
        "tile/0/001.p/44",
        "tile/entries/001.p/44",
        "tile/1/000.p/1",
    }


def test_checkpoints_keep_their_distance_but_numbers_come_at_once(log: Log) -> None:
    sequencer = log.sequencer(every=3600)
    record(log.database, 0, 2)
    first = sequencer.run_once()
    record(log.database, 2, 3)
    second = sequencer.run_once()
    assert first is not None
    assert second is not None
    assert (first.signed, second.numbered, second.size, second.signed) == (2, 3, 5, 2)


def test_one_sequencer_at_a_time_and_the_next_takes_over(log: Log) -> None:
    record(log.database, 0, 2)
    first, second = log.sequencer("a"), log.sequencer("b")
    assert first.run_once() is not None
    assert second.run_once() is None
    log.clock.advance(seconds=31)
    record(log.database, 2, 2)
    taken = second.run_once()
    assert taken is not None
    assert taken.signed == 4
    record(log.database, 4, 1)
    with pytest.raises(TongbanError, match="lease-lost"):
        first.run_once()
    assert first.run_once() is None
    second.close()
    third = first.run_once()
    assert third is not None
    assert third.signed == 5


def test_damage_in_the_stored_tiles_stops_the_signing(log: Log) -> None:
    log.grow(600)
    path = log.folder / "tile" / "0" / "000"
    path.write_bytes(bytes(32) + path.read_bytes()[32:])
    record(log.database, 600, 1)
    sequencer = log.sequencer()
    done = sequencer.run_once(force=True)
    assert done is not None
    assert done.signed == 601, (
        "damage below a full tile whose parent is stored is found by the check, not here"
    )
    path = log.folder / "tile" / "1" / "000.p" / "2"
    path.write_bytes(bytes(64))
    record(log.database, 601, 1)
    with pytest.raises(TongbanError, match="log-damaged"):
        sequencer.run_once(force=True)
    assert log.files.read("checkpoint") is not None
    assert b"\n601\n" in (log.files.read("checkpoint") or b"")


def test_a_tampered_index_stops_the_signing(log: Log) -> None:
    log.grow(10)
    log.database.transactions.housekeep(
        lambda tx: rows(tx).execute(
            text("UPDATE audit_entry SET leaf = zeroblob(32) WHERE idx = 4")
        )
    )
    record(log.database, 10, 1)
    with pytest.raises(TongbanError, match="log-damaged"):
        log.sequencer().run_once(force=True)


def test_a_tampered_head_stops_the_numbering(log: Log) -> None:
    log.grow(10)
    log.database.transactions.housekeep(
        lambda tx: rows(tx).execute(text("UPDATE audit_head SET size = 11"))
    )
    record(log.database, 10, 1)
    with pytest.raises(TongbanError, match="log-damaged"):
        log.sequencer().run_once(force=True)


def test_a_removed_row_stops_the_signing(log: Log) -> None:
    record(log.database, 0, 3)
    sequencer = log.sequencer()
    sequencer._sign_at = time.monotonic() + 3600
    sequencer.run_once()
    log.database.transactions.housekeep(
        lambda tx: rows(tx).execute(text("DROP TRIGGER storage_journal_no_delete"))
    )
    log.database.transactions.housekeep(
        lambda tx: rows(tx).execute(text("DELETE FROM storage_journal WHERE no = 2"))
    )
    with pytest.raises(TongbanError, match="log-damaged"):
        sequencer.run_once(force=True)


def test_a_signer_with_another_key_publishes_nothing(log: Log) -> None:
    class Wrong(Signer):
        def sign(self, message: bytes) -> bytes:
            return bytes(64)

    record(log.database, 0, 1)
    sequencer = log.sequencer()
    sequencer.signer = Wrong()
    with pytest.raises(TongbanError, match="log-signer-wrong"):
        sequencer.run_once()
    assert log.files.read("checkpoint") is None
    assert log.database.transactions.read(latest) is None


def test_receipts_grow_from_pending_to_proven(log: Log) -> None:
    [no] = record(log.database, 0, 1)
    receipts = log.receipts()
    assert receipts.receipt(JournalNo(no), wait=0).state is ReceiptState.PENDING
    assert to_json(receipts.receipt(JournalNo(no), wait=0)) == {"journal": no, "state": "pending"}
    sequencer = log.sequencer()
    sequencer._sign_at = time.monotonic() + 3600
    sequencer.run_once()
    numbered = receipts.receipt(JournalNo(no))
    assert (numbered.state, numbered.index) == (ReceiptState.NUMBERED, 0)
    with pytest.raises(ValueError, match="proven"):
        to_text(numbered)
    sequencer.run_once(force=True)
    proven = receipts.receipt(JournalNo(no))
    assert (proven.state, proven.size) == (ReceiptState.PROVEN, 1)
    assert proven.root == proven.leaf_hash


@pytest.mark.parametrize("size", [1, 5, 256, 700])
def test_every_receipt_verifies_offline_for_its_entry_and_for_no_other(log: Log, size: int) -> None:
    numbers = record(log.database, 0, size)
    log.sequencer().run_once()
    contents = bodies(log)
    for at in sorted({0, size // 2, size - 1}):
        receipt = log.receipts().receipt(JournalNo(numbers[at]))
        proof = to_text(receipt)
        index, checkpoint = verify(proof, contents[at], KEY)
        assert (index, checkpoint.size) == (at, size)
        with pytest.raises(TongbanError, match="log-damaged"):
            verify(proof, contents[at] + b" ", KEY)
        shown = to_json(receipt)
        assert (shown["index"], shown["size"], shown["state"]) == (at, size, "proven")


@pytest.mark.parametrize(
    "text_of",
    [
        lambda _: "",
        lambda p: p.replace("tlog-proof@v1", "tlog-proof@v2"),
        lambda p: p.replace("index 1", "index 01"),
        lambda p: p.replace("index 1", "index -1"),
        lambda p: p.replace("index 1\n", "index 1\nAAAA\n"),
        lambda p: p.replace("index 1\n", "index 1\n*\n"),
        lambda p: p.replace("\n\n", "\n", 1),
        lambda p: p + "x" * 70_000,
    ],
)
def test_malformed_receipts_are_refused(log: Log, text_of) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a table of lambdas
    record(log.database, 0, 3)
    log.sequencer().run_once()
    proof = to_text(log.receipts().receipt(JournalNo(2)))
    assert verify(proof.replace("\nindex", "\nextra AAAA\nindex"), bodies(log)[1], KEY)[0] == 1
    with pytest.raises(TongbanError, match=r"proof-malformed|note-malformed|note-untrusted"):
        verify(text_of(proof), bodies(log)[1], KEY)


def test_receipts_refuse_tiles_that_do_not_lead_to_the_root(log: Log) -> None:
    log.grow(3)
    path = log.folder / "tile" / "0" / "000.p" / "3"
    path.write_bytes(bytes(96))
    with pytest.raises(TongbanError, match="log-damaged"):
        log.receipts().receipt(JournalNo(1))


def test_a_serving_sequencer_gives_a_number_within_the_wait(log: Log) -> None:
    stop = threading.Event()
    sequencer = log.sequencer(every=0.05)
    server = threading.Thread(target=sequencer.serve, args=(stop,))
    server.start()
    try:
        [no] = record(log.database, 0, 1)
        receipt = log.receipts().receipt(JournalNo(no), wait=20)
        assert receipt.state is not ReceiptState.PENDING
        until = time.monotonic() + 20
        while receipt.state is not ReceiptState.PROVEN and time.monotonic() < until:
            time.sleep(0.02)
            receipt = log.receipts().receipt(JournalNo(no))
        assert receipt.state is ReceiptState.PROVEN
    finally:
        stop.set()
        server.join()
    assert log.sequencer("next").run_once() is not None


def test_a_serving_sequencer_outlives_a_failure_of_any_kind(
    log: Log, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("audit.sequencer._RETRY_SECONDS", 0.01)
    sequencer, stop = log.sequencer(), threading.Event()
    secret = "410199199001010011"
    turns = iter([OSError(28, secret), KeyError(secret)])

    def run_once() -> None:
        failure = next(turns, None)
        if failure is None:
            stop.set()
            return
        raise failure

    with monkeypatch.context() as patched:
        patched.setattr(type(sequencer), "run_once", lambda _: run_once())
        sequencer.serve(stop)
    assert stop.is_set()
    assert "OSError" in caplog.text
    assert secret not in caplog.text


def test_a_head_put_back_stops_the_numbering(log: Log) -> None:
    log.grow(20)
    old = log.database.transactions.read(lambda tx: store.head(tx, KEY.name))
    log.grow(30)
    tree = CompactRange(old.size, list(old.frontier))
    values = {"size": 20, "frontier": b"".join(tree.hashes), "root": tree.root(), "no": 20}
    put = text(
        "UPDATE audit_head SET size = :size, frontier = :frontier, root = :root, journal_no = :no"
    )
    log.database.transactions.housekeep(lambda tx: rows(tx).execute(put, values))
    with pytest.raises(TongbanError, match="log-damaged"):
        log.sequencer().run_once(force=True)


def test_an_index_with_a_hole_stops_the_signing(log: Log) -> None:
    log.grow(10)
    record(log.database, 10, 5)
    sequencer = log.sequencer()
    sequencer._sign_at = time.monotonic() + 3600
    sequencer.run_once()
    log.database.transactions.housekeep(
        lambda tx: rows(tx).execute(text("DELETE FROM audit_entry WHERE idx = 12"))
    )
    with pytest.raises(TongbanError, match="log-damaged"):
        sequencer.run_once(force=True)


def test_a_signed_root_that_the_tiles_no_longer_give_stops_the_signing(log: Log) -> None:
    log.grow(10)
    log.database.transactions.housekeep(
        lambda tx: rows(tx).execute(text("UPDATE audit_checkpoint SET root = zeroblob(32)"))
    )
    record(log.database, 10, 1)
    with pytest.raises(TongbanError, match="root 10"):
        log.sequencer().run_once(force=True)


def test_a_second_checkpoint_of_one_size_is_a_fork(log: Log) -> None:
    log.grow(10)
    signed = log.database.transactions.read(store.latest)
    assert signed is not None
    sequencer = log.sequencer()
    assert sequencer._held()
    with pytest.raises(TongbanError, match="log-forked"):
        log.database.transactions.housekeep(sequencer._keep(signed))


@pytest.mark.parametrize("name", ["tile/0/000.p/10", "tile/entries/000.p/10"])
def test_a_write_that_was_not_kept_stops_the_signing(
    log: Log, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(log.database, 0, 10)
    write = FolderFiles.write

    def forgetful(self: FolderFiles, path: str, data: bytes) -> None:
        write(self, path, bytes(len(data)) if path == name else data)

    monkeypatch.setattr(FolderFiles, "write", forgetful)
    with pytest.raises(TongbanError, match="log-damaged"):
        log.sequencer().run_once()


def test_an_upper_tile_that_was_not_kept_stops_the_signing(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(log.database, 0, 300)
    write = FolderFiles.write

    def forgetful(self: FolderFiles, path: str, data: bytes) -> None:
        write(self, path, bytes(len(data)) if path.startswith("tile/1") else data)

    monkeypatch.setattr(FolderFiles, "write", forgetful)
    with pytest.raises(TongbanError, match="tile/1/000"):
        log.sequencer().run_once()


def test_a_serving_sequencer_outlives_a_failure_and_waits_behind_another(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    other = log.sequencer("other")
    other.run_once()
    waiting = log.sequencer("waiting")
    assert waiting._turn() == 1.0
    other.close()
    log.grow(3)
    log.database.transactions.housekeep(
        lambda tx: rows(tx).execute(text("UPDATE audit_head SET size = 9"))
    )
    record(log.database, 3, 1)
    assert waiting._turn() == 1.0
    assert "log-damaged" in caplog.text
    assert own_name() != own_name()


def test_a_long_backlog_is_numbered_in_batches(log: Log) -> None:
    record(log.database, 0, 2100)
    done = log.sequencer().run_once()
    assert done is not None
    assert (done.numbered, done.signed) == (2100, 2100)
    assert log.check().ok
