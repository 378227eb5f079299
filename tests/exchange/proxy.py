"""A small TCP proxy that misbehaves on demand: stands between two hubs in tests."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

Part = tuple[float, bytes]
Manner = Callable[[bytes], Iterator[Part] | list[Part]]


def honest(answer: bytes) -> list[Part]:
    """Pass the answer on."""
    return [(0.0, answer)]


class Proxy:
    """Each connection carries one request to the target; ``manner`` says how its answer goes back.

    ``answer``, where set, is given instead of asking the target. ``asked`` and ``answered`` keep
    the bytes that passed.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.target = 0
        self.asked: list[bytes] = []
        self.answered: list[bytes] = []
        self.behave()
        threading.Thread(target=self._accept, daemon=True).start()

    def behave(self, manner: Manner = honest, answer: bytes | None = None) -> None:
        self.manner, self.answer = manner, answer

    def close(self) -> None:
        self._listener.close()

    def send(self, request: bytes) -> bytes:
        """Hand a request to the target once more, as a thief would."""
        with socket.create_connection(("127.0.0.1", self.target), timeout=10) as line:
            line.sendall(request)
            return b"".join(iter(lambda: line.recv(65536), b""))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, contextlib.suppress(OSError):
            request = _whole(caller)
            self.asked.append(request)
            answer = self.answer if self.answer is not None else self.send(request)
            self.answered.append(answer)
            for pause, part in self.manner(answer):
                time.sleep(pause)
                caller.sendall(part)


def _whole(caller: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += caller.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = [line.split(b":", 1) for line in head.split(b"\r\n")[1:]]
    size = next(int(value) for name, value in lines if name.lower() == b"content-length")
    while len(body) < size:
        body += caller.recv(65536)
    return head + b"\r\n\r\n" + body
