"""The signer signs one digest per number and purpose, whatever crashes, and survives bad callers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.errors import Refused, TongbanError
from signing.algorithms import by_name
from signing.ports import Purpose, SignAnswer, SignRequest
from signing.signer import frames, server
from signing.signer.client import SignerClient
from signing.signer.desk import Desk
from signing.signer.ledger import Ledger
from signing.signer.place import socket_path
from signing.signer.process import SignerProcess, SignerSetup, ensure
from storage.probe import NoProbe

KEY = "seal-1.sm2"


def request(number: str = "N1", digest: bytes = b"\1" * 32, **changes: str) -> SignRequest:
    values = {"key": KEY, "purpose": "seal-ofd", "number": number, **changes}
    return SignRequest(digest=digest, **values)


def signed(answer: SignAnswer | Refused) -> bytes:
    assert isinstance(answer, SignAnswer), answer
    return answer.signature


@pytest.fixture
def ready(desk: Desk) -> Desk:
    desk.create(KEY, "sm2_sm3", (Purpose.SEAL_OFD, Purpose.SEAL_PDF))
    return desk


@pytest.fixture
def process(tmp_path: Path) -> Iterator[SignerProcess]:
    started = ensure(SignerSetup(tmp_path / "home", "test"))
    started.client.create(KEY, "sm2_sm3", (Purpose.SEAL_OFD, Purpose.SEAL_PDF))
    yield started
    started.stop()


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


def test_the_process_signs_for_many_threads(process: SignerProcess) -> None:
    info = process.client.key(KEY)
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda at: process.client.sign(request(f"N{at}")), range(64)))
    method = by_name("sm2_sm3")
    assert all(method.verify_digest(info.spki, b"\1" * 32, signed(item)) for item in made)
    assert len({signed(item) for item in made}) == 64
    assert [item.name for item in process.client.all_keys()] == [KEY]
    assert process.client.key("absent") is None
    with pytest.raises(TongbanError, match=r"key-exists.*seal-1"):
        process.client.create(KEY, "ecdsa_p256", ())


def test_only_its_own_user_may_open_the_socket(process: SignerProcess) -> None:
    assert stat.S_IMODE(process.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(process.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_between_request_and_answer_one_signature_comes_of_it(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGBAN_KILL_SIGNER", f"signer.answers#1:{moment}")
    dying = ensure(SignerSetup(tmp_path / "home", "test"))
    dying.client.create(KEY, "sm2_sm3", (Purpose.SEAL_OFD,))
    alone = SignerClient(dying.path)
    with pytest.raises(TongbanError, match="signer-unreachable"):
        alone.sign(request())
    assert dying.pid is None
    with sqlite3.connect(tmp_path / "home/signer/answers.db") as db:
        kept = [row[0] for row in db.execute("SELECT signature FROM signer_answers")]
    assert len(kept) == (moment == "after")
    monkeypatch.delenv("TONGBAN_KILL_SIGNER")
    again = dying.client.sign(request())
    assert again.repeated == (moment == "after")
    assert kept in ([], [signed(again)])
    assert signed(alone.sign(request())) == signed(again)
    refused = alone.sign(request(digest=b"\2" * 32))
    assert refused == Refused("number-signed-otherwise", {"number": "N1"})
    dying.stop()


def test_a_killed_signer_is_started_again_by_its_client(process: SignerProcess) -> None:
    first = signed(process.client.sign(request()))
    os.kill(process.pid, signal.SIGKILL)
    assert signed(process.client.sign(request())) == first


def test_a_second_signer_on_one_folder_is_refused(process: SignerProcess, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "signing.signer", "--home", str(tmp_path / "home")]
    words += ["--keystore", "demo", "--environment", "test"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stdout.endswith("failed:signer-running\n")
    assert "Traceback" not in done.stderr
    other = SignerProcess(process.setup)
    assert other.start().key(KEY)
    assert other.pid is None, "it uses the one that runs"


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import os,sys,pathlib\n"
        "from signing.signer.process import *\n"
        f"p = ensure(SignerSetup(pathlib.Path({str(tmp_path / 'home')!r}), 'test'))\n"
        "print(p.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid = int(done.stdout.split()[-1])
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if "Z" in Path(f"/proc/{pid}/stat").read_text().split(")")[-1][:3]:
            return
        time.sleep(0.05)
    pytest.fail("the signer outlived its parent")


def test_production_refuses_demo_keys_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TongbanError, match="demo-keystore-refused"):
        ensure(SignerSetup(tmp_path, "production"))


def test_a_long_path_still_has_a_socket(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30)
    path = socket_path(home)
    assert len(os.fsencode(path)) < 104
    assert path == socket_path(home)
    assert path != socket_path(tmp_path / ("long" * 31))
    path.parent.rmdir()


def test_without_a_signer_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(TongbanError, match="signer-unreachable"):
        SignerClient(tmp_path / "absent.sock").sign(request())
    assert not SignerClient(tmp_path / "absent.sock").alive()


def raw(path: Path, octets: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_frames_that_are_none_are_answered_and_hurt_nobody(process: SignerProcess) -> None:
    def framed(value: object) -> bytes:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return len(body).to_bytes(4, "big") + body

    for octets in (
        b"\xff\xff\xff\xff",
        b"\0\0\0\x05ab",
        framed(b"not json"),
        framed(b"[" * 100_000),
        framed([]),
        framed({"call": "shutdown"}),
        framed({"call": "sign"}),
        framed({"call": "sign", "with": [{}]}),
        framed({"call": "sign", "with": [{"digest": "xyz"}]}),
        framed({"call": "sign", "with": [{"digest": "00", "key": 1}]}),
        framed({"call": "create", "with": ["a"]}),
        framed({"call": "create", "with": ["a", "sm2_sm3", [1]]}),
    ):
        assert b"sign-request-invalid" in raw(process.path, octets), octets[:40]
    assert raw(process.path, b"") == b""
    assert process.client.alive()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=8)
        | st.sampled_from(["sign", "key"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["call", "with", "digest", "key", "number"]), inner, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_is_an_answer_or_a_frame_error(ready: Desk, value: object) -> None:
    with contextlib.suppress(frames.FrameError):
        assert set(server.answer(ready, value)) & {"done", "failed"}


def test_the_ledger_survives_reopening(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "a" / "answers.db"
    first = Ledger(path, clock, NoProbe())
    first.keep([(request(), b"sig")])
    first.close()
    again = Ledger(path, clock, NoProbe())
    assert again.find(request()).signature == b"sig"
    assert again.keep([(request(digest=b"\2" * 32), b"other")])[0].signature == b"sig"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
