"""A hub that ends TLS itself: another city's line reaches it, and unfit files are told before the start."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from certificates.exchange.message import Message
from hub.doctor import examine
from hub.peerline import PeerLine
from hub.serve import main
from hub.settings import load
from hub.tls import tls_files
from kernel.errors import TongbanError
from tests.servers import free_port
from tests.tlspair import Pair, make_pair


def test_another_citys_line_reaches_it_and_trusts_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, port = make_pair(tmp_path), free_port()
    monkeypatch.setenv("TONGBAN_TLS_CERTIFICATE", str(pair.certificate))
    monkeypatch.setenv("TONGBAN_TLS_KEY", str(pair.key))
    home = tmp_path / "hub"
    settings = load(home=home, port=port)
    assert settings.address == f"https://127.0.0.1:{port}"
    words = ["-m", "hub.serve", "--home", str(home), "--port", str(port), "--with-parent"]
    question = Message({}, method="GET", url=f"{settings.address}/healthz")
    with subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE) as child:
        try:
            _up(port)
            stranger = PeerLine()
            with pytest.raises(TongbanError, match="peer-unreachable"):
                stranger.send(question, "410300")
            stranger.close()
            monkeypatch.setenv("SSL_CERT_FILE", str(pair.certificate))
            line = PeerLine()
            answer = line.send(question, "410300")
            line.close()
            assert (answer.status, answer.body) == (200, b'{"status":"ok"}')
            found = {row.check: row for row in examine(settings) if row.check in {"port", "tls"}}
            assert {row.state for row in found.values()} == {"ok"}
            assert "a hub answers" in found["port"].detail
        finally:
            child.communicate(timeout=30)


def _up(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


def unread(folder: Path) -> Pair:
    return Pair(folder / "absent.pem", make_pair(folder).key)


def strangers(folder: Path) -> Pair:
    return Pair(make_pair(folder, "one").certificate, make_pair(folder, "other").key)


def no_pem(folder: Path) -> Pair:
    pair = make_pair(folder)
    pair.certificate.write_bytes(b"\x00 not PEM")
    return pair


def open_to_others(folder: Path) -> Pair:
    pair = make_pair(folder)
    pair.key.chmod(0o644)
    return pair


def with_password(folder: Path) -> Pair:
    return make_pair(folder, password=b"a password")


def ended(folder: Path) -> Pair:
    return make_pair(folder, days=-1)


@pytest.mark.parametrize(
    "made",
    [unread, strangers, no_pem, open_to_others, with_password, ended],
    ids=lambda one: one.__name__,
)
def test_files_that_cannot_serve_are_told_before_the_start(
    made: Callable[[Path], Pair],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = made(tmp_path)
    monkeypatch.setenv("TONGBAN_TLS_CERTIFICATE", str(pair.certificate))
    monkeypatch.setenv("TONGBAN_TLS_KEY", str(pair.key))
    with pytest.raises(SystemExit) as stopped:
        main(["--home", str(tmp_path / "hub"), "--port", str(free_port())])
    said = capsys.readouterr().err
    assert stopped.value.code == 4
    assert "tls-unusable" in said
    assert pair.certificate.name in said or pair.key.name in said
    assert str(tmp_path) not in said
    assert "Traceback" not in said
    with pytest.raises(TongbanError, match="tls-unusable"):
        tls_files(load(home=tmp_path / "hub"))


def test_a_certificate_without_its_key_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(TongbanError, match="setting-invalid"):
        load(home=tmp_path, tls_certificate=make_pair(tmp_path).certificate)


def test_the_doctor_warns_before_a_certificate_ends(tmp_path: Path) -> None:
    pair = make_pair(tmp_path, days=20)
    settings = load(home=tmp_path, tls_certificate=pair.certificate, tls_key=pair.key)
    row = next(row for row in examine(settings) if row.check == "tls")
    assert (row.state, bool(row.next)) == ("warning", True)
