"""Answers calls on a Unix socket that only its own user may open."""

from __future__ import annotations

import os
import socket
import socketserver
import sqlite3
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from kernel.errors import TongbanError
from kernel.ports import Json
from signing.ports import Signer
from signing.signer import frames

_IDLE_SECONDS = 3600


class SignerServer(socketserver.ThreadingUnixStreamServer):
    """One thread per connection. Private keys live in this process alone."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, signer: Signer) -> None:
        """Bind the socket with mode 0600, replacing a dead one; the caller holds the lock file."""
        self.signer = signer
        self.log = structlog.get_logger("signing")
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Connection)
        finally:
            os.umask(before)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - inherited
        """Let in only processes of the same user, whatever the socket's mode says."""
        if not hasattr(socket, "SO_PEERCRED"):
            return True
        size = struct.calcsize("3i")
        peer = request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return bool(struct.unpack("3i", peer)[1] == os.getuid())

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - inherited
        """Log that a connection broke, without a traceback."""
        self.log.warning("signer-connection-broken")


class _Connection(socketserver.BaseRequestHandler):
    server: SignerServer

    def handle(self) -> None:
        self.request.settimeout(_IDLE_SECONDS)
        while True:
            try:
                call = frames.receive(self.request)
                if call is None:
                    return
                frames.send(self.request, answer(self.server.signer, call))
            except frames.FrameError:
                self.server.log.warning("signer-frame-refused")
                frames.send(self.request, _failed("sign-request-invalid", {"reason": "frame"}))
                return
            except OSError:
                return


def answer(signer: Signer, call: Any) -> Json:
    """Carry out one call. Failures become values; only FrameError is raised."""
    name = call.get("call") if isinstance(call, Mapping) else None
    if not isinstance(name, str) or name not in _CALLS:
        raise frames.FrameError("no such call")
    try:
        return {"done": _CALLS[name](signer, call.get("with"))}
    except TongbanError as error:
        return _failed(error.code, error.params)
    except (OSError, sqlite3.Error):
        return _failed("signer-storage", {})


def _failed(code: str, params: Mapping[str, str]) -> Json:
    return {"failed": {"code": code, "params": dict(params)}}


def _ping(signer: Signer, value: Any) -> Json:  # noqa: ARG001 - every call has this shape
    return os.getpid()


def _sign(signer: Signer, value: Any) -> Json:
    if not isinstance(value, list):
        raise frames.FrameError("a list of requests belongs here")
    answers = signer.sign_many(tuple(frames.request_from(item) for item in value))
    return [frames.answer_to(item) for item in answers]


def _create(signer: Signer, value: Any) -> Json:
    shape = isinstance(value, list) and len(value) == 3 and isinstance(value[2], list)
    if not shape or not all(isinstance(item, str) for item in (*value[:2], *value[2])):
        raise frames.FrameError("name, algorithm and purposes belong here")
    return frames.key_to(signer.create(*value))


def _keys(signer: Signer, value: Any) -> Json:  # noqa: ARG001 - every call has this shape
    return [frames.key_to(item) for item in signer.all_keys()]


def _key(signer: Signer, value: Any) -> Json:
    info = signer.key(value) if isinstance(value, str) else None
    return frames.key_to(info) if info else None


_CALLS: Mapping[str, Callable[[Signer, Any], Json]] = {
    "ping": _ping,
    "sign": _sign,
    "create": _create,
    "keys": _keys,
    "key": _key,
}
