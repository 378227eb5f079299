"""The socket: every call travels, noise is answered and hurts nobody."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import TongbanError
from signing.signer import frames, server
from signing.signer.client import SignerClient
from signing.signer.desk import Desk
from signing.signer.place import socket_path
from signing.signer.process import SignerProcess
from tests.signing.requests import KEY, raw, request, signed


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


def test_every_call_travels_over_the_socket(local: SignerClient, ready: Desk) -> None:
    assert local.alive()
    assert local.key(KEY) == ready.key(KEY)
    assert local.key("absent") is None
    assert local.all_keys() == ready.all_keys()
    assert local.create("new", "ecdsa_p256", ("seal-pdf",)) == ready.key("new")
    with pytest.raises(TongbanError, match="key-name-invalid"):
        local.create("../x", "ecdsa_p256", ())
    many = local.sign_many(tuple(request(f"N{at}") for at in range(1200)))
    assert len({signed(item) for item in many}) == 1200
    assert local.sign(request("N0", b"\2" * 32)).code == "number-signed-otherwise"
    for octets in (b"\0\0\0\x02[]", b"\0\0\0\x09{}", b"\xff\xff\xff\xff"):
        assert b"sign-request-invalid" in raw(local._path, octets)


def test_other_users_are_not_let_in(local: SignerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.os, "getuid", lambda: 4242)
    assert not local.alive()
    monkeypatch.undo()
    assert local.alive()


@pytest.mark.parametrize("reply", [[], {}, "x", {"done": []}])
def test_an_answer_that_is_none_is_not_believed(tmp_path: Path, reply: object) -> None:
    path = socket_path(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    frames.receive(connection)
                    frames.send(connection, reply)
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        client = SignerClient(path)
        if reply == {"done": []}:
            with pytest.raises(frames.FrameError):
                client.create("a", "b", ())
        else:
            assert not client.alive()
        client.close()


def test_values_of_the_wire_are_checked(ready: Desk) -> None:
    for read, bad in (
        (frames.answer_from, {}),
        (frames.answer_from, {"signature": "xy"}),
        (frames.key_from, {}),
        (frames.key_from, []),
        (frames.request_from, []),
        (frames.request_from, {"digest": "00", "key": 1}),
    ):
        with pytest.raises(frames.FrameError):
            read(bad)
    with pytest.raises(frames.FrameError, match="too large"):
        frames.send(socket.socket(), "x" * frames.LARGEST_FRAME)


def test_a_child_of_a_fork_opens_its_own_connection(local: SignerClient) -> None:
    assert local.alive()
    local._pid = -1  # as a forked child finds it
    assert local.alive()
    assert local._pid == os.getpid()


def test_without_a_signer_the_remedy_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signing.signer.client._PAUSES", (0.0, 0.02))
    with pytest.raises(TongbanError, match="signer-unreachable"):
        SignerClient(tmp_path / "absent.sock").sign(request())
    assert not SignerClient(tmp_path / "absent.sock").alive()


def test_a_long_path_still_has_a_socket(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30)
    path = socket_path(home)
    assert len(os.fsencode(path)) < 104
    assert path == socket_path(home)
    assert path != socket_path(tmp_path / ("long" * 31))
    path.parent.rmdir()


def test_a_connection_that_breaks_is_logged_without_a_traceback(
    local: SignerClient,
    ready: Desk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(ready, "key", breaks)
    monkeypatch.setattr("signing.signer.client._PAUSES", (0.0,))
    with pytest.raises(TongbanError, match="signer-unreachable"):
        local.key(KEY)
    monkeypatch.undo()
    assert local.key(KEY)
    shown = capsys.readouterr()
    assert "signer-connection-broken" in shown.out
    assert "secret" not in shown.out + shown.err


def test_a_caller_that_goes_away_hurts_nobody(local: SignerClient) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(local._path))
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.sendall(b"\0\0\0\x10")
    assert local.alive()


def test_where_the_system_tells_no_peer_the_socket_mode_decides(
    local: SignerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "SO_PEERCRED")
    assert local.alive()


@pytest.mark.parametrize("call", [{"call": "sign", "with": 1}, {"call": "create", "with": "x"}])
def test_calls_of_the_wrong_shape_are_frame_errors(ready: Desk, call: object) -> None:
    with pytest.raises(frames.FrameError):
        server.answer(ready, call)


def test_a_socket_folder_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "signer").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TongbanError, match="signer-unreachable"):
        socket_path(tmp_path)
