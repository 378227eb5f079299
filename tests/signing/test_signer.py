"""One digest per number and purpose, decided by the desk and kept by the ledger."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kernel.clock import FixedClock
from kernel.errors import Refused, TongbanError
from signing import algorithms
from signing.algorithms import by_name
from signing.ports import Purpose, SignAnswer, SignRequest
from signing.signer import frames, server
from signing.signer.desk import Desk
from signing.signer.ledger import Ledger
from storage.probe import NoProbe
from tests.signing.requests import KEY, request, signed


def test_the_same_request_gets_the_same_signature(ready: Desk) -> None:
    first, second = ready.sign(request()), ready.sign(request())
    assert signed(first) == signed(second)
    assert not first.repeated
    assert second.repeated
    info = ready.key(KEY)
    assert by_name("sm2_sm3").verify_digest(info.spki, b"\1" * 32, first.signature)


def test_a_second_digest_or_key_for_one_number_is_refused(ready: Desk) -> None:
    ready.create("seal-2.sm2", "sm2_sm3", (Purpose.SEAL_OFD,))
    ready.sign(request())
    for other in (request(digest=b"\2" * 32), request(key="seal-2.sm2")):
        assert ready.sign(other) == Refused("number-signed-otherwise", {"number": "N1"})
    assert isinstance(ready.sign(request(purpose="seal-pdf", digest=b"\2" * 32)), SignAnswer)


def test_one_number_twice_in_a_batch_is_caught(ready: Desk) -> None:
    same = ready.sign_many((request(), request(), request(digest=b"\2" * 32)))
    assert signed(same[0]) == signed(same[1])
    assert same[2] == Refused("number-signed-otherwise", {"number": "N1"})


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (request(key="absent"), "key-unknown"),
        (request(purpose="issue-certificate"), "purpose-not-allowed"),
        (request(purpose="anything"), "purpose-unknown"),
        (request(number=""), "sign-request-invalid"),
        (request(number="9" * 201), "sign-request-invalid"),
        (request(digest=b""), "sign-request-invalid"),
        (request(digest=b"d" * 5000), "sign-request-invalid"),
        (request(digest=b"d" * 31), "digest-length"),
    ],
)
def test_what_may_not_be_signed_is_refused(ready: Desk, bad: SignRequest, code: str) -> None:
    answer = ready.sign(bad)
    assert isinstance(answer, Refused)
    assert answer.code == code


@pytest.mark.parametrize("name", algorithms.names())
def test_a_key_of_each_algorithm_signs_what_its_algorithm_makes(desk: Desk, name: str) -> None:
    method, key = by_name(name), name.replace("_", "-")
    info = desk.create(key, name, (Purpose.SEAL_OFD,))
    digest = method.digest(b"message", info.spki)
    assert method.verify_digest(
        info.spki, digest, signed(desk.sign(request(key=key, digest=digest)))
    )
    for size in {31, 32, 33, 48, 64} - {len(digest)} if method.digest_name else ():
        answer = desk.sign(request(f"N{size}", key=key, digest=b"\1" * size))
        assert answer == Refused("digest-length", {"algorithm": name, "size": str(size)})


def test_a_batch_over_the_limit_is_refused_whole(ready: Desk) -> None:
    answers = ready.sign_many(tuple(request(f"N{at}") for at in range(1001)))
    assert {answer.code for answer in answers} == {"sign-request-invalid"}


def test_a_wrong_signature_never_leaves(ready: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready._keys, "sign", lambda *_: b"\x30\x06\2\1\1\2\1\1")
    with pytest.raises(TongbanError, match="signature-failed"):
        ready.sign(request())
    assert ready._ledger.find(request()) is None


def test_a_full_disk_keeps_nothing_and_says_so(
    ready: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        in_transaction = True

        def __init__(self, db: sqlite3.Connection) -> None:
            self.db = db

        def execute(self, text: str, *rest: object) -> sqlite3.Cursor:
            if text == "COMMIT":
                raise sqlite3.OperationalError("database or disk is full")
            return self.db.execute(text, *rest)

    sound = ready._ledger._db
    monkeypatch.setattr(ready._ledger, "_db", Full(sound))
    answer = server.answer(ready, {"call": "sign", "with": [frames.request_to(request())]})
    assert answer["failed"]["code"] == "signer-storage"
    monkeypatch.setattr(ready._ledger, "_db", sound)
    assert not ready.sign(request()).repeated


def test_threads_racing_for_one_number_get_one_signature(ready: Desk) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(
            pool.map(lambda at: ready.sign(request(digest=bytes([at % 2]) * 32)), range(32))
        )
    assert len({answer.signature for answer in made if isinstance(answer, SignAnswer)}) == 1
    assert sum(isinstance(answer, Refused) for answer in made) == 16


def test_the_ledger_survives_reopening(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "a" / "answers.db"
    first = Ledger(path, clock, NoProbe())
    first.keep([(request(), b"sig")])
    first.close()
    again = Ledger(path, clock, NoProbe())
    assert again.find(request()).signature == b"sig"
    assert again.keep([(request(digest=b"\2" * 32), b"other")])[0].signature == b"sig"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_ledger_that_cannot_begin_fails_and_recovers(
    ready: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = ready._ledger._db

    class Locked:
        in_transaction = False

        def execute(self, *_: object) -> None:
            raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(ready._ledger, "_db", Locked())
    with pytest.raises(sqlite3.OperationalError):
        ready.sign(request())
    monkeypatch.setattr(ready._ledger, "_db", sound)
    assert not ready.sign(request()).repeated
