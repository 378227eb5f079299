"""The hub's side of the signer: implements ``Signer`` over the socket."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kernel.errors import Refused, TongbanError
from kernel.ports import Json
from signing.ports import KeyInfo, SignAnswer, SignRequest
from signing.signer import frames
from signing.signer.desk import LARGEST_BATCH

_PAUSES = (0.0, 0.05, 0.2, 0.5, 1.0)
"""Seconds before each try. Asking again is safe: a number gets one signature."""


class SignerClient:
    """Talks to the signer; threads may share it, each call has its own connection of a pool.

    A broken connection is opened again. ``revive`` is called before the second try and may start a
    dead signer. After the last try: TongbanError ``signer-unreachable``.
    """

    def __init__(
        self,
        path: Path,
        *,
        revive: Callable[[], object] | None = None,
        timeout_seconds: float = 60.0,
    ) -> None:
        """Connect lazily to the socket ``path``."""
        self._path = path
        self._revive = revive
        self._timeout = timeout_seconds
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []
        self._pid = os.getpid()

    def sign(self, request: SignRequest) -> SignAnswer | Refused:
        """Sign one; see ``Signer.sign``."""
        return self.sign_many((request,))[0]

    def sign_many(self, requests: Sequence[SignRequest]) -> tuple[SignAnswer | Refused, ...]:
        """Sign a batch of any size, one durable write per thousand; see ``Signer.sign_many``."""
        answers: list[SignAnswer | Refused] = []
        for at in range(0, len(requests), LARGEST_BATCH):
            part = [frames.request_to(item) for item in requests[at : at + LARGEST_BATCH]]
            answers += [frames.answer_from(item) for item in self._call("sign", part)]
        return tuple(answers)

    def create(self, name: str, algorithm: str, purposes: Sequence[str]) -> KeyInfo:
        """Make a key or return the equal existing one; errors as in ``KeyStore.create``."""
        return frames.key_from(self._call("create", [name, algorithm, list(purposes)]))

    def key(self, name: str) -> KeyInfo | None:
        """Describe a key, or None."""
        found = self._call("key", name)
        return frames.key_from(found) if found else None

    def all_keys(self) -> tuple[KeyInfo, ...]:
        """Describe all keys, by name."""
        return tuple(frames.key_from(item) for item in self._call("keys", None))

    def alive(self) -> bool:
        """Tell at once whether a signer answers; tries one time and revives nothing."""
        try:
            return bool(self._once({"call": "ping"}))
        except (OSError, frames.FrameError):
            return False

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _call(self, name: str, value: Json) -> Any:
        failure: Exception | None = None
        for attempt, pause in enumerate(_PAUSES):
            time.sleep(pause)
            if attempt == 1 and self._revive:
                self._revive()
            try:
                answer = self._once({"call": name, "with": value})
            except (OSError, frames.FrameError) as error:
                failure = error
                self.close()
                continue
            if "failed" in answer:
                raise TongbanError(answer["failed"]["code"], **answer["failed"]["params"])
            return answer["done"]
        raise TongbanError("signer-unreachable") from failure

    def _once(self, call: Json) -> Any:
        connection = self._connection()
        try:
            frames.send(connection, call)
            answer = frames.receive(connection)
        except BaseException:
            connection.close()
            raise
        if not isinstance(answer, dict) or not {"done", "failed"} & answer.keys():
            connection.close()
            raise frames.FrameError("no answer")
        with self._lock:
            self._idle.append(connection)
        return answer

    def _connection(self) -> socket.socket:
        with self._lock:
            if self._pid != os.getpid():  # a forked child must not share its parent's streams
                self._idle, self._pid = [], os.getpid()
            if self._idle:
                return self._idle.pop()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout)
        try:
            connection.connect(str(self._path))
        except OSError:
            connection.close()
            raise
        return connection
