"""The signer as a process: killed, doubled, orphaned, refused."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel.errors import Refused, TongbanError
from signing.algorithms import by_name
from signing.ports import Purpose
from signing.signer import process as process_module
from signing.signer.__main__ import main
from signing.signer.client import SignerClient
from signing.signer.place import socket_path
from signing.signer.process import SignerProcess, SignerSetup, ensure
from tests.signing.requests import KEY, request, signed


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
    monkeypatch.setattr("signing.signer.client._PAUSES", (0.0, 0.02))
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


def test_the_process_runs_and_ends_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    words = ["--home", str(tmp_path), "--keystore", "demo"]
    assert main([*words, "--environment", "production"]) == 4
    assert capsys.readouterr().out == "failed:demo-keystore-refused\n"
    read, write = os.pipe()
    stdin = os.dup(0)
    os.dup2(read, 0)
    client = SignerClient(socket_path(tmp_path))
    held = {item: signal.getsignal(item) for item in (signal.SIGTERM, signal.SIGINT)}
    seen: list[object] = []

    def visit(end: object) -> None:
        while not client.alive():
            time.sleep(0.02)
        seen.append(main([*words, "--environment", "test"]))
        end()

    try:
        for end in (lambda: os.kill(os.getpid(), signal.SIGTERM), lambda: os.close(write)):
            visitor = threading.Thread(target=visit, args=(end,))
            visitor.start()
            assert main([*words, "--environment", "test", "--with-parent"]) == 0
            visitor.join()
            client.close()
    finally:
        os.dup2(stdin, 0)
        for item, handler in held.items():
            signal.signal(item, handler)
    assert seen == [4, 4], "a second one on the same folder is refused"
    assert "failed:signer-running" in capsys.readouterr().out
    assert not socket_path(tmp_path).exists()


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    (tmp_path / "signer").mkdir(mode=0o700)
    (tmp_path / "signer" / "answers.db").mkdir()
    assert main(["--home", str(tmp_path), "--keystore", "demo", "--environment", "test"]) == 4
    assert capsys.readouterr().out.endswith("failed:signer-storage\n")


def test_production_runs_on_the_encrypted_file(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("a long sentence")
    setup = SignerSetup(tmp_path / "home", "production", "encrypted_file", password)
    running = ensure(setup)
    first = running.client.create("log", "ed25519", ("log-checkpoint",))
    running.stop()
    running.stop()
    again = ensure(setup)
    assert again.client.key("log") == first
    again.stop()
    password.write_text("another sentence")
    with pytest.raises(TongbanError, match="keystore-locked"):
        ensure(setup)


@dataclass(frozen=True, slots=True)
class Other(SignerSetup):
    """Starts something else than the signer."""

    code: str = ""

    def arguments(self) -> list[str]:
        return [sys.executable, "-c", self.code]


def test_a_child_that_dies_without_a_word_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(TongbanError, match="signer-unreachable"):
        ensure(Other(tmp_path, "test", code="raise SystemExit(1)"))


def test_a_child_that_hangs_is_given_up_and_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "_START_SECONDS", 0.2)
    monkeypatch.setattr(process_module, "_STOP_SECONDS", 0.1)
    hanging = SignerProcess(Other(tmp_path, "test", code="import time; time.sleep(60)"))
    with pytest.raises(TongbanError, match="signer-unreachable"):
        hanging.start()
    pid = hanging.pid
    hanging.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_folder_held_by_a_signer_that_never_answers_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "_START_SECONDS", 1.5)
    lock = socket_path(tmp_path).with_suffix(".lock")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(TongbanError, match="signer-unreachable"):
            ensure(SignerSetup(tmp_path, "test"))
